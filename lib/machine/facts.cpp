#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/text.hpp"
#include "machine/identity.hpp"
#include "machine/root_disk.hpp"
#include "machine/tree.hpp"
#include "machine/value.hpp"

namespace lic {
namespace {

constexpr std::string_view kNetworkCards = "sys/class/net";
constexpr std::size_t kFacts = 6;
constexpr std::string_view kCpuInfo = "proc/cpuinfo";
constexpr std::size_t kCpuInfoBytes = 4096;  // the first processor is described in less

std::string_view note_of(Errc code) {
  if (code == Errc::not_found) return "does not exist";
  if (code == Errc::invalid_input) return "not a small file";
  return "cannot be read";
}

/// A fact with one value, in a file of its own.
MachineFact read_value(const Tree& tree, std::string_view name, std::string_view path, ValueKind kind) {
  MachineFact fact{std::string(name), strength_of(name), {}, tree.shown(path), {}};
  const auto raw = tree.read(path);
  if (!raw) {
    fact.note = note_of(raw.error().code);
    return fact;
  }
  CheckedValue checked = check_value(*raw, kind);
  fact.note = std::move(checked.note);
  if (!checked.value.empty()) fact.values.push_back(std::move(checked.value));
  return fact;
}

MachineFact read_machine_id(const Tree& tree) {
  MachineFact fact = read_value(tree, "machine-id", "etc/machine-id", ValueKind::identifier);
  if (!fact.values.empty()) return fact;
  MachineFact older = read_value(tree, "machine-id", "var/lib/dbus/machine-id", ValueKind::identifier);
  return older.values.empty() ? fact : older;
}

/// Why an Ethernet address, normalised, is not one that its maker gave; empty: it is.
std::string fault_of_address(std::string_view address) {
  constexpr std::size_t kLength = 17;  // 00:1a:2b:3c:4d:5e
  constexpr std::string_view kHex = "0123456789abcdef";
  if (address.size() != kLength) return concat("not an Ethernet address ", in_quotes(address));
  for (std::size_t i = 0; i < kLength; ++i)
    if (i % 3 == 2 ? address[i] != ':' : kHex.find(address[i]) == std::string_view::npos)
      return concat("not an Ethernet address ", in_quotes(address));
  const std::size_t low_digit = kHex.find(address[1]);
  if ((low_digit & 2) != 0) return concat("locally administered address ", in_quotes(address));
  if ((low_digit & 1) != 0) return concat("group address ", in_quotes(address));
  return {};
}

MachineFact read_addresses(const Tree& tree) {
  MachineFact fact{"mac", strength_of("mac"), {}, tree.shown(concat(kNetworkCards, "/*/address")), {}};
  for (const std::string& name : tree.names_in(kNetworkCards)) {
    const std::string card = concat(kNetworkCards, '/', name);
    if (!tree.exists(card + "/device")) continue;
    const auto raw = tree.read(card + "/address");
    if (!raw) continue;
    CheckedValue checked = check_value(*raw, ValueKind::identifier);
    if (!checked.value.empty()) checked.note = fault_of_address(checked.value);
    if (checked.note.empty()) {
      fact.values.push_back(std::move(checked.value));
    } else if (fact.note.empty()) {
      fact.note = std::move(checked.note);
    }
  }
  std::sort(fact.values.begin(), fact.values.end());
  fact.values.erase(std::unique(fact.values.begin(), fact.values.end()), fact.values.end());
  if (fact.values.size() > kMostFactValues) fact.values.resize(kMostFactValues);
  if (!fact.values.empty()) fact.note.clear();
  if (fact.values.empty() && fact.note.empty()) fact.note = "no physical network card";
  return fact;
}

/// What the processor says of itself: the same text as "model name" in
/// /proc/cpuinfo, which older kernels take 10 ms to open (they measure the
/// frequency of every core). Empty where the processor has no such text.
std::string processor_brand() {
  std::string brand;
#if defined(__x86_64__) || defined(__i386__)
  constexpr unsigned kFirst = 0x80000002;
  constexpr unsigned kLast = 0x80000004;
  if (static_cast<unsigned>(__get_cpuid_max(0x80000000, nullptr)) < kLast) return brand;
  for (unsigned leaf = kFirst; leaf <= kLast; ++leaf) {
    std::array<unsigned, 4> words{};
    __cpuid(leaf, words[0], words[1], words[2], words[3]);
    std::array<char, sizeof words> text{};
    std::memcpy(text.data(), words.data(), text.size());
    brand.append(text.data(), text.size());
  }
  brand.resize(std::min(brand.find('\0'), brand.size()));
#endif
  return brand;
}

std::string processor_model(const Tree& tree) {
  if (tree.is_running_system()) {
    std::string brand = processor_brand();
    if (!brand.empty()) return brand;
  }
  const std::string text = tree.read_beginning(kCpuInfo, kCpuInfoBytes);
  if (const auto model = line_value(text, "model name")) return std::string(*model);
  const auto implementer = line_value(text, "CPU implementer");
  const auto part = line_value(text, "CPU part");
  if (!implementer || !part) return {};
  const std::string maker = check_value(*implementer, ValueKind::model).value;
  const std::string design = check_value(*part, ValueKind::model).value;
  return maker.empty() || design.empty() ? std::string{} : concat(maker, '/', design);
}

MachineFact read_processor(const Tree& tree) {
  CheckedValue checked = check_value(processor_model(tree), ValueKind::model);
  MachineFact fact{"cpu", strength_of("cpu"), {}, tree.shown(kCpuInfo), std::move(checked.note)};
  if (!checked.value.empty()) fact.values.push_back(std::move(checked.value));
  return fact;
}

}  // namespace

Strength strength_of(std::string_view fact) noexcept {
  const bool strong = fact == "machine-id" || fact == "product-uuid" || fact == "board-serial" || fact == "root-disk";
  return strong ? Strength::strong : Strength::weak;
}

std::vector<MachineFact> read_machine_facts(const Path& root) {
  const Tree tree(root);
  std::vector<MachineFact> facts;
  facts.reserve(kFacts);
  facts.push_back(read_machine_id(tree));
  facts.push_back(read_value(tree, "product-uuid", "sys/class/dmi/id/product_uuid", ValueKind::identifier));
  facts.push_back(read_value(tree, "board-serial", "sys/class/dmi/id/board_serial", ValueKind::serial));
  facts.push_back(read_root_disk(tree));
  facts.push_back(read_addresses(tree));
  facts.push_back(read_processor(tree));
  return facts;
}

}  // namespace lic
