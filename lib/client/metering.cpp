#include "client/metering.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "client/without_throwing.hpp"

namespace lic {
namespace {

/// What is granted without any license counts as free.
Decision as_used(const Decision& decision) { return decision.allowed() ? decision : Decision{Reason::free, {}}; }

/// Where a license has lapsed, that is why there is no more.
Decision not_admitted(const Decision& decision) {
  const bool lapsed = !decision.allowed() && decision.reason != Reason::no_license;
  return lapsed ? decision : Decision{Reason::usage_limit_reached, {}};
}

std::string names_of(const Limits& limits) {
  std::string names;
  for (const auto& [name, limit] : limits) names += concat(names.empty() ? "" : ", ", name);
  return names;
}

Result<void> check_amount(std::int64_t n) {
  if (n >= 1 && n <= json::kMaxInteger) return {};
  return error(Errc::usage, concat(n, " is no amount to count"), "an amount is 1 or more");
}

}  // namespace

Error no_such_limit(std::string_view name, const Limits& limits) {
  return error(Errc::not_found, concat("nothing is limited under the name ", in_quotes(name)),
               limits.empty() ? "the plan has no limits" : concat("the limits of the plan are ", names_of(limits)));
}

/// What is on its way to the file: nobody uses it from memory meanwhile. Back in its place
/// when this is destroyed, unless it was settled.
class Metering::InFlight {
 public:
  explicit InFlight(Metering& metering) : metering_(metering) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() {
    const std::lock_guard guard(metering_.mutex_);
    metering_.drawn_.merge(taken_);
  }

  template <class Wanted>
  void take_if(Wanted wanted) {
    const std::lock_guard guard(metering_.mutex_);
    for (auto next = metering_.drawn_.begin(); next != metering_.drawn_.end();) {
      const auto one = next++;
      if (wanted(*one)) taken_.insert(metering_.drawn_.extract(one));
    }
  }
  [[nodiscard]] DrawnByName& taken() noexcept { return taken_; }

 private:
  Metering& metering_;
  DrawnByName taken_;
};

bool Metering::is_stale(const Drawn& drawn, Time now) const {
  if (window_start(Period::day, now) != window_start(Period::day, drawn.at)) return true;
  return interval_.count() > 0 && std::chrono::steady_clock::now() - drawn.since >= interval_;
}

std::optional<Consumption> Metering::use_drawn(std::string_view name, const Limit& limit, std::int64_t n,
                                               Decision decision, Time now) {
  if (block_ <= 1 || n < 1 || !limit.per) return std::nullopt;
  const std::lock_guard guard(mutex_);
  const auto found = drawn_.find(name);
  if (found == drawn_.end() || found->second.left < n || is_stale(found->second, now)) return std::nullopt;
  found->second.left -= n;
  return Consumption{as_used(decision), usage_without_lock(name, limit, now)};
}

Result<Consumption> Metering::draw(Installation& installation, std::string_view name, std::int64_t n) {
  LIC_TRY(check_amount(n));
  InFlight in_flight(*this);
  in_flight.take_if([&](const auto& one) { return one.first == name; });
  Drawn& drawn = in_flight.taken().try_emplace(std::string(name)).first->second;
  const Drawn before = drawn;
  Result<Consumption> result = Consumption{};
  std::int64_t counter_n = 0;  // of `n`, what can be used from memory later
  const auto change = [&](UsageBook& book, Time now) {
    const Standing& standing = installation.standing();
    const Decision decision = standing.decision_at(installation.environment().now());
    const Limit* limit = standing.limit_under(decision, name);
    if (limit == nullptr) {
      const Decision no = not_admitted(decision);
      result = no.reason == Reason::usage_limit_reached
                   ? Result<Consumption>(no_such_limit(name, standing.limits_under(decision)))
                   : Result<Consumption>(Consumption{no, {}});
      return false;
    }
    Counter& counter = book.counters.try_emplace(std::string(name)).first->second;
    move_on(counter, now);
    const bool gives_back = drawn.left > 0;
    uncount(counter, drawn.left, drawn.at);
    unmeter(book, drawn.license, name, drawn.left, drawn.at);
    drawn = {};
    const std::int64_t most = available(usage_of(*limit, &counter, now));
    const bool admitted = n <= most;
    if (admitted) {
      const std::int64_t taken = limit->per ? std::min(std::max(block_, n), most) : n;
      count(counter, *limit, taken);
      // What the free plan lets be used while the license does not hold is not billed.
      const auto license = limit->per && decision.allowed() ? installation.signed_license() : std::nullopt;
      if (license) meter(book, *license, name, *limit, taken, now);
      drawn = {taken - n, now, license ? license->id : std::string(), std::chrono::steady_clock::now()};
      if (limit->per) counter_n = n;
    }
    Counter shown = counter;
    uncount(shown, drawn.left, drawn.at);
    result = Consumption{admitted ? as_used(decision) : not_admitted(decision), usage_of(*limit, &shown, now)};
    return admitted || gives_back;
  };
  bool counted = false;
  auto changed = without_throwing([&] { return installation.change_usage(change, counted); });
  if (!changed) {
    // Never more in memory than the file has counted.
    if (counted)
      drawn.left += counter_n;
    else
      drawn = before;
    return std::move(changed).error();
  }
  know(installation.book());
  return result;
}

Result<Consumption> Metering::release(Installation& installation, std::string_view name, std::int64_t n) {
  LIC_TRY(check_amount(n));
  Result<Consumption> result = Consumption{};
  const auto change = [&](UsageBook& book, Time now) {
    const Standing& standing = installation.standing();
    const Decision decision = standing.decision_at(installation.environment().now());
    // Giving back is never refused: not after the end, nor where the plan has no such limit any more.
    const Limit* known = standing.limit_under(decision, name);
    const Limit limit = known == nullptr ? Limit{} : *known;
    const auto found = book.counters.find(name);
    if (limit.per) {
      result = error(Errc::usage, concat(in_quotes(name), " is counted per ", token(*limit.per),
                                         ": what was used of it is not given back"));
      return false;
    }
    if (found == book.counters.end() && known == nullptr) {
      result = no_such_limit(name, standing.limits_under(decision));
      return false;
    }
    const std::int64_t held = found == book.counters.end() ? 0 : found->second.level;
    if (n > held) {
      result = error(Errc::conflict,
                     concat("only ", held, " of ", in_quotes(name), " are in use, so ", n, " cannot be given back"));
      return false;
    }
    count(found->second, limit, -n);
    result = Consumption{as_used(decision), usage_of(limit, &found->second, now)};
    return true;
  };
  bool counted = false;
  LIC_TRY(installation.change_usage(change, counted));
  know(installation.book());
  return result;
}

bool Metering::has_drawn() const {
  const std::lock_guard guard(mutex_);
  return !drawn_.empty();
}

Result<void> Metering::give_back(Installation& installation, bool all) {
  const Time now = installation.standing().time_at(installation.environment().now());
  InFlight in_flight(*this);
  in_flight.take_if([&](const auto& one) { return all || is_stale(one.second, now); });
  const DrawnByName& due = in_flight.taken();
  const auto is_left = [](const auto& one) { return one.second.left > 0; };
  if (std::none_of(due.begin(), due.end(), is_left)) return {};
  bool counted = false;
  const auto change = [&](UsageBook& book, Time) {
    for (const auto& [name, drawn] : due) {
      uncount(book.counters[name], drawn.left, drawn.at);
      unmeter(book, drawn.license, name, drawn.left, drawn.at);
    }
    return true;
  };
  auto given = without_throwing([&] { return installation.change_usage(change, counted); });
  if (given || counted) in_flight.taken().clear();
  LIC_TRY(std::move(given));
  know(installation.book());
  return {};
}

void Metering::know(const UsageBook& book) noexcept {
  try {
    UsageBook copy = book;
    const std::lock_guard guard(mutex_);
    std::swap(book_, copy);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): what was known before is shown until the next time
  }
}

LimitUsage Metering::usage_without_lock(std::string_view name, const Limit& limit, Time now) const {
  const auto counted = book_.counters.find(name);
  if (counted == book_.counters.end()) return usage_of(limit, nullptr, now);
  Counter counter = counted->second;
  if (const auto found = drawn_.find(name); found != drawn_.end())
    uncount(counter, found->second.left, found->second.at);
  return usage_of(limit, &counter, now);
}

Usage Metering::usage(const Limits& limits, Time now) const {
  const std::lock_guard guard(mutex_);
  Usage usage;
  for (const auto& [name, limit] : limits) usage.emplace_back(name, usage_without_lock(name, limit, now));
  return usage;
}

}  // namespace lic
