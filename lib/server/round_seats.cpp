/// Seats: activate, validate, refresh, deactivate.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "issue/lifecycle.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

/// A license that somebody asks for, as it stands.
struct Asked {
  LicenseRecord record;
  std::shared_ptr<const Terms> held;
  const Terms& terms;
  std::optional<MachineBinding> named;  ///< of the machine that asks, where the license names it
};

/// Why a license that does not hold is no license to anybody; absent where it holds.
std::optional<Outcome> refusal_of(const LicenseSummary& license) {
  if (allows(license.status)) return std::nullopt;
  if (license.revoked_at) return denied(DenialReason::revoked);
  if (license.suspended_at) return denied(DenialReason::suspended);
  if (license.status == Reason::not_yet_valid) return denied(DenialReason::not_yet_valid, license.starts_at);
  return denied(DenialReason::expired);
}

Result<void> record(const Round& round, std::string_view action, const std::string& key, const Json& detail) {
  return round.transaction->record({round.now, std::string(kServerActor), std::string(action), key, "", detail.dump()});
}

/// What a lease is from now on.
LeaseState prolonged(LeaseState lease, const Round& round, const Terms& terms, const AskingMachine& machine) {
  lease.machine = machine.fingerprint;
  lease.marks = machine.marks;
  lease.refreshed_at = round.now;
  lease.expires_at = round.now + round.policy.lease;
  if (const auto end = end_of_license(terms)) lease.expires_at = std::min(lease.expires_at, *end);
  return lease;
}

Outcome granted(const Round& round, const Asked& asked, const std::string& id, const LeaseState& lease,
                bool with_license) {
  Outcome outcome;
  outcome.answer.verdict = Verdict::granted;
  const Time refresh = std::min(lease.refreshed_at + round.policy.refresh, lease.expires_at);
  outcome.answer.lease = Lease{id, asked.terms.id, asked.terms.serial, refresh, lease.expires_at};
  if (with_license) outcome.license = asked.record.document;
  return outcome;
}

/// Leases that ran out give their seats back. It is noted when somebody asks for one.
Result<void> end_lapsed(const Round& round, const std::string& key) {
  LIC_TRY_ASSIGN(const auto lapsed, round.ledger.lapsed_leases(key, round.now));
  if (lapsed.empty()) return {};
  for (const std::string& request : lapsed)
    LIC_TRY(round.transaction->end_activation(request, kEndedByLease, round.now));
  return record(round, "lease-end", key, {{"ended", lapsed}, {"ended_by", kEndedByLease}});
}

/// Of a license that names its machines: what another lease has taken of this one's seat. The machine
/// changed, little enough for the license and too much for that lease.
Result<std::vector<std::string>> replaced_by(const Round& round, const Asked& asked) {
  std::vector<std::string> replaced;
  if (!asked.named) return replaced;
  LIC_TRY_ASSIGN(const auto activations, round.ledger.activations(asked.terms.key));
  for (const Activation& activation : activations) {
    if (!activation.lease) continue;
    const auto other = MachineIdentity::parse(activation.holder());
    if (other && other->matches(*asked.named)) replaced.push_back(activation.request);
  }
  return replaced;
}

Result<Outcome> take_new_seat(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                              const Asked& asked) {
  const std::string& key = asked.terms.key;
  LIC_TRY(end_lapsed(round, key));
  if (!asked.named) {
    LIC_TRY_ASSIGN(const auto later, next_transfer(round, asked.terms, machine));
    if (later) return denied(DenialReason::transfers_used_up, later);
  }
  LIC_TRY_ASSIGN(const auto replaced, replaced_by(round, asked));
  for (const std::string& other : replaced)
    LIC_TRY(round.transaction->end_activation(other, kEndedByRequest, round.now));
  Activation activation{key, random_request_id(), {},           {}, machine.fingerprint, asked.terms.serial,
                        {},  round.now,           std::nullopt, {}, LeaseState{}};
  activation.lease->secret_hash = request.next_hash;
  activation.lease = prolonged(*activation.lease, round, asked.terms, machine);
  LIC_TRY_ASSIGN(const bool taken, round.transaction->take_seat(activation, asked.named.has_value()));
  if (!taken) {
    LIC_TRY_ASSIGN(const auto next, round.ledger.next_lease_end(key, round.now));
    return denied(DenialReason::no_seat_left, next);
  }
  Json detail = {
      {"machine", machine.fingerprint}, {"request", activation.request}, {"activation", activation_digest(activation)}};
  if (!replaced.empty()) {
    detail["ended"] = replaced;
    detail["ended_by"] = kEndedByRequest;
  }
  LIC_TRY(record(round, "activate", key, detail));
  return granted(round, asked, activation.request, *activation.lease, true);
}

Result<Outcome> activate(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                         const Asked& asked, const std::optional<Activation>& seat) {
  if (!seat) return take_new_seat(round, request, machine, asked);
  LeaseState lease = prolonged(*seat->lease, round, asked.terms, machine);
  if (lease.secret_hash != request.next_hash) {  // else it is the same request once more
    lease.previous_hash = std::exchange(lease.secret_hash, request.next_hash);
    LIC_TRY(record(round, "reactivate", asked.terms.key, {{"machine", lease.machine}, {"request", seat->request}}));
  }
  LIC_TRY(round.transaction->renew_lease(seat->request, lease));
  return granted(round, asked, seat->request, lease, true);
}

Result<Outcome> refresh(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                        const Asked& asked, const Activation& seat) {
  LeaseState lease = prolonged(*seat.lease, round, asked.terms, machine);
  const std::string shown = receipt_hash_of(request.secret);
  const bool again = shown == lease.previous_hash && request.next_hash == lease.secret_hash;
  if (!again) {
    if (shown != lease.secret_hash) {  // two go on from one state
      ++lease.clones;
      LIC_TRY(record(round, "clone", asked.terms.key, {{"machine", lease.machine}, {"request", seat.request}}));
    }
    lease.previous_hash = std::exchange(lease.secret_hash, request.next_hash);
  }
  LIC_TRY(round.transaction->renew_lease(seat.request, lease));
  return granted(round, asked, seat.request, lease, true);
}

Result<Outcome> deactivate(const Round& round, const OnlineRequest& request, const std::string& key,
                           const Activation& seat) {
  const std::string shown = receipt_hash_of(request.secret);
  if (shown != seat.lease->secret_hash && shown != seat.lease->previous_hash) return denied(DenialReason::wrong_secret);
  LIC_TRY(round.transaction->end_activation(seat.request, kEndedByMachine, round.now));
  LIC_TRY(record(round, "deactivate", key,
                 {{"machine", seat.holder()}, {"ended", {seat.request}}, {"ended_by", kEndedByMachine}}));
  Outcome outcome;
  outcome.answer.verdict = Verdict::released;
  return outcome;
}

/// The machine that the license names and that asks; absent where it names none or others.
std::optional<MachineBinding> named_machine(const Terms& terms, const AskingMachine& machine) {
  for (const MachineBinding& holder : seat_holders(terms))
    if (machine.identity.matches(holder)) return holder;
  return std::nullopt;
}

}  // namespace

Result<std::optional<Activation>> seat_of(const Round& round, const std::string& key, const AskingMachine& machine) {
  LIC_TRY_ASSIGN(auto alike, round.ledger.leases_like(key, machine.marks));
  auto found = std::find_if(alike.begin(), alike.end(),
                            [&](const Activation& one) { return one.holder() == machine.fingerprint; });
  if (found == alike.end())
    found = std::find_if(alike.begin(), alike.end(),
                         [&](const Activation& one) { return is_machine(machine, one.holder()); });
  return found == alike.end() ? std::optional<Activation>() : std::optional(std::move(*found));
}

Result<Outcome> decide_seat(const Round& round, const OnlineRequest& request, const AskingMachine& machine) {
  const auto key = LicenseKey::parse(request.key);
  if (!key) return denied(DenialReason::unknown_license);
  auto record = round.ledger.find_uncounted(*key, round.now);
  if (!record && record.error().code == Errc::not_found) return denied(DenialReason::unknown_license);
  LIC_TRY(record);
  LIC_TRY_ASSIGN(auto seat, seat_of(round, key->text(), machine));
  if (seat && seat->lease->expires_at <= round.now && request.action != OnlineAction::deactivate) seat.reset();
  if (request.action == OnlineAction::deactivate)  // whatever became of the license
    return seat ? deactivate(round, request, key->text(), *seat) : denied(DenialReason::not_activated);

  if (auto refusal = refusal_of(record->summary)) return *std::move(refusal);
  LIC_TRY_ASSIGN(const std::shared_ptr<const Terms> terms, round.known.of(*record));
  const Asked asked{*std::move(record), terms, *terms, named_machine(*terms, machine)};
  if (!asked.terms.machines.empty() && !asked.named) return denied(DenialReason::wrong_machine);
  if (request.action == OnlineAction::activate) return activate(round, request, machine, asked, seat);
  if (!seat) return denied(DenialReason::not_activated);
  if (request.action == OnlineAction::validate) return granted(round, asked, seat->request, *seat->lease, false);
  return refresh(round, request, machine, asked, *seat);
}

}  // namespace lic
