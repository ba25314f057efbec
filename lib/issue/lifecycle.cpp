#include "issue/lifecycle.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "issue/rules.hpp"

namespace lic {
namespace {

Terms next_of(const Terms& terms, Time now) {
  Terms next = terms;
  ++next.serial;
  next.issued_at = std::max(now, terms.issued_at);  // never before the file that it follows
  return next;
}

/// `end` and so many months, by the calendar day on which it all began: the
/// multiple of months that led from `start` to `end`, and these more.
std::optional<Time> months_on(Time start, Time end, std::int64_t months) {
  using std::chrono::floor, std::chrono::days, std::chrono::year_month_day;
  const year_month_day from{floor<days>(start)};
  const year_month_day to{floor<days>(end)};
  const auto passed = (to.year() / to.month() - from.year() / from.month()).count();
  if (add_months(start, passed) == end) return add_months(start, passed + months);
  return add_months(end, months);
}

/// How long a renewal without a period runs: the plan's months, or its days.
Result<Time> end_by_renewing(const Terms& terms, const Catalog& catalog, Time from) {
  LIC_TRY_ASSIGN(const Plan* plan, find_plan(catalog, terms.plan));
  std::optional<Time> end;
  if (plan->months) {
    end = months_on(terms.starts_at, from, *plan->months);
  } else if (plan->days) {
    end = plan_end(*plan, from);
  } else {
    return error(Errc::invalid_input, concat("plan ", plan->id, " has no duration to renew by"),
                 "say how long: --months N or --expires DATE");
  }
  if (!end) return error(Errc::invalid_input, "the license would end past the year 9999");
  return *end;
}

Result<Time> later(Time until, Time present, std::string_view what) {
  if (until > present) return until;
  return error(Errc::invalid_input,
               concat(what, " ", format_time(until), " is not later than the present one, ", format_time(present)),
               "a renewal never shortens a license: licgen change does");
}

Result<Time> renewed_end(const Terms& terms, const Catalog& catalog, const RenewalRequest& request, Time now) {
  if (request.until) return later(*request.until, *terms.expires_at, "the end");
  const Time from = std::max(*terms.expires_at, now);
  if (!request.months) return end_by_renewing(terms, catalog, from);
  LIC_TRY(end_after(from, *request.months));
  if (const auto end = months_on(terms.starts_at, from, *request.months)) return *end;
  return error(Errc::invalid_input, "the license would end past the year 9999");
}

/// The maintenance of a perpetual license.
Result<Time> renewed_maintenance(const Terms& terms, const Catalog& catalog, const RenewalRequest& request, Time now) {
  if (request.until) return later(*request.until, *terms.maintenance_until, "the end of maintenance");
  const Time from = std::max(*terms.maintenance_until, now);
  std::optional<std::int64_t> months = request.months;
  if (!months) {
    LIC_TRY_ASSIGN(const Plan* plan, find_plan(catalog, terms.plan));
    months = plan->maintenance_months;
  }
  if (!months)
    return error(Errc::invalid_input, concat("plan ", terms.plan, " has no maintenance_months to renew by"),
                 "say how long: --months N or --expires DATE");
  LIC_TRY(end_after(from, *months));
  if (const auto end = months_on(terms.starts_at, from, *months)) return *end;
  return error(Errc::invalid_input, "the maintenance would end past the year 9999");
}

void take_plan(Terms& terms, const Plan& plan) {
  terms.plan = plan.id;
  terms.kind = plan.kind;
  terms.grace_days = plan.grace_days;
  terms.features = plan.features;
  terms.limits = plan.limits;
  terms.seats = std::max<std::int64_t>(plan.seats, std::ssize(terms.machines));
  terms.allows_virtual = plan.allows_virtual;
  terms.fresh_revocations = plan.fresh_revocations;
  terms.floating = plan.floating;
  terms.transfers = plan.transfers;
}

/// The end after a change of plan or of the end itself.
Result<std::optional<Time>> changed_end(const Terms& old, const Plan* plan, const ChangeRequest& request, Time now) {
  if ((request.months ? 1 : 0) + (request.expires_at ? 1 : 0) + (request.perpetual ? 1 : 0) > 1)
    return error(Errc::usage, "months, an end and perpetual exclude one another");
  if (request.perpetual) return std::optional<Time>{};
  if (request.expires_at) {
    if (*request.expires_at <= old.starts_at)
      return error(Errc::invalid_input, concat("the end ", format_time(*request.expires_at), " is not after the start ",
                                               format_time(old.starts_at)));
    return request.expires_at;
  }
  if (request.months) {
    LIC_TRY_ASSIGN(const Time end, end_after(now, *request.months));
    return std::optional(end);
  }
  if (plan == nullptr) return old.expires_at;
  if (plan->kind == Kind::perpetual || plan->kind == Kind::free) return std::optional<Time>{};
  const auto passes = [](Kind kind) { return kind == Kind::trial || kind == Kind::free; };
  const bool keeps = !passes(old.kind) && !passes(plan->kind) && old.expires_at;
  if (keeps) return old.expires_at;
  return end_by_plan(*plan, std::max(now, old.starts_at));
}

/// Collects what differs.
class Comparison {
 public:
  void text(std::string_view member, const std::string& before, const std::string& after) {
    if (before != after) changes_.push_back({std::string(member), before, after});
  }
  void number(std::string_view member, std::int64_t before, std::int64_t after) {
    text(member, concat(before), concat(after));
  }
  void end(std::string_view member, const std::optional<Time>& before, const std::optional<Time>& after,
           std::string_view absent) {
    const auto words = [&](const std::optional<Time>& time) { return time ? format_time(*time) : std::string(absent); };
    text(member, words(before), words(after));
  }
  template <class Named, class Write>
  void named(std::string_view member, const Named& before, const Named& after, Write write) {
    const auto value_in = [&](const Named& list, const std::string& name) {
      const auto found = std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == name; });
      return found == list.end() ? std::string() : write(found->second);
    };
    for (const auto& entry : before)
      text(concat(member, '/', entry.first), write(entry.second), value_in(after, entry.first));
    for (const auto& entry : after)
      if (value_in(before, entry.first).empty()) text(concat(member, '/', entry.first), "", write(entry.second));
  }

  std::vector<TermsChange> take() { return std::move(changes_); }

 private:
  std::vector<TermsChange> changes_;
};

std::string feature_words(const FeatureValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return concat(*number);
  if (const auto* word = std::get_if<std::string>(&value)) return concat('"', *word, '"');
  std::string joined;
  for (const auto& word : std::get<std::vector<std::string>>(value)) joined += concat(joined.empty() ? "" : ", ", word);
  return concat('[', joined, ']');
}

/// Empty: not so.
std::string floating_words(const std::optional<Floating>& floating) {
  return floating ? lic::floating_words(*floating) : std::string();
}
std::string transfer_words(const std::optional<TransferAllowance>& transfers) {
  return transfers ? lic::transfer_words(*transfers) : std::string();
}

std::string machine_words(const Terms& terms) {
  if (terms.machines.empty()) return "any";
  const std::size_t count = seat_holders(terms).size();
  return count == 0 ? "none" : concat(count, count == 1 ? " machine" : " machines");
}

}  // namespace

Result<Terms> renewed(const Terms& terms, const Catalog& catalog, const RenewalRequest& request, Time now) {
  if (request.months && request.until) return error(Errc::usage, "months and an end exclude one another");
  Terms next = next_of(terms, now);
  if (terms.expires_at) {
    LIC_TRY_ASSIGN(next.expires_at, renewed_end(terms, catalog, request, now));
  } else if (terms.maintenance_until) {
    LIC_TRY_ASSIGN(next.maintenance_until, renewed_maintenance(terms, catalog, request, now));
  } else {
    return error(Errc::invalid_input, concat("license ", terms.key, " never ends: there is nothing to renew"));
  }
  return next;
}

Result<Terms> changed(const Terms& terms, const Catalog& catalog, const ChangeRequest& request, Time now) {
  Terms next = next_of(terms, now);
  const Plan* plan = nullptr;
  if (!request.plan.empty() && request.plan != terms.plan) {
    LIC_TRY_ASSIGN(plan, find_plan(catalog, request.plan));
  }
  if (request.machines) {
    next.machines = *request.machines;
    const Plan* present = catalog.find_plan(terms.plan);
    if (plan == nullptr && present != nullptr) LIC_TRY(check_plan(*present, terms.customer, !next.machines.empty()));
  }
  if (plan != nullptr) {
    LIC_TRY(check_plan(*plan, terms.customer, !next.machines.empty()));
    take_plan(next, *plan);
  }
  LIC_TRY_ASSIGN(next.expires_at, changed_end(terms, plan, request, now));
  if (!next.expires_at && next.kind == Kind::subscription) next.kind = Kind::perpetual;
  if (next.expires_at && next.kind == Kind::perpetual) next.kind = Kind::subscription;
  if (next.kind != Kind::perpetual) {
    next.maintenance_until.reset();
  } else if (plan != nullptr && plan->maintenance_months && !terms.maintenance_until) {
    LIC_TRY_ASSIGN(next.maintenance_until, end_after(now, *plan->maintenance_months));
  }
  if (request.maintenance_until && next.kind != Kind::perpetual)
    return error(Errc::invalid_input, "an end of maintenance is for a license that never ends");
  if (request.maintenance_until) next.maintenance_until = request.maintenance_until;
  next.features = merged(next.features, request.features);
  next.limits = merged(next.limits, request.limits);
  next.seats = request.seats.value_or(next.seats);
  LIC_TRY(check_seats(next.seats, next.machines.size()));
  next.allows_virtual = request.allows_virtual.value_or(next.allows_virtual);
  next.fresh_revocations = request.fresh_revocations.value_or(next.fresh_revocations);
  next.floating = request.floating.value_or(next.floating);
  next.transfers = request.transfers.value_or(next.transfers);
  LIC_TRY(check_floating(next));
  if (request.order) {
    LIC_TRY(check_text("the order", *request.order));
    next.order = *request.order;
  }
  return next;
}

Result<Terms> transferred(const Terms& terms, const Catalog& catalog, Customer customer, Time now) {
  LIC_TRY(check_customer(customer));
  // A plan that is gone from the catalogue has no rules any more.
  if (const Plan* plan = catalog.find_plan(terms.plan)) LIC_TRY(check_plan(*plan, customer, !terms.machines.empty()));
  Terms next = next_of(terms, now);
  next.customer = std::move(customer);
  return next;
}

Terms suspended(const Terms& terms, Time now) {
  Terms next = next_of(terms, now);
  next.suspended_at = now;
  return next;
}

Terms reinstated(const Terms& terms, Time now) {
  Terms next = next_of(terms, now);
  next.suspended_at.reset();
  return next;
}

MachineBinding binding_of_nobody() { return {1, {{"nobody", {"0000000000000000"}}}}; }

std::vector<MachineBinding> seat_holders(const Terms& terms) {
  std::vector<MachineBinding> holders = terms.machines;
  std::erase(holders, binding_of_nobody());
  return holders;
}

Terms bound_to(const Terms& terms, std::vector<MachineBinding> machines, Time now) {
  Terms next = next_of(terms, now);
  next.machines = std::move(machines);
  if (next.machines.empty()) next.machines.push_back(binding_of_nobody());
  return next;
}

std::string floating_words(const Floating& floating) {
  const auto count = [](std::int64_t n, std::string_view what) { return concat(n, " ", what, n == 1 ? "" : "s"); };
  const std::string held = concat("for ", count(floating.minutes, "minute"), " at a time");
  return floating.borrow_days == 0 ? held : concat(held, ", to be borrowed for ", count(floating.borrow_days, "day"));
}

std::string transfer_words(const TransferAllowance& transfers) {
  return concat(transfers.max, " per ", token(transfers.per));
}

std::vector<TermsChange> differences(const Terms& before, const Terms& after) {
  Comparison comparison;
  comparison.text("plan", before.plan, after.plan);
  comparison.text("kind", std::string(token(before.kind)), std::string(token(after.kind)));
  comparison.text("customer/name", before.customer.name, after.customer.name);
  comparison.text("customer/email", before.customer.email, after.customer.email);
  comparison.end("starts_at", before.starts_at, after.starts_at, "");
  comparison.end("expires_at", before.expires_at, after.expires_at, "never");
  comparison.number("grace_days", before.grace_days, after.grace_days);
  comparison.end("maintenance_until", before.maintenance_until, after.maintenance_until, "");
  comparison.end("suspended_at", before.suspended_at, after.suspended_at, "");
  comparison.number("seats", before.seats, after.seats);
  if (before.machines != after.machines) comparison.text("machines", machine_words(before), machine_words(after));
  comparison.text("virtual", before.allows_virtual ? "true" : "false", after.allows_virtual ? "true" : "false");
  comparison.text("fresh_revocations", before.fresh_revocations ? "true" : "false",
                  after.fresh_revocations ? "true" : "false");
  comparison.text("floating", floating_words(before.floating), floating_words(after.floating));
  comparison.text("transfers", transfer_words(before.transfers), transfer_words(after.transfers));
  comparison.named("features", before.features, after.features, feature_words);
  comparison.named("limits", before.limits, after.limits, limit_words);
  comparison.text("order", before.order, after.order);
  return comparison.take();
}

}  // namespace lic
