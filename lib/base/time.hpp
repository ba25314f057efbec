#pragma once

/// UTC, calendar-true. RFC 3339 in and out, years 1970 to 9999.

#include <optional>
#include <string>
#include <string_view>

#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

/// `2026-11-22T10:00:00Z`, nothing looser: capital T and Z, no fraction, no
/// offset, a real day of the calendar. Absent otherwise.
[[nodiscard]] LIC_INTERNAL std::optional<Time> parse_timestamp(std::string_view text) noexcept;

/// What a person types: a timestamp as above or a date, which means 00:00:00Z.
[[nodiscard]] LIC_INTERNAL Result<Time> parse_time(std::string_view text);

/// The inverse of parse_timestamp().
[[nodiscard]] LIC_INTERNAL std::string format_time(Time time);

/// `2026-11-22`.
[[nodiscard]] LIC_INTERNAL std::string format_date(Time time);

/// The same day and time of day `months` later; where that month is shorter, its
/// last day (31 January + 1 = 28 or 29 February).
/// Absent when the result would lie past the year 9999.
[[nodiscard]] LIC_INTERNAL std::optional<Time> add_months(Time time, std::int64_t months) noexcept;

/// A span as a person types it: `30d`, `12mo`, `1y`, `6h`.
struct Duration {
  std::int64_t months = 0;
  std::chrono::seconds seconds{0};
};

[[nodiscard]] LIC_INTERNAL Result<Duration> parse_duration(std::string_view text);

/// Months first, by the calendar, then seconds. Absent past the year 9999.
[[nodiscard]] LIC_INTERNAL std::optional<Time> add(Time time, const Duration& duration) noexcept;

/// The machine's clock. Called once per command, in main or by LicenseManager.
[[nodiscard]] LIC_INTERNAL Time system_now() noexcept;

}  // namespace lic
