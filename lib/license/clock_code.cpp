#include "license/clock_code.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::string_view kVersion = "C1";
constexpr std::size_t kProductBytes = 2;
constexpr std::size_t kMachineBytes = 5;
constexpr std::size_t kTimeBytes = 4;
constexpr std::size_t kCheckBytes = 3;
constexpr std::size_t kContentBytes = kProductBytes + kMachineBytes + ClockCode::kNonceBytes + kTimeBytes;
constexpr std::size_t kSymbols = (kContentBytes + kCheckBytes) * 8 / 5;
constexpr std::size_t kGroup = 4;
constexpr std::size_t kLongestTyped = 256;

static_assert((kContentBytes + kCheckBytes) % 5 == 0, "whole symbols");

/// The first bytes of SHA-256(context 0x00 content).
Bytes tag_of(std::string_view context, ByteView content, std::size_t size) {
  Bytes message(context.begin(), context.end());
  message.push_back(0);
  message.insert(message.end(), content.begin(), content.end());
  const Digest digest = sha256(message);
  return {digest.begin(), digest.begin() + static_cast<std::ptrdiff_t>(size)};
}

Bytes product_tag(std::string_view product) {
  return tag_of("lic-clock-code-product-v1", view_bytes(product), kProductBytes);
}

Bytes machine_tag(std::string_view fingerprint) {
  return tag_of("lic-clock-code-machine-v1", view_bytes(fingerprint), kMachineBytes);
}

Bytes check_of(ByteView content) { return tag_of("lic-clock-code-v1", content, kCheckBytes); }

Error malformed(std::string_view typed, std::string_view why) {
  return error(Errc::invalid_input, concat("clock code ", in_quotes(typed), ' ', why),
               "licctl --clock-code prints it; copy all of it");
}

bool starts_with(ByteView bytes, const Bytes& part) { return std::equal(part.begin(), part.end(), bytes.begin()); }

}  // namespace

ClockCode::ClockCode(Bytes bytes) : bytes_(std::move(bytes)), text_(kVersion) {
  Bytes whole = bytes_;
  const Bytes check = check_of(bytes_);
  whole.insert(whole.end(), check.begin(), check.end());
  const std::string symbols = base32_encode(whole);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i % kGroup == 0) text_ += '-';
    text_ += symbols[i];
  }
}

ClockCode ClockCode::make(std::string_view product, std::string_view machine, ByteView nonce, Time latest) {
  Bytes bytes = product_tag(product);
  const Bytes machine_part = machine_tag(machine);
  bytes.insert(bytes.end(), machine_part.begin(), machine_part.end());
  bytes.insert(bytes.end(), nonce.begin(), nonce.end());
  const auto minutes = static_cast<std::uint32_t>(
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::minutes>(latest.time_since_epoch()).count()));
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(minutes >> shift));
  return ClockCode(std::move(bytes));
}

ClockCode ClockCode::make(std::string_view product, std::string_view machine, Time latest) {
  return make(product, machine, random_bytes(kNonceBytes), latest);
}

Result<ClockCode> ClockCode::parse(std::string_view typed) {
  if (typed.size() > kLongestTyped) return malformed(typed.substr(0, kLongestTyped), "is too long");
  std::string symbols;
  for (const char c : typed)
    if (c != '-' && c != ' ' && c != '\t') symbols += c;
  const bool versioned = symbols.size() >= 2 && (symbols[0] == 'C' || symbols[0] == 'c');
  if (!versioned) return malformed(typed, "does not begin with C1");
  if (symbols[1] != '1' && base32_value(symbols[1]) != 1)
    return malformed(typed, "is not of the version C1, the one that this program knows");
  symbols.erase(0, 2);
  if (symbols.size() != kSymbols)
    return malformed(typed, concat("has ", symbols.size(), " symbols after C1, not ", kSymbols));
  const auto whole = base32_decode(symbols);
  if (!whole) return malformed(typed, "has a symbol that no code has");
  Bytes content(whole->begin(), whole->begin() + static_cast<std::ptrdiff_t>(kContentBytes));
  if (!starts_with(ByteView(*whole).subspan(kContentBytes), check_of(content)))
    return malformed(typed, "is mistyped: its check does not hold");
  return ClockCode(std::move(content));
}

bool ClockCode::is_of_product(std::string_view product) const { return starts_with(bytes_, product_tag(product)); }

bool ClockCode::is_of_machine(std::string_view fingerprint) const {
  return starts_with(ByteView(bytes_).subspan(kProductBytes), machine_tag(fingerprint));
}

Time ClockCode::latest() const noexcept {
  std::int64_t minutes = 0;
  for (std::size_t i = kContentBytes - kTimeBytes; i < kContentBytes; ++i) minutes = minutes << 8 | bytes_[i];
  return Time{std::chrono::minutes{minutes}};
}

}  // namespace lic
