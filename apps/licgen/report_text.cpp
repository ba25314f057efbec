#include "licgen/report_text.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

Int128 units_in(const std::vector<Int128>& amounts, std::size_t currency) {
  return currency < amounts.size() ? amounts[currency] : 0;
}

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

Json money_json(const std::vector<Int128>& amounts, const Report& report) {
  Json out = Json::object();
  for (std::size_t i = 0; i < report.currencies.size(); ++i)
    out[report.currencies[i].code] = decimal_text(units_in(amounts, i), report.currencies[i].scale);
  return out;
}

Json rate_json(std::int64_t part, std::int64_t whole) {
  const auto rate = percent(part, whole);
  return rate ? Json(*rate) : Json(nullptr);
}

Json totals_json(const Totals& totals, bool with_count, const Report& report) {
  Json out;
  if (with_count) out["licenses"] = totals.count;
  out["in_force"] = totals.in_force;
  out["trials"] = totals.trials;
  out["free"] = totals.free;
  out["new"] = totals.sold;
  out["imported"] = totals.imported;
  out["returned"] = totals.returned;
  out["renewals"] = totals.renewals;
  out["plan_changes"] = totals.plan_changes;
  out["lost_expired"] = totals.lost_expired;
  out["lost_revoked"] = totals.lost_revoked;
  out["ends"] = totals.ends;
  out["ends_renewed"] = totals.ends_renewed;
  out["renewal_rate"] = rate_json(totals.ends_renewed, totals.ends);
  out["trials_started"] = totals.trials_started;
  out["trials_converted"] = totals.trials_converted;
  out["conversion_rate"] = rate_json(totals.trials_converted, totals.trials_started);
  out["revenue"] = money_json(totals.revenue, report);
  out["unpriced"] = totals.unpriced;
  if (with_count) out["activations"] = totals.activations;
  return out;
}

Json row_json(std::string_view name, const Totals& totals, bool with_count, const Report& report) {
  Json out = {{"name", name}};
  out.update(totals_json(totals, with_count, report));
  return out;
}

Json use_json(const Report& report) {
  Json full = Json::array();
  for (const FullLicense& license : report.full)
    full.push_back(
        {{"key", license.key}, {"customer", license.customer}, {"seats", license.seats}, {"taken", license.taken}});
  Json unusual = Json::array();
  for (const UnusualLicense& license : report.unusual) {
    Json rules = Json::array();
    if (license.pattern.many_machines) rules.push_back("machines");
    if (license.pattern.many_moves) rules.push_back("moves");
    unusual.push_back({{"key", license.key},
                       {"customer", license.customer},
                       {"seats", license.seats},
                       {"machines", license.pattern.machines},
                       {"moves_in_7_days", license.pattern.moves},
                       {"rules", std::move(rules)}});
  }
  return {{"activated", report.activated}, {"most_taken", report.most_taken},        {"full_count", report.full_in_all},
          {"full", std::move(full)},       {"unusual_count", report.unusual_in_all}, {"unusual", std::move(unusual)}};
}

}  // namespace

std::string_view token(ReportBy by) noexcept {
  switch (by) {
    case ReportBy::plan:
      return "plan";
    case ReportBy::month:
      return "month";
    case ReportBy::customer:
      return "customer";
    case ReportBy::status:
      return "status";
  }
  return "";
}

const std::vector<ReportRow>& rows_of(const Report& report, ReportBy by) noexcept {
  switch (by) {
    case ReportBy::plan:
      return report.plans;
    case ReportBy::month:
      return report.months;
    case ReportBy::customer:
      return report.customers;
    case ReportBy::status:
      return report.statuses;
  }
  return report.plans;
}

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

Json report_json(const Report& report, ReportBy by) {
  const bool with_count = by != ReportBy::month;
  Json out = {{"from", format_time(report.from)}, {"to", format_time(report.to)}, {"by", token(by)}};
  out["rows"] = Json::array();
  for (const ReportRow& row : rows_of(report, by))
    out["rows"].push_back(row_json(row.name, row.totals, with_count, report));
  const bool by_customer = by == ReportBy::customer;
  out["customers"] = report.customers_in_all;
  out["others"] = by_customer ? totals_json(report.other_customers, true, report) : Json(nullptr);
  out["total"] = totals_json(report.total, true, report);
  out["due"] = Json::array();
  for (const DueRenewals& due : report.due)
    out["due"].push_back({{"days", due.days},
                          {"licenses", due.licenses},
                          {"amount", money_json(due.revenue, report)},
                          {"unpriced", due.unpriced}});
  out["use"] = use_json(report);
  return out;
}

}  // namespace lic::app
