#include "client/status_json.hpp"

#include <algorithm>

namespace lic {
namespace {

json::Value text(std::string_view value) { return json::text_or_null(std::string(value)); }

json::Value customer_json(const Customer& customer) {
  if (customer.name.empty() && customer.email.empty()) return {};
  return json::Value(
      json::Object{{"name", json::text_or_null(customer.name)}, {"email", json::text_or_null(customer.email)}});
}

json::Value next_json(const NextStep& next) {
  if (next.action.empty()) return {};
  return json::Value(json::Object{{"action", json::Value(next.action)}, {"url", json::text_or_null(next.url)}});
}

json::Value revoked_json(const std::optional<RevokedInfo>& revoked) {
  if (!revoked) return {};
  json::ObjectBuilder out;
  out.time("at", revoked->at).string_or_null("reason", revoked->reason);
  return out.take();
}

/// `{"seq", "issued_at", "next_update", "stale"}`, null where there is none.
json::Value revocation_list_json(const std::optional<RevocationListInfo>& list, Time now) {
  if (!list) return {};
  json::ObjectBuilder out;
  out.integer("seq", list->seq).time("issued_at", list->issued_at).time("next_update", list->next_update);
  out.boolean("stale", now >= list->next_update);
  return out.take();
}

/// `{"server", "granted_at", "refresh_at", "expires_at"}`, null where there is none.
json::Value lease_json(const std::optional<LeaseInfo>& lease) {
  if (!lease) return {};
  json::ObjectBuilder out;
  out.string("server", lease->server).time("granted_at", lease->granted_at);
  out.time("refresh_at", lease->refresh_at).time("expires_at", lease->expires_at);
  return out.take();
}

/// `{"status", "at"}`, null where there is none.
json::Value denied_json(const std::optional<DenialInfo>& denied) {
  if (!denied) return {};
  json::ObjectBuilder out;
  out.string("status", token(denied->reason)).time("at", denied->at);
  return out.take();
}

json::Value one_usage_json(const LimitUsage& usage) {
  json::Object out{{"max", json::number_or_null(usage.limit.max)},
                   {"per", text(usage.limit.per ? token(*usage.limit.per) : std::string_view())}};
  if (usage.limit.overage != 0) out.emplace_back("overage", json::Value(usage.limit.overage));
  out.emplace_back("used", json::Value(usage.used));
  out.emplace_back("left", json::number_or_null(usage.left));
  out.emplace_back("resets", json::time_or_null(usage.resets));
  return json::Value(std::move(out));
}

}  // namespace

json::Value feature_json(const FeatureValue& value) {
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) return json::list_of(*words);
  if (const auto* on = std::get_if<bool>(&value)) return json::Value(*on);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return json::Value(*number);
  return json::Value(std::get<std::string>(value));
}

json::Value features_json(const Features& features) {
  json::Object out;
  for (const auto& [name, value] : features) out.emplace_back(name, feature_json(value));
  return json::Value(std::move(out));
}

json::Value floating_json(const std::optional<Floating>& floating) {
  if (!floating) return {};
  json::ObjectBuilder out;
  out.integer("minutes", floating->minutes).integer("borrow_days", floating->borrow_days);
  return out.take();
}

json::Value kind_json(std::optional<Kind> kind) { return text(kind ? token(*kind) : std::string_view()); }

json::Value usage_json(const Usage& usage) {
  json::Object out;
  for (const auto& [name, used] : usage) out.emplace_back(name, one_usage_json(used));
  return json::Value(std::move(out));
}

std::string status_json(const Status& status, std::string_view machine_id) {
  return json::dump(json::Value(json::Object{
      {"status", text(token(status.decision.reason))},
      {"license_key", json::text_or_null(status.license_key)},
      {"plan", json::text_or_null(status.plan)},
      {"plan_name", json::text_or_null(status.plan_name)},
      {"kind", kind_json(status.kind)},
      {"customer", customer_json(status.customer)},
      {"starts", json::time_or_null(status.starts)},
      {"expires", json::time_or_null(status.expires)},
      {"maintenance_until", json::time_or_null(status.maintenance_until)},
      {"days_remaining", json::number_or_null(status.decision.days_left)},
      {"activation_date", json::time_or_null(status.activated_at)},
      {"features", features_json(status.features)},
      {"limits", usage_json(status.usage)},
      {"seats", json::number_or_null(status.seats == 0 ? std::nullopt : std::optional(status.seats))},
      {"floating", floating_json(status.floating)},
      {"machine_id", text(machine_id)},
      {"source", text(status.source == Source::none ? std::string_view() : token(status.source))},
      {"verified_at", json::time_or_null(status.verified_at)},
      {"latest_time", json::time_or_null(status.latest_time)},
      {"revoked", revoked_json(status.revoked)},
      {"revocation_list",
       revocation_list_json(status.revocations, std::max(status.at, status.latest_time.value_or(status.at)))},
      {"lease", lease_json(status.lease)},
      {"denied", denied_json(status.denied)},
      {"next", next_json(status.next)},
      {"obstacle", json::text_or_null(status.obstacle)},
      {"warnings", json::list_of(status.warnings)},
  }));
}

}  // namespace lic
