#pragma once

#include <chrono>
#include <optional>

#include "base/export.hpp"
#include "lic/types.hpp"
#include "license/terms.hpp"
#include "trust/verify.hpp"

namespace lic {

/// What a license is judged against. Everything that the answer depends on.
struct Context {
  Time now{};
  /// The latest time this machine is known to have seen; absent when none is.
  std::optional<Time> high_water;
  /// Whether the machine is one the license is bound to; ignored when it is
  /// bound to none.
  bool machine_matches = false;
  /// Whether this is a virtual machine or a container; ignored by a license that allows both.
  bool is_virtual = false;
  bool revoked = false;
  bool suspended = false;
  /// Up to when the newest list of revocations that is known holds; absent: none is known.
  std::optional<Time> revocations_until;
  /// What the licensing server said no for, when it was last asked; absent: it did not.
  std::optional<Reason> denied;
  /// When the lease ends that it granted last; absent: a server never confirmed this license.
  std::optional<Time> lease_until;
  /// The latest that this machine's clock has said since that lease came. Of a license that floats alone, whose lease
  /// it measures.
  Time lease_from{};
  /// When the release that asks was made; absent: not asked about.
  std::optional<Time> release_date;
};

/// A clock may be wrong by this much before it counts as moved back: a day, so
/// that a time zone set wrongly or an hour of summer time is nothing.
inline constexpr std::chrono::hours kClockTolerance{24};

/// A license with less time than this to go is `expiring`.
inline constexpr std::chrono::hours kExpiringWithin{30 * 24};

/// Judges a verified license at one moment (docs/formats.md, 3).
///
/// Pure: the same arguments always give the same decision.
/// Within kClockTolerance the later of `context.now` and `context.high_water`
/// counts as the time; but the lease of a license that floats is measured by `context.now` alone, from
/// lease_counts_from() until `lease_until`. Both are UTC; `Decision::days_left` is rounded down and absent for a
/// license that never expires. Never fails: a "no" is a decision, not an error.
/// Where several reasons hold, the first of this list is given: revoked, what the server
/// said no for, suspended, wrong machine (bound to another; a virtual one that it does not allow),
/// clock moved back, not yet valid, expired, revocations stale, lease expired (its days of grace
/// included; of a license that floats: no lease runs), version not covered (the release is newer than
/// the maintenance).
[[nodiscard]] LIC_INTERNAL Decision decide(const VerifiedLicense& license, const Context& context);

/// Whether `now` lies more than kClockTolerance before `high_water`.
[[nodiscard]] LIC_INTERNAL bool clock_moved_back(Time now, std::optional<Time> high_water) noexcept;

/// How far the clock may be set back while a lease of a license that floats runs: two minutes, or a twentieth of what
/// was lent. Before that it does not count: who could set the clock back at will would keep the seat.
[[nodiscard]] LIC_INTERNAL Time lease_counts_from(Time from, Time until) noexcept;

/// Up to when a license may go without a newer list of revocations, grace aside: as long as the newest one that is
/// known holds, and no less than to its own issue, when it was not revoked.
[[nodiscard]] Time revocations_hold_until(const Terms& terms, std::optional<Time> list_until) noexcept;

/// The moment up to which `decision`, made at `now`, stays the same while nothing
/// but the time changes; absent: for ever. Of revocation lists and releases nothing is asked here.
[[nodiscard]] std::optional<Time> decision_holds_until(const VerifiedLicense& license, Time now);

}  // namespace lic
