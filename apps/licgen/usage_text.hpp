#pragma once

/// What was used of a license, in words, rows and JSON.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "ledger/ledger.hpp"
#include "report/usage_bill.hpp"

namespace lic::app {

/// A license and what its devices have stated.
struct StatedUsage {
  LicenseSummary license;
  UsageBill bill;
};

/// Reads and adds up the statements of a license.
/// Errors: those of the ledger; invalid_input (a statement in it was altered).
[[nodiscard]] Result<StatedUsage> read_usage(const LicenseSummary& license, Ledger& ledger, Time now);

/// Leaves only what is of that month.
void keep_month(UsageBill& bill, Time month);

/// An element of `usage` in --json.
[[nodiscard]] nlohmann::ordered_json usage_json(const StatedUsage& usage);

/// "5000", "60000 per year", "unlimited", "-" where nothing limits.
[[nodiscard]] std::string included_text(const BilledMonth& month);
/// "2026-11 2026-12"
[[nodiscard]] std::string months_text(const std::vector<Time>& months);

/// For `licgen show`: "statement 3 of device 1a2b3c4d5e6f7081, up to 2026-12-01T00:00:00Z".
[[nodiscard]] std::string statement_text(const UsageRecord& newest);

}  // namespace lic::app
