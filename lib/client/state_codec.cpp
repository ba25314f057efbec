#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/sealed_box.hpp"
#include "client/state.hpp"
#include "client/usage_file.hpp"

namespace lic {
namespace {

constexpr std::string_view kBoxContext = "lic-state-box-v1";

json::Value object(json::Object members) { return json::Value(std::move(members)); }

json::Value pin_json(const ProductPin& pin) {
  json::Array roots;
  for (const auto& root : pin.roots) roots.emplace_back(root.base64());
  return object({
      {"product", json::Value(pin.product)},
      {"version", json::Value(pin.version)},
      {"threshold", json::Value(pin.threshold)},
      {"roots", json::Value(std::move(roots))},
      {"digest", json::Value(hex_encode(pin.digest))},
  });
}

json::Value license_json(const ActiveLicense& license) {
  return object({
      {"document", json::Value(license.document)},
      {"activated_at", json::Value(format_time(license.activated_at))},
      {"source", json::Value(license.source)},
  });
}

json::Value grant_json(const LocalGrant& grant) {
  return object({
      {"plan", json::Value(grant.plan)},
      {"key", json::Value(grant.key)},
      {"email", json::Value(grant.email)},
      {"started_at", json::Value(format_time(grant.started_at))},
  });
}

json::Value pending_json(const PendingRequest& pending) {
  return object({
      {"id", json::Value(pending.id)},
      {"key", json::Value(pending.key)},
      {"secret", json::Value(pending.secret)},
      {"document", json::Value(pending.document)},
  });
}

json::Value exchanges_json(const std::vector<Exchange>& exchanges) {
  json::Array out;
  for (const auto& exchange : exchanges)
    out.push_back(object({
        {"request", json::Value(exchange.request)},
        {"key", json::Value(exchange.key)},
        {"license", json::Value(exchange.license)},
        {"secret", json::Value(exchange.secret)},
        {"receipt", json::Value(exchange.receipt)},
    }));
  return json::Value(std::move(out));
}

json::Object content_json(const ClientState& state) {
  json::Object out{{"v", json::Value(std::int64_t{1})}};
  if (state.license) out.emplace_back("license", license_json(*state.license));
  if (state.grant) out.emplace_back("grant", grant_json(*state.grant));
  if (state.pin) out.emplace_back("pin", pin_json(*state.pin));
  if (state.high_water) out.emplace_back("high_water", json::Value(format_time(*state.high_water)));
  json::Object seen;
  for (const auto& [id, serial] : state.seen) seen.emplace_back(id, json::Value(serial));
  out.emplace_back("seen", json::Value(std::move(seen)));
  out.emplace_back("granted", json::list_of(state.granted));
  out.emplace_back("given_up", json::list_of(state.given_up));
  if (state.pending) out.emplace_back("pending", pending_json(*state.pending));
  out.emplace_back("exchanges", exchanges_json(state.exchanges));
  if (state.usage) out.emplace_back("usage", json::Value(book_json(*state.usage)));
  return out;
}

std::optional<ActiveLicense> read_license(json::Reader& content) {
  if (!content.has("license")) return std::nullopt;
  json::Reader reader(*content.member("license"), content, "license");
  return ActiveLicense{reader.string("document"), reader.time("activated_at"), reader.string("source")};
}

std::optional<LocalGrant> read_grant(json::Reader& content) {
  if (!content.has("grant")) return std::nullopt;
  json::Reader reader(*content.member("grant"), content, "grant");
  return LocalGrant{reader.string("plan"), reader.string("key"), reader.string("email"), reader.time("started_at")};
}

std::optional<PendingRequest> read_pending(json::Reader& content) {
  if (!content.has("pending")) return std::nullopt;
  json::Reader reader(*content.member("pending"), content, "pending");
  return PendingRequest{reader.string("id"), reader.string("key"), reader.string("secret"), reader.string("document")};
}

std::vector<Exchange> read_exchanges(json::Reader& content) {
  std::vector<Exchange> exchanges;
  const json::Array& listed = content.array_or_empty("exchanges");
  for (std::size_t i = 0; i < listed.size(); ++i) {
    json::Reader reader(listed[i], content, "exchanges", i);
    exchanges.push_back({reader.string("request"), reader.string("key"), reader.string("license"),
                         reader.string("secret"), reader.string("receipt")});
  }
  return exchanges;
}

std::optional<ProductPin> read_pin(json::Reader& content) {
  if (!content.has("pin")) return std::nullopt;
  json::Reader reader(*content.member("pin"), content, "pin");
  ProductPin pin;
  pin.product = reader.string("product");
  pin.version = reader.integer("version", 1, json::kMaxInteger);
  pin.threshold = reader.integer("threshold", 1, 64);
  for (const auto& text : reader.strings_or_empty("roots")) {
    if (auto key = PublicKey::from_base64(text)) {
      pin.roots.push_back(std::move(key).value());
    } else {
      reader.fault("roots", key.error().message);
    }
  }
  const auto digest = hex_decode(reader.string("digest"));
  if (digest && digest->size() == pin.digest.size()) {
    std::copy(digest->begin(), digest->end(), pin.digest.begin());
  } else {
    reader.fault("digest", "is not a BLAKE2b-256 in hex");
  }
  return pin;
}

std::optional<ClientState> read_content(const json::Value& value) {
  json::Faults faults;
  json::Reader reader(value, faults);
  ClientState state;
  static_cast<void>(reader.integer("v", 1, 1));
  state.license = read_license(reader);
  state.grant = read_grant(reader);
  state.pin = read_pin(reader);
  state.high_water = reader.optional_time("high_water");
  for (const auto& [id, serial] : reader.object_or_empty("seen"))
    if (const auto* number = serial.as_integer()) state.seen[id] = *number;
  state.granted = reader.strings_or_empty("granted");
  state.given_up = reader.strings_or_empty("given_up");
  state.pending = read_pending(reader);
  state.exchanges = read_exchanges(reader);
  if (reader.has("usage")) state.usage = read_book(json::Reader(*reader.member("usage"), reader, "usage"));
  if (!faults.empty()) return std::nullopt;
  return state;
}

const std::string* string_member(const json::Value& document, std::string_view name) {
  const json::Value* member = document.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

LoadedState unusable(StateCondition condition, std::string problem) { return {condition, {}, std::move(problem)}; }

}  // namespace

std::string encode_state(const ClientState& state, json::Object summary, const SecretBytes& secret,
                         const MachineIdentity& machine, std::string_view product) {
  return seal_document(std::move(summary), content_json(state), {secret, machine, product, kBoxContext});
}

Result<LoadedState> decode_state(std::string_view text, const SecretBytes& secret, const MachineIdentity& machine,
                                 std::string_view product) {
  const auto document = json::parse(text, "license_data.json");
  if (!document) return unusable(StateCondition::damaged, document.error().message);
  if (const auto* other = string_member(*document, "product"); other != nullptr && *other != product)
    return error(Errc::untrusted,
                 concat("license_data.json is of the product ", in_quotes(*other), ", not of ", in_quotes(product)),
                 "give the product file of that product, or another state directory with --state-dir");
  const OpenedDocument opened = open_document(*document, {secret, machine, product, kBoxContext});
  switch (opened.condition) {
    case BoxCondition::newer:
      return error(Errc::invalid_input, "license_data.json was written by a newer version of this program",
                   "use the newer version, or another state directory with --state-dir");
    case BoxCondition::foreign:
      return unusable(StateCondition::foreign, "license_data.json was sealed on another machine and copied here");
    case BoxCondition::damaged:
      return unusable(StateCondition::damaged,
                      "license_data.json does not open: it was damaged, or its state.key is another");
    case BoxCondition::intact:
    case BoxCondition::edited:
      break;
  }
  auto state = read_content(*opened.content);
  if (!state)
    return unusable(StateCondition::damaged, "license_data.json was sealed by a version that is not understood");
  if (opened.condition == BoxCondition::edited)
    return LoadedState{StateCondition::edited, std::move(*state),
                       "license_data.json was tampered with: its readable part is not what was written"};
  return LoadedState{StateCondition::intact, std::move(*state), {}};
}

}  // namespace lic
