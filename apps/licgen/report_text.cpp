#include "licgen/report_text.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

/// The titles of the columns of amounts, one for each currency.
void add_money_columns(std::vector<Table::Column>& columns, std::string_view title, const Report& report) {
  for (const Currency& currency : report.currencies) columns.push_back({concat(title, ' ', currency.code), true, 60});
}

void add_money(std::vector<std::string>& cells, const std::vector<Int128>& amounts, const Report& report) {
  for (std::size_t i = 0; i < report.currencies.size(); ++i)
    cells.push_back(decimal_text(units_in(amounts, i), report.currencies[i].scale));
}

void add_row(Table& table, std::string_view name, const Totals& totals, bool with_count, const Report& report) {
  std::vector<std::string> cells{std::string(name)};
  if (with_count) cells.push_back(concat(totals.count));
  for (const std::int64_t number : {totals.in_force, totals.sold, totals.renewals, totals.lost()})
    cells.push_back(concat(number));
  cells.push_back(rate_text(totals.ends_renewed, totals.ends));
  add_money(cells, totals.revenue, report);
  table.add(std::move(cells));
}

std::string_view title_of(ReportBy by) noexcept {
  switch (by) {
    case ReportBy::plan:
      return "PLAN";
    case ReportBy::month:
      return "MONTH";
    case ReportBy::customer:
      return "CUSTOMER";
    case ReportBy::status:
      return "STATUS";
  }
  return "";
}

void print(Table& table, Output& output) {
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

void print_groups(const Report& report, ReportBy by, Output& output) {
  const bool with_count = by != ReportBy::month;
  std::vector<Table::Column> columns{{std::string(title_of(by)), false, 40}};
  if (with_count) columns.push_back({"LICENSES", true});
  for (const char* title : {"IN FORCE", "NEW", "RENEWED", "LOST", "RENEWAL RATE"}) columns.push_back({title, true});
  add_money_columns(columns, "REVENUE", report);
  Table table(std::move(columns));
  for (const ReportRow& row : rows_of(report, by)) add_row(table, row.name, row.totals, with_count, report);
  const auto others = report.customers_in_all - std::ssize(report.customers);
  if (by == ReportBy::customer && others > 0)
    add_row(table, concat("(", others, " others)"), report.other_customers, with_count, report);
  add_row(table, "TOTAL", report.total, with_count, report);
  print(table, output);
}

void print_due(const Report& report, Output& output) {
  std::vector<Table::Column> columns{{"RENEWALS DUE"}, {"LICENSES", true}};
  add_money_columns(columns, "AMOUNT", report);
  Table table(std::move(columns));
  for (const DueRenewals& due : report.due) {
    std::vector<std::string> cells{due_text(due), concat(due.licenses)};
    add_money(cells, due.revenue, report);
    table.add(std::move(cells));
  }
  output.line("");
  print(table, output);
}

void print_use(const Report& report, Output& output) {
  if (!report.full.empty()) {
    Table table({{"NEARLY FULL", false, 60}, {"CUSTOMER"}, {"SEATS", true}, {"TAKEN", true}});
    for (const FullLicense& license : report.full)
      table.add({license.key, license.customer, concat(license.seats), concat(license.taken)});
    output.line("");
    print(table, output);
    if (report.full_in_all > std::ssize(report.full))
      output.line(concat("and ", report.full_in_all - std::ssize(report.full), " more"));
  }
  if (report.unusual.empty()) return;
  Table table({{"UNUSUAL", false, 60}, {"CUSTOMER"}, {"SEATS", true}, {"MACHINES", true}, {"MOVES IN 7 DAYS", true}});
  for (const UnusualLicense& license : report.unusual)
    table.add({license.key, license.customer, concat(license.seats), concat(license.pattern.machines),
               concat(license.pattern.moves)});
  output.line("");
  print(table, output);
  if (report.unusual_in_all > std::ssize(report.unusual))
    output.line(concat("and ", report.unusual_in_all - std::ssize(report.unusual), " more"));
}

}  // namespace

std::string rate_text(std::int64_t part, std::int64_t whole) {
  const auto rate = percent(part, whole);
  return rate ? concat(*rate, " %") : "-";
}

std::string due_text(const DueRenewals& due) {
  return due.days == 0 ? "in days of grace" : concat("within ", due.days, " days");
}

void print_report(const Report& report, ReportBy by, Output& output) {
  print_groups(report, by, output);
  print_due(report, output);
  const Totals& total = report.total;
  output.line("");
  output.line(concat("trials: ", total.trials_started, " started, ", total.trials_converted, " of them converted (",
                     rate_text(total.trials_converted, total.trials_started), "), ", total.trials, " in force"));
  if (total.plan_changes + total.returned + total.imported > 0)
    output.line(concat("also: ", total.plan_changes, total.plan_changes == 1 ? " change" : " changes", " of plan, ",
                       total.returned, " returned, ", total.imported, " imported"));
  if (total.unpriced > 0) output.line(concat("without a list price, and so not in the revenue: ", total.unpriced));
  if (report.activated > 0)
    output.line(concat("activations: ", total.activations, total.activations == 1 ? " machine" : " machines", " of ",
                       report.activated, report.activated == 1 ? " license" : " licenses", ", at most ",
                       report.most_taken, " of one"));
  print_use(report, output);
}

}  // namespace lic::app
