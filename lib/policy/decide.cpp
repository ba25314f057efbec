#include "policy/decide.hpp"

#include <algorithm>

namespace lic {
namespace {

using std::chrono::days;

std::int64_t whole_days(Time from, Time until) { return std::chrono::floor<days>(until - from).count(); }

Reason while_it_runs(const Terms& terms, Time now) {
  if (terms.kind == Kind::free) return Reason::free;
  if (terms.kind == Kind::trial) return Reason::trial;
  return terms.expires_at && *terms.expires_at - now < kExpiringWithin ? Reason::expiring : Reason::valid;
}

/// A lease that a server granted goes on for the days of grace; one of a license that floats ends when it ends.
bool lease_holds(const Terms& terms, const Context& context, Time now) {
  const auto until = context.lease_until;
  if (!terms.floating) return !until || now < *until + days{terms.grace_days};
  return until && context.now < *until && context.now >= lease_counts_from(context.lease_from, *until);
}

Time end_of_grace(const Terms& terms) { return *terms.expires_at + days{terms.grace_days}; }

Decision judge_by_time(const Terms& terms, Time now) {
  if (now < terms.starts_at) return {Reason::not_yet_valid, {}};
  if (!terms.expires_at) return {while_it_runs(terms, now), {}};
  if (now < *terms.expires_at) return {while_it_runs(terms, now), whole_days(now, *terms.expires_at)};
  if (now < end_of_grace(terms)) return {Reason::grace, whole_days(now, end_of_grace(terms))};
  return {Reason::expired, 0};
}

}  // namespace

bool clock_moved_back(Time now, std::optional<Time> high_water) noexcept {
  return high_water && now < *high_water - kClockTolerance;
}

Decision decide(const VerifiedLicense& license, const Context& context) {
  const Terms& terms = license.terms();
  if (context.revoked) return {Reason::revoked, {}};
  if (context.denied) return {*context.denied, {}};
  if (context.suspended || terms.suspended_at) return {Reason::suspended, {}};
  if (!terms.machines.empty() && !context.machine_matches) return {Reason::wrong_machine, {}};
  if (!terms.allows_virtual && context.is_virtual) return {Reason::wrong_machine, {}};
  if (clock_moved_back(context.now, context.high_water)) return {Reason::clock_moved_back, {}};
  // It cannot be earlier than a time already seen: a clock that is an hour slow
  // neither keeps a new license from starting nor an old one from ending.
  const Time now = std::max(context.now, context.high_water.value_or(context.now));
  const Decision decision = judge_by_time(terms, now);
  if (!decision.allowed()) return decision;
  const Time fresh = revocations_hold_until(terms, context.revocations_until);
  if (terms.fresh_revocations && now >= fresh + days{terms.grace_days}) return {Reason::revocations_stale, {}};
  if (!lease_holds(terms, context, now)) return {Reason::lease_expired, {}};
  const bool newer = terms.maintenance_until && context.release_date > terms.maintenance_until;
  return newer ? Decision{Reason::version_not_covered, {}} : decision;
}

Time lease_counts_from(Time from, Time until) noexcept {
  constexpr std::chrono::seconds kLeast{120};
  constexpr int kPart = 20;
  return from - std::max(kLeast, (until - from) / kPart);
}

Time revocations_hold_until(const Terms& terms, std::optional<Time> list_until) noexcept {
  return std::max(terms.issued_at, list_until.value_or(terms.issued_at));
}

std::optional<Time> decision_holds_until(const VerifiedLicense& license, Time now) {
  const Terms& terms = license.terms();
  if (now < terms.starts_at) return terms.starts_at;
  if (!terms.expires_at) return std::nullopt;
  // days_left changes at whole days before the end, so no answer outlives a day.
  const Time end = now < *terms.expires_at ? *terms.expires_at : end_of_grace(terms);
  if (now >= end) return std::nullopt;
  const Time day_ends = end - days{whole_days(now, end)};
  const Time next = day_ends > now ? day_ends : now + std::chrono::seconds{1};
  const Time expiring = *terms.expires_at - kExpiringWithin;
  return now < expiring && expiring < next ? expiring : next;
}

}  // namespace lic
