#pragma once

/// Months of the calendar in UTC, each by its first moment.

#include <optional>
#include <string>
#include <string_view>

#include "base/export.hpp"
#include "lic/types.hpp"

namespace lic {

/// `2026-11`: the month that `time` lies in.
[[nodiscard]] LIC_INTERNAL std::string format_month(Time time);

/// The inverse, strictly: the first moment of the month. Years 1970 to 9999.
[[nodiscard]] LIC_INTERNAL std::optional<Time> parse_month(std::string_view text);

}  // namespace lic
