#include "desk/usage_intake.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "machine/identity.hpp"

namespace lic {
namespace {

/// Whether `machine` is the one of that fingerprint, as far as that can be told.
bool is_machine_of(const MachineIdentity& machine, const std::string& fingerprint) {
  const auto other = MachineIdentity::parse(fingerprint);
  const auto binding = other ? other->binding() : Result<MachineBinding>(Error(other.error()));
  return binding && machine.matches(*binding);
}

}  // namespace

Result<UsagePlace> place_usage(Ledger& ledger, const UsageStatement& statement) {
  const std::string device = statement.device.base64();
  LIC_TRY_ASSIGN(auto same_number, ledger.find_usage(statement.key, device, statement.seq));
  UsagePlace place;
  LIC_TRY_ASSIGN(place.devices, ledger.newest_usage(statement.key));
  const auto head = std::find_if(place.devices.begin(), place.devices.end(),
                                 [&](const UsageRecord& newest) { return newest.device == device; });
  if (head != place.devices.end()) {
    place.newest = head->seq;
    place.record = *head;
    place.standing = head->digest == statement.previous ? UsageStanding::next : UsageStanding::forked;
  }
  if (same_number) {
    place.standing = same_number->digest == statement.digest ? UsageStanding::known : UsageStanding::another;
    place.record = std::move(same_number);
  } else if (statement.seq > place.newest + 1) {
    place.standing = UsageStanding::gap;
  }
  return place;
}

std::string machine_of(const UsageStatement& statement) {
  const auto machine = MachineIdentity::from_digests(statement.facts);
  return machine && !machine->facts().empty() ? machine->fingerprint() : std::string();
}

const UsageRecord* other_key_of_machine(const std::vector<UsageRecord>& devices, const UsageStatement& statement) {
  const auto machine = MachineIdentity::from_digests(statement.facts);
  if (!machine) return nullptr;
  const auto found = std::find_if(devices.begin(), devices.end(),
                                  [&](const UsageRecord& device) { return is_machine_of(*machine, device.machine); });
  return found == devices.end() ? nullptr : &*found;
}

Result<bool> is_of_license(Ledger& ledger, const Terms& terms, const UsageStatement& statement) {
  if (terms.machines.empty()) return true;
  const auto machine = MachineIdentity::from_digests(statement.facts);
  if (!machine) return false;
  if (machine->matches_any(terms.machines)) return true;
  LIC_TRY_ASSIGN(const auto activations, ledger.activations(terms.key));
  return std::any_of(activations.begin(), activations.end(),
                     [&](const Activation& activation) { return is_machine_of(*machine, activation.holder()); });
}

Result<void> store_usage(Transaction& transaction, const UsageStatement& statement, const std::string& document,
                         Time now, std::string_view actor) {
  const UsageRecord record{statement.key,
                           statement.device.base64(),
                           machine_of(statement),
                           statement.seq,
                           statement.digest,
                           statement.previous,
                           statement.from,
                           statement.to,
                           document,
                           now};
  LIC_TRY(transaction.add_usage(record));
  const nlohmann::ordered_json detail = {{"statement", statement.seq},
                                         {"device", statement.device.id().hex()},
                                         {"machine", record.machine},
                                         {"to", format_time(statement.to)},
                                         {"usage", usage_record_digest(record)}};
  return transaction.record({now, std::string(actor), std::string(kUsageImport), statement.key, "", detail.dump()});
}

}  // namespace lic
