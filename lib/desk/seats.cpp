#include "desk/seats.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/reissue.hpp"
#include "issue/lifecycle.hpp"
#include "machine/identity.hpp"

namespace lic {
namespace {

/// The first groups of a fingerprint: `M1-XXXXX-XXXXX` has two.
std::string first_groups(const std::string& fingerprint, std::size_t groups) {
  std::size_t end = fingerprint.find('-');
  for (std::size_t i = 0; i < groups && end != std::string::npos; ++i) end = fingerprint.find('-', end + 1);
  return fingerprint.substr(0, end);
}

}  // namespace

Result<MachineBinding> binding_of(std::string_view fingerprint) {
  LIC_TRY_ASSIGN(const MachineIdentity identity, MachineIdentity::parse(fingerprint));
  return identity.binding();
}

std::string fingerprint_of(const MachineBinding& binding) {
  const auto identity = MachineIdentity::from_digests(binding.facts);
  return identity ? identity->fingerprint() : std::string();
}

std::vector<std::string> shortened(const std::vector<std::string>& fingerprints) {
  constexpr std::size_t kFewest = 3;
  constexpr std::size_t kMost = 64;
  const std::size_t different = std::set<std::string>(fingerprints.begin(), fingerprints.end()).size();
  std::vector<std::string> cut;
  for (std::size_t groups = kFewest; groups <= kMost; ++groups) {
    cut.clear();
    for (const auto& fingerprint : fingerprints) cut.push_back(first_groups(fingerprint, groups));
    if (std::set<std::string>(cut.begin(), cut.end()).size() == different) break;
  }
  return cut;
}

nlohmann::ordered_json activation_json(const Activation& activation) {
  nlohmann::ordered_json out;
  out["machine"] = activation.holder();
  out["at"] = format_time(activation.at);
  out["serial"] = activation.serial;
  out["request"] = activation.request;
  out["ended_at"] = nullptr;
  out["ended_by"] = nullptr;
  if (activation.ended_at) {
    out["ended_at"] = format_time(*activation.ended_at);
    out["ended_by"] = activation.ended_by;
  }
  if (activation.lease)
    out["lease"] = {{"refreshed_at", format_time(activation.lease->refreshed_at)},
                    {"expires_at", format_time(activation.lease->expires_at)},
                    {"clones", activation.lease->clones}};
  return out;
}

std::string end_text(const Activation& activation) {
  const std::string on = activation.ended_at ? concat(" on ", format_time(*activation.ended_at)) : std::string();
  if (activation.ended_by == kEndedByReceipt) return concat("given back by receipt", on);
  if (activation.ended_by == kEndedByVendor) return concat("released", on);
  if (activation.ended_by == kEndedByLease) return concat("ended with its lease, noted", on);
  if (activation.ended_by == kEndedByMachine) return concat("given back by the machine", on);
  return concat("replaced by a later request of the machine", on);
}

Result<std::vector<Activation>> live_at(const std::vector<Activation>& activations, const MachineBinding& binding) {
  std::vector<Activation> live;
  for (const auto& activation : activations) {
    if (!activation.live()) continue;
    LIC_TRY_ASSIGN(const MachineIdentity identity, MachineIdentity::parse(activation.holder()));
    LIC_TRY_ASSIGN(const MachineBinding its, identity.binding());
    if (its == binding || (activation.online() && identity.matches(binding))) live.push_back(activation);
  }
  return live;
}

Result<void> add_leased(const std::vector<Activation>& activations, Time now, std::vector<MachineBinding>& holders) {
  for (const auto& activation : activations) {
    if (!activation.lease || activation.lease->expires_at <= now) continue;
    LIC_TRY_ASSIGN(const MachineIdentity identity, MachineIdentity::parse(activation.holder()));
    if (identity.matches_any(holders)) continue;
    LIC_TRY_ASSIGN(MachineBinding binding, identity.binding());
    holders.push_back(std::move(binding));
  }
  return {};
}

Result<Seats> read_seats(Ledger& ledger, const LicenseKey& key, bool all, Time now) {
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find(key, now));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  LIC_TRY_ASSIGN(const auto activations, ledger.activations(key.text()));
  const auto named = seat_holders(terms);
  auto holders = named;
  LIC_TRY(add_leased(activations, now, holders));
  Seats seats{key.text(), terms.seats, holders.size(), {}, {}};
  for (const auto& holder : named) {
    LIC_TRY_ASSIGN(const auto live, live_at(activations, holder));
    if (live.empty()) seats.named.push_back(fingerprint_of(holder));
  }
  for (const auto& activation : activations)
    if (all || activation.live()) seats.activations.push_back(activation);
  return seats;
}

nlohmann::ordered_json seats_json(const Seats& seats) {
  nlohmann::ordered_json out = {{"key", seats.key}, {"seats", seats.seats}, {"taken", seats.taken}};
  out["activations"] = nlohmann::ordered_json::array();
  for (const auto& activation : seats.activations) out["activations"].push_back(activation_json(activation));
  out["named"] = seats.named;
  return out;
}

}  // namespace lic
