#include "client/sealed_box.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::int64_t kVersion = 1;
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

/// The digest of the readable part, white space aside.
std::string summary_digest(json::Object readable) {
  return hex_encode(blake2b(view_bytes(json::dump(json::Value(std::move(readable))))));
}

/// The members of a document without `sealed`.
json::Object readable_part(const json::Value& document) {
  json::Object readable;
  if (const auto* members = document.as_object())
    for (const auto& member : *members)
      if (member.first != "sealed") readable.push_back(member);
  return readable;
}

json::Value machine_json(const MachineIdentity& machine) {
  json::Object facts;
  for (const auto& [name, digests] : machine.facts()) facts.emplace_back(name, json::list_of(digests));
  return json::Value(std::move(facts));
}

json::Value wrap_json(const Lock& lock, const SecretBytes& key) {
  return json::Value(json::Object{
      {"fact", json::Value(lock.fact)},
      {"key", json::Value(base64_encode(seal_box(lock.key, key.view(), kWrapContext)))},
  });
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

/// Opens the box with any lock of this machine that fits.
std::optional<SecretBytes> open_sealed(const json::Value& sealed, const std::vector<Lock>& locks,
                                       std::string_view context) {
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
  binding.match = std::min<int>(MachineIdentity::kDefaultMatch, static_cast<int>(binding.facts.size()));
  return !same_machine(machine, binding);
}

}  // namespace

std::string seal_document(json::Object readable, json::Object content, const BoxKeys& keys) {
  content.emplace_back("machine", machine_json(keys.machine));
  content.emplace_back("summary", json::Value(summary_digest(readable)));

  const SecretBytes key = random_secret(kBoxKeySize);
  json::Array wraps;
  for (const auto& lock : locks_of(keys.secret, keys.product, keys.machine)) wraps.push_back(wrap_json(lock, key));
  const std::string hidden = json::dump(json::Value(std::move(content)));
  readable.emplace_back("sealed",
                        json::Value(json::Object{
                            {"v", json::Value(kVersion)},
                            {"wraps", json::Value(std::move(wraps))},
                            {"box", json::Value(base64_encode(seal_box(key, view_bytes(hidden), keys.context)))},
                        }));
  return json::dump_indented(json::Value(std::move(readable))) + "\n";
}

OpenedDocument open_document(const json::Value& document, const BoxKeys& keys) {
  const json::Value* sealed = document.find("sealed");
  const json::Value* version = sealed == nullptr ? nullptr : sealed->find("v");
  if (version != nullptr && version->as_integer() != nullptr && *version->as_integer() > kVersion)
    return {BoxCondition::newer, {}};
  const auto opened = sealed == nullptr
                          ? std::nullopt
                          : open_sealed(*sealed, locks_of(keys.secret, keys.product, keys.machine), keys.context);
  if (!opened)
    return {names_another_machine(document, keys.machine) ? BoxCondition::foreign : BoxCondition::damaged, {}};
  auto content = json::parse(view_text(opened->view()), "sealed content");
  if (!content) return {BoxCondition::damaged, {}};
  json::Faults faults;
  json::Reader reader(*content, faults);
  const MachineBinding sealed_on = read_machine(reader);
  const std::string summary = reader.string("summary");
  if (!faults.empty()) return {BoxCondition::damaged, {}};
  if (!same_machine(keys.machine, sealed_on)) return {BoxCondition::foreign, {}};
  const bool as_written = summary == summary_digest(readable_part(document));
  return {as_written ? BoxCondition::intact : BoxCondition::edited, std::move(content).value()};
}

}  // namespace lic
