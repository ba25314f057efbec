#include <algorithm>
#include <string>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "machine/identity.hpp"
#include "support/fake_machine.hpp"

using namespace lic;
using namespace lic::test;

namespace {

MachineIdentity identity(const FakeRoot& root, std::string_view product = "ticketzero") {
  return MachineIdentity::of(read_machine_facts(root.path()), product);
}

/// What docs/machine-identity.md gives as its example.
MachineIdentity example() {
  const auto strong = Strength::strong;
  return MachineIdentity::of({{"machine-id", strong, {"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"}, "", ""},
                              {"root-disk", strong, {"s4ewnx0r123456"}, "", ""},
                              {"mac", Strength::weak, {"00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5f"}, "", ""},
                              {"cpu", Strength::weak, {"acme processor 9000"}, "", ""}},
                             "ticketzero");
}
constexpr std::string_view kExample =
    "M1-0525Z-5Z0TS-7EEGR-4FB9B-WT393-41HR1-8P2GK-XZTCJ-D5V0A-E7FKC-N3ZAS-QAM32-FGCGP-2T2M1-NXTRH-G";

/// A fingerprint of these bytes, with the check that belongs to them.
std::string fingerprint_of(Bytes bytes) {
  unsigned rest = 0xFFFF;
  for (const std::uint8_t byte : bytes)
    for (int bit = 7; bit >= 0; --bit) {
      const bool carry = ((rest >> 15) & 1) != ((byte >> bit) & 1u);
      rest = (rest << 1 & 0xFFFF) ^ (carry ? 0x1021u : 0u);
    }
  bytes.push_back(static_cast<std::uint8_t>(rest >> 8));
  bytes.push_back(static_cast<std::uint8_t>(rest & 0xFF));
  return "M1-" + base32_encode(bytes);
}

Bytes entry(std::uint8_t tag, std::uint8_t fill_with) {
  Bytes bytes(9, fill_with);
  bytes[0] = tag;
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("a changed part leaves the machine the same", "[machine][match]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto binding = identity(root).binding();
  REQUIRE(binding);
  CHECK(binding->match == 3);
  CHECK(binding->facts.size() == 6);
  CHECK(identity(root).matches(*binding));

  root.remove("sys/devices/pci0000:00/eth0");
  root.remove("sys/devices/pci0000:00/wlan0");
  root.network_card("eth0", "00:1a:2b:77:77:77");
  CHECK(identity(root).matches(*binding));
  root.remove("sys/class/dmi");
  CHECK(identity(root).matches(*binding));  // machine-id, root-disk, cpu
  root.remove("etc/machine-id");
  CHECK_FALSE(identity(root).matches(*binding));
  root.network_card("usb0", "00:1a:2b:99:4d:1b");  // one of the cards is back
  CHECK(identity(root).matches(*binding));
}

TEST_CASE("another machine of the same model does not match", "[machine][match]") {
  const FakeRoot one;
  const FakeRoot other;
  fill(one, "1b");
  fill(other, "2c");
  const auto binding = identity(one).binding();
  REQUIRE(binding);
  CHECK_FALSE(identity(other).matches(*binding));
  // Nor with the cards moved over: two weak facts.
  other.network_card("eth0", "00:1a:2b:3c:4d:1b");
  CHECK_FALSE(identity(other).matches(*binding));
  auto lax = *binding;
  for (const int match : {2, 1, 0, -5}) {
    lax.match = match;
    CHECK_FALSE(identity(other).matches(lax));
  }
  CHECK(identity(one).matches(lax));
  CHECK_FALSE(identity(one, "tensorpack").matches(lax));
  CHECK(identity(one).matches_any({*identity(other).binding(), *binding}));
  CHECK_FALSE(identity(one).matches_any({*identity(other).binding()}));
  CHECK_FALSE(identity(one).matches_any({}));
}

TEST_CASE("weak facts alone bind nothing", "[machine][match]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto whole = identity(root);
  for (const auto* name : {"etc", "sys/class/dmi", "proc/self"}) root.remove(name);
  const auto weak = identity(root);
  CHECK(weak.facts().size() == 2);
  const auto binding = weak.binding();
  REQUIRE_FALSE(binding);
  CHECK(binding.error().code == Errc::invalid_input);
  CHECK_FALSE(binding.error().hint.empty());
  for (const int match : {1, 2, 3}) CHECK_FALSE(whole.matches({match, weak.facts()}));
  CHECK_FALSE(MachineIdentity().binding());
}

TEST_CASE("a binding with few facts wants all of them", "[machine][match]") {
  const auto machine = example();
  const auto& facts = machine.facts();
  const FactDigests one{{"machine-id", facts.at("machine-id")}};
  CHECK(machine.matches({3, one}));
  FactDigests two = one;
  two["cpu"] = facts.at("cpu");
  CHECK(machine.matches({3, two}));
  two["cpu"] = {"0000000000000000"};
  CHECK_FALSE(machine.matches({3, two}));
  CHECK(machine.matches({1, two}));
  two["cpu"] = {};  // a fact without values is none
  CHECK(machine.matches({3, two}));
  two["future-fact"] = {"0000000000000000"};
  CHECK_FALSE(machine.matches({3, two}));
  CHECK_FALSE(machine.matches({3, {}}));
  CHECK_FALSE(machine.matches({0, {}}));
  CHECK_FALSE(machine.matches({1, {{"machine-id", {}}}}));
  CHECK_FALSE(MachineIdentity().matches({3, one}));

  const auto small = MachineIdentity::of({{"root-disk", Strength::strong, {"s4ewnx0r123456"}, "", ""}}, "ticketzero");
  REQUIRE(small.binding());
  CHECK(small.binding()->match == 1);
  CHECK(machine.matches(*small.binding()));
}

TEST_CASE("several values agree when one is in common", "[machine][match]") {
  const auto machine = example();
  MachineBinding binding{2, machine.facts()};
  binding.facts.erase("root-disk");
  binding.facts.erase("cpu");
  binding.facts["mac"] = {"ffffffffffffffff", binding.facts["mac"][1]};
  CHECK(machine.matches(binding));
  binding.facts["mac"].pop_back();
  CHECK_FALSE(machine.matches(binding));
}

TEST_CASE("digests are those of the documentation", "[machine][digest]") {
  const auto facts = example().facts();
  CHECK(facts == FactDigests{{"machine-id", {"445f97e0d64ee743"}},
                             {"root-disk", {"7ad2be686919031c"}},
                             {"mac", {"161427dfe9926976", "38ef9b2a3fab3755"}},
                             {"cpu", {"27c190b0b42a06bd"}}});
}

TEST_CASE("a product, a fact and a value each change the digest", "[machine][digest]") {
  const auto of = [](const char* name, const char* value, const char* product) {
    return MachineIdentity::of({{name, Strength::strong, {value}, "", ""}}, product).facts().begin()->second.front();
  };
  const auto digest = of("machine-id", "4f1c", "ticketzero");
  CHECK(digest == of("machine-id", "4f1c", "ticketzero"));
  CHECK(digest.size() == 16);
  CHECK(digest != of("machine-id", "4f1c", "tensorpack"));
  CHECK(digest != of("machine-id", "4f1d", "ticketzero"));
  CHECK(digest != of("root-disk", "4f1c", "ticketzero"));
  const auto other = MachineIdentity::of({{"hostname", Strength::strong, {"a"}, "", ""}}, "ticketzero");
  CHECK(other.facts().empty());
}

TEST_CASE("the same machine always gives the same fingerprint", "[machine][fingerprint]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto text = identity(root).fingerprint();
  for (int i = 0; i < 5; ++i) CHECK(identity(root).fingerprint() == text);
  CHECK(identity(root, "tensorpack").fingerprint() != text);

  auto facts = read_machine_facts(root.path());
  std::reverse(facts.begin(), facts.end());
  for (auto& f : facts) {
    f.values.push_back(f.values.front());
    std::reverse(f.values.begin(), f.values.end());
  }
  CHECK(MachineIdentity::of(facts, "ticketzero").fingerprint() == text);
}

TEST_CASE("a fingerprint is read back", "[machine][fingerprint]") {
  CHECK(example().fingerprint() == kExample);
  const FakeRoot root;
  fill(root, "1b");
  for (const auto& machine : {example(), identity(root), MachineIdentity()}) {
    const auto again = MachineIdentity::parse(machine.fingerprint());
    REQUIRE(again);
    CHECK(again->facts() == machine.facts());
    CHECK(again->fingerprint() == machine.fingerprint());
  }
}

TEST_CASE("a fingerprint is read as people type it", "[machine][fingerprint]") {
  std::string bare(kExample);
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  std::string wrapped = "  m1 " + bare.substr(2, 40) + "\r\n\t" + bare.substr(42) + " \n";
  std::string letters = to_lower(kExample);
  std::replace(letters.begin() + 2, letters.end(), '0', 'o');
  std::replace(letters.begin() + 2, letters.end(), '1', 'l');
  for (const auto& typed : {bare, wrapped, to_lower(kExample), letters}) {
    INFO(typed);
    const auto machine = MachineIdentity::parse(typed);
    REQUIRE(machine);
    CHECK(machine->facts() == example().facts());
  }
}

TEST_CASE("every wrong symbol of a fingerprint is found", "[machine][fingerprint]") {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kExample.size(); ++i)
    for (int code = 1; code < 256; ++code) {
      std::string typed(kExample);
      typed[i] = static_cast<char>(code);
      const auto machine = MachineIdentity::parse(typed);
      if (!machine) {
        ++refused;
        if (machine.error().code != Errc::invalid_input) FAIL(typed);
      } else if (machine->facts() != example().facts()) {
        FAIL(typed);
      }
    }
  // What is left: separators for separators, lower case, O for 0, I and L for 1.
  CHECK(refused > kExample.size() * 240);
}

TEST_CASE("every pair of swapped symbols and every cut is found", "[machine][fingerprint]") {
  std::string bare(kExample);
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  for (std::size_t i = 0; i + 1 < bare.size(); ++i) {
    if (bare[i] == bare[i + 1]) continue;
    std::string typed = bare;
    std::swap(typed[i], typed[i + 1]);
    INFO(typed);
    CHECK_FALSE(MachineIdentity::parse(typed));
  }
  for (std::size_t size = 0; size < bare.size(); ++size) {
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size)));
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size) + bare.substr(size + 1)));
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size) + '7' + bare.substr(size)));
  }
  CHECK_FALSE(MachineIdentity::parse(bare + bare.substr(2)));
  CHECK_FALSE(MachineIdentity::parse(std::string(100'000, '0')));
}

TEST_CASE("a fingerprint of a newer version is refused by name", "[machine][fingerprint]") {
  const auto message = [](const std::string& typed) {
    const auto machine = MachineIdentity::parse(typed);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().code == Errc::invalid_input);
    CHECK(machine.error().message.starts_with("machine fingerprint '"));
    return machine.error().message;
  };
  CHECK(message("M2-0525Z-5Z0TS").ends_with("is of a newer version than this program knows"));
  CHECK(message(fingerprint_of(entry(1, 5) + entry(7, 5))).ends_with("has a fact (7) that this version does not know"));
  CHECK(message("TZ-PRO-7K3M-9QXA-R2VD-5R28").ends_with("does not have the form of one"));
  CHECK(message("").ends_with("does not have the form of one"));
  CHECK(message("M1").ends_with("is mistyped or cut off"));
  CHECK(message(std::string(2000, ' ') + std::string(kExample)).ends_with("is too long"));
}

TEST_CASE("one identity has one fingerprint", "[machine][fingerprint]") {
  CHECK(MachineIdentity::parse(fingerprint_of(entry(1, 5) + entry(5, 6) + entry(5, 7))));
  for (const auto& bytes : {entry(0, 5), entry(2, 5) + entry(1, 5), entry(5, 7) + entry(5, 6),
                            entry(5, 6) + entry(5, 6), entry(1, 5) + Bytes{1, 2, 3}})
    CHECK_FALSE(MachineIdentity::parse(fingerprint_of(bytes)));
}
