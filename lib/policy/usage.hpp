#pragma once

/// Usage against limits (docs/formats.md, 12). Pure: no clock, no files.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/export.hpp"
#include "lic/types.hpp"

namespace lic {

/// What was counted since `start`, the beginning of a day, month or year in UTC.
struct WindowCount {
  Time start{};
  std::int64_t used = 0;
  friend bool operator==(const WindowCount&, const WindowCount&) = default;
};

/// All that is known of one name. Counted in windows of every length at once, so that a
/// change of plan from a limit per month to one per day keeps what was used.
struct Counter {
  std::int64_t level = 0;  ///< held now, of a limit without a period
  WindowCount day;
  WindowCount month;
  WindowCount year;
  std::int64_t total = 0;  ///< ever counted
  friend bool operator==(const Counter&, const Counter&) = default;

  [[nodiscard]] const WindowCount& window(Period per) const noexcept;
};

/// The counters of one user on one machine, by the names of their limits.
struct UsageBook {
  std::int64_t seq = 0;  ///< grows with every write
  std::map<std::string, Counter, std::less<>> counters;
  friend bool operator==(const UsageBook&, const UsageBook&) = default;
};

/// A book holds at most so many names; a name has at most 64 characters (is_name()).
inline constexpr std::size_t kMostCounters = 256;

[[nodiscard]] LIC_INTERNAL Time window_start(Period per, Time now) noexcept;
/// When the window that `now` lies in ends, and the next begins.
[[nodiscard]] LIC_INTERNAL Time window_end(Period per, Time now) noexcept;

/// Begins anew every window that has ended by `now`. One that began later than `now` (the
/// clock was set back) goes on: nothing is given twice.
LIC_INTERNAL void move_on(Counter& counter, Time now) noexcept;

/// For a clock that ran ahead: what was counted in windows that begin after `now` counts in those
/// of `now`.
LIC_INTERNAL void set_back(Counter& counter, Time now) noexcept;

/// The most that may be used: `max` and its overage. Absent: unlimited.
[[nodiscard]] LIC_INTERNAL std::optional<std::int64_t> hard_limit(const Limit& limit) noexcept;

/// What is used of `limit` at `now`. Takes a counter as it was written, however long ago;
/// null: nothing was.
[[nodiscard]] LIC_INTERNAL LimitUsage usage_of(const Limit& limit, const Counter* counter, Time now) noexcept;

/// How many more may be used, up to 2^53.
[[nodiscard]] LIC_INTERNAL std::int64_t available(const LimitUsage& usage) noexcept;

/// Adds `n` (less than 0: takes away, never below 0) to the level, or to each window and the
/// total. Preconditions: move_on() was called; |n| is at most 2^53.
LIC_INTERNAL void count(Counter& counter, const Limit& limit, std::int64_t n) noexcept;

/// Takes back `n` of what was counted at `when`, in those windows that still run.
LIC_INTERNAL void uncount(Counter& counter, std::int64_t n, Time when) noexcept;

}  // namespace lic
