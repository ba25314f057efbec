#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "csv/text.hpp"
#include "desk/license_json.hpp"
#include "licgen/commands.hpp"
#include "licgen/filter_options.hpp"
#include "licgen/option_values.hpp"
#include "licgen/summary_text.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

enum class Format { table, csv, jsonl, document };

constexpr std::array kFormats = {Format::table, Format::csv, Format::jsonl};
constexpr std::int64_t kTableLimit = 50;

struct ListOptions {
  FilterOptions filter;
  std::optional<std::string> limit;
  std::optional<std::string> after;
  std::optional<Format> format;
};

void set_up_list(CLI::App& app, ListOptions& options) {
  add_filter_options(app, options.filter);
  add_text(app, "--limit", options.limit, "N", "At most N licenses (default: 50 in a table, else all)");
  add_text(app, "--after", options.after, "KEY", "Only what was issued after that license: goes on where a list ended");
  add_choice(
      app, "--format", {"table", "csv", "jsonl"}, [&options](std::size_t i) { options.format = kFormats.at(i); },
      "How to print the licenses (default: table)");
}

constexpr std::string_view kCsvHead =
    "key,status,plan,kind,customer,email,issued_at,expires_at,seats,activations,order";

std::string summary_csv(const LicenseSummary& license) {
  std::string line = concat(license.key, ',', token(license.status));
  line.reserve(256);
  csv::append_field(line, license.plan);
  csv::append_field(line, token(license.kind));
  csv::append_field(line, license.customer.name);
  csv::append_field(line, license.customer.email);
  csv::append_field(line, format_time(license.issued_at));
  csv::append_field(line, license.expires_at ? format_time(*license.expires_at) : "");
  line += concat(',', license.seats, ',', license.activations);
  csv::append_field(line, license.order);
  return line;
}

/// Prints licenses as they come. Memory does not grow with their number.
class Listing {
 public:
  Listing(Format format, Output& output) : format_(format), output_(output) {}

  void add(const LicenseSummary& license) {
    switch (format_) {
      case Format::table:
        table_.add({license.key, std::string(token(license.status)), license.plan, license.customer.name,
                    license.expires_at ? format_date(*license.expires_at) : "never", concat(license.seats)});
        if (count_ % kPage == kPage - 1) print_page();
        break;
      case Format::csv:
        if (count_ == 0) output_.line(kCsvHead);
        output_.line(output_.to_terminal() ? printable(summary_csv(license)) : summary_csv(license));
        break;
      case Format::jsonl:
        output_.line(json_text(summary_json(license)));
        break;
      case Format::document:
        output_.answer(concat(count_ == 0 ? "{\"licenses\":[" : ",", json_text(summary_json(license))));
        break;
    }
    last_key_ = license.key;
    ++count_;
  }

  /// `more`: there are licenses after the last one printed.
  void finish(bool more) {
    switch (format_) {
      case Format::table:
        if (!table_.empty()) print_page();
        if (count_ == 0) output_.note("no license matches");
        break;
      case Format::csv:
        if (count_ == 0) output_.line(kCsvHead);
        break;
      case Format::jsonl:
        break;
      case Format::document:
        output_.line(concat(count_ == 0 ? "{\"licenses\":[" : "",
                            "],\"next\":", more ? concat('"', last_key_, '"') : std::string("null"), "}"));
        return;
    }
    if (more) output_.note(concat("there are more: --after ", last_key_, " goes on, --limit N shows more at a time"));
  }

 private:
  static constexpr std::int64_t kPage = 500;  // rows whose widths are agreed on

  void print_page() {
    if (count_ < kPage) output_.line(output_.styled(Style::bold, table_.head()));
    output_.answer(table_.take_rows());
  }

  Format format_;
  Output& output_;
  Table table_{{{"KEY", false, 60}, {"STATUS"}, {"PLAN", false, 24}, {"CUSTOMER"}, {"ENDS"}, {"SEATS", true}}};
  std::int64_t count_ = 0;
  std::string last_key_;
};

Result<Format> format_of(const ListOptions& options, bool json) {
  if (json && options.format)
    return error(Errc::usage, "--format and --json exclude one another", "--format jsonl prints one object a line");
  return json ? Format::document : options.format.value_or(Format::table);
}

Result<void> list(const ListOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Format format, format_of(options, vendor.output().json()));
  LIC_TRY_ASSIGN(LicenseFilter filter, filter_of(options.filter, vendor.now()));
  if (options.after) {
    LIC_TRY_ASSIGN(const LicenseKey after, LicenseKey::parse(*options.after));
    filter.after = after.text();
  }
  std::optional<std::int64_t> limit;
  if (format == Format::table) limit = kTableLimit;
  if (options.limit) {
    constexpr std::int64_t kMost = 1'000'000'000;
    LIC_TRY_ASSIGN(limit, read_number("--limit", *options.limit, 1, kMost));
  }
  if (limit) filter.limit = *limit + 1;  // one more tells whether the list goes on

  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  Listing listing(format, vendor.output());
  std::int64_t count = 0;
  LIC_TRY(ledger->list(filter, vendor.now(), [&](const LicenseSummary& license) -> Result<void> {
    if (!limit || count < *limit) listing.add(license);
    ++count;
    return {};
  }));
  listing.finish(limit && count > *limit);
  return {};
}

int run_list(const ListOptions& options, Vendor& vendor) { return conclude(vendor, list(options, vendor)); }

}  // namespace

Command<Vendor> list_command() {
  return make_command("list", "List licenses in the order of their issue",
                      {"licgen list", "licgen list --status expiring --expires-within 14d",
                       "licgen list --customer 'acme*' --format csv > licenses.csv"},
                      set_up_list, run_list);
}

}  // namespace lic::app
