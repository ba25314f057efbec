#include "policy/usage.hpp"

#include <algorithm>
#include <chrono>

#include "base/json.hpp"

namespace lic {
namespace {

/// No number of ours grows past what JSON carries exactly.
std::int64_t sum_within(std::int64_t have, std::int64_t n) noexcept {
  return std::clamp<std::int64_t>(have + n, 0, json::kMaxInteger);
}

/// Of a book that may be changed, and of one that may not.
template <class Book>
auto metered_in(Book& book, std::string_view license) noexcept {
  const auto found = std::find_if(book.metered.begin(), book.metered.end(),
                                  [&](const MeteredLicense& one) { return one.license.id == license; });
  return found == book.metered.end() ? nullptr : &*found;
}

void add_to_month(std::vector<MonthCount>& months, Time start, std::int64_t n) {
  auto place = std::lower_bound(months.begin(), months.end(), start,
                                [](const MonthCount& one, Time wanted) { return one.start < wanted; });
  if (place == months.end() || place->start != start) place = months.insert(place, {start, 0});
  place->used = std::clamp(place->used + n, -json::kMaxInteger, json::kMaxInteger);
  if (place->used == 0) months.erase(place);
  if (months.size() <= kMostMonths) return;
  months[1].used = std::clamp(months[1].used + months[0].used, -json::kMaxInteger, json::kMaxInteger);
  months[1].start = months[0].start;
  months.erase(months.begin());
  if (months[0].used == 0) months.erase(months.begin());
}

std::size_t months_in_all(const UsageBook& book) noexcept {
  std::size_t count = 0;
  for (const auto& one : book.metered)
    for (const auto& [name, counted] : one.meters) count += counted.months.size();
  return count;
}

}  // namespace

const WindowCount& Counter::window(Period per) const noexcept {
  switch (per) {
    case Period::day:
      return day;
    case Period::month:
      return month;
    case Period::year:
      break;
  }
  return year;
}

Time window_start(Period per, Time now) noexcept {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date{day};
  switch (per) {
    case Period::day:
      return day;
    case Period::month:
      return sys_days{date.year() / date.month() / 1};
    case Period::year:
      break;
  }
  return sys_days{date.year() / January / 1};
}

Time window_end(Period per, Time now) noexcept {
  using namespace std::chrono;
  const year_month_day first{floor<days>(window_start(per, now))};
  switch (per) {
    case Period::day:
      return sys_days{first} + days{1};
    case Period::month:
      return sys_days{first + months{1}};
    case Period::year:
      break;
  }
  return sys_days{first + years{1}};
}

void move_on(Counter& counter, Time now) noexcept {
  const auto renew = [now](WindowCount& window, Period per) {
    const Time start = window_start(per, now);
    if (start > window.start) window = {start, 0};
  };
  renew(counter.day, Period::day);
  renew(counter.month, Period::month);
  renew(counter.year, Period::year);
}

void set_back(Counter& counter, Time now) noexcept {
  counter.day.start = std::min(counter.day.start, window_start(Period::day, now));
  counter.month.start = std::min(counter.month.start, window_start(Period::month, now));
  counter.year.start = std::min(counter.year.start, window_start(Period::year, now));
}

std::optional<std::int64_t> hard_limit(const Limit& limit) noexcept {
  if (!limit.max) return std::nullopt;
  // In hundredths, so that nothing overflows: max is at most 2^53, overage at most 1000.
  const std::int64_t hundreds = *limit.max / 100;
  const std::int64_t rest = *limit.max % 100;
  return sum_within(*limit.max, hundreds * limit.overage + rest * limit.overage / 100);
}

LimitUsage usage_of(const Limit& limit, const Counter* counter, Time now) noexcept {
  LimitUsage usage;
  usage.limit = limit;
  Counter current = counter == nullptr ? Counter{} : *counter;
  move_on(current, now);
  if (limit.per) {
    const WindowCount& window = current.window(*limit.per);
    usage.used = window.used;
    usage.resets = window_end(*limit.per, std::max(window.start, now));
  } else {
    usage.used = current.level;
  }
  if (limit.max) usage.left = std::max<std::int64_t>(0, *limit.max - usage.used);
  return usage;
}

std::int64_t available(const LimitUsage& usage) noexcept {
  return std::max<std::int64_t>(0, hard_limit(usage.limit).value_or(json::kMaxInteger) - usage.used);
}

void count(Counter& counter, const Limit& limit, std::int64_t n) noexcept {
  if (!limit.per) {
    counter.level = sum_within(counter.level, n);
    return;
  }
  for (WindowCount* window : {&counter.day, &counter.month, &counter.year}) window->used = sum_within(window->used, n);
  counter.total = sum_within(counter.total, n);
}

void uncount(Counter& counter, std::int64_t n, Time when) noexcept {
  const auto take = [&](WindowCount& window, Period per) {
    if (window.start == window_start(per, when)) window.used = sum_within(window.used, -n);
  };
  take(counter.day, Period::day);
  take(counter.month, Period::month);
  take(counter.year, Period::year);
  counter.total = sum_within(counter.total, -n);
}

void meter(UsageBook& book, const LicenseName& license, std::string_view name, const Limit& limit, std::int64_t n,
           Time when) {
  if (book.metered.empty() || book.metered.back().license.id != license.id) {
    if (MeteredLicense* known = metered_in(book, license.id)) {
      std::rotate(book.metered.begin() + (known - book.metered.data()),
                  book.metered.begin() + (known - book.metered.data()) + 1, book.metered.end());
    } else {
      book.metered.push_back({license, {}});
    }
  }
  MeteredLicense& current = book.metered.back();
  current.license = license;
  Meter& counted = current.meters.try_emplace(std::string(name)).first->second;
  counted.limit = limit;
  counted.total = sum_within(counted.total, n);
  add_to_month(counted.months, window_start(Period::month, when), n);
  while (book.metered.size() > 1 && (book.metered.size() > kMostMetered || months_in_all(book) > kMostMonthsInAll))
    book.metered.erase(book.metered.begin());
}

void unmeter(UsageBook& book, std::string_view license, std::string_view name, std::int64_t n, Time when) {
  MeteredLicense* const metered = n == 0 ? nullptr : metered_in(book, license);
  if (metered == nullptr) return;
  const auto found = metered->meters.find(name);
  if (found == metered->meters.end()) return;
  found->second.total = sum_within(found->second.total, -n);
  add_to_month(found->second.months, window_start(Period::month, when), -n);
}

const MeteredLicense* find_metered(const UsageBook& book, std::string_view license) noexcept {
  return metered_in(book, license);
}

bool mark_told(UsageBook& book, std::string_view license) noexcept {
  MeteredLicense* const metered = metered_in(book, license);
  bool told = false;
  if (metered == nullptr) return told;
  for (auto& [name, counted] : metered->meters) {
    told = told || !counted.months.empty();
    counted.months.clear();
  }
  return told;
}

}  // namespace lic
