#include "report/usage_bill.hpp"

#include <algorithm>
#include <chrono>

#include "base/json.hpp"
#include "policy/usage.hpp"

namespace lic {
namespace {

/// How many missing months are named: ten years of them.
constexpr std::size_t kMostMissing = 120;

std::int64_t sum_of(std::int64_t have, std::int64_t n) noexcept {
  return std::clamp(have + n, -json::kMaxInteger, json::kMaxInteger);
}

const Limit* limit_of(const Limits& limits, std::string_view name) noexcept {
  const auto found = std::find_if(limits.begin(), limits.end(), [&](const auto& one) { return one.first == name; });
  return found == limits.end() ? nullptr : &found->second;
}

std::int64_t days_in(Time month) noexcept {
  return std::chrono::duration_cast<std::chrono::days>(window_end(Period::month, month) - month).count();
}

/// What a limit includes in the month, or in its year.
std::optional<std::int64_t> included_in(Time month, const std::optional<Limit>& limit) noexcept {
  if (!limit || !limit->max) return std::nullopt;
  if (limit->per != Period::day) return limit->max;
  return *limit->max > json::kMaxInteger / 31 ? json::kMaxInteger : *limit->max * days_in(month);
}

std::int64_t beyond(std::int64_t used, std::int64_t max) noexcept { return std::max<std::int64_t>(0, used - max); }

/// Of months in their order, the sums of each counter within its year.
class YearSums {
 public:
  /// What of `month` lies beyond a limit of `max` per year.
  std::int64_t over(const BilledMonth& month, std::int64_t max) {
    const Time year = window_start(Period::year, month.month);
    auto& [start, sum] = sums_[month.counter];
    if (start != year) start = year, sum = 0;
    const std::int64_t before = sum;
    sum = sum_of(sum, month.used);
    return beyond(sum, max) - beyond(before, max);
  }

 private:
  std::map<std::string, std::pair<Time, std::int64_t>> sums_;
};

}  // namespace

void UsageBillBuilder::count(const UsageStatement& statement, const std::string& name, const StatedCounter& counter) {
  const Limit* limit = limit_of(statement.limits, name);
  const auto note = [&](Time start, std::int64_t used) {
    Month& month = months_[{start, name}];
    month.used = sum_of(month.used, used);
    if (limit == nullptr || !limit->per || statement.to < month.limit_at) return;
    month.limit = *limit;
    month.limit_at = statement.to;
  };
  for (const auto& [start, used] : counter.months) note(start, used);
  if (limit == nullptr || !limit->per) return;
  // Nothing used is said as well. A period has at most kMostStatedMonths of them.
  for (Time start = window_start(Period::month, statement.from); start < statement.to;
       start = window_end(Period::month, start))
    note(start, 0);
}

void UsageBillBuilder::add(const UsageStatement& statement, std::string_view machine) {
  for (const auto& [name, counter] : statement.counters) count(statement, name, counter);
  auto known = std::find_if(devices_.begin(), devices_.end(),
                            [&](const Device& one) { return one.shown.device == statement.device; });
  if (known == devices_.end())
    known =
        devices_.insert(known, Device{{statement.device, {}, 0, statement.from, {}, false}, {}, {}, added_, added_});
  known->last = added_++;
  ++known->shown.statements;
  known->shown.machine = machine;
  known->shown.until = statement.to;
  known->limits = statement.limits;
  known->counters = statement.counters;
}

std::vector<BilledDevice> UsageBillBuilder::devices() const {
  std::vector<BilledDevice> shown;
  for (auto one = devices_.begin(); one != devices_.end(); ++one) {
    shown.push_back(one->shown);
    shown.back().replaced = std::any_of(one + 1, devices_.end(), [&](const Device& later) {
      return later.first > one->last && !later.shown.machine.empty() && later.shown.machine == one->shown.machine;
    });
  }
  return shown;
}

std::vector<BilledLevel> UsageBillBuilder::levels(const std::vector<BilledDevice>& devices) const {
  std::map<std::string, BilledLevel> levels;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (devices[i].replaced) continue;
    for (const auto& [name, limit] : devices_[i].limits) {
      const auto held = devices_[i].counters.find(name);
      if (limit.per || held == devices_[i].counters.end()) continue;
      BilledLevel& level = levels.try_emplace(name, BilledLevel{name, 0, limit}).first->second;
      level.held = sum_of(level.held, held->second.level);
      level.limit = limit;
    }
  }
  std::vector<BilledLevel> all;
  for (auto& [name, level] : levels) all.push_back(std::move(level));
  return all;
}

UsageBill UsageBillBuilder::bill(Time now, std::optional<Time> end) const {
  UsageBill bill;
  YearSums years;
  for (const auto& [place, month] : months_) {
    BilledMonth billed{place.first, place.second, month.used, month.limit, included_in(place.first, month.limit), {}};
    const std::int64_t over_year = years.over(billed, billed.included.value_or(0));
    if (billed.included && billed.limit->per == Period::month) billed.over = beyond(billed.used, *billed.included);
    if (billed.included && billed.limit->per == Period::year) billed.over = over_year;
    bill.months.push_back(std::move(billed));
  }
  bill.devices = devices();
  bill.levels = levels(bill.devices);
  for (const BilledDevice& device : bill.devices)
    if (!device.replaced) bill.until = std::min(bill.until.value_or(device.until), device.until);
  if (!bill.until) return bill;
  for (Time month = window_start(Period::month, *bill.until); bill.missing.size() < kMostMissing;
       month = window_end(Period::month, month)) {
    if (window_end(Period::month, month) > now || (end && month >= *end)) break;
    bill.missing.push_back(month);
  }
  return bill;
}

}  // namespace lic
