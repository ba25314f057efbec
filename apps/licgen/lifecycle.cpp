#include "licgen/lifecycle.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "licgen/carried_product.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "policy/decide.hpp"
#include "trust/verify.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

/// What was stored.
struct Reissued {
  Terms terms;
  std::string document;
  std::vector<TermsChange> changes;
  bool changed = false;
};

Result<void> record_change(Transaction& transaction, const Reissue& reissue, const ReissueOptions& options,
                           const Reissued& done, const Vendor& vendor) {
  Json detail = {{"serial", done.terms.serial},
                 {"sha256", document_digest(done.document)},
                 {"changes", changes_json(done.changes)}};
  if (!reissue.order.empty()) {
    detail["order"] = reissue.order;
    detail["request"] = reissue.request;
  }
  if (reissue.also) LIC_TRY(reissue.also(transaction, detail));
  return transaction.record(
      {vendor.now(), vendor.actor(), reissue.action, done.terms.key, options.reason.value_or(""), json_text(detail)});
}

/// Where the signed file goes. Opened before anything changes, so that a place that
/// cannot be written is no change half done. The old KEY.json is replaced.
Result<void> open_sink(const ReissueOptions& options, DocumentSink::Same same, Vendor& vendor,
                       std::optional<DocumentSink>& sink) {
  if (!options.out) return {};
  if (*options.out == "-" && vendor.output().json())
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  const bool force = options.force || !options.out->ends_with(".jsonl");
  LIC_TRY_ASSIGN(DocumentSink opened, DocumentSink::open(*options.out, force, same, vendor.output()));
  LIC_TRY_ASSIGN(CarriedProduct carried, CarriedProduct::of(vendor));
  opened.carry(std::move(carried));
  sink.emplace(std::move(opened));
  return {};
}

/// The change and its history, in one transaction that reads what it changes.
Result<Reissued> store(const LicenseKey& key, const ReissueOptions& options, const Reissue& reissue,
                       const SigningKey& signer, const ProductFile& product, Vendor& vendor,
                       std::optional<DocumentSink>& sink) {
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  LIC_TRY(check_still_current(*ledger, product));
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(key, vendor.now()));
  if (record.summary.revoked_at)
    return error(Errc::conflict,
                 concat("license ", key.text(), " was revoked on ", format_date(*record.summary.revoked_at), " for ",
                        in_quotes(record.summary.revoke_reason)),
                 "a revocation is final: issue a new license");
  LIC_TRY(check_clock(record.summary, vendor.now()));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const auto history, ledger->history(key.text()));
  LIC_TRY_ASSIGN(auto next, reissue.next({record.summary, terms, history}, catalog));
  if (!next) {  // a retry finds the file that it wrote
    LIC_TRY(open_sink(options, DocumentSink::Same::keep, vendor, sink));
    return Reissued{terms, record.document, {}, false};
  }
  Reissued done{*std::move(next), {}, {}, true};
  done.changes = differences(terms, done.terms);
  LIC_TRY_ASSIGN(done.document, sign_license(done.terms, signer, product));
  LIC_TRY(open_sink(options, DocumentSink::Same::refuse, vendor, sink));
  LIC_TRY(transaction->reissue(done.terms, done.document));
  LIC_TRY(record_change(*transaction, reissue, options, done, vendor));
  LIC_TRY(transaction->commit());
  return done;
}

/// The license is changed already: a failure says so.
Result<std::vector<std::string>> write_file_of(const Reissued& done, DocumentSink& sink) {
  const auto write = [&]() -> Result<void> {
    LIC_TRY(sink.add(done.terms.key, done.document));
    return sink.finish();
  };
  const auto written = write();
  if (written) return sink.files();
  return error(Errc::failure,
               concat(written.error().message, "; the ledger has serial ", done.terms.serial, " of ", done.terms.key),
               concat("licgen export ", done.terms.key, " --out DIR writes its file"));
}

void report(const Reissued& done, const Reissue& reissue, const std::vector<std::string>& files, Output& output) {
  if (output.json()) {
    Json document;
    document["key"] = done.terms.key;
    document["serial"] = done.terms.serial;
    document["changed"] = done.changed;
    document["changes"] = changes_json(done.changes);
    document["files"] = files;
    if (reissue.tell) reissue.tell(document);
    output.line(json_text(document));
    return;
  }
  output.line(
      concat(done.terms.key, ' ', done.changed ? reissue.done : reissue.standing, ", serial ", done.terms.serial));
  for (const auto& change : done.changes)
    output.line(concat("  ", printable(change.member), ": ", change.before.empty() ? "-" : printable(change.before),
                       " -> ", change.after.empty() ? "-" : printable(change.after)));
}

}  // namespace

void set_up_reissue(CLI::App& app, ReissueOptions& options) {
  add_option(app, "KEY", options.key, "License key").required();
  add_text(app, "--reason", options.reason, "REASON", "Why: kept in the history");
  add_text(
      app, "-o,--out", options.out, "DIR|FILE.jsonl",
      "Also write the new signed file: KEY.json in a directory (in place of the old one), or a line in FILE.jsonl");
  add_flag(app, "--force", options.force, "Replace a FILE.jsonl that exists");
}

Result<void> reissue(const ReissueOptions& options, const Reissue& reissue, Vendor& vendor) {
  if (options.reason) LIC_TRY(check_given("--reason", *options.reason));
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY(ledger->find(key, vendor.now()));  // before a passphrase is asked for
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const SigningKey signer, unlock_license_key(vendor, product, Role::license));
  std::optional<DocumentSink> sink;
  LIC_TRY_ASSIGN(const Reissued done, store(key, options, reissue, signer, product, vendor, sink));
  std::vector<std::string> files;
  if (sink) {
    LIC_TRY_ASSIGN(files, write_file_of(done, *sink));
  }
  if (options.out != "-") report(done, reissue, files, vendor.output());
  if (done.changed && !options.out)
    vendor.output().note(concat("the customer needs the new file: licgen export ", key.text(), " --out DIR"));
  return {};
}

Json changes_json(const std::vector<TermsChange>& changes) {
  Json out = Json::array();
  const auto words = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  for (const auto& change : changes)
    out.push_back({{"member", change.member}, {"before", words(change.before)}, {"after", words(change.after)}});
  return out;
}

Result<Terms> newest_terms(const LicenseRecord& record) {
  const std::string what = concat("the ledger's document of ", record.summary.key);
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(record.document), what));
  return Terms::parse(envelope.payload(), what);
}

Result<std::string> sign_license(const Terms& terms, const SigningKey& key, const ProductFile& product) {
  std::string document = sign_document(DocumentKind::license, terms.to_json(), key).to_json();
  if (document.size() > kMaxDocument)
    return error(Errc::invalid_input, concat("the license would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: leave out features, machines or metadata");
  const auto verified = verify(view_bytes(document), product, "the license");
  if (!verified) return error(Errc::conflict, concat("clients would refuse the license: ", verified.error().message));
  return document;
}

Result<void> check_clock(const LicenseSummary& license, Time now) {
  if (!clock_moved_back(now, license.issued_at)) return {};
  return error(Errc::failure,
               concat("the clock of this machine is wrong: it is ", format_time(now), " by it, and license ",
                      license.key, " was issued on ", format_time(license.issued_at)),
               "set the clock right; nothing was changed");
}

Result<void> warn_of_slow_clock(Ledger& ledger, Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto newest, ledger.newest_history_time());
  const Time now = vendor.now();
  if (clock_moved_back(now, newest))
    vendor.output().warn(concat("the clock of this machine seems wrong: it is ", format_time(now),
                                " by it, and the newest entry of the ledger is of ", format_time(*newest),
                                "; what is issued now is dated by this clock"));
  return {};
}

Result<void> require_in_force(const Standing& standing) {
  if (!standing.terms.suspended_at) return {};
  return error(
      Errc::conflict,
      concat("license ", standing.terms.key, " is suspended since ", format_time(*standing.terms.suspended_at)),
      concat("licgen reinstate ", standing.terms.key, " first"));
}

Result<bool> was_done_for_order(const Standing& standing, const Reissue& reissue) {
  if (reissue.order.empty()) return false;
  for (const auto& entry : standing.history) {
    if (entry.action != reissue.action || entry.detail.empty()) continue;
    const Json detail = json_if_any(entry.detail);
    const auto text = [&](const char* name) {
      const bool there = detail.is_object() && detail.contains(name) && detail[name].is_string();
      return there ? detail[name].get<std::string>() : std::string();
    };
    if (text("order") != reissue.order) continue;
    if (text("request") == reissue.request) return true;
    return error(
        Errc::conflict,
        concat("order ", in_quotes(reissue.order), " was used for another request, on ", format_date(entry.at)),
        "repeat the first request, or give another order");
  }
  return false;
}

}  // namespace lic::app
