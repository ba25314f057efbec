#include "machine/identity.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace lic {
namespace {

constexpr std::size_t kDigestBytes = 8;
constexpr std::size_t kEntryBytes = 1 + kDigestBytes;
constexpr std::size_t kCheckBytes = 2;
constexpr std::size_t kGroup = 5;
constexpr std::size_t kLongestTyped = 1024;

/// The facts that a fingerprint can carry; a fact's tag is its place here,
/// counted from one. Never reordered, only appended to.
constexpr std::array<std::string_view, 6> kTagged{"machine-id", "product-uuid", "board-serial",
                                                  "root-disk",  "mac",          "cpu"};

bool is_known(std::string_view fact) { return std::find(kTagged.begin(), kTagged.end(), fact) != kTagged.end(); }

HmacSha256 hash_for(std::string_view product) {
  constexpr char kEnd = '\0';
  return HmacSha256(view_bytes(concat("lic-machine-v1", kEnd, product)));
}

std::string digest_of(const HmacSha256& hash, std::string_view fact, std::string_view value) {
  constexpr std::string_view kEnd("\0", 1);
  const Digest digest = hash.of({view_bytes(fact), view_bytes(kEnd), view_bytes(value)});
  return hex_encode(ByteView(digest).first(kDigestBytes));
}

/// CRC-16 with polynomial 0x1021 and start value 0xFFFF: finds every change
/// within 16 bits, so every wrong symbol and every two swapped neighbours.
std::uint16_t check_of(ByteView bytes) {
  static constexpr auto kOfDigit = [] {  // what four bits that leave it do to the rest
    std::array<std::uint16_t, 16> table{};
    for (unsigned digit = 0; digit < table.size(); ++digit) {
      unsigned rest = digit << 12;
      for (int bit = 0; bit < 4; ++bit) rest = (rest & 0x8000) != 0 ? (rest << 1 ^ 0x1021) & 0xFFFF : rest << 1;
      table[digit] = static_cast<std::uint16_t>(rest);
    }
    return table;
  }();
  unsigned rest = 0xFFFF;
  for (const std::uint8_t byte : bytes)
    for (const unsigned digit : {unsigned{byte} >> 4, unsigned{byte} & 0xF})
      rest = (rest << 4 & 0xFFFF) ^ kOfDigit[rest >> 12 ^ digit];
  return static_cast<std::uint16_t>(rest);
}

Error malformed(std::string_view typed, std::string_view why, std::string_view hint) {
  return error(Errc::invalid_input, concat("machine fingerprint ", in_quotes(typed), " ", why), std::string(hint));
}

/// The symbols after "M1", without what only serves the eye.
Result<std::string> symbols_of(std::string_view typed) {
  constexpr std::string_view kShape = "a fingerprint begins with M1- and is what 'licctl --machine-id' prints";
  constexpr std::string_view kSeparators = "- \t\r\n";
  if (typed.size() > kLongestTyped) return malformed(typed, "is too long", kShape);
  std::string symbols;
  for (const char c : typed)
    if (kSeparators.find(c) == std::string_view::npos) symbols += c;
  if (symbols.size() < 2 || (symbols[0] != 'M' && symbols[0] != 'm'))
    return malformed(typed, "does not have the form of one", kShape);
  const int version = base32_value(symbols[1]);
  if (version > 1 && version <= 9)
    return malformed(typed, "is of a newer version than this program knows", "install a newer version of this program");
  if (version != 1) return malformed(typed, "does not have the form of one", kShape);
  return symbols.substr(2);
}

constexpr std::string_view kCopyAgain = "copy and paste it whole, from 'licctl --machine-id'";

/// The entries of the binary form, its check found right and taken off.
Result<Bytes> entries_of(std::string_view typed) {
  LIC_TRY_ASSIGN(const std::string symbols, symbols_of(typed));
  auto bytes = base32_decode(symbols);
  if (!bytes || bytes->size() < kCheckBytes || bytes->size() % kEntryBytes != kCheckBytes)
    return malformed(typed, "is mistyped or cut off", kCopyAgain);
  const std::size_t size = bytes->size() - kCheckBytes;
  const unsigned check = unsigned{(*bytes)[size]} << 8 | (*bytes)[size + 1];
  bytes->resize(size);
  if (check_of(*bytes) != check) return malformed(typed, "is mistyped or cut off", kCopyAgain);
  return *std::move(bytes);
}

/// Of a digit of a digest, which is in lower case.
unsigned hex_value(char digit) { return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10); }

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& value) { return std::find(b.begin(), b.end(), value) != b.end(); });
}

/// "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += concat(i == 0 ? "" : i + 1 == words.size() ? " and " : ", ", words[i]);
  return out;
}

}  // namespace

MachineIdentity MachineIdentity::of(const std::vector<MachineFact>& facts, std::string_view product) {
  MachineIdentity identity;
  const HmacSha256 hash = hash_for(product);
  for (const MachineFact& fact : facts) {
    if (fact.values.empty() || !is_known(fact.name)) continue;
    auto& digests = identity.facts_[fact.name];
    for (const std::string& value : fact.values) digests.push_back(digest_of(hash, fact.name, value));
    std::sort(digests.begin(), digests.end());
    digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  }
  return identity;
}

std::string MachineIdentity::fingerprint() const {
  constexpr std::size_t kUsual = 8;  // digests
  Bytes bytes;
  bytes.reserve(kUsual * kEntryBytes + kCheckBytes);
  for (std::size_t i = 0; i < kTagged.size(); ++i) {
    const auto fact = facts_.find(std::string(kTagged[i]));
    if (fact == facts_.end()) continue;
    for (const std::string& digest : fact->second) {
      bytes.push_back(static_cast<std::uint8_t>(i + 1));
      for (std::size_t at = 0; at < digest.size(); at += 2)
        bytes.push_back(static_cast<std::uint8_t>(hex_value(digest[at]) << 4 | hex_value(digest[at + 1])));
    }
  }
  const std::uint16_t check = check_of(bytes);
  bytes.push_back(static_cast<std::uint8_t>(check >> 8));
  bytes.push_back(static_cast<std::uint8_t>(check & 0xFF));
  const std::string symbols = base32_encode(bytes);
  std::string text = "M1";
  text.reserve(text.size() + symbols.size() / kGroup * (kGroup + 1) + kGroup + 1);
  for (std::size_t i = 0; i < symbols.size(); i += kGroup) {
    text += '-';
    text.append(symbols, i, kGroup);
  }
  return text;
}

Result<MachineIdentity> MachineIdentity::parse(std::string_view fingerprint) {
  LIC_TRY_ASSIGN(const Bytes entries, entries_of(fingerprint));
  MachineIdentity identity;
  ByteView last;
  for (ByteView rest(entries); !rest.empty(); rest = rest.subspan(kEntryBytes)) {
    const ByteView entry = rest.first(kEntryBytes);
    const std::size_t tag = entry[0];
    if (tag > kTagged.size())
      return malformed(fingerprint, concat("has a fact (", tag, ") that this version does not know"),
                       "install a newer version of this program");
    // One order, each value once: an identity has one fingerprint.
    const bool in_order =
        last.empty() || std::lexicographical_compare(last.begin(), last.end(), entry.begin(), entry.end());
    if (tag == 0 || !in_order) return malformed(fingerprint, "is not one that this program makes", kCopyAgain);
    identity.facts_[std::string(kTagged[tag - 1])].push_back(hex_encode(entry.subspan(1)));
    last = entry;
  }
  return identity;
}

Result<MachineIdentity> MachineIdentity::from_digests(FactDigests facts) {
  const auto is_digest = [](const std::string& text) {
    const auto raw = hex_decode(text);
    return raw && raw->size() == kDigestBytes;
  };
  for (const auto& [name, digests] : facts) {
    if (!is_known(name))
      return error(Errc::invalid_input, concat("machine fact ", in_quotes(name), " is not known to this version"),
                   "install a newer version of this program");
    const bool in_order = std::adjacent_find(digests.begin(), digests.end(), std::greater_equal<>()) == digests.end();
    if (digests.empty() || digests.size() > kMostFactValues || !in_order ||
        !std::all_of(digests.begin(), digests.end(), is_digest))
      return error(Errc::invalid_input, concat("the digests of machine fact ", name, " are not as licctl gives them"));
  }
  MachineIdentity identity;
  identity.facts_ = std::move(facts);
  return identity;
}

Result<MachineBinding> MachineIdentity::binding() const {
  const auto is_strong = [](const auto& fact) { return strength_of(fact.first) == Strength::strong; };
  if (std::none_of(facts_.begin(), facts_.end(), is_strong))
    return error(
        Errc::invalid_input,
        "the machine cannot be told from others: it shows no machine-id, product-uuid, board-serial or root-disk",
        "give it a machine id with 'systemd-machine-id-setup', or read the facts as root");
  return MachineBinding{match_for(facts_.size()), facts_};
}

bool MachineIdentity::matches(const MachineBinding& binding) const {
  int bound = 0;
  int agreeing = 0;
  bool strong = false;
  for (const auto& [name, digests] : binding.facts) {
    if (digests.empty()) continue;
    ++bound;
    const auto own = facts_.find(name);
    if (own == facts_.end() || !have_one_in_common(own->second, digests)) continue;
    ++agreeing;
    if (strength_of(name) == Strength::strong) strong = true;
  }
  return strong && agreeing >= std::min(binding.match, bound);
}

std::string MachineIdentity::near_miss(const std::vector<MachineBinding>& bindings) const {
  std::vector<std::string> agreeing;  // of the binding that is nearest
  std::vector<std::string> differing;
  int wanted = 0;
  for (const MachineBinding& binding : bindings) {
    std::vector<std::string> same;
    std::vector<std::string> other;
    bool strong = false;
    for (const std::string_view name : kTagged) {
      const auto bound = binding.facts.find(std::string(name));
      if (bound == binding.facts.end() || bound->second.empty()) continue;
      const auto own = facts_.find(bound->first);
      const bool agrees = own != facts_.end() && have_one_in_common(own->second, bound->second);
      (agrees ? same : other).emplace_back(name);
      strong |= agrees && strength_of(name) == Strength::strong;
    }
    if (!strong || same.size() <= agreeing.size()) continue;
    wanted = std::min<int>(binding.match, static_cast<int>(same.size() + other.size()));
    agreeing = std::move(same);
    differing = std::move(other);
  }
  if (agreeing.empty() || std::ssize(agreeing) >= wanted) return {};
  return concat(listed(agreeing), agreeing.size() == 1 ? " agrees; " : " agree; ", listed(differing),
                differing.size() == 1 ? " does not; " : " do not; ", wanted, " must");
}

bool MachineIdentity::has_more_than(const FactDigests& known) const {
  return std::any_of(facts_.begin(), facts_.end(), [&](const auto& fact) {
    const auto same = known.find(fact.first);
    // Both in order.
    return same == known.end() ||
           !std::includes(same->second.begin(), same->second.end(), fact.second.begin(), fact.second.end());
  });
}

bool MachineIdentity::matches_any(const std::vector<MachineBinding>& bindings) const {
  return std::any_of(bindings.begin(), bindings.end(), [this](const auto& binding) { return matches(binding); });
}

}  // namespace lic
