#include "client/sealed_box.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
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

/// How the last member of a file begins and ends, as json::dump_indented() writes it. No string
/// holds the first, as there the line feed is escaped.
constexpr std::string_view kSealedLine = ",\n  \"sealed\": ";
constexpr std::string_view kFileEnd = "\n}\n";

/// One way to unlock the box: a fact's name and its value, which give a key.
struct Lock {
  std::string_view fact;
  std::string_view value;

  [[nodiscard]] SecretBytes key(const SecretBytes& secret, std::string_view product) const {
    constexpr char kEnd = '\0';
    return derive_key(secret, concat(kWrapContext, kEnd, product, kEnd, fact, kEnd, value));
  }
};

/// A lock for each strong fact of the machine, so that one that changes does not
/// lock the user out. A machine without any is known by all its weak facts at once,
/// which `weak` then has.
std::vector<Lock> locks_of(const MachineIdentity& machine, std::string& weak) {
  std::vector<Lock> locks;
  for (const auto& [name, digests] : machine.facts())
    if (strength_of(name) == Strength::strong)
      for (const auto& digest : digests) locks.push_back({name, digest});
  if (!locks.empty()) return locks;
  for (const auto& [name, digests] : machine.facts())
    for (const auto& digest : digests) weak += concat(name, '=', digest, ';');
  locks.push_back({kWeakFacts, weak});
  return locks;
}

std::string hex_digest(std::string_view text) { return hex_encode(blake2b(view_bytes(text))); }

/// The digest of the readable part: its members without `sealed`, white space aside.
std::string summary_digest(const json::Value& document) { return hex_digest(json::dump_without(document, "sealed")); }

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
std::optional<SecretBytes> open_sealed(const json::Value& sealed, const SecretBytes& secret, const BoxKeys& keys) {
  json::Faults faults;
  json::Reader reader(sealed, faults);
  static_cast<void>(reader.integer("v", kKeyInFile, kKeyInKeyring));
  const auto box = base64_decode(reader.text("box"));
  const json::Array& wraps = reader.array("wraps");
  if (!faults.empty() || !box) return std::nullopt;
  std::string weak;
  const std::vector<Lock> locks = locks_of(keys.machine, weak);
  for (const auto& entry : wraps) {
    json::Reader wrap(entry, reader, "wraps");
    const std::string_view fact = wrap.text("fact");
    const auto wrapped = base64_decode(wrap.text("key"));
    if (!wrapped) continue;
    for (const auto& lock : locks) {
      if (lock.fact != fact) continue;
      if (const auto key = open_box(lock.key(secret, keys.product), *wrapped, kWrapContext))
        return open_box(*key, *box, keys.context);
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
OpenedDocument closed(SealedText& file, const BoxKeys& keys, const Result<SecretBytes>& secret) {
  const auto document = file.document();
  if (!document) return {BoxCondition::damaged};
  if (names_another_machine(**document, keys.machine)) return {BoxCondition::foreign};
  if (secret) return {BoxCondition::damaged};
  if (secret.error().code == Errc::not_found) return {BoxCondition::keyless};
  OpenedDocument locked{BoxCondition::locked};
  locked.fault = secret.error();
  return locked;
}

/// Whether what people read is as it was sealed: to the letter, or but for white space. Nothing:
/// it is no JSON.
std::optional<bool> is_unchanged(SealedText& file, const std::string& digest, const std::string& summary) {
  if (!digest.empty() && digest == file.digest()) return true;
  const auto document = file.document();
  if (!document) return std::nullopt;
  return summary == summary_digest(**document);
}

}  // namespace

SecretSource always(const SecretBytes& secret) {
  return [&secret](const std::string&) -> Result<SecretBytes> { return SecretBytes(secret.view()); };
}

std::string seal_document(json::Value readable, json::Value content, const SecretBytes& secret,
                          std::string_view keyring_name, const BoxKeys& keys) {
  json::ObjectBuilder boxed(std::move(content));
  boxed.value("machine", machine_json(keys.machine)).string("summary", summary_digest(readable));
  // The text of the readable part ends where the member "sealed" is added to it.
  std::string text = json::dump_indented(readable);
  text.resize(text.size() - (kFileEnd.size() - 1));
  boxed.string("text", hex_digest(text));
  const std::string inside = json::dump(boxed.take());

  const SecretBytes key = random_secret(kBoxKeySize);
  json::Array wraps;
  std::string weak;
  for (const auto& lock : locks_of(keys.machine, weak)) {
    json::ObjectBuilder wrap;
    const Bytes wrapped = seal_box(lock.key(secret, keys.product), key.view(), kWrapContext);
    wrap.string("fact", lock.fact).string("key", base64_encode(wrapped));
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

SealedText::SealedText(std::string_view text, std::string_view what) : text_(text), what_(what) {
  const std::size_t line = text.find(kSealedLine);
  if (line == std::string_view::npos || !text.ends_with(kFileEnd)) return;
  before_ = text.substr(0, line);
  box_ = text.substr(line + kSealedLine.size());
  box_.remove_suffix(std::min(box_.size(), kFileEnd.size()));
}

Result<const json::Value*> SealedText::sealed() {
  if (!box_.empty() && !document_) {
    if (!sealed_) sealed_ = json::parse(box_, what_);
    if (*sealed_) return &sealed_->value();
    before_ = box_ = {};  // something follows it: "sealed" is not the last member
  }
  LIC_TRY_ASSIGN(const json::Value* whole, document());
  return whole->find("sealed");
}

Result<const json::Value*> SealedText::document() {
  if (!document_) document_ = json::parse(text_, what_);
  if (!*document_) return Error(document_->error());
  return &document_->value();
}

std::string SealedText::digest() const { return before_.empty() ? std::string() : hex_digest(before_); }

OpenedDocument open_document(SealedText& file, const SecretSource& secret_of, const BoxKeys& keys) {
  const auto member = file.sealed();
  if (!member) return {BoxCondition::damaged};
  if (*member == nullptr) return closed(file, keys, SecretBytes());
  const json::Value& sealed = **member;
  if (version_of(sealed).value_or(kKeyInFile) > kKeyInKeyring) return {BoxCondition::newer};
  const auto name = keyring_name_of(sealed);
  const auto secret = name ? secret_of(*name) : Result<SecretBytes>(SecretBytes());
  const auto opened = name && secret ? open_sealed(sealed, *secret, keys) : std::nullopt;
  if (!opened) return closed(file, keys, secret);
  auto content = json::parse(view_text(opened->view()), "sealed content");
  if (!content) return {BoxCondition::damaged};
  json::Faults faults;
  json::Reader reader(*content, faults);
  const MachineBinding sealed_on = read_machine(reader);
  const std::string summary = reader.string("summary");
  const std::string text = reader.string_or("text", "");
  if (!faults.empty()) return {BoxCondition::damaged};
  OpenedDocument found{BoxCondition::foreign};
  if (!same_machine(keys.machine, sealed_on)) {
    found.near_miss = keys.machine.near_miss({sealed_on});
    return found;
  }
  const auto unchanged = is_unchanged(file, text, summary);
  if (!unchanged) return {BoxCondition::damaged};
  found.condition = *unchanged ? BoxCondition::intact : BoxCondition::edited;
  found.content = std::move(content).value();
  found.keyring_name = *name;
  found.machine_changed = keys.machine.has_more_than(sealed_on.facts);
  return found;
}

}  // namespace lic
