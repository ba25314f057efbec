#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/sealed_box.hpp"
#include "client/state.hpp"
#include "client/usage_file.hpp"
#include "crypto/device_key.hpp"

namespace lic {
namespace {

constexpr std::string_view kBoxContext = "lic-state-box-v1";

json::Value pin_json(const ProductPin& pin) {
  std::vector<std::string> roots;
  for (const auto& root : pin.roots) roots.push_back(root.base64());
  json::ObjectBuilder out;
  out.string("product", pin.product).integer("version", pin.version).integer("threshold", pin.threshold);
  out.strings("roots", roots).string("digest", hex_encode(pin.digest));
  return out.take();
}

json::Value license_json(const ActiveLicense& license) {
  json::ObjectBuilder out;
  out.string("document", license.document).time("activated_at", license.activated_at).string("source", license.source);
  return out.take();
}

json::Value grant_json(const LocalGrant& grant) {
  json::ObjectBuilder out;
  out.string("plan", grant.plan).string("key", grant.key).string("email", grant.email);
  out.time("started_at", grant.started_at);
  return out.take();
}

json::Value seen_json(const std::map<std::string, std::int64_t>& seen) {
  json::ObjectBuilder out;
  for (const auto& [id, serial] : seen) out.integer(id, serial);
  return out.take();
}

json::Value pending_json(const PendingRequest& pending) {
  json::ObjectBuilder out;
  out.string("id", pending.id).string("key", pending.key).string("secret", pending.secret);
  out.string("document", pending.document);
  return out.take();
}

json::Value exchange_json(const Exchange& exchange) {
  json::ObjectBuilder out;
  out.string("request", exchange.request).string("key", exchange.key).string("license", exchange.license);
  out.string("secret", exchange.secret).string("receipt", exchange.receipt);
  return out.take();
}

json::Value list_json(const KnownList& list) {
  json::ObjectBuilder out;
  out.integer("seq", list.seq).string("digest", hex_encode(list.digest)).time("issued_at", list.issued_at);
  out.time("next_update", list.next_update).string("stamp", list.stamp);
  return out.take();
}

json::Value revocation_json(const Revocation& entry) {
  json::ObjectBuilder out;
  out.string("id", entry.id).string("reason", entry.reason).time("revoked_at", entry.revoked_at);
  return out.take();
}

json::Value device_json(const ClientState& state) {
  json::Array chains;
  for (const auto& chain : state.chains) {
    json::ObjectBuilder out;
    out.string("license", chain.license).integer("seq", chain.seq).string("digest", chain.digest).time("to", chain.to);
    chains.push_back(out.take());
  }
  json::ObjectBuilder out;
  out.string("seed", state.device_seed).array("chains", std::move(chains));
  return out.take();
}

json::Value seat_json(const OnlineSeat& seat) {
  json::ObjectBuilder out;
  out.string("key", seat.key).string("license", seat.license).string("server", seat.server);
  out.string("secret", seat.secret).string("next_secret", seat.next_secret).string("lease", seat.lease);
  out.time("granted_at", seat.granted_at).time("refresh_at", seat.refresh_at).time("expires_at", seat.expires_at);
  if (seat.taken_at != Time{}) out.time("taken_at", seat.taken_at);
  out.string("denied", seat.denied).time("denied_at", seat.denied_at);
  out.time("ask_after", seat.ask_after).time("tried_at", seat.tried_at).boolean("leaving", seat.leaving);
  return out.take();
}

json::Value content_json(const ClientState& state) {
  json::ObjectBuilder out;
  out.integer("v", 1);
  if (state.license) out.value("license", license_json(*state.license));
  if (state.grant) out.value("grant", grant_json(*state.grant));
  if (state.pin) out.value("pin", pin_json(*state.pin));
  if (state.high_water) out.time("high_water", *state.high_water);
  out.value("seen", seen_json(state.seen)).strings("granted", state.granted);
  if (!state.given_up.empty()) out.strings("given_up", state.given_up);
  if (state.pending) out.value("pending", pending_json(*state.pending));
  json::Array exchanges;
  for (const auto& exchange : state.exchanges) exchanges.push_back(exchange_json(exchange));
  out.array("exchanges", std::move(exchanges));
  if (state.usage) out.value("usage", book_json(*state.usage));
  if (state.list) out.value("revocations", list_json(*state.list));
  json::Array revoked;
  for (const auto& [id, entry] : state.revoked) revoked.push_back(revocation_json(entry));
  if (!revoked.empty()) out.array("revoked", std::move(revoked));
  if (!state.clock_code.empty()) out.string("clock_code", state.clock_code);
  if (!state.clock_resets.empty()) out.strings("clock_resets", state.clock_resets);
  if (!state.device_seed.empty()) out.value("device", device_json(state));
  json::Array seats;
  for (const auto& seat : state.seats) seats.push_back(seat_json(seat));
  if (!seats.empty()) out.array("online", std::move(seats));
  return out.take();
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

/// The member "digest".
Digest read_digest(json::Reader& reader) {
  Digest digest{};
  const auto bytes = hex_decode(reader.text("digest"));
  if (bytes && bytes->size() == digest.size()) {
    std::copy(bytes->begin(), bytes->end(), digest.begin());
  } else {
    reader.fault("digest", "is not a BLAKE2b-256 in hex");
  }
  return digest;
}

void read_device(json::Reader& content, ClientState& state) {
  if (!content.has("device")) return;
  json::Reader device(*content.member("device"), content, "device");
  state.device_seed = device.string("seed");
  const auto seed = hex_decode(state.device_seed);
  if (!seed || seed->size() != DeviceKey::kSeedSize) device.fault("seed", "is no seed in hex");
  const json::Array& chains = device.array_or_empty("chains");
  for (std::size_t i = 0; i < chains.size(); ++i) {
    json::Reader chain(chains[i], device, "chains", i);
    state.chains.push_back({chain.string("license"), chain.integer("seq", 1, json::kMaxInteger), chain.string("digest"),
                            chain.time("to")});
  }
}

std::vector<OnlineSeat> read_seats(json::Reader& content) {
  std::vector<OnlineSeat> seats;
  const json::Array& listed = content.array_or_empty("online");
  for (std::size_t i = 0; i < listed.size(); ++i) {
    json::Reader reader(listed[i], content, "online", i);
    seats.push_back({reader.string("key"), reader.string("license"), reader.string("server"), reader.string("secret"),
                     reader.string("next_secret"), reader.string("lease"), reader.time("granted_at"),
                     reader.time("refresh_at"), reader.time("expires_at"),
                     reader.has("taken_at") ? reader.time("taken_at") : Time{}, reader.string("denied"),
                     reader.time("denied_at"), reader.time("ask_after"), reader.time("tried_at"),
                     reader.boolean_or("leaving", false)});
  }
  return seats;
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
  pin.digest = read_digest(reader);
  return pin;
}

std::optional<KnownList> read_list(json::Reader& content) {
  if (!content.has("revocations")) return std::nullopt;
  json::Reader reader(*content.member("revocations"), content, "revocations");
  return KnownList{reader.integer("seq", 1, json::kMaxInteger), read_digest(reader), reader.time("issued_at"),
                   reader.time("next_update"), reader.string_or("stamp", "")};
}

std::map<std::string, Revocation> read_revoked(json::Reader& content) {
  std::map<std::string, Revocation> revoked;
  const json::Array& listed = content.array_or_empty("revoked");
  for (std::size_t i = 0; i < listed.size(); ++i) {
    json::Reader reader(listed[i], content, "revoked", i);
    Revocation entry{reader.string("id"), reader.string_or("reason", ""), reader.time("revoked_at")};
    revoked.emplace(entry.id, entry);
  }
  return revoked;
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
  state.list = read_list(reader);
  state.revoked = read_revoked(reader);
  state.clock_code = reader.string_or("clock_code", "");
  state.clock_resets = reader.strings_or_empty("clock_resets");
  read_device(reader, state);
  state.seats = read_seats(reader);
  if (!faults.empty()) return std::nullopt;
  return state;
}

const json::Text* string_member(const json::Value& document, std::string_view name) {
  const json::Value* member = document.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

/// `near_miss`: what agrees of a machine that may be this one, much changed.
std::string sealed_elsewhere(const std::string& near_miss) {
  if (near_miss.empty()) return "license_data.json was sealed on another machine and copied here";
  return concat("license_data.json was sealed on another machine, or on this one before it changed (", near_miss, ")");
}

LoadedState unusable(StateCondition condition, std::string problem) { return {condition, {}, std::move(problem)}; }

}  // namespace

std::string encode_state(const ClientState& state, const json::Value& summary, const SecretBytes& secret,
                         const MachineIdentity& machine, std::string_view product) {
  return seal_document(summary, content_json(state), secret, state.keyring_name, {machine, product, kBoxContext});
}

Result<LoadedState> decode_state(std::string_view text, const SecretSource& secret_of, const MachineIdentity& machine,
                                 std::string_view product) {
  SealedText file(text, "license_data.json");
  const OpenedDocument opened = open_document(file, secret_of, {machine, product, kBoxContext});
  // A box of this product's with a readable part to the letter as it was sealed tells all by itself.
  if (opened.condition != BoxCondition::intact || file.was_read()) {
    const auto document = file.document();
    if (!document) return unusable(StateCondition::damaged, document.error().message);
    if (const auto* other = string_member(**document, "product"); other != nullptr && *other != product)
      return error(Errc::untrusted,
                   concat("license_data.json is of the product ", in_quotes(*other), ", not of ", in_quotes(product)),
                   "give the product file of that product, or another state directory with --state-dir");
  }
  switch (opened.condition) {
    case BoxCondition::newer:
      return error(Errc::invalid_input, "license_data.json was written by a newer version of this program",
                   "use the newer version, or another state directory with --state-dir");
    case BoxCondition::foreign:
      return unusable(StateCondition::foreign, sealed_elsewhere(opened.near_miss));
    case BoxCondition::keyless:
      return unusable(StateCondition::keyless, "the key of license_data.json is in the keyring no more");
    case BoxCondition::locked:
      return Error(*opened.fault);
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
  state->keyring_name = opened.keyring_name;
  if (opened.condition == BoxCondition::edited)
    return LoadedState{StateCondition::edited, std::move(*state),
                       "license_data.json was tampered with: its readable part is not what was written"};
  return LoadedState{StateCondition::intact, std::move(*state), {}, opened.machine_changed};
}

}  // namespace lic
