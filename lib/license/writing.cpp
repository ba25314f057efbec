/// Documents as the vendor writes them: in licgen alone, as signing is.

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

void write_time(json::ObjectWriter& object, std::string_view name, const std::optional<Time>& time) {
  time ? object.text(name, format_time(*time)) : object.null(name);
}

void write_feature(std::string& out, const FeatureValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) out += *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) out += std::to_string(*number);
  if (const auto* word = std::get_if<std::string>(&value)) json::append_string(out, *word);
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) json::append_strings(out, *words);
}

void write_limit(std::string& out, const Limit& limit) {
  json::ObjectWriter object(out);
  limit.max ? object.number("max", *limit.max) : object.null("max");
  if (limit.per) object.text("per", token(*limit.per));
  if (limit.overage != 0) object.number("overage", limit.overage);
}

void write_machine(std::string& out, const MachineBinding& binding) {
  json::ObjectWriter object(out);
  object.number("match", binding.match);
  json::ObjectWriter facts(object.member("facts"));
  for (const auto& [name, digests] : binding.facts)
    digests.size() == 1 ? facts.text(name, digests.front()) : json::append_strings(facts.member(name), digests);
}

void write_machines(std::string& out, const std::vector<MachineBinding>& machines) {
  out += '[';
  for (const MachineBinding& binding : machines) {
    if (&binding != machines.data()) out += ',';
    write_machine(out, binding);
  }
  out += ']';
}

/// What a reader must refuse who does not know it.
std::vector<std::string> critical_members(const Terms& terms) {
  std::vector<std::string> names;
  if (terms.suspended_at) names.emplace_back("suspended_at");
  if (terms.activation) names.emplace_back("activation");
  if (!terms.allows_virtual) names.emplace_back("virtual");
  return names;
}

void write_identity(json::ObjectWriter& object, const Terms& terms) {
  object.text("id", terms.id);
  object.number("serial", terms.serial);
  object.text("product", terms.product);
  object.text("key", terms.key);
  object.text("plan", terms.plan);
  object.text("kind", token(terms.kind));
  json::ObjectWriter customer(object.member("customer"));
  customer.text("name", terms.customer.name);
  customer.text("email", terms.customer.email);
}

void write_times(json::ObjectWriter& object, const Terms& terms) {
  write_time(object, "issued_at", terms.issued_at);
  write_time(object, "starts_at", terms.starts_at);
  write_time(object, "expires_at", terms.expires_at);
  object.number("grace_days", terms.grace_days);
  write_time(object, "maintenance_until", terms.maintenance_until);
  if (terms.suspended_at) write_time(object, "suspended_at", terms.suspended_at);
}

template <class Named, class Write>
void write_named(std::string& out, const Named& named, Write write) {
  json::ObjectWriter object(out);
  for (const auto& [name, value] : named) write(object.member(name), value);
}

void write_terms(std::string& out, const Terms& terms) {
  json::ObjectWriter object(out);
  object.number("v", 1);
  if (const auto names = critical_members(terms); !names.empty()) json::append_strings(object.member("crit"), names);
  write_identity(object, terms);
  write_times(object, terms);
  write_named(object.member("features"), terms.features, write_feature);
  write_named(object.member("limits"), terms.limits, write_limit);
  object.number("seats", terms.seats);
  if (!terms.allows_virtual) object.member("virtual") += "false";  // absent says the same as true, to every version
  write_machines(object.member("machines"), terms.machines);
  if (terms.activation) {
    json::ObjectWriter activation(object.member("activation"));
    activation.text("request", terms.activation->request);
    activation.text("receipt_hash", terms.activation->receipt_hash);
  }
  terms.order.empty() ? object.null("order") : object.text("order", terms.order);
  write_named(object.member("metadata"), terms.metadata, json::append_string);
}

}  // namespace

std::string Envelope::to_json() const {
  constexpr std::size_t kFrame = 384;  // about what stands around the payload
  std::string out;
  out.reserve(payload_.size() / 3 * 4 + kFrame);
  out += R"({"payloadType":)";
  json::append_string(out, type_);
  out += concat(R"(,"payload":")", base64_encode(payload_), R"(","signatures":[)");
  for (const auto& entry : signatures_) {
    out += &entry == signatures_.data() ? R"({"keyid":)" : R"(,{"keyid":)";
    json::append_string(out, entry.claimed.hex());
    out += concat(R"(,"sig":")", base64_encode(entry.signature), R"("})");
  }
  out += ']';
  const auto again = [](const std::string& text) { return nlohmann::ordered_json::parse(text).dump(); };
  if (!carried_product_.empty()) out += concat(R"(,"product":)", again(carried_product_));
  for (const auto& file : before_) out += concat(&file == before_.data() ? R"(,"before":[)" : ",", again(file));
  if (!before_.empty()) out += ']';
  out += '}';
  return out;
}

std::string Terms::to_json() const {
  constexpr std::size_t kUsual = 1024;
  std::string out;
  out.reserve(kUsual);
  write_terms(out, *this);
  return out;
}

}  // namespace lic
