#include "client/info_json.hpp"

#include "base/text.hpp"
#include "client/status_json.hpp"

namespace lic {
namespace {

using json::ObjectBuilder;

json::Value price_json(const std::optional<Price>& price) {
  if (!price) return {};
  ObjectBuilder out;
  out.string("amount", price->amount).string("currency", price->currency).string_or_null("per", price->per);
  return out.take();
}

/// As shown to a person's program: null where there is nothing. In documents that is left out
/// (license/limits_json.hpp).
json::Value shown_limits(const Limits& limits) {
  ObjectBuilder out;
  for (const auto& [name, limit] : limits) {
    ObjectBuilder one;
    one.value("max", json::number_or_null(limit.max));
    one.string_or_null("per", limit.per ? token(*limit.per) : std::string_view());
    if (limit.overage != 0) one.integer("overage", limit.overage);
    out.value(name, one.take());
  }
  return out.take();
}

json::Value transfers_json(const std::optional<TransferAllowance>& transfers) {
  if (!transfers) return {};
  ObjectBuilder out;
  out.integer("max", transfers->max).string("per", token(transfers->per));
  return out.take();
}

json::Value plan_json(const Plan& plan) {
  ObjectBuilder out;
  out.string("id", plan.id).string("name", plan.name).value("kind", kind_json(plan.kind));
  out.boolean("recommended", plan.recommended).value("price", price_json(plan.price));
  out.value("months", json::number_or_null(plan.months)).value("days", json::number_or_null(plan.days));
  out.integer("seats", plan.seats).boolean("virtual", plan.allows_virtual);
  out.value("features", features_json(plan.features)).value("limits", shown_limits(plan.limits));
  out.string("code", plan.code).integer("grace_days", plan.grace_days);
  out.value("maintenance_months", json::number_or_null(plan.maintenance_months));
  out.boolean("machine_bound", plan.machine_bound).boolean("fresh_revocations", plan.fresh_revocations);
  out.value("floating", floating_json(plan.floating)).value("transfers", transfers_json(plan.transfers));
  out.strings("email_domains", plan.email_domains).boolean("grant_by_email", plan.grant_by_email);
  return out.take();
}

/// The kernel's files may say anything.
std::string as_utf8(const std::string& text) { return is_utf8(text) ? text : printable(text); }

json::Value fact_json(const FactInfo& fact) {
  json::Array values;
  for (const auto& value : fact.values) values.emplace_back(as_utf8(value));
  ObjectBuilder out;
  out.string("name", fact.name).string("strength", fact.strong ? "strong" : "weak");
  out.boolean("present", fact.present).array("values", std::move(values)).strings("digests", fact.digests);
  out.string("source", as_utf8(fact.source)).string("note", as_utf8(fact.note));
  return out.take();
}

json::Value layer_json(const VirtualLayer& layer) {
  ObjectBuilder out;
  out.string("type", layer.container ? "container" : "virtual-machine").string("kind", layer.kind);
  out.string("source", layer.source).string("evidence", layer.evidence);
  return out.take();
}

}  // namespace

std::string plans_json(const ProductInfo& product) {
  json::Array plans;
  for (const auto& plan : product.plans) plans.push_back(plan_json(plan));
  ObjectBuilder out;
  out.string("product", product.id).string("name", product.name).array("plans", std::move(plans));
  return json::dump(out.take());
}

std::string machine_json(std::string_view machine_id, const std::vector<FactInfo>& facts,
                         const std::vector<VirtualLayer>& layers) {
  json::Array all;
  ObjectBuilder digests;
  for (const auto& fact : facts) {
    all.push_back(fact_json(fact));
    if (!fact.digests.empty()) digests.strings(fact.name, fact.digests);
  }
  json::Array around;
  for (const auto& layer : layers) around.push_back(layer_json(layer));
  ObjectBuilder sent;
  sent.string("machine_id", machine_id).value("facts", digests.take());
  ObjectBuilder out;
  out.string("machine_id", machine_id).array("facts", std::move(all)).value("sent", sent.take());
  out.array("virtual", std::move(around));
  return json::dump(out.take());
}

}  // namespace lic
