#include "desk/reporting.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

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

/// The first day of the month eleven months ago.
Time year_ago(Time now) {
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const auto month = today.year() / today.month() - std::chrono::months{11};
  return std::max(Time{}, Time{std::chrono::sys_days{month / std::chrono::day{1}}});
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

}  // namespace

const std::vector<ReportBy>& report_groups() {
  static const std::vector<ReportBy> groups = {ReportBy::plan, ReportBy::month, ReportBy::customer, ReportBy::status};
  return groups;
}

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

Int128 units_in(const std::vector<Int128>& amounts, std::size_t currency) {
  return currency < amounts.size() ? amounts[currency] : 0;
}

Result<ReportPeriod> report_period(const std::optional<Time>& from, const std::optional<Time>& to, Time now) {
  const ReportPeriod period{from.value_or(year_ago(now)), to.value_or(now + std::chrono::seconds{1}), now};
  if (period.from > now)
    return error(Errc::invalid_input, concat("the period begins after now, on ", format_time(period.from)),
                 "a report tells what has happened");
  if (period.from >= period.to)
    return error(Errc::invalid_input,
                 concat("the period from ", format_time(period.from), " to ", format_time(period.to), " is empty"),
                 "--to is the moment after the period: for all of 2026 --from 2026-01-01 --to 2027-01-01");
  return period;
}

Result<Report> make_report(Ledger& ledger, const ReportPeriod& period, std::int64_t top,
                           const std::function<Result<void>()>& go_on) {
  LIC_TRY_ASSIGN(const PriceBook prices, prices_of(ledger));
  Buyers buyers(ledger);
  ReportBuilder builder(period, prices, static_cast<std::size_t>(top),
                        [&](std::string_view email, Time since) { return buyers.has_bought(email, since); });
  const auto add = [&](const LicenseSummary& license) -> Result<void> {
    if (go_on) LIC_TRY(go_on());
    LIC_TRY_ASSIGN(const auto history, ledger.history(license.key));
    const auto took_a_seat = [](const HistoryEntry& entry) { return entry.action == "activate"; };
    if (std::none_of(history.begin(), history.end(), took_a_seat)) return builder.add(license, history, {});
    LIC_TRY_ASSIGN(const auto activations, ledger.activations(license.key));
    return builder.add(license, history, activations);
  };
  LIC_TRY(ledger.list_by_customer(period.now, add));
  return builder.finish();
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

}  // namespace lic
