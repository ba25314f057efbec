#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/state.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kBoxContext = "lic-state-box-v1";
constexpr std::string_view kWrapContext = "lic-state-wrap-v1";
constexpr std::string_view kWeakFacts = "weak-facts";

/// One way to unlock the box: a fact's name, and the key that the fact gives.
struct Lock {
  std::string fact;
  SecretBytes key;
};

Lock make_lock(const SecretBytes& secret, std::string_view product, std::string_view fact, std::string_view value) {
  std::string context(kWrapContext);
  for (const std::string_view part : {product, fact, value}) context += concat('\0', part);
  return {std::string(fact), derive_key(secret, context)};
}

/// A lock for each strong fact of the machine, so that one that changes does not
/// lock the user out. A machine without any is known by all its weak facts at once.
std::vector<Lock> locks_of(const SecretBytes& secret, std::string_view product, const MachineIdentity& machine) {
  std::vector<Lock> locks;
  std::string weak;
  for (const auto& [name, digests] : machine.facts()) {
    for (const auto& digest : digests) {
      if (strength_of(name) == Strength::strong) {
        locks.push_back(make_lock(secret, product, name, digest));
      } else {
        weak += concat(name, '=', digest, ';');
      }
    }
  }
  if (locks.empty()) locks.push_back(make_lock(secret, product, kWeakFacts, weak));
  return locks;
}

/// The digest of the readable part: its members without `sealed`, white space aside.
std::string summary_digest(const json::Value& document) {
  json::Object readable;
  if (const auto* members = document.as_object())
    for (const auto& member : *members)
      if (member.first != "sealed") readable.push_back(member);
  return hex_encode(blake2b(view_bytes(json::dump(json::Value(std::move(readable))))));
}

ordered_json pin_json(const ProductPin& pin) {
  auto roots = ordered_json::array();
  for (const auto& root : pin.roots) roots.push_back(root.base64());
  return {{"product", pin.product},
          {"version", pin.version},
          {"threshold", pin.threshold},
          {"roots", std::move(roots)},
          {"digest", hex_encode(pin.digest)}};
}

ordered_json machine_json(const MachineIdentity& machine) {
  auto facts = ordered_json::object();
  for (const auto& [name, digests] : machine.facts()) facts[name] = digests;
  return facts;
}

std::string content_json(const ClientState& state, const MachineIdentity& machine, std::string_view digest) {
  ordered_json out{{"v", 1}};
  if (state.license)
    out["license"] = {{"document", state.license->document},
                      {"activated_at", format_time(state.license->activated_at)},
                      {"source", state.license->source}};
  if (state.grant)
    out["grant"] = {{"plan", state.grant->plan},
                    {"key", state.grant->key},
                    {"email", state.grant->email},
                    {"started_at", format_time(state.grant->started_at)}};
  if (state.pin) out["pin"] = pin_json(*state.pin);
  if (state.high_water) out["high_water"] = format_time(*state.high_water);
  out["seen"] = state.seen;
  out["granted"] = state.granted;
  if (state.pending)
    out["pending"] = {{"id", state.pending->id},
                      {"key", state.pending->key},
                      {"secret", state.pending->secret},
                      {"document", state.pending->document}};
  auto& exchanges = out["exchanges"] = ordered_json::array();
  for (const auto& exchange : state.exchanges)
    exchanges.push_back({{"request", exchange.request},
                         {"key", exchange.key},
                         {"license", exchange.license},
                         {"secret", exchange.secret},
                         {"receipt", exchange.receipt}});
  out["machine"] = machine_json(machine);
  out["summary"] = digest;
  return out.dump();
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

/// The facts of the machine that sealed the box, as a binding to compare with.
MachineBinding read_machine(json::Reader& content) {
  MachineBinding binding;
  for (const auto& [name, value] : content.object_or_empty("machine"))
    if (const auto* digests = value.as_array())
      for (const auto& digest : *digests)
        if (const auto* text = digest.as_string()) binding.facts[name].push_back(*text);
  binding.match = std::min<int>(MachineIdentity::kDefaultMatch, static_cast<int>(binding.facts.size()));
  return binding;
}

/// Without a strong fact nothing but equality tells that it is the same machine.
bool same_machine(const MachineIdentity& machine, const MachineBinding& sealed_on) {
  return machine.matches(sealed_on) || machine.facts() == sealed_on.facts;
}

struct Content {
  ClientState state;
  MachineBinding machine;
  std::string summary;
};

std::optional<Content> read_content(std::string_view text) {
  auto value = json::parse(text, "sealed state");
  if (!value) return std::nullopt;
  json::Faults faults;
  json::Reader reader(*value, faults);
  Content content;
  static_cast<void>(reader.integer("v", 1, 1));
  content.state.license = read_license(reader);
  content.state.grant = read_grant(reader);
  content.state.pin = read_pin(reader);
  content.state.high_water = reader.optional_time("high_water");
  for (const auto& [id, serial] : reader.object_or_empty("seen"))
    if (const auto* number = serial.as_integer()) content.state.seen[id] = *number;
  content.state.granted = reader.strings_or_empty("granted");
  content.state.pending = read_pending(reader);
  content.state.exchanges = read_exchanges(reader);
  content.machine = read_machine(reader);
  content.summary = reader.string("summary");
  if (!faults.empty()) return std::nullopt;
  return content;
}

/// Opens the box with any lock of this machine that fits.
std::optional<SecretBytes> open_sealed(const json::Value& sealed, const std::vector<Lock>& locks) {
  json::Faults faults;
  json::Reader reader(sealed, faults);
  static_cast<void>(reader.integer("v", kVersion, kVersion));
  const auto box = base64_decode(reader.string("box"));
  const json::Array& wraps = reader.array("wraps");
  if (!faults.empty() || !box) return std::nullopt;
  for (const auto& entry : wraps) {
    json::Reader wrap(entry, reader, "wraps");
    const std::string fact = wrap.string("fact");
    const auto wrapped = base64_decode(wrap.string("key"));
    if (!wrapped) continue;
    for (const auto& lock : locks) {
      if (lock.fact != fact) continue;
      if (const auto key = open_box(lock.key, *wrapped, kWrapContext)) return open_box(*key, *box, kBoxContext);
    }
  }
  return std::nullopt;
}

/// Whether the readable part names another machine than this one: then a box that
/// does not open was copied here rather than damaged.
bool names_another_machine(const json::Value& document, const MachineIdentity& machine) {
  const json::Value* member = document.find("machine_id");
  const auto* text = member == nullptr ? nullptr : member->as_string();
  if (text == nullptr) return false;
  const auto named = MachineIdentity::parse(*text);
  if (!named) return false;
  MachineBinding binding{0, named->facts()};
  binding.match = std::min<int>(MachineIdentity::kDefaultMatch, static_cast<int>(binding.facts.size()));
  return !same_machine(machine, binding);
}

const std::string* string_member(const json::Value& document, std::string_view name) {
  const json::Value* member = document.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

LoadedState unusable(StateCondition condition, std::string problem) { return {condition, {}, std::move(problem)}; }

}  // namespace

std::string encode_state(const ClientState& state, std::string_view summary, const SecretBytes& secret,
                         const MachineIdentity& machine, std::string_view product) {
  auto document = ordered_json::parse(summary);
  // Digested as our own reader will see it, so that both sides agree to the letter.
  const auto readable = json::parse(document.dump(), "summary");
  const std::string digest = summary_digest(readable.value_or(json::Value{}));

  const SecretBytes key = random_secret(kBoxKeySize);
  auto wraps = ordered_json::array();
  for (const auto& lock : locks_of(secret, product, machine))
    wraps.push_back({{"fact", lock.fact}, {"key", base64_encode(seal_box(lock.key, key.view(), kWrapContext))}});
  const std::string content = content_json(state, machine, digest);
  document["sealed"] = {
      {"v", 1}, {"wraps", std::move(wraps)}, {"box", base64_encode(seal_box(key, view_bytes(content), kBoxContext))}};
  return document.dump(2) + "\n";
}

Result<LoadedState> decode_state(std::string_view text, const SecretBytes& secret, const MachineIdentity& machine,
                                 std::string_view product) {
  const auto document = json::parse(text, "license_data.json");
  if (!document) return unusable(StateCondition::damaged, document.error().message);
  if (const auto* other = string_member(*document, "product"); other != nullptr && *other != product)
    return error(Errc::untrusted,
                 concat("license_data.json is of the product ", in_quotes(*other), ", not of ", in_quotes(product)),
                 "give the product file of that product, or another state directory with --state-dir");
  const json::Value* sealed = document->find("sealed");
  const json::Value* version = sealed == nullptr ? nullptr : sealed->find("v");
  if (version != nullptr && version->as_integer() != nullptr && *version->as_integer() > kVersion)
    return error(Errc::invalid_input, "license_data.json was written by a newer version of this program",
                 "use the newer version, or another state directory with --state-dir");
  const auto opened = sealed == nullptr ? std::nullopt : open_sealed(*sealed, locks_of(secret, product, machine));
  if (!opened) {
    if (names_another_machine(*document, machine))
      return unusable(StateCondition::foreign, "license_data.json was copied here from another machine");
    return unusable(StateCondition::damaged,
                    "license_data.json does not open: it was damaged, or its state.key is another");
  }
  auto content = read_content(view_text(opened->view()));
  if (!content)
    return unusable(StateCondition::damaged, "license_data.json was sealed by a version that is not understood");
  if (!same_machine(machine, content->machine))
    return unusable(StateCondition::foreign, "license_data.json was sealed on another machine");
  if (content->summary != summary_digest(*document))
    return LoadedState{StateCondition::edited, std::move(content->state),
                       "license_data.json was tampered with: its readable part is not what was written"};
  return LoadedState{StateCondition::intact, std::move(content->state), {}};
}

}  // namespace lic
