/// Seats that float: who waits for one, and whose turn it is.

#include <algorithm>

#include "base/result.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

/// More do not wait: whoever is one of them is told no place.
constexpr std::int64_t kMostWaiting = 1000;

/// How soon a machine that waits is to ask again.
std::chrono::seconds retry_after(const Terms& terms) {
  constexpr std::chrono::seconds kLongest{60};
  return std::min(kLongest, std::chrono::seconds{std::chrono::minutes{terms.floating->minutes}} / 2);
}

/// For how long a seat that is free is kept for one machine: it asks meanwhile, or is passed over.
std::chrono::seconds offer_time(const Terms& terms) { return retry_after(terms) * 3 / 2; }

/// For how long it waits without asking again.
std::chrono::seconds waiting_time(const Terms& terms) {
  return std::chrono::seconds{std::chrono::minutes{terms.floating->minutes}} * 3 / 2;
}

bool is_this(const AskingMachine& machine, const Waiting& one) {
  if (one.machine == machine.fingerprint) return true;
  const bool alike = std::any_of(one.marks.begin(), one.marks.end(), [&](const std::string& mark) {
    return std::find(machine.marks.begin(), machine.marks.end(), mark) != machine.marks.end();
  });
  return alike && is_machine(machine, one.machine);
}

/// Those that wait, in their order, less those that do not any more: their time is over, or a seat was kept for them
/// in vain. The machine that asks is never passed over.
Result<std::vector<Waiting>> queue_of(const Round& round, const std::string& key, const AskingMachine& machine) {
  LIC_TRY_ASSIGN(auto all, round.ledger.waiting(key));
  std::vector<Waiting> queue;
  for (Waiting& one : all) {
    const bool missed = one.offered_until && *one.offered_until <= round.now && !is_this(machine, one);
    if (one.expires_at <= round.now || missed) {
      LIC_TRY(round.transaction->drop_waiting(key, one.machine));
    } else {
      queue.push_back(std::move(one));
    }
  }
  return queue;
}

}  // namespace

Result<Turn> take_turn(const Round& round, const Terms& terms, const AskingMachine& machine) {
  LIC_TRY_ASSIGN(auto queue, queue_of(round, terms.key, machine));
  LIC_TRY_ASSIGN(const std::int64_t running, round.ledger.running_leases(terms.key, round.now));
  const std::int64_t free = std::max<std::int64_t>(0, terms.seats - running);
  Turn turn;
  bool found = false;
  std::int64_t place = 0;
  for (Waiting& one : queue) {
    ++place;
    const bool own = !found && is_this(machine, one);
    if (own) {
      found = true;
      turn.place = place;
      turn.waited_as = one.machine;
    }
    const bool offered = place <= free;
    if (own || offered == one.offered_until.has_value()) continue;
    one.offered_until = offered ? std::optional(round.now + offer_time(terms)) : std::nullopt;
    LIC_TRY(round.transaction->put_waiting(terms.key, one));
  }
  if (!found) turn.place = place + 1;
  turn.is_now = turn.place <= free;
  return turn;
}

Result<Outcome> wait_for_seat(const Round& round, const Terms& terms, const AskingMachine& machine, const Turn& turn) {
  Outcome outcome = denied(DenialReason::no_seat_left, round.now + retry_after(terms));
  if (turn.place > kMostWaiting) return outcome;
  outcome.answer.denial->queue = turn.place;
  const std::string& name = turn.waited_as.empty() ? machine.fingerprint : turn.waited_as;
  LIC_TRY(round.transaction->put_waiting(
      terms.key, {name, machine.marks, round.now, round.now + waiting_time(terms), std::nullopt}));
  return outcome;
}

}  // namespace lic
