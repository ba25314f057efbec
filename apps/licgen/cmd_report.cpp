#include <map>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/report_html.hpp"
#include "licgen/report_text.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kMostCustomers = 1000;
constexpr std::int64_t kUsualCustomers = 20;

struct ReportOptions {
  ReportBy by = ReportBy::plan;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::int64_t> top;
  std::optional<std::string> html;
  bool force = false;
};

void set_up_report(CLI::App& app, ReportOptions& options) {
  const std::vector<ReportBy> groups = {ReportBy::plan, ReportBy::month, ReportBy::customer, ReportBy::status};
  std::vector<std::string> words;
  for (const ReportBy by : groups) words.emplace_back(token(by));
  add_choice(
      app, "--by", words, [&options, groups](std::size_t index) { options.by = groups[index]; },
      "What the licenses are put together by (default: plan)");
  add_text(app, "--from", options.from, "DATE",
           "Beginning of the period, a date or time in UTC (default: 12 calendar months, this one included)");
  add_text(app, "--to", options.to, "DATE", "The moment after the period, a date or time in UTC (default: now)");
  add_number(app, "--top", options.top, 1, kMostCustomers, "How many customers are named (default: 20)");
  add_text(app, "--html", options.html, "FILE", "Also write all of it as one page with charts");
  add_flag(app, "--force", options.force, "Replace FILE if it exists");
}

/// The first day of the month eleven months ago.
Time year_ago(Time now) {
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const auto month = today.year() / today.month() - std::chrono::months{11};
  return std::max(Time{}, Time{std::chrono::sys_days{month / std::chrono::day{1}}});
}

Result<ReportPeriod> period_of(const ReportOptions& options, Time now) {
  ReportPeriod period{year_ago(now), now + std::chrono::seconds{1}, now};
  if (options.to) {
    LIC_TRY_ASSIGN(period.to, read_date("--to", *options.to));
  }
  if (options.from) {
    LIC_TRY_ASSIGN(period.from, read_date("--from", *options.from));
  }
  if (period.from > now)
    return error(Errc::invalid_input, concat("the period begins after now, on ", format_time(period.from)),
                 "a report tells what has happened");
  if (period.from >= period.to)
    return error(Errc::invalid_input,
                 concat("the period from ", format_time(period.from), " to ", format_time(period.to), " is empty"),
                 "--to is the moment after the period: for all of 2026 --from 2026-01-01 --to 2027-01-01");
  return period;
}

Result<PriceBook> prices_of(Ledger& ledger) {
  PriceBook prices;
  LIC_TRY(ledger.catalogs([&](const CatalogVersion& version) -> Result<void> {
    LIC_TRY_ASSIGN(const Catalog catalog, Catalog::parse(version.catalog, concat("catalogue ", version.version)));
    prices.add(version.imported_at, catalog);
    return {};
  }));
  prices.close();
  return prices;
}

/// When each of the addresses asked for last bought something. Forgotten from time to time:
/// many trials of one address cost one look, and many addresses no memory.
class Buyers {
 public:
  explicit Buyers(Ledger& ledger) : ledger_(ledger) {}

  Result<bool> has_bought(std::string_view email, Time since) {
    constexpr std::size_t kRemembered = 4096;
    const std::string address = to_lower(email);
    auto known = newest_.find(address);
    if (known == newest_.end()) {
      LIC_TRY_ASSIGN(const auto newest, ledger_.newest_paid_license(email));
      if (newest_.size() >= kRemembered) newest_.clear();
      known = newest_.emplace(address, newest).first;
    }
    return known->second && *known->second >= since;
  }

 private:
  Ledger& ledger_;
  std::map<std::string, std::optional<Time>> newest_;
};

Result<Report> make_report(const ReportOptions& options, const ReportPeriod& period, Ledger& ledger) {
  LIC_TRY_ASSIGN(const PriceBook prices, prices_of(ledger));
  Buyers buyers(ledger);
  ReportBuilder builder(period, prices, static_cast<std::size_t>(options.top.value_or(kUsualCustomers)),
                        [&](std::string_view email, Time since) { return buyers.has_bought(email, since); });
  LIC_TRY(ledger.list_by_customer(period.now, [&](const LicenseSummary& license) -> Result<void> {
    LIC_TRY_ASSIGN(const auto history, ledger.history(license.key));
    const auto took_a_seat = [](const HistoryEntry& entry) { return entry.action == "activate"; };
    if (std::none_of(history.begin(), history.end(), took_a_seat)) return builder.add(license, history, {});
    LIC_TRY_ASSIGN(const auto activations, ledger.activations(license.key));
    return builder.add(license, history, activations);
  }));
  return builder.finish();
}

Result<void> write_page(const ReportOptions& options, const std::string& page) {
  LIC_TRY(check_output_file(*options.html, options.force));
  const auto existing = options.force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse;
  return write_file(*options.html, view_bytes(page), kPrivateMode, existing);
}

Result<void> report(const ReportOptions& options, Vendor& vendor) {
  Output& output = vendor.output();
  const bool to_stdout = options.html == "-";
  if (to_stdout && output.json())
    return error(Errc::usage, "--html - and --json both want standard output", "name a file");
  LIC_TRY_ASSIGN(const ReportPeriod period, period_of(options, vendor.now()));
  if (options.html && !to_stdout) LIC_TRY(check_output_file(*options.html, options.force));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const Report made, make_report(options, period, *ledger));
  if (options.html) {
    const std::string page = report_html(made, catalog.name);
    if (to_stdout) {
      output.answer(page);
      return {};
    }
    LIC_TRY(write_page(options, page));
  }
  if (output.json()) {
    auto document = report_json(made, options.by);
    document["html"] = options.html ? nlohmann::ordered_json(*options.html) : nlohmann::ordered_json(nullptr);
    output.line(json_text(document));
    return {};
  }
  output.note(concat("from ", format_time(made.from), " to ", format_time(made.to)));
  print_report(made, options.by, output);
  if (options.html) output.note(concat("written to ", in_quotes(*options.html)));
  return {};
}

int run_report(const ReportOptions& options, Vendor& vendor) { return conclude(vendor, report(options, vendor)); }

}  // namespace

Command<Vendor> report_command() {
  return make_command("report", "Count licenses, renewals, trials, activations and revenue",
                      {"licgen report", "licgen report --by month --from 2026-01-01 --to 2027-01-01",
                       "licgen report --by customer --top 50 --json", "licgen report --html report.html"},
                      set_up_report, run_report);
}

}  // namespace lic::app
