#pragma once

/// The report as tables for a terminal and as JSON (docs/cli.md, licgen report).

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/output.hpp"
#include "report/report.hpp"

namespace lic::app {

/// How the licenses are put together.
enum class ReportBy { plan, month, customer, status };

/// "plan", "month", "customer", "status".
[[nodiscard]] std::string_view token(ReportBy by) noexcept;
/// Of all groups but `other_customers`.
[[nodiscard]] const std::vector<ReportRow>& rows_of(const Report& report, ReportBy by) noexcept;

/// "83.3 %", or "-" where nothing could be renewed.
[[nodiscard]] std::string rate_text(std::int64_t part, std::int64_t whole);
/// "within 30 days", "in days of grace".
[[nodiscard]] std::string due_text(const DueRenewals& due);

void print_report(const Report& report, ReportBy by, Output& output);

[[nodiscard]] nlohmann::ordered_json report_json(const Report& report, ReportBy by);

}  // namespace lic::app
