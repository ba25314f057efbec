#pragma once

/// How a license is used by machines, and what of that is unusual.

#include <optional>
#include <string>
#include <vector>

#include "ledger/activation.hpp"
#include "lic/types.hpp"

namespace lic {

/// A machine that took a seat, and when it gave it back.
struct SeatUse {
  std::string machine;  ///< equal for the same machine
  Time taken_at{};
  std::optional<Time> released_at;
};

/// Of one license. Where a later request of the same machine took over its seat, that is
/// one use that goes on.
[[nodiscard]] std::vector<SeatUse> seat_uses(const std::vector<Activation>& activations);

/// How many seats are taken at `now`.
[[nodiscard]] std::int64_t seats_in_use(const std::vector<SeatUse>& uses, Time now);

/// What makes a license worth a look. Both are within `from` to `to`.
struct ActivationPattern {
  std::int64_t machines = 0;  ///< different ones that were active
  std::int64_t moves = 0;     ///< the most activations and releases within 7 days
  /// The rules: more machines than twice the seats, and at least 3;
  /// more moves within 7 days than three times the seats, and more than 5.
  bool many_machines = false;
  bool many_moves = false;
};

[[nodiscard]] ActivationPattern pattern_of(const std::vector<SeatUse>& uses, std::int64_t seats, Time from, Time to);

}  // namespace lic
