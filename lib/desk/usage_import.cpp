#include "desk/usage_import.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/codes.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/reissue.hpp"
#include "desk/signing.hpp"
#include "license/envelope.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRestored = "the device works with a state that was restored from a backup, or copied";
constexpr std::string_view kWayOfRestored =
    "agree with the customer, who then begins a new chain: licctl --usage-report FILE --new-key";

std::string device_name(const UsageStatement& statement) { return concat("device ", short_id(statement.device.id())); }

/// "statement 4", "statements 4 to 6".
std::string missing_text(std::int64_t first, std::int64_t last) {
  return first == last ? concat("statement ", first, " is missing")
                       : concat("statements ", first, " to ", last, " are missing");
}

/// Takes statements one after the other in one transaction; those of a chain in their order.
class UsageImport {
 public:
  UsageImport(Transaction& transaction, const Desk& desk, const ProductFile& product, const UsageRules& rules)
      : transaction_(transaction), desk_(desk), product_(product), rules_(rules) {}

  /// A statement that is refused is a verdict. Errors: those of the ledger.
  [[nodiscard]] Result<UsageVerdict> take(const IncomingUsage& incoming);

 private:
  struct Refusal {
    int code = 0;
    std::string message;
    std::string hint;
  };
  [[nodiscard]] Result<std::optional<Refusal>> refusal_of(const IncomingUsage& incoming, const LicenseRecord& record,
                                                          const UsagePlace& place) const;
  [[nodiscard]] Result<std::optional<Refusal>> refusal_of_new_device(const IncomingUsage& incoming,
                                                                     const LicenseRecord& record,
                                                                     const UsagePlace& place) const;

  Transaction& transaction_;
  const Desk& desk_;
  const ProductFile& product_;
  const UsageRules& rules_;
  std::map<std::pair<std::string, std::string>, std::int64_t> blocked_;  ///< license and device: the one refused
};

Result<std::optional<UsageImport::Refusal>> UsageImport::refusal_of_new_device(const IncomingUsage& incoming,
                                                                               const LicenseRecord& record,
                                                                               const UsagePlace& place) const {
  const UsageStatement& statement = incoming.statement;
  const std::string& id = statement.device.id().hex();
  const auto& expected = rules_.expected_keys;
  if (!expected.empty() && std::none_of(expected.begin(), expected.end(),
                                        [&](const std::string& key) { return id.starts_with(to_lower(key)); }))
    return std::optional(Refusal{
        code_of(Errc::untrusted),
        concat(incoming.what, " is the first of ", device_name(statement), ", whose key is none of those expected"),
        concat("its id is ", id, ": ask the customer which key licctl has named")});
  const UsageRecord* same = rules_.new_key ? nullptr : other_key_of_machine(place.devices, statement);
  if (same != nullptr) {
    LIC_TRY_ASSIGN(const PublicKey known, PublicKey::from_base64(same->device));
    return std::optional(
        Refusal{code_of(Errc::conflict),
                concat(incoming.what, " is the first by a new key, ", short_id(statement.device.id()),
                       ", of a machine that has stated its usage of ", statement.key, " by the key ",
                       short_id(known.id()), " before"),
                concat("its state was lost or made anew, and what was used after ", format_time(same->to),
                       " may not have been stated; --new-key takes it all the same")});
  }
  if (rules_.any_machine) return std::optional<Refusal>();
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const bool fits, is_of_license(desk_.ledger, terms, statement));
  if (fits) return std::optional<Refusal>();
  return std::optional(Refusal{
      code_of(Reason::wrong_machine),
      concat(incoming.what, " is of a machine that license ", statement.key, " is not for"),
      concat("licgen activations ", statement.key, " lists the machines; --any-machine takes it all the same")});
}

/// Why the statement does not belong into the ledger; nothing: it does, or is there.
Result<std::optional<UsageImport::Refusal>> UsageImport::refusal_of(const IncomingUsage& incoming,
                                                                    const LicenseRecord& record,
                                                                    const UsagePlace& place) const {
  const UsageStatement& statement = incoming.statement;
  switch (place.standing) {
    case UsageStanding::next:
    case UsageStanding::known:
      return std::optional<Refusal>();
    case UsageStanding::another:
      return std::optional(Refusal{
          code_of(Errc::conflict),
          concat(incoming.what, " is another statement ", statement.seq, " of ", device_name(statement),
                 " than the one that was imported on ", format_time(place.record->imported_at), ": ", kRestored),
          std::string(kWayOfRestored)});
    case UsageStanding::forked:
      return std::optional(Refusal{
          code_of(Errc::conflict),
          concat(incoming.what, " follows another statement ", place.newest, " of ", device_name(statement),
                 " than the one that was imported on ", format_time(place.record->imported_at), ": ", kRestored),
          std::string(kWayOfRestored)});
    case UsageStanding::gap:
      return std::optional(
          Refusal{code_of(Errc::conflict),
                  concat(incoming.what, " is statement ", statement.seq, " of ", device_name(statement), ", but ",
                         missing_text(place.newest + 1, statement.seq - 1)),
                  concat("import what is missing first; licctl --usage-report FILE --statement ", place.newest + 1,
                         " writes it again")});
    case UsageStanding::first:
      break;
  }
  return refusal_of_new_device(incoming, record, place);
}

Result<UsageVerdict> UsageImport::take(const IncomingUsage& incoming) {
  const UsageStatement& statement = incoming.statement;
  UsageVerdict verdict;
  verdict.file = incoming.file;
  verdict.key = statement.key;
  verdict.device = statement.device.id().hex();
  verdict.machine = machine_of(statement);
  verdict.seq = statement.seq;
  verdict.from = statement.from;
  verdict.to = statement.to;
  const auto chain = std::pair(statement.key, verdict.device);
  const auto refuse = [&](int code, std::string message, std::string hint) {
    verdict.code = code;
    verdict.message = std::move(message);
    verdict.hint = std::move(hint);
    blocked_.try_emplace(chain, statement.seq);
    return verdict;
  };
  if (const auto blocked = blocked_.find(chain); blocked != blocked_.end() && blocked->second < statement.seq) {
    verdict.follows = true;
    return refuse(code_of(Errc::conflict),
                  concat(incoming.what, " comes after statement ", blocked->second, ", which was refused"), {});
  }
  if (const std::string& ours = product_.catalog().id; statement.product != ours)
    return refuse(code_of(Errc::untrusted),
                  concat(incoming.what, " is of the product ", in_quotes(statement.product), ", not of ", ours), {});
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(statement.key));
  const auto record = desk_.ledger.find(key, desk_.now);
  if (!record && record.error().code != Errc::not_found) return Error(record.error());
  if (!record)
    return refuse(code_of(Errc::not_found),
                  concat(incoming.what, " is of license ", key.text(), ", which is not in the ledger"),
                  "import it into the ledger that the license was issued by");
  if (record->summary.id != statement.license)
    return refuse(code_of(Errc::untrusted),
                  concat(incoming.what, " names license ", key.text(), " by the id ", in_quotes(statement.license),
                         ", which is not its own"),
                  {});
  LIC_TRY_ASSIGN(const UsagePlace place, place_usage(desk_.ledger, statement));
  LIC_TRY_ASSIGN(std::optional<Refusal> refusal, refusal_of(incoming, *record, place));
  if (refusal) return refuse(refusal->code, std::move(refusal->message), std::move(refusal->hint));
  if (place.standing == UsageStanding::known) {
    verdict.came = UsageCame::known;
    verdict.message = concat("it was imported on ", format_time(place.record->imported_at));
    return verdict;
  }
  verdict.came = UsageCame::imported;
  verdict.new_device = place.standing == UsageStanding::first;
  LIC_TRY(store_usage(transaction_, statement, incoming.document, desk_.now, desk_.actor));
  return verdict;
}

}  // namespace

std::string_view token(UsageCame came) noexcept {
  switch (came) {
    case UsageCame::imported:
      return "imported";
    case UsageCame::known:
      return "known";
    case UsageCame::refused:
      return "refused";
  }
  return {};
}

Result<IncomingUsage> read_usage_statement(std::string_view text, std::string file, std::string what) {
  auto statement = UsageStatement::open(view_bytes(text), what);
  if (!statement) return std::move(statement).error();
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(text), what));
  return IncomingUsage{std::move(what), std::move(file), std::move(statement).value(), envelope.bare().to_json()};
}

UsageVerdict refused_usage(std::string file, const Error& fault) {
  UsageVerdict verdict;
  verdict.file = std::move(file);
  verdict.code = code_of(fault.code);
  verdict.message = fault.message;
  verdict.hint = fault.hint;
  return verdict;
}

Result<std::vector<UsageVerdict>> import_usage(Transaction& transaction, const Desk& desk, const ProductFile& product,
                                               const UsageRules& rules, std::vector<IncomingUsage> statements) {
  const auto place = [](const IncomingUsage& one) {
    return std::tuple(std::string_view(one.statement.key), one.statement.device.id(), one.statement.seq);
  };
  std::stable_sort(statements.begin(), statements.end(),
                   [&](const IncomingUsage& a, const IncomingUsage& b) { return place(a) < place(b); });
  UsageImport import(transaction, desk, product, rules);
  std::vector<UsageVerdict> verdicts;
  for (const IncomingUsage& incoming : statements) {
    LIC_TRY_ASSIGN(UsageVerdict verdict, import.take(incoming));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::int64_t count_of(const std::vector<UsageVerdict>& verdicts, UsageCame came) {
  return std::count_if(verdicts.begin(), verdicts.end(), [&](const auto& verdict) { return verdict.came == came; });
}

Json usage_verdict_json(const UsageVerdict& verdict) {
  Json out = {{"result", token(verdict.came)}};
  if (verdict.seq == 0) return out;
  out["license_key"] = verdict.key;
  out["device"] = verdict.device;
  out["machine"] = verdict.machine.empty() ? Json(nullptr) : Json(verdict.machine);
  out["statement"] = verdict.seq;
  out["from"] = format_time(verdict.from);
  out["to"] = format_time(verdict.to);
  out["new_device"] = verdict.new_device;
  return out;
}

}  // namespace lic
