#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "client/installation.hpp"

namespace lic {
namespace {

using nlohmann::ordered_json;

ordered_json optional_text(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json optional_time(const std::optional<Time>& time) {
  return time ? ordered_json(format_time(*time)) : ordered_json(nullptr);
}

ordered_json limits_json(const Limits& limits) {
  auto out = ordered_json::object();
  for (const auto& [name, limit] : limits) {
    out[name]["max"] = limit.max ? ordered_json(*limit.max) : ordered_json(nullptr);
    if (limit.per) out[name]["per"] = token(*limit.per);
  }
  return out;
}

ordered_json features_json(const Features& features) {
  auto out = ordered_json::object();
  for (const auto& [name, value] : features)
    out[name] = std::visit([](const auto& v) { return ordered_json(v); }, value);
  return out;
}

}  // namespace

/// The readable part of license_data.json (docs/formats.md, 6).
std::string Installation::summary_json(Time now) const {
  const Status status = standing_.status_at(now, standing_.decision_at(now));
  ordered_json out;
  out["product"] = standing_.info.id;
  out["license_key"] = optional_text(status.license_key);
  out["license_type"] = optional_text(status.plan);
  out["kind"] = status.kind ? ordered_json(token(*status.kind)) : ordered_json(nullptr);
  out["activated"] = standing_.license.has_value();
  out["activation_date"] = optional_time(status.activated_at);
  out["expires"] = optional_time(status.expires);
  out["features"] = features_json(status.features);
  out["limits"] = limits_json(status.limits);
  out["customer_id"] = optional_text(status.customer.email.empty() ? status.customer.name : status.customer.email);
  out["machine_id"] = standing_.fingerprint;
  out["source"] = token(status.source);
  out["verified_at"] = optional_time(status.verified_at);
  return out.dump();
}

}  // namespace lic
