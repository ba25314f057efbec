#include "licgen/report_html.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "licgen/html_parts.hpp"
#include "licgen/report_text.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kMostSteps = 60;  // months in a chart
constexpr std::size_t kWidestName = 60;

/// A name of a thousand letters would fill the paper.
std::string shown_name(std::string_view name) { return cut_to_width(printable(name), kWidestName); }

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b1f24; --soft: #57606a; --line: #d8dee4;
  --main: #1f6feb; --good: #1a7f37; --bad: #bc4c00; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9da7b3; --line: #30363d;
    --main: #58a6ff; --good: #3fb950; --bad: #f0883e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.25rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p { margin: .4rem 0; }
.soft, .none, footer { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.cards div, figure, .wide { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.cards div { padding: .7rem .85rem; }
.cards dt { color: var(--soft); font-size: .85rem; }
.cards dd { margin: 0; font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.cards dd.money { font-size: 1.15rem; line-height: 1.5; }
.cards dd.more { font-size: .85rem; font-weight: 400; color: var(--soft); }
figure { margin: 0 0 .9rem; padding: .8rem .9rem; break-inside: avoid; }
figcaption { font-weight: 650; margin-bottom: .6rem; }
.key { font-weight: 400; color: var(--soft); margin-left: .6rem; white-space: nowrap; }
.key svg { width: .7rem; height: .7rem; margin-right: .3rem; }
.plot { display: grid; grid-template-columns: auto 1fr; gap: .25rem .5rem; }
.axis { display: flex; flex-direction: column; justify-content: space-between; align-items: flex-end; }
.axis, .steps { color: var(--soft); font-size: .72rem; line-height: 1; font-variant-numeric: tabular-nums; }
.chart { display: block; width: 100%; height: 9.5rem; }
.chart line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.steps { grid-column: 2; display: flex; }
.steps span { flex: 1 1 0; min-width: 0; white-space: nowrap; overflow: visible; }
.steps span { font-size: .62rem; text-align: center; }
rect { fill: var(--main); }
rect.good { fill: var(--good); }
rect.bad { fill: var(--bad); }
rect.track { fill: var(--line); }
.charts { display: grid; gap: .9rem; margin-bottom: .9rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.charts figure { margin: 0; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.wide { position: relative; }
th, td { padding: .45rem .7rem; text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; font-size: .8rem; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 7rem; overflow-wrap: anywhere; }
tbody tr { border-top: 1px solid var(--line); break-inside: avoid; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
thead th.n { white-space: normal; }
tr.total { border-top: 2px solid var(--soft); }
tr.total th, tr.total td { font-weight: 650; }
.bar { display: block; width: 100%; height: .3rem; margin-top: .3rem; border-radius: .15rem; }
footer { font-size: .85rem; margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media (max-width: 40rem) { .spare { display: none; } th, td { padding: .4rem .45rem; }
  table { font-size: .85rem; } tbody th { min-width: 5.5rem; }
  .cards { grid-template-columns: 1fr 1fr; } .cards dd { font-size: 1.3rem; } .cards dd.money { font-size: 1rem; } }
@page { size: A4; margin: 14mm; }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --soft: #444; --line: #bbb;
    --main: #1f6feb; --good: #1a7f37; --bad: #bc4c00; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2 { break-after: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
  .wide { overflow: visible; border: 0; }
  thead { display: table-header-group; } }
)css";

std::string style_hash() { return base64_encode(sha256(view_bytes(kStyle))); }

Int128 units_in(const std::vector<Int128>& amounts, std::size_t currency) {
  return currency < amounts.size() ? amounts[currency] : 0;
}

std::string amount(const std::vector<Int128>& amounts, std::size_t i, const Report& report) {
  return grouped(decimal_text(units_in(amounts, i), report.currencies[i].scale));
}

std::string number(std::int64_t count) { return grouped(concat(count)); }

/// A card's large number and what stands below it.
std::string card(std::string_view title, std::string_view value, std::string_view below = {}) {
  return concat("<div><dt>", html_text(title), "</dt><dd>", html_text(value), "</dd>",
                below.empty() ? "" : concat("<dd class=\"more\">", html_text(below), "</dd>"), "</div>\n");
}

std::string money_card(std::string_view title, const std::vector<Int128>& amounts, std::string_view below,
                       const Report& report) {
  std::string out = concat("<div><dt>", html_text(title), "</dt>");
  for (std::size_t i = 0; i < report.currencies.size(); ++i)
    out +=
        concat("<dd class=\"money\">", amount(amounts, i, report), ' ', html_text(report.currencies[i].code), "</dd>");
  if (report.currencies.empty()) out += "<dd class=\"money\">no prices</dd>";
  if (!below.empty()) out += concat("<dd class=\"more\">", html_text(below), "</dd>");
  return out + "</div>\n";
}

std::string cards(const Report& report) {
  const Totals& total = report.total;
  const DueRenewals& soon = report.due[1];
  std::string out = "<dl class=\"cards\">\n";
  out += card("Paid licenses in force", number(total.in_force),
              concat(number(total.trials), " trials, ", number(total.free), " free"));
  out += money_card("Revenue at list prices", total.revenue,
                    total.unpriced > 0 ? concat("and ", number(total.unpriced), " sales without a list price") : "",
                    report);
  out += card("New", number(total.sold), total.returned > 0 ? concat(number(total.returned), " returned") : "");
  out += card("Lost", number(total.lost()),
              concat(number(total.lost_expired), " expired, ", number(total.lost_revoked), " revoked"));
  out += card("Renewal rate", rate_text(total.ends_renewed, total.ends),
              total.ends == 0 ? "no license ended"
                              : concat(number(total.ends_renewed), " of ", number(total.ends), " that ended"));
  out += card("Trials converted", rate_text(total.trials_converted, total.trials_started),
              total.trials_started == 0
                  ? "no trial was started"
                  : concat(number(total.trials_converted), " of ", number(total.trials_started), " started"));
  out += money_card("Due within 30 days", soon.revenue,
                    concat(number(soon.licenses), soon.licenses == 1 ? " renewal" : " renewals"), report);
  if (report.activated > 0)
    out += card("Seats taken", number(total.activations),
                concat("of ", number(report.activated), report.activated == 1 ? " license" : " licenses"));
  return out + "</dl>\n";
}

std::string charts(const Report& report) {
  const std::size_t count = std::min(kMostSteps, report.months.size());
  const auto first = report.months.end() - static_cast<std::ptrdiff_t>(count);
  std::vector<std::string> steps;
  Series sold{"new", "good", {}};
  Series lost{"lost", "bad", {}};
  Series in_force{"", "main", {}};
  for (auto month = first; month != report.months.end(); ++month) {
    steps.push_back(month->name);
    sold.values.push_back(month->totals.sold);
    lost.values.push_back(month->totals.lost());
    in_force.values.push_back(month->totals.in_force);
  }
  std::string out = "<h2>By month</h2>\n";
  if (report.months.size() > count) out += concat("<p class=\"soft\">Drawn are the last ", count, " months.</p>\n");
  for (std::size_t i = 0; i < report.currencies.size(); ++i) {
    const Currency& currency = report.currencies[i];
    Series revenue{"", "main", {}};
    for (auto month = first; month != report.months.end(); ++month)
      revenue.values.push_back(month->totals.revenue_in(i));
    out += columns_chart(concat("Revenue, ", currency.code), currency.code, steps, {revenue}, currency.scale);
  }
  return concat(out, "<div class=\"charts\">\n", columns_chart("New and lost", "licenses", steps, {sold, lost}, 0),
                columns_chart("Paid licenses in force", "licenses", steps, {in_force}, 0), "</div>\n");
}

std::vector<HtmlTable::Column> group_columns(std::string_view title, bool with_count, const Report& report) {
  std::vector<HtmlTable::Column> columns{{std::string(title)}};
  if (with_count) columns.push_back({"All licenses", true, true});
  const bool crowded = report.currencies.size() > 1;
  columns.insert(columns.end(),
                 {{"In force", true}, {"New", true, crowded}, {"Renewed", true, true}, {"Lost", true, crowded}});
  columns.push_back({"Renewal rate", true, true});
  for (const Currency& currency : report.currencies) columns.push_back({concat("Revenue ", currency.code), true});
  return columns;
}

std::vector<std::string> group_cells(std::string_view name, const Totals& totals, bool with_count,
                                     const Report& report) {
  std::vector<std::string> cells{std::string(name)};
  if (with_count) cells.push_back(number(totals.count));
  for (const std::int64_t count : {totals.in_force, totals.sold, totals.renewals, totals.lost()})
    cells.push_back(number(count));
  cells.push_back(rate_text(totals.ends_renewed, totals.ends));
  for (std::size_t i = 0; i < report.currencies.size(); ++i) cells.push_back(amount(totals.revenue, i, report));
  return cells;
}

/// How much of all the revenue, 0 to 100; -1 where there is none, or in several currencies.
int share_of(const Totals& totals, const Report& report) {
  const Int128 all = report.total.revenue_in(report.main_currency);
  if (all == 0 || report.currencies.size() > 1) return -1;
  return static_cast<int>(totals.revenue_in(report.main_currency) * 100 / all);
}

std::string group_table(std::string_view caption, std::string_view title, ReportBy by, const Report& report) {
  const bool with_count = by != ReportBy::month;
  const bool with_bars = by == ReportBy::plan || by == ReportBy::customer;
  HtmlTable table{std::string(caption), group_columns(title, with_count, report)};
  const auto add = [&](std::string_view name, const Totals& totals) {
    table.add(group_cells(name, totals, with_count, report), with_bars ? share_of(totals, report) : -1);
  };
  for (const ReportRow& row : rows_of(report, by)) add(shown_name(row.name), row.totals);
  const auto others = report.customers_in_all - std::ssize(report.customers);
  if (by == ReportBy::customer && others > 0) add(concat(number(others), " others"), report.other_customers);
  table.add(group_cells("Total", report.total, with_count, report), -1, true);
  return table.html();
}

std::string due_table(const Report& report) {
  std::vector<HtmlTable::Column> columns{{"They end"}, {"Licenses", true}};
  for (const Currency& currency : report.currencies) columns.push_back({concat("Amount ", currency.code), true});
  HtmlTable table("Renewals due", std::move(columns));
  for (const DueRenewals& due : report.due) {
    std::vector<std::string> cells{due_text(due), number(due.licenses)};
    for (std::size_t i = 0; i < report.currencies.size(); ++i) cells.push_back(amount(due.revenue, i, report));
    table.add(cells);
  }
  return table.html();
}

std::string more_text(std::int64_t in_all, std::ptrdiff_t listed) {
  return in_all > listed ? concat("<p class=\"soft\">And ", number(in_all - listed), " more.</p>\n") : "";
}

std::string use(const Report& report) {
  std::string out = "<h2>Seats nearly all taken</h2>\n";
  if (report.full.empty()) {
    out += "<p class=\"none\">No license of several seats has 80 % of them taken.</p>\n";
  } else {
    HtmlTable table("Licenses with 80 % of their seats taken",
                    {{"License"}, {"Customer", false, true}, {"Seats", true}, {"Taken", true}});
    for (const FullLicense& license : report.full)
      table.add({license.key, shown_name(license.customer), number(license.seats), number(license.taken)});
    out += table.html() + more_text(report.full_in_all, std::ssize(report.full));
  }
  out += "<h2>Unusual activations</h2>\n";
  if (report.unusual.empty()) return out + "<p class=\"none\">None in this period.</p>\n";
  HtmlTable table(
      "Unusual activations",
      {{"License"}, {"Customer", false, true}, {"Seats", true}, {"Machines", true}, {"Moves in 7 days", true}});
  for (const UnusualLicense& license : report.unusual)
    table.add({license.key, shown_name(license.customer), number(license.seats), number(license.pattern.machines),
               number(license.pattern.moves)});
  return out + table.html() + more_text(report.unusual_in_all, std::ssize(report.unusual));
}

std::string head(const Report& report, std::string_view product) {
  const Time last = std::max(report.from, report.to - std::chrono::seconds{1});
  const std::string title = concat(html_text(product), ": licenses and revenue");
  return concat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
      style_hash(), "'; base-uri 'none'; form-action 'none'\">\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<title>",
      title, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<header>\n<h1>", title,
      "</h1>\n<p class=\"soft\">", format_date(report.from), " to ", format_date(last), ", made on ",
      format_time(report.now), "</p>\n</header>\n<main>\n");
}

constexpr std::string_view kFoot =
    "</main>\n<footer>\n<p>Paid licenses are those of plans that are neither a trial nor free; in force includes days "
    "of grace. Revenue is what was issued and renewed in the period, at the list prices of that day; nothing is "
    "taken off for discounts, changes of plan or revocations. The renewal rate is of the licenses whose end fell into "
    "the "
    "period, renewed by now. Due is at today's list prices. All days are UTC.</p>\n</footer>\n</body>\n</html>\n";

}  // namespace

std::string report_html(const Report& report, std::string_view product) {
  std::string out = head(report, product);
  out += cards(report);
  if (report.total.count == 0) return concat(out, "<p class=\"none\">There are no licenses yet.</p>\n", kFoot);
  out += charts(report);
  out += group_table("Months", "Month", ReportBy::month, report);
  out += concat("<h2>By plan</h2>\n", group_table("Plans", "Plan", ReportBy::plan, report));
  out += concat("<h2>By customer</h2>\n", group_table("Customers", "Customer", ReportBy::customer, report));
  out += concat("<h2>By status today</h2>\n", group_table("Statuses", "Status", ReportBy::status, report));
  out += concat("<h2>Renewals due</h2>\n", due_table(report));
  out += use(report);
  return concat(out, kFoot);
}

}  // namespace lic::app
