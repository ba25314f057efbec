#pragma once

/// How a license is used by machines, and what of that is unusual.

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/types.hpp"

namespace lic {

/// A machine that took a seat, and when it gave it back.
struct Activation {
  std::string key;      ///< of the license
  std::string machine;  ///< equal for the same machine
  Time activated_at{};
  std::optional<Time> released_at;
};

/// Of one license, in the order of their beginning.
///
/// THE PLACE TO PLUG IN ANOTHER SOURCE: until the ledger has a reader of activations, they
/// are told from the history, entries "activate" and "release" with the detail
/// {"machine": "..."}. A machine that is activated again while it is active stays one.
[[nodiscard]] std::vector<Activation> activations_of(const LicenseSummary& license,
                                                     const std::vector<HistoryEntry>& history);

/// How many seats are taken at `now`.
[[nodiscard]] std::int64_t seats_in_use(const std::vector<Activation>& activations, Time now);

/// What makes a license worth a look. Both are within `from` to `to`.
struct ActivationPattern {
  std::int64_t machines = 0;  ///< different ones that were active
  std::int64_t moves = 0;     ///< the most activations and releases within 7 days
  /// The rules: more machines than twice the seats, and at least 3;
  /// more moves within 7 days than three times the seats, and more than 5.
  bool many_machines = false;
  bool many_moves = false;
};

[[nodiscard]] ActivationPattern pattern_of(const std::vector<Activation>& activations, std::int64_t seats, Time from,
                                           Time to);

}  // namespace lic
