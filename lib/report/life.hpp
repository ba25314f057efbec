#pragma once

/// The life of a license, told from what it is now and its history.

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/types.hpp"

namespace lic {

/// What a license was from one event to the next.
struct LicenseState {
  std::string plan;
  Kind kind = Kind::subscription;
  Time starts_at{};
  std::optional<Time> expires_at;
  std::int64_t grace_days = 0;
  std::optional<Time> maintenance_until;

  /// When it is lost unless renewed: its end and the days of grace.
  [[nodiscard]] std::optional<Time> lost_at() const;
};

enum class LifeStep {
  created,
  imported,
  renewed,
  changed,  ///< plan, kind or end, other than by a renewal
  lapsed,   ///< past its end and the days of grace
  revoked,
};

struct LifeEvent {
  LifeStep step = LifeStep::created;
  Time at{};
  LicenseState before;  ///< of the first event: the same as after
  LicenseState after;
  bool held_before = false;  ///< in force, days of grace included (a suspension counts as in force)
  bool held_after = false;
};

/// What happened to a license up to `now`, in order, beginning with its issue.
///
/// `history` is that of the license, oldest first. An entry that is newer than `license`
/// (by its serial) is left out; one whose detail cannot be read is taken to have changed
/// nothing: `audit` is what finds those.
[[nodiscard]] std::vector<LifeEvent> life_of(const LicenseSummary& license, const std::vector<HistoryEntry>& history,
                                             Time now);

}  // namespace lic
