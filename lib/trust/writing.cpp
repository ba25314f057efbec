/// Documents as the vendor writes them: in licgen alone, as signing is.

#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "trust/clock_reset.hpp"
#include "trust/lease.hpp"
#include "trust/product.hpp"
#include "trust/revocations.hpp"

namespace lic {
namespace {

nlohmann::ordered_json key_json(const PublicKey& key) { return {{"keyid", key.id().hex()}, {"public", key.base64()}}; }

nlohmann::ordered_json time_json(const std::optional<Time>& time) {
  return time ? nlohmann::ordered_json(format_time(*time)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json facts_json(const FactDigests& facts) {
  auto out = nlohmann::ordered_json::object();
  for (const auto& [name, digests] : facts) {
    if (digests.size() == 1) {
      out[name] = digests.front();
    } else {
      out[name] = digests;
    }
  }
  return out;
}

}  // namespace

std::string product_payload(std::string_view catalog_json, std::string_view id, Time issued_at, std::int64_t version,
                            const std::vector<PublicKey>& roots, std::int64_t threshold,
                            const std::vector<TrustedKey>& keys) {
  nlohmann::ordered_json out;
  out["v"] = 1;
  out["id"] = id;
  out["issued_at"] = format_time(issued_at);
  out["version"] = version;
  auto& roots_out = out["roots"] = nlohmann::ordered_json::array();
  for (const auto& root : roots) roots_out.push_back(key_json(root));
  out["threshold"] = threshold;
  auto& keys_out = out["keys"] = nlohmann::ordered_json::array();
  for (const auto& trusted : keys) {
    auto& entry = keys_out.emplace_back(key_json(trusted.key));
    auto& roles = entry["roles"] = nlohmann::ordered_json::array();
    for (const Role role : trusted.roles) roles.push_back(token(role));
    entry["not_before"] = time_json(trusted.not_before);
    entry["not_after"] = time_json(trusted.not_after);
  }
  // The vendor's words come last and cannot stand in for a member above.
  const auto catalog = nlohmann::ordered_json::parse(catalog_json);
  for (const auto& [name, member] : catalog.items())
    if (!out.contains(name)) out[name] = member;
  return out.dump();
}

std::string RevocationList::to_json() const {
  nlohmann::ordered_json out;
  out["v"] = 1;
  out["id"] = id;
  out["product"] = product;
  out["seq"] = seq;
  out["issued_at"] = format_time(issued_at);
  out["next_update"] = format_time(next_update);
  auto& listed = out["entries"] = nlohmann::ordered_json::array();
  for (const auto& entry : entries)
    listed.push_back({{"id", entry.id}, {"reason", entry.reason}, {"revoked_at", format_time(entry.revoked_at)}});
  return out.dump();
}

std::string ClockReset::to_json() const {
  const nlohmann::ordered_json out = {
      {"v", 1},     {"id", id},           {"product", product}, {"issued_at", format_time(issued_at)},
      {"key", key}, {"code", code.text()}};
  return out.dump();
}

std::string ServerAnswer::to_json() const {
  nlohmann::ordered_json out = {
      {"v", 1},           {"id", id},      {"product", product}, {"issued_at", format_time(issued_at)},
      {"action", action}, {"nonce", nonce}};
  if (!key_hash.empty()) out["key_hash"] = key_hash;
  if (machine) out["machine"] = {{"match", machine->match}, {"facts", facts_json(machine->facts)}};
  out["verdict"] = token(verdict);
  if (lease)
    out["lease"] = {{"id", lease->id},
                    {"license", lease->license},
                    {"serial", lease->serial},
                    {"refresh_at", format_time(lease->refresh_at)},
                    {"expires_at", format_time(lease->expires_at)}};
  if (trial) out["trial"] = {{"key", trial->key}, {"plan", trial->plan}, {"starts_at", format_time(trial->starts_at)}};
  if (denial) {
    out["denial"] = {{"reason", token(denial->reason)}};
    if (denial->retry_at) out["denial"]["retry_at"] = format_time(*denial->retry_at);
    if (denial->queue) out["denial"]["queue"] = *denial->queue;
  }
  if (usage_seq) out["usage_seq"] = *usage_seq;
  return out.dump();
}

}  // namespace lic
