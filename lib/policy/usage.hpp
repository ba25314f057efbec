#pragma once

/// Usage against limits (docs/formats.md, 12). Pure: no clock, no files.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// A signed license, as far as it is named where usage is stated.
struct LicenseName {
  std::string id;
  std::string key;
  std::int64_t serial = 1;
  std::string plan;
  friend bool operator==(const LicenseName&, const LicenseName&) = default;
};

/// What was counted in one month (UTC).
struct MonthCount {
  Time start{};
  std::int64_t used = 0;  ///< less than 0: more was given back since than was counted
  friend bool operator==(const MonthCount&, const MonthCount&) = default;
};

/// What was counted of one name under one license, for the usage statements of it.
struct Meter {
  Limit limit;                     ///< as of the last count
  std::int64_t total = 0;          ///< ever counted
  std::vector<MonthCount> months;  ///< since the last statement, oldest first, none of them 0
  friend bool operator==(const Meter&, const Meter&) = default;
};

/// Levels have no meters: they are held, not counted.
struct MeteredLicense {
  LicenseName license;
  std::map<std::string, Meter, std::less<>> meters;
  friend bool operator==(const MeteredLicense&, const MeteredLicense&) = default;
};

/// The counters of one user on one machine, by the names of their limits.
struct UsageBook {
  std::int64_t seq = 0;  ///< grows with every write
  std::map<std::string, Counter, std::less<>> counters;
  std::vector<MeteredLicense> metered;  ///< the one that was counted for last at the end
  friend bool operator==(const UsageBook&, const UsageBook&) = default;
};

/// A book holds at most so many names; a name has at most 64 characters (is_name()).
inline constexpr std::size_t kMostCounters = 256;
/// What is kept for statements to come. Of a meter that has more months the oldest two are put
/// together, under the older one. A license beyond these numbers is forgotten, the one first
/// that was not counted for the longest.
inline constexpr std::size_t kMostMonths = 24;
inline constexpr std::size_t kMostMetered = 4;
inline constexpr std::size_t kMostMonthsInAll = kMostMonths * kMostCounters;

[[nodiscard]] LIC_INTERNAL Time window_start(Period per, Time now) noexcept;
/// When the window that `now` lies in ends, and the next begins.
[[nodiscard]] LIC_INTERNAL Time window_end(Period per, Time now) noexcept;

/// Begins anew every window that has ended by `now`. One that began later than `now` (the
/// clock was set back) goes on: nothing is given twice.
void move_on(Counter& counter, Time now) noexcept;

/// For a clock that ran ahead: what was counted in windows that begin after `now` counts in those
/// of `now`.
void set_back(Counter& counter, Time now) noexcept;

/// The most that may be used: `max` and its overage. Absent: unlimited.
[[nodiscard]] std::optional<std::int64_t> hard_limit(const Limit& limit) noexcept;

/// What is used of `limit` at `now`. Takes a counter as it was written, however long ago;
/// null: nothing was.
[[nodiscard]] LimitUsage usage_of(const Limit& limit, const Counter* counter, Time now) noexcept;

/// How many more may be used, up to 2^53.
[[nodiscard]] LIC_INTERNAL std::int64_t available(const LimitUsage& usage) noexcept;

/// Adds `n` (less than 0: takes away, never below 0) to the level, or to each window and the
/// total. Preconditions: move_on() was called; |n| is at most 2^53.
void count(Counter& counter, const Limit& limit, std::int64_t n) noexcept;

/// Takes back `n` of what was counted at `when`, in those windows that still run.
void uncount(Counter& counter, std::int64_t n, Time when) noexcept;

/// Adds `n`, counted at `when`, to the meter of that name and license.
void meter(UsageBook& book, const LicenseName& license, std::string_view name, const Limit& limit, std::int64_t n,
           Time when);

/// Takes back `n` of what was metered at `when` under the license with that id, also where a
/// statement has told it already. Does nothing where there is no such meter.
void unmeter(UsageBook& book, std::string_view license, std::string_view name, std::int64_t n, Time when);

/// Null when nothing was counted under the license with that id.
[[nodiscard]] const MeteredLicense* find_metered(const UsageBook& book, std::string_view license) noexcept;

/// Notes that a statement has told all that was metered under that license. False when there was nothing to tell.
bool mark_told(UsageBook& book, std::string_view license) noexcept;

}  // namespace lic
