#include "issue/issuer.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestText = 1000;
constexpr std::int64_t kMostMonths = 1200;
constexpr std::int64_t kMostSeats = 1'000'000;

Error invalid(std::string message, std::string hint = {}) {
  return error(Errc::invalid_input, std::move(message), std::move(hint));
}

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.size() > kLongestText) return invalid(concat(what, " is longer than ", kLongestText, " bytes"));
  if (!is_utf8(text)) return invalid(concat(what, " ", in_quotes(text), " is not UTF-8"));
  return {};
}

Result<void> check_texts(const LicenseRequest& request) {
  if (request.customer.name.empty()) return invalid("the customer's name is empty");
  LIC_TRY(check_text("the customer's name", request.customer.name));
  LIC_TRY(check_text("the e-mail address", request.customer.email));
  LIC_TRY(check_text("the order", request.order));
  for (const auto& [name, value] : request.metadata) {
    if (!is_name(name)) return invalid(concat("metadata name ", in_quotes(name), " is not a name"));
    LIC_TRY(check_text("metadata", value));
  }
  if (!request.customer.email.empty() && !is_email(request.customer.email))
    return invalid(concat(in_quotes(request.customer.email), " is not an e-mail address"));
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

Result<void> check_plan_rules(const Plan& plan, const LicenseRequest& request) {
  if (!plan.email_domains.empty() && !email_matches(request.customer.email, plan.email_domains)) {
    std::string domains;
    for (const auto& domain : plan.email_domains) domains += (domains.empty() ? "" : ", ") + domain;
    return invalid(request.customer.email.empty()
                       ? concat("plan ", plan.id, " needs the customer's e-mail address")
                       : concat("plan ", plan.id, " is not for ", in_quotes(request.customer.email)),
                   concat("it is for addresses at ", domains));
  }
  if (plan.machine_bound && plan.kind != Kind::free && request.machines.empty())
    return invalid(concat("plan ", plan.id, " is bound to machines and none is given"),
                   "give --machine with what the customer's licctl --machine-id prints");
  return {};
}

Result<std::optional<Time>> end_of(const Plan& plan, const LicenseRequest& request, Time start) {
  const int given = (request.months ? 1 : 0) + (request.expires_at ? 1 : 0) + (request.perpetual ? 1 : 0);
  if (given > 1) return error(Errc::usage, "months, an end and perpetual exclude one another");
  if (request.perpetual) return std::optional<Time>{};
  if (request.expires_at) {
    if (*request.expires_at <= start)
      return invalid(
          concat("the end ", format_time(*request.expires_at), " is not after the start ", format_time(start)));
    return request.expires_at;
  }
  if (request.months && (*request.months < 1 || *request.months > kMostMonths))
    return invalid(concat("months must be from 1 to ", kMostMonths, ", not ", *request.months));
  const bool ends = request.months || plan.months || plan.days;
  const auto end = request.months ? add_months(start, *request.months) : plan_end(plan, start);
  if (ends && !end) return invalid("the license would end past the year 9999");
  return end;
}

/// `changes` over `base`: replaced where the name is there, else added.
template <class Named>
Named merged(Named base, const Named& changes) {
  for (const auto& change : changes) {
    const auto same = std::find_if(base.begin(), base.end(), [&](const auto& e) { return e.first == change.first; });
    if (same == base.end()) {
      base.push_back(change);
    } else {
      same->second = change.second;
    }
  }
  return base;
}

/// Adds one to a big-endian number. False when it wraps around.
bool increment(Bytes& number) {
  return std::any_of(number.rbegin(), number.rend(), [](std::uint8_t& byte) { return ++byte != 0; });
}

}  // namespace

std::string UlidSource::next(Time now) {
  constexpr std::size_t kRandomSize = 10;
  const auto millisecond = static_cast<std::uint64_t>(now.time_since_epoch().count()) * 1000;
  if (last_random_.empty() || millisecond != last_millisecond_ || !increment(last_random_)) {
    last_millisecond_ = millisecond;
    last_random_ = random_bytes(kRandomSize);
  }
  // 130 bits of base32 for 128: two zero bits in front, as the ULID text form has them.
  Bytes padded{0, 0, 0, 0};
  for (int shift = 40; shift >= 0; shift -= 8) padded.push_back(static_cast<std::uint8_t>(millisecond >> shift));
  padded.insert(padded.end(), last_random_.begin(), last_random_.end());
  return base32_encode(padded).substr(6);  // 160 bits are 32 symbols, the last 26 of them the ULID
}

Envelope sign_document(DocumentKind kind, std::string_view payload, const SigningKey& key) {
  const Bytes message = pre_authentication_encoding(payload_type(kind), view_bytes(payload));
  const Signature signature = key.sign(message);
  return Envelope::of(kind, Bytes(payload.begin(), payload.end()),
                      {{key.public_key().id(), Bytes(signature.begin(), signature.end())}});
}

Result<Terms> terms_for(const Catalog& catalog, const LicenseRequest& request, Time now) {
  LIC_TRY(check_texts(request));
  LIC_TRY_ASSIGN(const Plan* plan, find_plan(catalog, request.plan));
  LIC_TRY(check_plan_rules(*plan, request));
  Terms terms;
  terms.product = catalog.product;
  terms.plan = plan->id;
  terms.kind = request.perpetual && plan->kind == Kind::subscription ? Kind::perpetual : plan->kind;
  terms.customer = request.customer;
  terms.issued_at = now;
  terms.starts_at = request.starts_at.value_or(now);
  LIC_TRY_ASSIGN(terms.expires_at, end_of(*plan, request, terms.starts_at));
  terms.grace_days = plan->grace_days;
  terms.features = merged(plan->features, request.features);
  terms.limits = merged(plan->limits, request.limits);
  terms.seats = request.seats.value_or(plan->seats);
  if (terms.seats < 1 || terms.seats > kMostSeats)
    return invalid(concat("seats must be from 1 to ", kMostSeats, ", not ", terms.seats));
  if (request.machines.size() > static_cast<std::size_t>(terms.seats))
    return invalid(concat(request.machines.size(), " machines are named, but the license has ", terms.seats,
                          terms.seats == 1 ? " seat" : " seats"));
  terms.machines = request.machines;
  terms.order = request.order;
  terms.metadata = request.metadata;
  return terms;
}

}  // namespace lic
