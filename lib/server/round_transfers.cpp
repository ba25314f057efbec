/// How often seats that machines gave back may go to machines that had none.

#include <algorithm>

#include "base/result.hpp"
#include "policy/usage.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

/// Whether the machine with that fingerprint has a seat again.
Result<bool> is_back(const Round& round, const std::string& key, const std::string& fingerprint) {
  const auto identity = MachineIdentity::parse(fingerprint);
  if (!identity) return false;  // of facts that this version does not know
  const auto machine = asking_machine(identity->facts());
  if (!machine) return false;
  LIC_TRY_ASSIGN(const auto seat, seat_of(round, key, *machine));
  return seat && seat->lease->expires_at > round.now;
}

}  // namespace

/// In one period no more machines have a seat, or have given one back, than there are seats and transfers.
Result<std::optional<Time>> next_transfer(const Round& round, const Terms& terms, const AskingMachine& machine) {
  std::optional<Time> now;
  if (!terms.transfers) return now;
  const TransferAllowance& allowance = *terms.transfers;
  LIC_TRY_ASSIGN(const auto left, round.ledger.machines_that_left(terms.key, window_start(allowance.per, round.now)));
  const auto is_this = [&](const std::string& fingerprint) { return is_machine(machine, fingerprint); };
  if (left.empty() || std::any_of(left.begin(), left.end(), is_this)) return now;
  LIC_TRY_ASSIGN(const std::int64_t running, round.ledger.running_leases(terms.key, round.now));
  if (running >= terms.seats) return now;  // there is no seat to take
  const std::int64_t most = terms.seats + allowance.max;
  std::int64_t machines = running + std::ssize(left);
  for (auto one = left.begin(); machines >= most && one != left.end(); ++one) {
    LIC_TRY_ASSIGN(const bool back, is_back(round, terms.key, *one));
    if (back) --machines;  // it was counted twice
  }
  if (machines < most) return now;
  return std::optional(window_end(allowance.per, round.now));
}

}  // namespace lic
