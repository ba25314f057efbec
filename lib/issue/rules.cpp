#include "issue/rules.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestText = 1000;
constexpr std::int64_t kMostMonths = 1200;
constexpr std::int64_t kMostSeats = 1'000'000;

Error invalid(TextView message, TextView hint = {}) { return error(Errc::invalid_input, message, hint); }

}  // namespace

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.size() > kLongestText) return invalid(concat(what, " is longer than ", kLongestText, " bytes"));
  if (!is_utf8(text)) return invalid(concat(what, " ", in_quotes(text), " is not UTF-8"));
  return {};
}

Result<const Plan*> find_plan(const Catalog& catalog, std::string_view id) {
  if (const Plan* plan = catalog.find_plan(id)) return plan;
  std::vector<std::string> ids;
  std::string listed;
  for (const auto& plan : catalog.plans) {
    ids.push_back(plan.id);
    listed += (listed.empty() ? "" : ", ") + plan.id;
  }
  const std::string meant = nearest(id, ids);
  return error(Errc::not_found, concat("there is no plan ", in_quotes(id)),
               meant.empty() ? concat("the plans are ", listed) : concat("did you mean ", meant, "?"));
}

Result<void> check_plan(const Plan& plan, const Customer& customer, bool names_machines) {
  if (!plan.email_domains.empty() && !email_matches(customer.email, plan.email_domains)) {
    std::string domains;
    for (const auto& domain : plan.email_domains) domains += (domains.empty() ? "" : ", ") + domain;
    return invalid(customer.email.empty() ? concat("plan ", plan.id, " needs the customer's e-mail address")
                                          : concat("plan ", plan.id, " is not for ", in_quotes(customer.email)),
                   concat("it is for addresses at ", domains));
  }
  if (plan.machine_bound && plan.kind != Kind::free && !names_machines)
    return invalid(concat("plan ", plan.id, " is bound to machines and none is given"),
                   "give --machine with what the customer's licctl --machine-id prints");
  return {};
}

Result<void> check_customer(const Customer& customer) {
  if (customer.name.find_first_not_of(" \t\r\n") == std::string::npos) return invalid("the customer's name is empty");
  LIC_TRY(check_text("the customer's name", customer.name));
  LIC_TRY(check_text("the e-mail address", customer.email));
  if (!customer.email.empty() && !is_email(customer.email))
    return invalid(concat(in_quotes(customer.email), " is not an e-mail address"));
  return {};
}

Result<void> check_seats(std::int64_t seats, std::size_t machines) {
  if (seats < 1 || seats > kMostSeats) return invalid(concat("seats must be from 1 to ", kMostSeats, ", not ", seats));
  if (machines > static_cast<std::size_t>(seats))
    return invalid(
        concat(machines, " machines are named, but the license has ", seats, seats == 1 ? " seat" : " seats"));
  return {};
}

Result<void> check_floating(const Terms& terms) {
  if (!terms.floating) return {};
  if (!terms.machines.empty())
    return invalid("a floating license names no machines: its seats go to whichever machine asks for one",
                   "leave out --machine (of a license that names some, give --any-machine), or take a plan that does "
                   "not float");
  if (terms.transfers)
    return invalid("a floating license counts no transfers: its seats go to whichever machine asks for one",
                   "give --transfers no");
  if (terms.kind == Kind::free || terms.kind == Kind::trial)
    return invalid(concat("a license of kind ", token(terms.kind), " cannot float"), "take a plan of another kind");
  return {};
}

Result<Time> end_after(Time from, std::int64_t months) {
  if (months < 1 || months > kMostMonths)
    return invalid(concat("months must be from 1 to ", kMostMonths, ", not ", months));
  if (const auto end = add_months(from, months)) return *end;
  return invalid("the license would end past the year 9999");
}

Result<std::optional<Time>> end_by_plan(const Plan& plan, Time start) {
  const auto end = plan_end(plan, start);
  if ((plan.months || plan.days) && !end) return invalid("the license would end past the year 9999");
  return end;
}

}  // namespace lic
