#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/month.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "csv/text.hpp"
#include "desk/seats.hpp"
#include "licgen/commands.hpp"
#include "licgen/filter_options.hpp"
#include "licgen/option_values.hpp"
#include "licgen/table.hpp"
#include "licgen/usage_text.hpp"

namespace lic::app {
namespace {

enum class Format { table, csv, document };

constexpr std::array kFormats = {Format::table, Format::csv, Format::document};

struct ShowUsageOptions {
  std::string key;
  std::optional<std::string> month;
};

struct ListUsageOptions {
  FilterOptions filter;
  std::optional<std::string> month;
  std::optional<Format> format;
};

void add_month(CLI::App& app, std::optional<std::string>& month) {
  add_text(app, "--month", month, "MONTH", "Only what was used in that month (UTC), such as 2026-11");
}

void set_up_list(CLI::App& app, ListUsageOptions& options) {
  add_filter_options(app, options.filter);
  add_month(app, options.month);
  add_choice(
      app, "--format", {"table", "csv", "json"}, [&options](std::size_t i) { options.format = kFormats.at(i); },
      "How to print it (default: table)");
}

void set_up_show(CLI::App& app, ShowUsageOptions& options) {
  add_option(app, "KEY", options.key, "License key").required();
  add_month(app, options.month);
}

Result<std::optional<Time>> read_month(const std::optional<std::string>& text) {
  if (!text) return std::optional<Time>();
  if (const auto month = parse_month(*text)) return month;
  return error(Errc::invalid_input, concat("--month: ", in_quotes(*text), " is not a month"), "write it as 2026-11");
}

std::string number_text(const std::optional<std::int64_t>& number) { return number ? concat(*number) : "-"; }

constexpr std::string_view kCsvHead =
    "key,customer,email,plan,month,counter,used,included,per,over,devices,until,missing";

/// One line; of a license that has stated nothing of the month asked for `month` is null.
std::string usage_csv(const StatedUsage& usage, const BilledMonth* month) {
  const UsageBill& bill = usage.bill;
  const auto number = [](const std::optional<std::int64_t>& one) { return one ? concat(*one) : std::string(); };
  std::string line = usage.license.key;
  csv::append_field(line, usage.license.customer.name);
  csv::append_field(line, usage.license.customer.email);
  csv::append_field(line, usage.license.plan);
  csv::append_field(line, month == nullptr ? "" : format_month(month->month));
  csv::append_field(line, month == nullptr ? "" : month->counter);
  line += concat(',', month == nullptr ? "" : concat(month->used));
  line += concat(',', month == nullptr ? "" : number(month->included));
  csv::append_field(line, month != nullptr && month->limit && month->limit->per ? token(*month->limit->per) : "");
  line += concat(',', month == nullptr ? "" : number(month->over), ',', bill.devices.size());
  csv::append_field(line, bill.until ? format_time(*bill.until) : "");
  csv::append_field(line, months_text(bill.missing));
  return line;
}

/// Prints licenses as they come. Memory does not grow with their number.
class Listing {
 public:
  Listing(Format format, Output& output) : format_(format), output_(output) {}

  void add(const StatedUsage& usage) {
    switch (format_) {
      case Format::table:
        if (usage.bill.months.empty()) add_row(usage, nullptr);
        for (const auto& month : usage.bill.months) add_row(usage, &month);
        break;
      case Format::csv:
        if (count_ == 0) output_.line(kCsvHead);
        if (usage.bill.months.empty()) print_csv(usage, nullptr);
        for (const auto& month : usage.bill.months) print_csv(usage, &month);
        break;
      case Format::document:
        output_.answer(concat(count_ == 0 ? "{\"usage\":[" : ",", json_text(usage_json(usage))));
        break;
    }
    ++count_;
  }

  void finish() {
    switch (format_) {
      case Format::table:
        print_page();
        if (count_ == 0) output_.note("no usage statement of such a license was imported");
        break;
      case Format::csv:
        if (count_ == 0) output_.line(kCsvHead);
        break;
      case Format::document:
        output_.line(concat(count_ == 0 ? "{\"usage\":[" : "", "]}"));
        break;
    }
  }

 private:
  static constexpr std::int64_t kPage = 500;  // rows whose widths are agreed on

  void add_row(const StatedUsage& usage, const BilledMonth* month) {
    const UsageBill& bill = usage.bill;
    const auto cell = [&](const std::string& text) { return month == nullptr ? std::string("-") : text; };
    table_.add({usage.license.key, usage.license.customer.name,
                cell(month == nullptr ? "" : format_month(month->month)), cell(month == nullptr ? "" : month->counter),
                cell(month == nullptr ? "" : concat(month->used)), cell(month == nullptr ? "" : included_text(*month)),
                cell(month == nullptr ? "" : number_text(month->over)), concat(bill.devices.size()),
                bill.until ? format_date(*bill.until) : "-", months_text(bill.missing)});
    if (++rows_ % kPage == 0) print_page();
  }

  void print_page() {
    if (table_.empty()) return;
    if (!headed_) output_.line(output_.styled(Style::bold, table_.head()));
    headed_ = true;
    output_.answer(table_.take_rows());
  }

  void print_csv(const StatedUsage& usage, const BilledMonth* month) {
    const std::string line = usage_csv(usage, month);
    output_.line(output_.to_terminal() ? printable(line) : line);
  }

  Format format_;
  Output& output_;
  Table table_{{{"KEY", false, 60},
                {"CUSTOMER", false, 30},
                {"MONTH"},
                {"COUNTER", false, 24},
                {"USED", true},
                {"INCLUDED", true},
                {"OVER", true},
                {"DEVICES", true},
                {"UNTIL"},
                {"MISSING", false, 40}}};
  std::int64_t count_ = 0;
  std::int64_t rows_ = 0;
  bool headed_ = false;
};

Result<void> list_usage(const ListUsageOptions& options, Vendor& vendor) {
  if (vendor.output().json() && options.format && options.format != Format::document)
    return error(Errc::usage, "--json prints JSON: another --format does not go with it");
  const Format format = vendor.output().json() ? Format::document : options.format.value_or(Format::table);
  LIC_TRY_ASSIGN(const auto month, read_month(options.month));
  LIC_TRY_ASSIGN(LicenseFilter filter, filter_of(options.filter, vendor.now()));
  filter.has_usage = true;
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  Listing listing(format, vendor.output());
  LIC_TRY(ledger->list(filter, vendor.now(), [&](const LicenseSummary& license) -> Result<void> {
    LIC_TRY_ASSIGN(StatedUsage usage, read_usage(license, *ledger, vendor.now()));
    if (month) keep_month(usage.bill, *month);
    listing.add(usage);
    return {};
  }));
  listing.finish();
  return {};
}

void print_devices(const UsageBill& bill, Output& output) {
  std::vector<std::string> machines;
  for (const auto& device : bill.devices) machines.push_back(device.machine);
  machines = shortened(machines);
  Table table({{"DEVICE"}, {"MACHINE", false, 200}, {"STATEMENTS", true}, {"FROM"}, {"UNTIL"}, {""}});
  for (std::size_t i = 0; i < bill.devices.size(); ++i) {
    const BilledDevice& device = bill.devices[i];
    table.add({short_id(device.device.id()), machines[i], concat(device.statements), format_time(device.from),
               format_time(device.until), device.replaced ? "replaced by a later key" : ""});
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

void print_months(const UsageBill& bill, Output& output) {
  Table table({{"MONTH"}, {"COUNTER", false, 64}, {"USED", true}, {"INCLUDED", true}, {"OVER", true}});
  for (const auto& month : bill.months)
    table.add(
        {format_month(month.month), month.counter, concat(month.used), included_text(month), number_text(month.over)});
  if (table.empty()) return;
  output.line("");
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

void print_usage(const StatedUsage& usage, Output& output) {
  const UsageBill& bill = usage.bill;
  output.line(concat("key           ", output.styled(Style::bold, usage.license.key)));
  output.line(concat("customer      ", printable(usage.license.customer.name)));
  output.line(concat("plan          ", printable(usage.license.plan)));
  if (bill.until) output.line(concat("stated until  ", format_time(*bill.until)));
  if (!bill.missing.empty()) output.line(concat("missing       ", months_text(bill.missing)));
  for (const auto& level : bill.levels)
    output.line(concat("held          ", printable(level.counter), ": ", level.held, " of ", limit_words(level.limit)));
  if (bill.devices.empty()) {
    output.note("no usage statement of this license was imported");
    return;
  }
  output.line("");
  print_devices(bill, output);
  print_months(bill, output);
}

Result<void> show_usage(const ShowUsageOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto month, read_month(options.month));
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(key, vendor.now()));
  LIC_TRY_ASSIGN(StatedUsage usage, read_usage(record.summary, *ledger, vendor.now()));
  if (month) keep_month(usage.bill, *month);
  if (vendor.output().json()) {
    vendor.output().line(json_text(usage_json(usage)));
  } else {
    print_usage(usage, vendor.output());
  }
  return {};
}

int run_list(const ListUsageOptions& options, Vendor& vendor) { return conclude(vendor, list_usage(options, vendor)); }
int run_show(const ShowUsageOptions& options, Vendor& vendor) { return conclude(vendor, show_usage(options, vendor)); }

}  // namespace

Command<Vendor> usage_list_command() {
  return make_command("usage list", "List what was used of licenses by month, as their devices have stated it",
                      {"licgen usage list --month 2026-11", "licgen usage list --customer 'acme*'",
                       "licgen usage list --month 2026-11 --format csv > november.csv"},
                      set_up_list, run_list);
}

Command<Vendor> usage_show_command() {
  return make_command("usage show", "Show what was used of a license, and by which devices",
                      {"licgen usage show TZ-PRO-7K3M-9QXA-R2VD-5R28",
                       "licgen usage show TZ-PRO-7K3M-9QXA-R2VD-5R28 --month 2026-11 --json"},
                      set_up_show, run_show);
}

}  // namespace lic::app
