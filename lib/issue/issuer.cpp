#include "issue/issuer.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"
#include "crypto/random.hpp"
#include "issue/rules.hpp"

namespace lic {
namespace {

Error invalid(TextView message) { return error(Errc::invalid_input, message); }

Result<void> check_texts(const LicenseRequest& request) {
  LIC_TRY(check_customer(request.customer));
  LIC_TRY(check_text("the order", request.order));
  for (const auto& [name, value] : request.metadata) {
    if (!is_name(name)) return invalid(concat("metadata name ", in_quotes(name), " is not a name"));
    LIC_TRY(check_text("metadata", value));
  }
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
  if (!request.months) return end_by_plan(plan, start);
  LIC_TRY_ASSIGN(const Time end, end_after(start, *request.months));
  return std::optional(end);
}

/// Up to when a license that never ends covers new releases; absent: for ever.
Result<std::optional<Time>> maintenance_of(const Plan& plan, const LicenseRequest& request, const Terms& terms) {
  if (request.maintenance_until && terms.kind != Kind::perpetual)
    return invalid("an end of maintenance is for a license that never ends");
  if (request.maintenance_until) return request.maintenance_until;
  if (terms.kind != Kind::perpetual || !plan.maintenance_months) return std::optional<Time>{};
  LIC_TRY_ASSIGN(const Time end, end_after(terms.starts_at, *plan.maintenance_months));
  return std::optional(end);
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

bool is_ulid(std::string_view text) noexcept {
  return text.size() == kUlidSize && text.find_first_not_of(kBase32Alphabet) == std::string_view::npos;
}

Envelope sign_document(DocumentKind kind, std::string_view payload, const SigningKey& key) {
  const Bytes message = pre_authentication_encoding(payload_type(kind), view_bytes(payload));
  const Signature signature = key.sign(message);
  return Envelope::of(kind, Bytes(payload.begin(), payload.end()),
                      {{key.public_key().id(), Bytes(signature.begin(), signature.end())}});
}

std::string document_digest(std::string_view document) { return hex_encode(bulk_sha256(view_bytes(document))); }

Result<Terms> terms_for(const Catalog& catalog, const LicenseRequest& request, Time now) {
  LIC_TRY(check_texts(request));
  LIC_TRY_ASSIGN(const Plan* plan, find_plan(catalog, request.plan));
  LIC_TRY(check_plan(*plan, request.customer, !request.machines.empty()));
  Terms terms;
  terms.product = catalog.id;
  terms.plan = plan->id;
  terms.kind = request.perpetual && plan->kind == Kind::subscription ? Kind::perpetual : plan->kind;
  terms.customer = request.customer;
  terms.issued_at = now;
  terms.starts_at = request.starts_at.value_or(now);
  LIC_TRY_ASSIGN(terms.expires_at, end_of(*plan, request, terms.starts_at));
  if (terms.expires_at && terms.kind == Kind::perpetual) terms.kind = Kind::subscription;
  terms.grace_days = plan->grace_days;
  LIC_TRY_ASSIGN(terms.maintenance_until, maintenance_of(*plan, request, terms));
  terms.features = merged(plan->features, request.features);
  terms.limits = merged(plan->limits, request.limits);
  terms.seats = request.seats.value_or(plan->seats);
  LIC_TRY(check_seats(terms.seats, request.machines.size()));
  terms.machines = request.machines;
  terms.allows_virtual = request.allows_virtual.value_or(plan->allows_virtual);
  terms.fresh_revocations = request.fresh_revocations.value_or(plan->fresh_revocations);
  terms.floating = request.floating.value_or(plan->floating);
  terms.transfers = request.transfers.value_or(plan->transfers);
  LIC_TRY(check_floating(terms));
  terms.order = request.order;
  terms.metadata = request.metadata;
  return terms;
}

}  // namespace lic
