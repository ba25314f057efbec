#include "base/json.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "client/status_json.hpp"

namespace lic {
namespace {

json::Value limits_json(const Limits& limits) {
  json::Object out;
  for (const auto& [name, limit] : limits) {
    json::Object entry{{"max", json::number_or_null(limit.max)}};
    if (limit.per) entry.emplace_back("per", json::Value(std::string(token(*limit.per))));
    out.emplace_back(name, json::Value(std::move(entry)));
  }
  return json::Value(std::move(out));
}

}  // namespace

/// The readable part of license_data.json (docs/formats.md, 6).
json::Object Installation::summary_json(Time now) const {
  const Status status = standing_.status_at(now, standing_.decision_at(now));
  const Customer& customer = status.customer;
  return {
      {"product", json::Value(standing_.info.id)},
      {"license_key", json::text_or_null(status.license_key)},
      {"license_type", json::text_or_null(status.plan)},
      {"kind", kind_json(status.kind)},
      {"activated", json::Value(standing_.license.has_value())},
      {"activation_date", json::time_or_null(status.activated_at)},
      {"expires", json::time_or_null(status.expires)},
      {"features", features_json(status.features)},
      {"limits", limits_json(status.limits)},
      {"customer_id", json::text_or_null(customer.email.empty() ? customer.name : customer.email)},
      {"machine_id", json::Value(standing_.fingerprint)},
      {"source", json::Value(std::string(token(status.source)))},
      {"verified_at", json::time_or_null(status.verified_at)},
  };
}

}  // namespace lic
