#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"
#include "licgen/summary_text.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

struct ExpiringOptions {
  std::string within = "30d";
};

void set_up_expiring(CLI::App& app, ExpiringOptions& options) {
  app.add_option("--within", options.within, "How far to look ahead: 30d, 2mo, 1y (default: 30d)")
      ->type_name("DURATION");
}

/// By their end, the nearest first; suspended ones are left out.
Result<std::vector<LicenseSummary>> ending(const ExpiringOptions& options, Ledger& ledger, Time now) {
  LicenseFilter filter;
  LIC_TRY_ASSIGN(filter.expires_before, read_span("--within", options.within, now));
  std::vector<LicenseSummary> licenses;
  LIC_TRY(ledger.list(filter, now, [&](const LicenseSummary& license) -> Result<void> {
    if (!license.suspended_at) licenses.push_back(license);
    return {};
  }));
  std::stable_sort(licenses.begin(), licenses.end(),
                   [](const LicenseSummary& a, const LicenseSummary& b) { return *a.expires_at < *b.expires_at; });
  return licenses;
}

std::int64_t days_left(const LicenseSummary& license, Time now) {
  return std::chrono::floor<std::chrono::days>(*license.expires_at - now).count();
}

Result<void> expiring(const ExpiringOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto licenses, ending(options, *ledger, vendor.now()));
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json document = {{"licenses", nlohmann::ordered_json::array()}};
    for (const auto& license : licenses) {
      auto entry = summary_json(license);
      entry["days_left"] = days_left(license, vendor.now());
      document["licenses"].push_back(std::move(entry));
    }
    output.line(json_text(document));
    return {};
  }
  Table table({{"ENDS"}, {"DAYS", true}, {"KEY", false, 60}, {"PLAN", false, 24}, {"CUSTOMER"}, {"E-MAIL"}});
  for (const auto& license : licenses)
    table.add({format_date(*license.expires_at), concat(days_left(license, vendor.now())), license.key, license.plan,
               license.customer.name, license.customer.email});
  if (licenses.empty()) {
    output.note(concat("no license ends within ", options.within));
    return {};
  }
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
  return {};
}

int run_expiring(const ExpiringOptions& options, Vendor& vendor) { return conclude(vendor, expiring(options, vendor)); }

}  // namespace

Command<Vendor> expiring_command() {
  return make_command("expiring", "List the licenses that end soon, the nearest end first",
                      {"licgen expiring", "licgen expiring --within 3mo --json"}, set_up_expiring, run_expiring);
}

}  // namespace lic::app
