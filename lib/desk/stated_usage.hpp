#pragma once

/// What was used of a license, as its devices have stated it.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "ledger/ledger.hpp"
#include "report/usage_bill.hpp"

namespace lic {

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

}  // namespace lic
