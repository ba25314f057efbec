#pragma once

/// The report as tables for a terminal (docs/cli.md, licgen report).

#include <string>

#include "common/output.hpp"
#include "desk/reporting.hpp"
#include "report/report.hpp"

namespace lic::app {

/// "83.3 %", or "-" where nothing could be renewed.
[[nodiscard]] std::string rate_text(std::int64_t part, std::int64_t whole);
/// "within 30 days", "in days of grace".
[[nodiscard]] std::string due_text(const DueRenewals& due);

void print_report(const Report& report, ReportBy by, Output& output);

}  // namespace lic::app
