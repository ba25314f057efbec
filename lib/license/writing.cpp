/// Documents as the vendor writes them: in licgen alone, as signing is.

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

nlohmann::ordered_json feature_json(const FeatureValue& value) {
  return std::visit([](const auto& v) { return nlohmann::ordered_json(v); }, value);
}

nlohmann::ordered_json time_json(const std::optional<Time>& time) {
  return time ? nlohmann::ordered_json(format_time(*time)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json machine_json(const MachineBinding& binding) {
  auto facts = nlohmann::ordered_json::object();
  for (const auto& [name, digests] : binding.facts) {
    if (digests.size() == 1) {
      facts[name] = digests.front();
    } else {
      facts[name] = digests;
    }
  }
  return {{"match", binding.match}, {"facts", std::move(facts)}};
}

}  // namespace

std::string Envelope::to_json() const {
  nlohmann::ordered_json out;
  out["payloadType"] = type_;
  out["payload"] = base64_encode(payload_);
  auto& signatures = out["signatures"] = nlohmann::ordered_json::array();
  for (const auto& entry : signatures_)
    signatures.push_back({{"keyid", entry.claimed.hex()}, {"sig", base64_encode(entry.signature)}});
  if (!carried_product_.empty()) out["product"] = nlohmann::ordered_json::parse(carried_product_);
  for (const auto& file : before_) out["before"].push_back(nlohmann::ordered_json::parse(file));
  return out.dump();
}

std::string Terms::to_json() const {
  nlohmann::ordered_json out;
  out["v"] = 1;
  if (suspended_at) out["crit"].push_back("suspended_at");
  if (activation) out["crit"].push_back("activation");
  if (!allows_virtual) out["crit"].push_back("virtual");
  if (fresh_revocations) out["crit"].push_back("fresh_revocations");
  if (floating) out["crit"].push_back("floating");
  out["id"] = id;
  out["serial"] = serial;
  out["product"] = product;
  out["key"] = key;
  out["plan"] = plan;
  out["kind"] = token(kind);
  out["customer"] = {{"name", customer.name}, {"email", customer.email}};
  out["issued_at"] = format_time(issued_at);
  out["starts_at"] = format_time(starts_at);
  out["expires_at"] = time_json(expires_at);
  out["grace_days"] = grace_days;
  out["maintenance_until"] = time_json(maintenance_until);
  if (suspended_at) out["suspended_at"] = format_time(*suspended_at);
  auto& features_out = out["features"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : features) features_out[name] = feature_json(value);
  auto& limits_out = out["limits"] = nlohmann::ordered_json::object();
  for (const auto& [name, limit] : limits) {
    auto& entry = limits_out[name];
    entry["max"] = limit.max ? nlohmann::ordered_json(*limit.max) : nlohmann::ordered_json(nullptr);
    if (limit.per) entry["per"] = token(*limit.per);
    if (limit.overage != 0) entry["overage"] = limit.overage;
  }
  out["seats"] = seats;
  if (!allows_virtual) out["virtual"] = false;  // absent says the same as true, to every version
  if (fresh_revocations) out["fresh_revocations"] = true;
  if (floating) out["floating"] = {{"minutes", floating->minutes}, {"borrow_days", floating->borrow_days}};
  if (transfers) out["transfers"] = {{"max", transfers->max}, {"per", token(transfers->per)}};
  auto& machines_out = out["machines"] = nlohmann::ordered_json::array();
  for (const auto& binding : machines) machines_out.push_back(machine_json(binding));
  if (activation) out["activation"] = {{"request", activation->request}, {"receipt_hash", activation->receipt_hash}};
  out["order"] = order.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(order);
  auto& metadata_out = out["metadata"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : metadata) metadata_out[name] = value;
  return out.dump();
}

}  // namespace lic
