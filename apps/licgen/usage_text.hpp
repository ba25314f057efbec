#pragma once

/// What was used of a license, in words.

#include <string>

#include "desk/stated_usage.hpp"
#include "report/usage_bill.hpp"

namespace lic::app {

/// "5000", "60000 per year", "unlimited", "-" where nothing limits.
[[nodiscard]] std::string included_text(const BilledMonth& month);
/// "2026-11 2026-12"
[[nodiscard]] std::string months_text(const std::vector<Time>& months);

/// For `licgen show`: "statement 3 of device 1a2b3c4d5e6f7081, up to 2026-12-01T00:00:00Z".
[[nodiscard]] std::string statement_text(const UsageRecord& newest);

}  // namespace lic::app
