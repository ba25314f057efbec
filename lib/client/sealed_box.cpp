#include "client/sealed_box.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

/// Versions of `sealed`. A reader that knows no keyring leaves alone what it could not open.
constexpr std::int64_t kKeyInFile = 1;
constexpr std::int64_t kKeyInKeyring = 2;
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
  return hex_encode(blake2b(view_bytes(json::dump_without(document, "sealed"))));
}

json::Value machine_json(const MachineIdentity& machine) {
  json::ObjectBuilder out;
  for (const auto& [name, digests] : machine.facts()) out.strings(name, digests);
  return out.take();
}

/// The facts of the machine that sealed the box, as a binding to compare with.
MachineBinding read_machine(json::Reader& content) {
  MachineBinding binding;
  for (const auto& [name, value] : content.object_or_empty("machine"))
    if (const auto* digests = value.as_array())
      for (const auto& digest : *digests)
        if (const auto* text = digest.as_string()) binding.facts[name].push_back(*text);
  binding.match = MachineIdentity::match_for(binding.facts.size());
  return binding;
}

/// Without a strong fact nothing but equality tells that it is the same machine.
bool same_machine(const MachineIdentity& machine, const MachineBinding& sealed_on) {
  return machine.matches(sealed_on) || machine.facts() == sealed_on.facts;
}

/// Opens the box with any lock of this machine that fits.
std::optional<SecretBytes> open_sealed(const json::Value& sealed, const std::vector<Lock>& locks,
                                       std::string_view context) {
  json::Faults faults;
  json::Reader reader(sealed, faults);
  static_cast<void>(reader.integer("v", kKeyInFile, kKeyInKeyring));
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
      if (const auto key = open_box(lock.key, *wrapped, kWrapContext)) return open_box(*key, *box, context);
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
  binding.match = MachineIdentity::match_for(binding.facts.size());
  return !same_machine(machine, binding);
}

std::optional<std::int64_t> version_of(const json::Value& sealed) {
  const json::Value* version = sealed.find("v");
  const auto* number = version == nullptr ? nullptr : version->as_integer();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

/// The name of its secret in the keyring; empty: it is in state.key. Absent where it is to be in
/// the keyring and has no name.
std::optional<std::string> keyring_name_of(const json::Value& sealed) {
  if (version_of(sealed) != kKeyInKeyring) return std::string();
  const json::Value* name = sealed.find("keyring");
  const auto* text = name == nullptr ? nullptr : name->as_string();
  return text == nullptr || text->empty() ? std::nullopt : std::optional(*text);
}

/// Why a box stays closed.
OpenedDocument closed(const json::Value& document, const BoxKeys& keys, const Result<SecretBytes>& secret) {
  if (names_another_machine(document, keys.machine)) return {BoxCondition::foreign};
  if (secret) return {BoxCondition::damaged};
  if (secret.error().code == Errc::not_found) return {BoxCondition::keyless};
  OpenedDocument locked{BoxCondition::locked};
  locked.fault = secret.error();
  return locked;
}

}  // namespace

SecretSource always(const SecretBytes& secret) {
  return [&secret](const std::string&) -> Result<SecretBytes> { return SecretBytes(secret.view()); };
}

std::string seal_document(json::Value readable, json::Value content, const SecretBytes& secret,
                          std::string_view keyring_name, const BoxKeys& keys) {
  json::ObjectBuilder boxed(std::move(content));
  boxed.value("machine", machine_json(keys.machine)).string("summary", summary_digest(readable));
  const std::string inside = json::dump(boxed.take());

  const SecretBytes key = random_secret(kBoxKeySize);
  json::Array wraps;
  for (const auto& lock : locks_of(secret, keys.product, keys.machine)) {
    json::ObjectBuilder wrap;
    wrap.string("fact", lock.fact).string("key", base64_encode(seal_box(lock.key, key.view(), kWrapContext)));
    wraps.push_back(wrap.take());
  }
  json::ObjectBuilder sealed;
  sealed.integer("v", keyring_name.empty() ? kKeyInFile : kKeyInKeyring);
  if (!keyring_name.empty()) sealed.string("keyring", keyring_name);
  sealed.array("wraps", std::move(wraps));
  sealed.string("box", base64_encode(seal_box(key, view_bytes(inside), keys.context)));

  json::ObjectBuilder document(std::move(readable));
  document.value("sealed", sealed.take());
  return json::dump_indented(document.take()) + "\n";
}

OpenedDocument open_document(const json::Value& document, const SecretSource& secret_of, const BoxKeys& keys) {
  const json::Value* sealed = document.find("sealed");
  if (sealed == nullptr) return closed(document, keys, SecretBytes());
  if (version_of(*sealed).value_or(kKeyInFile) > kKeyInKeyring) return {BoxCondition::newer};
  const auto name = keyring_name_of(*sealed);
  const auto secret = name ? secret_of(*name) : Result<SecretBytes>(SecretBytes());
  const auto opened =
      name && secret ? open_sealed(*sealed, locks_of(*secret, keys.product, keys.machine), keys.context) : std::nullopt;
  if (!opened) return closed(document, keys, secret);
  auto content = json::parse(view_text(opened->view()), "sealed content");
  if (!content) return {BoxCondition::damaged};
  json::Faults faults;
  json::Reader reader(*content, faults);
  const MachineBinding sealed_on = read_machine(reader);
  const std::string summary = reader.string("summary");
  if (!faults.empty()) return {BoxCondition::damaged};
  OpenedDocument found{BoxCondition::foreign};
  if (!same_machine(keys.machine, sealed_on)) {
    found.near_miss = keys.machine.near_miss({sealed_on});
    return found;
  }
  found.condition = summary == summary_digest(document) ? BoxCondition::intact : BoxCondition::edited;
  found.content = std::move(content).value();
  found.keyring_name = *name;
  found.machine_changed = keys.machine.has_more_than(sealed_on.facts);
  return found;
}

}  // namespace lic
