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

struct ReportOptions {
  ReportBy by = ReportBy::plan;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::int64_t> top;
  std::optional<std::string> html;
  bool force = false;
};

void set_up_report(CLI::App& app, ReportOptions& options) {
  const std::vector<ReportBy>& groups = report_groups();
  std::vector<std::string> words;
  for (const ReportBy by : groups) words.emplace_back(token(by));
  add_choice(
      app, "--by", words, [&options, &groups](std::size_t index) { options.by = groups[index]; },
      "What the licenses are put together by (default: plan)");
  add_text(app, "--from", options.from, "DATE",
           "Beginning of the period, a date or time in UTC (default: 12 calendar months, this one included)");
  add_text(app, "--to", options.to, "DATE", "The moment after the period, a date or time in UTC (default: now)");
  add_number(app, "--top", options.top, 1, kMostCustomers, "How many customers are named (default: 20)");
  add_text(app, "--html", options.html, "FILE", "Also write all of it as one page with charts");
  add_flag(app, "--force", options.force, "Replace FILE if it exists");
}

Result<ReportPeriod> period_of(const ReportOptions& options, Time now) {
  std::optional<Time> from;
  std::optional<Time> to;
  if (options.to) {
    LIC_TRY_ASSIGN(to, read_date("--to", *options.to));
  }
  if (options.from) {
    LIC_TRY_ASSIGN(from, read_date("--from", *options.from));
  }
  return report_period(from, to, now);
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
  LIC_TRY_ASSIGN(const Report made, make_report(*ledger, period, options.top.value_or(kUsualCustomers)));
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
