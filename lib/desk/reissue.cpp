#include "desk/reissue.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/json_text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "policy/decide.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

Result<void> record_change(Transaction& transaction, const Desk& desk, const Reissue& reissue,
                           const std::string& reason, const Reissued& done) {
  Json detail = {{"serial", done.terms.serial},
                 {"sha256", document_digest(done.document)},
                 {"changes", changes_json(done.changes)}};
  if (!reissue.order.empty()) {
    detail["order"] = reissue.order;
    detail["request"] = reissue.request;
  }
  if (reissue.also) LIC_TRY(reissue.also(transaction, detail));
  return transaction.record({desk.now, desk.actor, reissue.action, done.terms.key, reason, compact_json(detail)});
}

Result<LicenseRecord> changeable(const Desk& desk, const LicenseKey& key) {
  LIC_TRY_ASSIGN(LicenseRecord record, desk.ledger.find(key, desk.now));
  if (record.summary.revoked_at)
    return error(Errc::conflict,
                 concat("license ", key.text(), " was revoked on ", format_date(*record.summary.revoked_at), " for ",
                        in_quotes(record.summary.revoke_reason)),
                 "a revocation is final: issue a new license");
  LIC_TRY(check_clock(record.summary, desk.now));
  return record;
}

}  // namespace

Result<Reissued> reissue_license(Transaction& transaction, const Desk& desk, const LicenseKey& key,
                                 const Reissue& reissue, const std::string& reason, const Signer& signer,
                                 const std::function<Result<void>(bool changes)>& ready) {
  const auto prepare = [&](bool changes) { return ready ? ready(changes) : Result<void>(); };
  LIC_TRY_ASSIGN(const Catalog catalog, current_catalog(desk.ledger));
  LIC_TRY_ASSIGN(const LicenseRecord record, changeable(desk, key));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const auto history, desk.ledger.history(key.text()));
  LIC_TRY_ASSIGN(auto next, reissue.next({record.summary, terms, history}, catalog));
  if (!next) {
    LIC_TRY(prepare(false));
    return Reissued{terms, record.document, {}, false};
  }
  Reissued done{*std::move(next), {}, {}, true};
  done.changes = differences(terms, done.terms);
  LIC_TRY_ASSIGN(done.document, sign_license(done.terms, signer.key, signer.product));
  LIC_TRY(prepare(true));
  LIC_TRY(transaction.reissue(done.terms, done.document));
  LIC_TRY(record_change(transaction, desk, reissue, reason, done));
  return done;
}

Json reissued_json(const Reissued& done) {
  return {{"key", done.terms.key},
          {"serial", done.terms.serial},
          {"changed", done.changed},
          {"changes", changes_json(done.changes)}};
}

Json changes_json(const std::vector<TermsChange>& changes) {
  Json out = Json::array();
  const auto words = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  for (const auto& change : changes)
    out.push_back({{"member", change.member}, {"before", words(change.before)}, {"after", words(change.after)}});
  return out;
}

Result<Catalog> current_catalog(Ledger& ledger) {
  LIC_TRY_ASSIGN(const std::string text, ledger.catalog());
  return Catalog::parse(text, "the ledger's catalogue");
}

Result<Terms> newest_terms(const LicenseRecord& record) {
  const std::string what = concat("the ledger's document of ", record.summary.key);
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(record.document), what));
  return Terms::parse(envelope.payload(), what);
}

Result<void> check_clock(const LicenseSummary& license, Time now) {
  if (!clock_moved_back(now, license.issued_at)) return {};
  return error(Errc::failure,
               concat("the clock of this machine is wrong: it is ", format_time(now), " by it, and license ",
                      license.key, " was issued on ", format_time(license.issued_at)),
               "set the clock right; nothing was changed");
}

Result<void> require_in_force(const Standing& standing) {
  if (!standing.terms.suspended_at) return {};
  return error(
      Errc::conflict,
      concat("license ", standing.terms.key, " is suspended since ", format_time(*standing.terms.suspended_at)),
      concat("licgen reinstate ", standing.terms.key, " first"));
}

Result<bool> was_done_for_order(const Standing& standing, std::string_view action, std::string_view order,
                                std::string_view request) {
  if (order.empty()) return false;
  for (const auto& entry : standing.history) {
    if (entry.action != action || entry.detail.empty()) continue;
    const Json detail = json_or_discarded(entry.detail);
    const auto text = [&](const char* name) {
      const bool there = detail.is_object() && detail.contains(name) && detail[name].is_string();
      return there ? detail[name].get<std::string>() : std::string();
    };
    if (text("order") != order) continue;
    if (text("request") == request) return true;
    return error(Errc::conflict,
                 concat("order ", in_quotes(order), " was used for another request, on ", format_date(entry.at)),
                 "repeat the first request, or give another order");
  }
  return false;
}

}  // namespace lic
