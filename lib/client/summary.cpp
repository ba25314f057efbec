#include "base/json.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "client/status_json.hpp"
#include "license/limits_json.hpp"

namespace lic {

/// The readable part of license_data.json (docs/formats.md, 6).
json::Value Installation::summary_json(Time now) const {
  const Status status = standing_.status_at(now, standing_.high_water, standing_.decision_at(now));
  json::ObjectBuilder out;
  out.string("product", standing_.info->id).string_or_null("license_key", status.license_key);
  out.string_or_null("license_type", status.plan).string_or_null("kind", status.kind ? token(*status.kind) : "");
  out.boolean("activated", standing_.license.has_value());
  out.time_or_null("activation_date", status.activated_at).time_or_null("expires", status.expires);
  out.value("features", features_json(status.features)).value("limits", limits_json(status.limits));
  out.string_or_null("customer_id", status.customer.email.empty() ? status.customer.name : status.customer.email);
  out.string("machine_id", standing_.fingerprint).string("source", token(status.source));
  out.time_or_null("verified_at", status.verified_at);
  return out.take();
}

}  // namespace lic
