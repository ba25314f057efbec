#pragma once

/// The report of the ledger's licenses (docs/cli.md, licgen report).

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "report/report.hpp"

namespace lic {

/// How the licenses are put together.
enum class ReportBy { plan, month, customer, status };

/// All of them.
[[nodiscard]] const std::vector<ReportBy>& report_groups();
/// "plan", "month", "customer", "status".
[[nodiscard]] std::string_view token(ReportBy by) noexcept;
/// Of all groups but `other_customers`.
[[nodiscard]] const std::vector<ReportRow>& rows_of(const Report& report, ReportBy by) noexcept;

/// How many customers are named at most, and where nothing else is wished.
inline constexpr std::int64_t kMostCustomers = 1000;
inline constexpr std::int64_t kUsualCustomers = 20;

/// Twelve calendar months up to now, unless `from` or `to` say otherwise. Errors: invalid_input (it is empty, or begins
/// after now).
[[nodiscard]] Result<ReportPeriod> report_period(const std::optional<Time>& from, const std::optional<Time>& to,
                                                 Time now);

/// Reads all licenses, page by page, each as it is then. `top`: so many customers are named. `go_on` is asked before
/// each license; its error ends it. Errors: those of the ledger and of Catalog::parse().
[[nodiscard]] Result<Report> make_report(Ledger& ledger, const ReportPeriod& period, std::int64_t top,
                                         const std::function<Result<void>()>& go_on = {});

/// The amount of one currency; 0 where there is none.
[[nodiscard]] Int128 units_in(const std::vector<Int128>& amounts, std::size_t currency);

/// What `licgen report --json` prints, without `html`.
[[nodiscard]] nlohmann::ordered_json report_json(const Report& report, ReportBy by);

}  // namespace lic
