#include "licgen/usage_import.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/seats.hpp"
#include "machine/identity.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kRestored = "the device works with a state that was restored from a backup, or copied";
constexpr std::string_view kWayOfRestored =
    "agree with the customer, who then begins a new chain: licctl --usage-report FILE --new-key";

std::string device_name(const UsageStatement& statement) { return concat("device ", short_id(statement.device.id())); }

/// "statement 4", "statements 4 to 6".
std::string missing_text(std::int64_t first, std::int64_t last) {
  return first == last ? concat("statement ", first, " is missing")
                       : concat("statements ", first, " to ", last, " are missing");
}

/// Whether both are the same machine, as far as that can be told.
bool same_machine(const std::string& a, const std::string& b) {
  const auto one = MachineIdentity::parse(a);
  const auto other = MachineIdentity::parse(b);
  const auto binding = other ? other->binding() : Result<MachineBinding>(Error(other.error()));
  return one && binding && one->matches(*binding);
}

}  // namespace

/// Where a statement belongs, or why nowhere.
struct UsageImport::Place {
  bool known = false;
  bool new_device = false;
  std::string remark;  ///< of one that is known
  std::optional<Refusal> refusal{};
};

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

std::string machine_of(const UsageStatement& statement) {
  const auto machine = MachineIdentity::from_digests(statement.facts);
  return machine && !machine->facts().empty() ? machine->fingerprint() : std::string();
}

/// Whether the machine is one that the license names, or that had a seat of it once.
Result<bool> UsageImport::is_of_license(const IncomingUsage& incoming, const LicenseRecord& record) {
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  if (terms.machines.empty()) return true;
  const auto machine = MachineIdentity::from_digests(incoming.statement.facts);
  if (!machine) return false;
  if (machine->matches_any(terms.machines)) return true;
  LIC_TRY_ASSIGN(const auto activations, ledger_.activations(record.summary.key));
  return std::any_of(activations.begin(), activations.end(), [&](const Activation& activation) {
    const auto binding = binding_of(activation.machine);
    return binding && machine->matches(*binding);
  });
}

Result<UsageImport::Place> UsageImport::place_of_new_device(const IncomingUsage& incoming, const LicenseRecord& record,
                                                            const std::vector<UsageRecord>& devices) {
  const UsageStatement& statement = incoming.statement;
  const std::string& id = statement.device.id().hex();
  const auto& expected = options_.expected_keys;
  if (!expected.empty() && std::none_of(expected.begin(), expected.end(),
                                        [&](const std::string& key) { return id.starts_with(to_lower(key)); }))
    return Place{false,
                 false,
                 {},
                 Refusal{ExitCode::untrusted,
                         concat(incoming.what, " is the first of ", device_name(statement),
                                ", whose key is none of those expected"),
                         concat("its id is ", id, ": ask the customer which key licctl has named")}};
  const std::string machine = machine_of(statement);
  const auto same = std::find_if(devices.begin(), devices.end(), [&](const UsageRecord& device) {
    return !options_.new_key && same_machine(machine, device.machine);
  });
  if (same != devices.end()) {
    LIC_TRY_ASSIGN(const PublicKey known, PublicKey::from_base64(same->device));
    return Place{false,
                 false,
                 {},
                 Refusal{ExitCode::conflict,
                         concat(incoming.what, " is the first by a new key, ", short_id(statement.device.id()),
                                ", of a machine that has stated its usage of ", statement.key, " by the key ",
                                short_id(known.id()), " before"),
                         concat("its state was lost or made anew, and what was used after ", format_time(same->to),
                                " may not have been stated; --new-key takes it all the same")}};
  }
  if (options_.any_machine) return Place{false, true, {}};
  LIC_TRY_ASSIGN(const bool fits, is_of_license(incoming, record));
  if (fits) return Place{false, true, {}};
  return Place{false,
               false,
               {},
               Refusal{ExitCode::wrong_machine,
                       concat(incoming.what, " is of a machine that license ", statement.key, " is not for"),
                       concat("licgen activations ", statement.key,
                              " lists the machines; --any-machine takes it all the same")}};
}

Result<UsageImport::Place> UsageImport::place_of(const IncomingUsage& incoming, const LicenseRecord& record) {
  const UsageStatement& statement = incoming.statement;
  const std::string device = statement.device.base64();
  LIC_TRY_ASSIGN(const auto known, ledger_.find_usage(statement.key, device, statement.seq));
  if (known && known->digest == statement.digest)
    return Place{true, false, concat("it was imported on ", format_time(known->imported_at))};
  if (known)
    return Place{
        false,
        false,
        {},
        Refusal{ExitCode::conflict,
                concat(incoming.what, " is another statement ", statement.seq, " of ", device_name(statement),
                       " than the one that was imported on ", format_time(known->imported_at), ": ", kRestored),
                std::string(kWayOfRestored)}};
  LIC_TRY_ASSIGN(const auto devices, ledger_.newest_usage(statement.key));
  const auto head =
      std::find_if(devices.begin(), devices.end(), [&](const UsageRecord& newest) { return newest.device == device; });
  const std::int64_t newest = head == devices.end() ? 0 : head->seq;
  if (statement.seq > newest + 1)
    return Place{false,
                 false,
                 {},
                 Refusal{ExitCode::conflict,
                         concat(incoming.what, " is statement ", statement.seq, " of ", device_name(statement),
                                ", but ", missing_text(newest + 1, statement.seq - 1)),
                         concat("import what is missing first; licctl --usage-report FILE --statement ", newest + 1,
                                " writes it again")}};
  if (newest == 0) return place_of_new_device(incoming, record, devices);
  if (statement.previous == head->digest) return Place{};
  return Place{false,
               false,
               {},
               Refusal{ExitCode::conflict,
                       concat(incoming.what, " follows another statement ", newest, " of ", device_name(statement),
                              " than the one that was imported on ", format_time(head->imported_at), ": ", kRestored),
                       std::string(kWayOfRestored)}};
}

Result<void> UsageImport::store(const IncomingUsage& incoming, const std::string& machine) {
  const UsageStatement& statement = incoming.statement;
  const UsageRecord record{statement.key,     statement.device.base64(),
                           machine,           statement.seq,
                           statement.digest,  statement.previous,
                           statement.from,    statement.to,
                           incoming.document, vendor_.now()};
  LIC_TRY(transaction_.add_usage(record));
  const nlohmann::ordered_json detail = {{"statement", statement.seq},
                                         {"device", statement.device.id().hex()},
                                         {"machine", machine},
                                         {"to", format_time(statement.to)},
                                         {"usage", usage_record_digest(record)}};
  return transaction_.record(
      {vendor_.now(), vendor_.actor(), std::string(kUsageImport), statement.key, "", json_text(detail)});
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
  const auto refuse = [&](ExitCode code, std::string message, std::string hint) {
    verdict.code = code;
    verdict.message = std::move(message);
    verdict.hint = std::move(hint);
    blocked_.try_emplace(chain, statement.seq);
    return verdict;
  };
  if (const auto blocked = blocked_.find(chain); blocked != blocked_.end() && blocked->second < statement.seq) {
    verdict.follows = true;
    return refuse(ExitCode::conflict,
                  concat(incoming.what, " comes after statement ", blocked->second, ", which was refused"), {});
  }
  if (const std::string& ours = product_.catalog().product; statement.product != ours)
    return refuse(ExitCode::untrusted,
                  concat(incoming.what, " is of the product ", in_quotes(statement.product), ", not of ", ours), {});
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(statement.key));
  const auto record = ledger_.find(key, vendor_.now());
  if (!record && record.error().code != Errc::not_found) return Error(record.error());
  if (!record)
    return refuse(ExitCode::not_found,
                  concat(incoming.what, " is of license ", key.text(), ", which is not in the ledger"),
                  "import it into the ledger that the license was issued by");
  if (record->summary.id != statement.license)
    return refuse(ExitCode::untrusted,
                  concat(incoming.what, " names license ", key.text(), " by the id ", in_quotes(statement.license),
                         ", which is not its own"),
                  {});
  LIC_TRY_ASSIGN(Place place, place_of(incoming, *record));
  if (place.refusal)
    return refuse(place.refusal->code, std::move(place.refusal->message), std::move(place.refusal->hint));
  verdict.came = place.known ? UsageCame::known : UsageCame::imported;
  verdict.new_device = place.new_device;
  verdict.message = std::move(place.remark);
  if (!place.known) LIC_TRY(store(incoming, verdict.machine));
  return verdict;
}

}  // namespace lic::app
