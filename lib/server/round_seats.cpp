/// Seats: activate, validate, refresh, lease, deactivate.

#include <algorithm>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "issue/lifecycle.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

/// A license that somebody asks for, as it stands.
struct Asked {
  SeatedLicense license;
  std::shared_ptr<const KnownLicense> known;
  const Terms& terms;
  std::optional<MachineBinding> named;  ///< of the machine that asks, where the license names it
};

/// Why a license that does not hold is no license to anybody; absent where it holds.
std::optional<Outcome> refusal_of(Reason status, const Terms& terms) {
  if (allows(status)) return std::nullopt;
  if (status == Reason::revoked) return denied(DenialReason::revoked);
  if (status == Reason::suspended) return denied(DenialReason::suspended);
  if (status == Reason::not_yet_valid) return denied(DenialReason::not_yet_valid, terms.starts_at);
  return denied(DenialReason::expired);
}

Result<void> record(const Round& round, std::string_view action, const std::string& key, json::ObjectBuilder& detail) {
  return round.transaction->record(
      {round.now, std::string(kServerActor), std::string(action), key, "", json::dump(detail.take())});
}

std::chrono::seconds floating_time(const Floating& floating) { return std::chrono::minutes{floating.minutes}; }

/// Until when a machine has its seat that has it until `before`. Of a license that floats that never becomes less: the
/// machine goes by what it was granted.
Time end_of_lease(const Round& round, const Terms& terms, const OnlineRequest& request, Time before) {
  if (!terms.floating) return round.now + round.policy.lease;
  const Time end = std::max(before, round.now + floating_time(*terms.floating));
  if (!request.borrow_until) return end;
  return std::max(end, std::min(*request.borrow_until, round.now + std::chrono::days{terms.floating->borrow_days}));
}

/// What a lease is from now on.
LeaseState prolonged(LeaseState lease, const Round& round, const Terms& terms, const OnlineRequest& request,
                     const AskingMachine& machine) {
  lease.machine = machine.fingerprint;
  lease.marks = machine.marks;
  lease.refreshed_at = round.now;
  lease.expires_at = end_of_lease(round, terms, request, lease.expires_at);
  if (const auto end = end_of_license(terms)) lease.expires_at = std::min(lease.expires_at, *end);
  return lease;
}

/// When the machine is to ask again: of a license that floats in the last half of its minutes, so that one that was
/// taken along asks when it is back.
Time refresh_of(const Round& round, const Terms& terms, const LeaseState& lease) {
  if (terms.floating) return std::max(lease.refreshed_at, lease.expires_at - floating_time(*terms.floating) / 2);
  return std::min(lease.refreshed_at + round.policy.refresh, lease.expires_at);
}

Outcome granted(const Round& round, const Asked& asked, const std::string& id, const LeaseState& lease,
                bool with_license) {
  Outcome outcome;
  outcome.answer.verdict = Verdict::granted;
  outcome.answer.lease =
      Lease{id, asked.terms.id, asked.terms.serial, refresh_of(round, asked.terms, lease), lease.expires_at};
  if (with_license) outcome.license = asked.known;
  return outcome;
}

/// Leases that ran out give their seats back. It is noted when somebody asks for one. Those of a license that floats
/// stay, to run again when their machines are back, and are ended only when they were not for long.
Result<void> end_lapsed(const Round& round, const Asked& asked) {
  constexpr std::chrono::days kKept{30};
  if (!asked.license.has_lapsed) return {};
  const Terms& terms = asked.terms;
  const std::string& key = terms.key;
  LIC_TRY_ASSIGN(const auto lapsed, round.ledger.lapsed_leases(key, terms.floating ? round.now - kKept : round.now));
  if (lapsed.empty()) return {};
  for (const std::string& request : lapsed)
    LIC_TRY(round.transaction->end_activation(request, kEndedByLease, round.now));
  return record(round, "lease-end", key,
                json::ObjectBuilder().value("ended", json::list_of(lapsed)).string("ended_by", kEndedByLease));
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
  LIC_TRY(end_lapsed(round, asked));
  if (!asked.named) {
    LIC_TRY_ASSIGN(const auto later, next_transfer(round, asked.terms, machine));
    if (later) return denied(DenialReason::transfers_used_up, later);
  }
  LIC_TRY_ASSIGN(const auto replaced, replaced_by(round, asked));
  for (const std::string& other : replaced)
    LIC_TRY(round.transaction->end_activation(other, kEndedByRequest, round.now));
  Activation activation{key,
                        round.ids.growing(round.now),
                        {},
                        {},
                        machine.fingerprint,
                        asked.terms.serial,
                        {},
                        round.now,
                        std::nullopt,
                        {},
                        LeaseState{}};
  activation.lease->secret_hash = request.next_hash;
  activation.lease = prolonged(*activation.lease, round, asked.terms, request, machine);
  LIC_TRY_ASSIGN(const bool taken, round.transaction->take_seat(activation, asked.named.has_value()));
  if (!taken) {
    LIC_TRY_ASSIGN(const auto next, round.ledger.next_lease_end(key, round.now));
    return denied(DenialReason::no_seat_left, next);
  }
  json::ObjectBuilder detail;
  detail.string("machine", machine.fingerprint)
      .string("request", activation.request)
      .string("activation", activation_digest(activation));
  if (!replaced.empty()) detail.value("ended", json::list_of(replaced)).string("ended_by", kEndedByRequest);
  LIC_TRY(record(round, "activate", key, detail));
  return granted(round, asked, activation.request, *activation.lease, true);
}

/// The secret that counts from an activation on. False: it is the same request once more.
bool take_secret(LeaseState& lease, const OnlineRequest& request) {
  if (lease.secret_hash == request.next_hash) return false;
  lease.previous_hash = std::exchange(lease.secret_hash, request.next_hash);
  return true;
}

Result<Outcome> activate(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                         const Asked& asked, const std::optional<Activation>& seat) {
  if (!seat) return take_new_seat(round, request, machine, asked);
  LeaseState lease = prolonged(*seat->lease, round, asked.terms, request, machine);
  if (take_secret(lease, request) && !asked.terms.floating)
    LIC_TRY(record(round, "reactivate", asked.terms.key,
                   json::ObjectBuilder().string("machine", lease.machine).string("request", seat->request)));
  LIC_TRY(round.transaction->renew_lease(seat->request, lease));
  return granted(round, asked, seat->request, lease, true);
}

/// A seat of a license that floats, for a machine that has none now: of `lapsed`, which it had before, the history says
/// nothing more.
Result<Outcome> check_out(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                          const Asked& asked, const std::optional<Activation>& lapsed) {
  LIC_TRY_ASSIGN(const Turn turn, take_turn(round, asked.terms, machine));
  if (!turn.is_now) return wait_for_seat(round, asked.terms, machine, turn);
  if (!turn.waited_as.empty()) LIC_TRY(round.transaction->drop_waiting(asked.terms.key, turn.waited_as));
  if (!lapsed) return take_new_seat(round, request, machine, asked);
  LeaseState lease = prolonged(*lapsed->lease, round, asked.terms, request, machine);
  take_secret(lease, request);
  LIC_TRY_ASSIGN(const bool taken, round.transaction->take_seat_again(lapsed->request, lease));
  if (!taken) return denied(DenialReason::no_seat_left);
  return granted(round, asked, lapsed->request, lease, true);
}

Result<Outcome> refresh(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                        const Asked& asked, const Activation& seat) {
  LeaseState lease = prolonged(*seat.lease, round, asked.terms, request, machine);
  const std::string shown = receipt_hash_of(request.secret);
  const bool again = shown == lease.previous_hash && request.next_hash == lease.secret_hash;
  if (!again) {
    if (shown != lease.secret_hash) {                              // two go on from one state
      const bool told = asked.terms.floating && lease.clones > 0;  // they ask in turn, each few minutes
      ++lease.clones;
      if (!told)
        LIC_TRY(record(round, "clone", asked.terms.key,
                       json::ObjectBuilder().string("machine", lease.machine).string("request", seat.request)));
    }
    lease.previous_hash = std::exchange(lease.secret_hash, request.next_hash);
  }
  LIC_TRY(round.transaction->renew_lease(seat.request, lease));
  return granted(round, asked, seat.request, lease, request.action == OnlineAction::refresh);
}

Result<void> give_back(const Round& round, const Terms& terms, const Activation& seat) {
  if (terms.floating) {
    LeaseState lease = *seat.lease;
    lease.expires_at = round.now;
    return round.transaction->renew_lease(seat.request, lease);
  }
  LIC_TRY(round.transaction->end_activation(seat.request, kEndedByMachine, round.now));
  return record(round, "deactivate", terms.key,
                json::ObjectBuilder()
                    .string("machine", seat.holder())
                    .value("ended", json::list_of({seat.request}))
                    .string("ended_by", kEndedByMachine));
}

Result<Outcome> deactivate(const Round& round, const OnlineRequest& request, const Terms& terms,
                           const Activation& seat) {
  if (terms.floating && seat.lease->expires_at <= round.now) return denied(DenialReason::not_activated);
  const std::string shown = receipt_hash_of(request.secret);
  if (shown != seat.lease->secret_hash && shown != seat.lease->previous_hash) return denied(DenialReason::wrong_secret);
  LIC_TRY(give_back(round, terms, seat));
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

Result<Outcome> decide_seat(const Round& round, const ServiceRequest& whole) {
  const OnlineRequest& request = whole.request;
  const AskingMachine& machine = *whole.machine;
  const auto& key = whole.key;
  if (!key) return denied(DenialReason::unknown_license);
  auto license = round.ledger.find_seated(*key, round.known.serial_of(key->text()), round.now);
  if (!license && license.error().code == Errc::not_found) return denied(DenialReason::unknown_license);
  LIC_TRY(license);
  LIC_TRY_ASSIGN(auto seat, seat_of(round, key->text(), machine));
  LIC_TRY_ASSIGN(const std::shared_ptr<const KnownLicense> known,
                 round.known.of(key->text(), license->serial, std::move(license->document)));
  const Terms& terms = known->terms;
  if (request.action == OnlineAction::deactivate)  // whatever became of the license
    return seat ? deactivate(round, request, terms, *seat) : denied(DenialReason::not_activated);
  std::optional<Activation> lapsed;
  if (seat && seat->lease->expires_at <= round.now) lapsed = std::exchange(seat, std::nullopt);

  if (auto refusal = refusal_of(license->status, terms)) return *std::move(refusal);
  const Asked asked{*std::move(license), known, terms, named_machine(terms, machine)};
  if (!asked.terms.machines.empty() && !asked.named) return denied(DenialReason::wrong_machine);
  if (request.action == OnlineAction::activate && !seat && asked.terms.floating)
    return check_out(round, request, machine, asked, lapsed);
  if (request.action == OnlineAction::activate) return activate(round, request, machine, asked, seat);
  if (!seat) return denied(DenialReason::not_activated);
  if (request.action == OnlineAction::validate) return granted(round, asked, seat->request, *seat->lease, false);
  return refresh(round, request, machine, asked, *seat);
}

}  // namespace lic
