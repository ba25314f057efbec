#include "report/report.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

constexpr int kNearlyFull = 80;  // percent of the seats
constexpr int kDueDays[] = {0, 30, 60, 90};

bool is_paid(Kind kind) noexcept {
  switch (kind) {
    case Kind::free:
    case Kind::trial:
      return false;
    case Kind::academic:
    case Kind::subscription:
    case Kind::perpetual:
      return true;
  }
  return false;
}

std::int64_t month_of(Time at) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(at)};
  return std::int64_t{int{date.year()}} * 12 + unsigned{date.month()} - 1;
}

std::string month_name(std::int64_t month) {
  const auto year = static_cast<int>(month / 12);
  const std::chrono::year_month_day first{
      std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month % 12 + 1)}, std::chrono::day{1}};
  return format_date(Time{std::chrono::sys_days{first}}).substr(0, 7);
}

void book_into(std::vector<Int128>& revenue, const Money& money) {
  if (revenue.size() <= money.currency) revenue.resize(money.currency + 1);
  revenue[money.currency] += money.units;
}

/// The number of `totals` that counts licenses of that kind in force.
std::int64_t& in_force(Totals& totals, Kind kind) noexcept {
  if (is_paid(kind)) return totals.in_force;
  return kind == Kind::trial ? totals.trials : totals.free;
}

/// Puts `item` where it belongs in a sorted list that keeps only its first so many.
template <class Item, class Before>
void keep_first(std::vector<Item>& list, Item item, std::size_t most, Before before) {
  list.insert(std::upper_bound(list.begin(), list.end(), item, before), std::move(item));
  if (list.size() > most) list.pop_back();
}

}  // namespace

void Totals::book(const Money& money) { book_into(revenue, money); }

Int128 Totals::revenue_in(std::size_t currency) const noexcept {
  return currency < revenue.size() ? revenue[currency] : 0;
}

void Totals::add(const Totals& other) {
  for (const auto member :
       {&Totals::count, &Totals::in_force, &Totals::trials, &Totals::free, &Totals::sold, &Totals::imported,
        &Totals::returned, &Totals::renewals, &Totals::plan_changes, &Totals::lost_expired, &Totals::lost_revoked,
        &Totals::ends, &Totals::ends_renewed, &Totals::unpriced, &Totals::trials_started, &Totals::trials_converted,
        &Totals::activations})
    this->*member += other.*member;
  for (std::size_t i = 0; i < other.revenue.size(); ++i) book({i, other.revenue[i]});
}

ReportBuilder::ReportBuilder(const ReportPeriod& period, const PriceBook& prices, std::size_t most_customers,
                             HasBought has_bought)
    : period_(period), prices_(prices), most_customers_(most_customers), has_bought_(std::move(has_bought)) {
  // What happens now, in this very second, has happened.
  period_.to = std::min(period.to, period.now + std::chrono::seconds{1});
  report_.from = period.from;
  report_.to = std::min(period.to, period.now);
  report_.now = period.now;
  report_.currencies = prices.currencies();
  report_.main_currency = prices.main_currency();
  for (const int days : kDueDays) report_.due.push_back({days, 0, 0, {}});
}

/// Counts for all, for the plan, for the status and for the customer.
template <class Change>
void ReportBuilder::count(std::string_view plan, Change change) {
  change(report_.total);
  auto place = plans_.find(plan);
  if (place == plans_.end()) place = plans_.emplace(plan, Totals()).first;
  change(place->second);
  change(*status_);
  change(customer_row_.totals);
}

/// The same and for the month, if `at` is in the period.
template <class Change>
void ReportBuilder::count_at(Time at, std::string_view plan, Change change) {
  if (!in_period(at)) return;
  count(plan, change);
  change(months_[month_of(at)].totals);
}

/// A license comes into force or goes out of it.
void ReportBuilder::move(Time at, const LicenseState& state, std::int64_t by) {
  if (at >= period_.to) return;
  const auto change = [&](Totals& totals) { in_force(totals, state.kind) += by; };
  count(state.plan, change);
  change(at < period_.from ? before_.change : months_[month_of(at)].change);
}

Result<void> ReportBuilder::add(const LicenseSummary& license, const std::vector<HistoryEntry>& history,
                                const std::vector<Activation>& activations) {
  std::string customer = to_lower(license.customer.name);
  if (!any_ || customer != customer_) {
    end_of_customer();
    any_ = true;
    customer_ = std::move(customer);
    customer_row_.name = license.customer.name;
  }
  status_ = &statuses_[static_cast<int>(license.status)];
  count(license.plan, [](Totals& totals) { ++totals.count; });
  const std::vector<LifeEvent> life = life_of(license, history, period_.now);
  for (const LifeEvent& event : life) take(event);
  take_ends(life);
  LIC_TRY(take_trial(license, life));
  take_due(license);
  take_use(license, activations);
  return {};
}

void ReportBuilder::take(const LifeEvent& event) {
  if (event.held_before) move(event.at, event.before, -1);
  if (event.held_after) move(event.at, event.after, +1);
  switch (event.step) {
    case LifeStep::created:
      take_begin(event);
      break;
    case LifeStep::imported:
      count_at(event.at, event.after.plan, [](Totals& totals) { ++totals.imported; });
      break;
    case LifeStep::renewed:
      take_renewal(event);
      break;
    case LifeStep::changed:
      take_change(event);
      break;
    case LifeStep::lapsed:
      if (is_paid(event.before.kind))
        count_at(event.at, event.before.plan, [](Totals& totals) { ++totals.lost_expired; });
      break;
    case LifeStep::revoked:
      if (event.held_before && is_paid(event.before.kind))
        count_at(event.at, event.before.plan, [](Totals& totals) { ++totals.lost_revoked; });
      break;
  }
}

void ReportBuilder::take_begin(const LifeEvent& event) {
  if (event.after.kind == Kind::trial)
    count_at(event.at, event.after.plan, [](Totals& totals) { ++totals.trials_started; });
  if (is_paid(event.after.kind)) {
    count_at(event.at, event.after.plan, [](Totals& totals) { ++totals.sold; });
    sell(event.at, event.after, event.after.starts_at);
  }
}

void ReportBuilder::take_renewal(const LifeEvent& event) {
  if (!is_paid(event.after.kind)) return;
  const bool returned = !event.held_before && event.held_after;
  count_at(event.at, event.after.plan, [&](Totals& totals) {
    ++totals.renewals;
    if (returned) ++totals.returned;
  });
  // The maintenance of what never ends has no price in a catalogue.
  if (event.before.expires_at && event.after.expires_at)
    sell(event.at, event.after, std::max(*event.before.expires_at, event.at));
  else
    count_at(event.at, event.after.plan, [](Totals& totals) { ++totals.unpriced; });
}

void ReportBuilder::take_change(const LifeEvent& event) {
  const bool was_paid = is_paid(event.before.kind);
  const bool paid = is_paid(event.after.kind);
  if (paid && !was_paid) {
    count_at(event.at, event.after.plan, [](Totals& totals) { ++totals.sold; });
    sell(event.at, event.after, std::max(event.at, event.after.starts_at));
  } else if (paid) {
    const bool other_plan = event.before.plan != event.after.plan;
    const bool returned = !event.held_before && event.held_after;
    const bool lost = event.held_before && !event.held_after;
    count_at(event.at, event.after.plan, [&](Totals& totals) {
      if (other_plan) ++totals.plan_changes;
      if (returned) ++totals.returned;
      if (lost) ++totals.lost_expired;
    });
  } else if (was_paid && event.held_before) {
    count_at(event.at, event.before.plan, [](Totals& totals) { ++totals.lost_expired; });
  }
}

void ReportBuilder::sell(Time at, const LicenseState& state, Time from) {
  if (!in_period(at)) return;
  const auto money = prices_.price(state.plan, at, state.starts_at, from, state.expires_at);
  // An academic license may well cost nothing.
  if (!money && state.kind == Kind::academic) return;
  count_at(at, state.plan, [&](Totals& totals) {
    if (money)
      totals.book(*money);
    else
      ++totals.unpriced;
  });
}

void ReportBuilder::end_falls_due(const LicenseState& state, bool renewed) {
  if (!is_paid(state.kind) || !state.expires_at) return;
  count_at(*state.expires_at, state.plan, [&](Totals& totals) {
    ++totals.ends;
    if (renewed) ++totals.ends_renewed;
  });
}

void ReportBuilder::take_ends(const std::vector<LifeEvent>& life) {
  for (const LifeEvent& event : life) {
    const auto& end = event.before.expires_at;
    const bool passed = end && *end <= event.at;
    const bool later = !event.after.expires_at || (end && *event.after.expires_at > *end);
    if (event.step == LifeStep::renewed) end_falls_due(event.before, true);
    if (event.step == LifeStep::changed && passed) end_falls_due(event.before, later);
    if (event.step == LifeStep::revoked && passed) end_falls_due(event.before, false);
  }
  const LifeEvent& last = life.back();
  if (last.step != LifeStep::revoked && last.after.expires_at && *last.after.expires_at <= period_.now)
    end_falls_due(last.after, false);
}

Result<void> ReportBuilder::take_trial(const LicenseSummary& license, const std::vector<LifeEvent>& life) {
  const LifeEvent& begin = life.front();
  if (begin.step != LifeStep::created || begin.after.kind != Kind::trial || !in_period(begin.at)) return {};
  bool converted =
      std::any_of(life.begin(), life.end(), [](const LifeEvent& event) { return is_paid(event.after.kind); });
  if (!converted && !license.customer.email.empty()) {
    LIC_TRY_ASSIGN(converted, has_bought_(license.customer.email, begin.at));
  }
  if (converted) count_at(begin.at, begin.after.plan, [](Totals& totals) { ++totals.trials_converted; });
  return {};
}

void ReportBuilder::take_due(const LicenseSummary& license) {
  if (!is_paid(license.kind) || license.revoked_at || license.suspended_at || !license.expires_at) return;
  const Time end = *license.expires_at;
  const bool passed = end <= period_.now;
  if (passed && end + std::chrono::days{license.grace_days} <= period_.now) return;
  const auto money = prices_.renewal_price(license.plan, license.starts_at, std::max(end, period_.now));
  for (DueRenewals& due : report_.due) {
    if (passed != (due.days == 0) || end > period_.now + std::chrono::days{due.days}) continue;
    ++due.licenses;
    if (money)
      book_into(due.revenue, *money);
    else if (license.kind != Kind::academic)
      ++due.unpriced;
  }
}

void ReportBuilder::take_use(const LicenseSummary& license, const std::vector<Activation>& activations) {
  if (activations.empty()) return;
  const auto uses = seat_uses(activations);
  const std::int64_t taken = seats_in_use(uses, period_.now);
  count(license.plan, [&](Totals& totals) { totals.activations += taken; });
  if (taken > 0) ++report_.activated;
  report_.most_taken = std::max(report_.most_taken, taken);
  const bool works = !license.revoked_at && allows(license.status);
  if (works && license.seats > 1 && taken * 100 >= license.seats * kNearlyFull) {
    ++report_.full_in_all;
    keep_first(report_.full, FullLicense{license.key, license.customer.name, license.seats, taken}, kMostListed,
               [](const FullLicense& a, const FullLicense& b) { return a.taken * b.seats > b.taken * a.seats; });
  }
  if (prices_.floats(license.plan)) return;  // its seats go from machine to machine as they should
  const ActivationPattern pattern = pattern_of(uses, license.seats, period_.from, period_.to);
  if (!pattern.many_machines && !pattern.many_moves) return;
  ++report_.unusual_in_all;
  const auto weight = [](const UnusualLicense& l) { return l.pattern.moves + l.pattern.machines; };
  keep_first(report_.unusual, UnusualLicense{license.key, license.customer.name, license.seats, pattern}, kMostListed,
             [&](const UnusualLicense& a, const UnusualLicense& b) { return weight(a) > weight(b); });
}

bool ReportBuilder::ranks_before(const ReportRow& a, const ReportRow& b) const {
  const Int128 revenue_a = a.totals.revenue_in(report_.main_currency);
  const Int128 revenue_b = b.totals.revenue_in(report_.main_currency);
  return revenue_a != revenue_b ? revenue_a > revenue_b : a.totals.count > b.totals.count;
}

void ReportBuilder::end_of_customer() {
  if (!any_) return;
  ++report_.customers_in_all;
  const auto before = [this](const ReportRow& a, const ReportRow& b) { return ranks_before(a, b); };
  keep_first(report_.customers, std::move(customer_row_), most_customers_ + 1, before);
  if (report_.customers.size() > most_customers_) {
    report_.other_customers.add(report_.customers.back().totals);
    report_.customers.pop_back();
  }
  customer_row_ = {};
}

void ReportBuilder::fill_months() {
  Totals standing;
  standing.add(before_.change);
  const std::int64_t last = month_of(period_.to - std::chrono::seconds{1});
  // Nothing was there before the first: no months are made up for it.
  const bool any_before = standing.in_force != 0 || standing.trials != 0 || standing.free != 0;
  if (!any_before && months_.empty()) return;
  const std::int64_t first = any_before ? month_of(report_.from) : months_.begin()->first;
  for (std::int64_t month = first; month <= last; ++month) {
    const MonthTotals& found = months_[month];
    standing.add(found.change);
    ReportRow row{month_name(month), found.totals};
    row.totals.in_force = standing.in_force;
    row.totals.trials = standing.trials;
    row.totals.free = standing.free;
    report_.months.push_back(std::move(row));
  }
}

Report ReportBuilder::finish() {
  end_of_customer();
  any_ = false;
  for (auto& [id, totals] : plans_) report_.plans.push_back({id, std::move(totals)});
  for (auto& [status, totals] : statuses_)
    report_.statuses.push_back({std::string(token(static_cast<Reason>(status))), std::move(totals)});
  fill_months();
  return std::move(report_);
}

}  // namespace lic
