#include "license/key.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

/// GF(32) = GF(2)[x] / (x^5 + x^2 + 1), which is primitive: x generates all 31 units.
namespace field {

constexpr int kUnits = 31;

struct Tables {
  std::array<std::uint8_t, kUnits> powers{};
  std::array<int, 32> logs{};
};

constexpr Tables make_tables() {
  Tables tables;
  unsigned value = 1;
  for (int i = 0; i < kUnits; ++i) {
    tables.powers[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
    tables.logs[value] = i;
    value <<= 1;
    if (value >= 32) value ^= 0b100101;
  }
  return tables;
}

constexpr Tables kTables = make_tables();

constexpr std::uint8_t power(int exponent) { return kTables.powers[static_cast<std::size_t>(exponent % kUnits)]; }
constexpr int log(std::uint8_t value) { return kTables.logs[value]; }
constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  return a == 0 || b == 0 ? std::uint8_t{0} : power(log(a) + log(b));
}

}  // namespace field

using Symbols = std::vector<std::uint8_t>;  // one symbol a byte, first to last
using Check = std::array<std::uint8_t, LicenseKey::kCheckSymbols>;

/// The three symbols by which PREFIX-CODE offsets the check: the first 15 bits of
/// SHA-256("lic-key-check-v1" 0x00 PREFIX-CODE).
Check offset_of(std::string_view head) {
  const Digest digest = sha256(view_bytes(concat("lic-key-check-v1", '\0', head)));
  const unsigned bits = (unsigned{digest[0]} << 8 | digest[1]) >> 1;
  return {static_cast<std::uint8_t>(bits >> 10), static_cast<std::uint8_t>(bits >> 5 & 31),
          static_cast<std::uint8_t>(bits & 31)};
}

/// Remainder of data(x) * x^3 by the generator (x - a)(x - a^2)(x - a^3).
Check remainder(const Symbols& data) {
  // Coefficients of the generator below x^3, highest first.
  static constexpr Check kGenerator = [] {
    std::array<std::uint8_t, 4> g{1, 0, 0, 0};  // highest power first, degree grows with each root
    for (int root = 1; root <= 3; ++root)
      for (std::size_t i = static_cast<std::size_t>(root); i > 0; --i)
        g[i] = static_cast<std::uint8_t>(g[i] ^ field::multiply(g[i - 1], field::power(root)));
    return Check{g[1], g[2], g[3]};
  }();
  Check rest{};
  for (const std::uint8_t symbol : data) {
    const auto lead = static_cast<std::uint8_t>(symbol ^ rest[0]);
    rest = {static_cast<std::uint8_t>(rest[1] ^ field::multiply(lead, kGenerator[0])),
            static_cast<std::uint8_t>(rest[2] ^ field::multiply(lead, kGenerator[1])),
            field::multiply(lead, kGenerator[2])};
  }
  return rest;
}

/// Takes the offset of its head from the body, which then is a codeword when nothing is wrong.
void take_offset(std::string_view head, std::span<std::uint8_t> body) {
  const Check offset = offset_of(head);
  for (std::size_t i = 0; i < offset.size(); ++i) body[body.size() - offset.size() + i] ^= offset[i];
}

Symbols codeword_of(std::string_view head, Symbols body) {
  take_offset(head, body);
  return body;
}

/// S1, S2, S3: the codeword evaluated at a, a^2 and a^3. All zero: nothing is wrong.
Check syndromes(std::span<const std::uint8_t> codeword) {
  Check values{};
  for (std::size_t s = 0; s < values.size(); ++s)
    for (const std::uint8_t symbol : codeword)
      values[s] = static_cast<std::uint8_t>(field::multiply(values[s], field::power(static_cast<int>(s) + 1)) ^ symbol);
  return values;
}

bool is_intact(const Check& s) { return s == Check{}; }

/// The body with the one wrong symbol put right; absent when no single symbol
/// explains the syndromes. The code's distance is 4, so two wrong symbols are
/// never taken for one.
std::optional<Symbols> with_one_mended(std::string_view head, const Symbols& body) {
  const Check s = syndromes(codeword_of(head, body));
  if (s[0] == 0 || s[1] == 0 || s[2] == 0) return std::nullopt;
  const int locator = (field::log(s[1]) - field::log(s[0]) + field::kUnits) % field::kUnits;
  if ((field::log(s[2]) - field::log(s[1]) + field::kUnits) % field::kUnits != locator) return std::nullopt;
  if (locator >= static_cast<int>(body.size())) return std::nullopt;
  Symbols mended = body;
  // S1 = e * a^locator, where locator counts from the last symbol.
  mended[body.size() - 1 - static_cast<std::size_t>(locator)] ^=
      field::power(field::log(s[0]) - locator + field::kUnits);
  return mended;
}

/// How many symbols of a body of that size stand together.
std::size_t group_of(std::size_t size) { return size == LicenseKey::kTrialSymbols ? size : 4; }

std::string key_text(std::string_view head, const Symbols& body) {
  std::string text;
  text.reserve(head.size() + body.size() + body.size() / 2);
  text += head;
  const std::size_t group = group_of(body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (i % group == 0) text += '-';
    text += kBase32Alphabet[body[i]];
  }
  return text;
}

/// A way to read the typed text: PREFIX-CODE and the symbols after it.
struct Reading {
  std::string head;
  Symbols body;
};

std::optional<Symbols> symbols_of(std::string_view text) {
  Symbols symbols;
  for (const char c : text) {
    const int value = base32_value(c);
    if (value < 0) return std::nullopt;
    symbols.push_back(static_cast<std::uint8_t>(value));
  }
  return symbols;
}

/// Every way to cut `letters` (no hyphens) into prefix, code and body. Without
/// hyphens the border of prefix and code cannot be seen; the check decides.
std::vector<Reading> readings_of(std::string_view letters) {
  std::vector<Reading> readings;
  const auto add = [&](std::size_t prefix_size, std::size_t head_size) {
    const std::string_view prefix = letters.substr(0, prefix_size);
    const std::string_view code = letters.substr(prefix_size, head_size - prefix_size);
    if (!is_key_part(prefix) || !is_key_part(code)) return;
    if (auto body = symbols_of(letters.substr(head_size)))
      readings.push_back({concat(prefix, '-', code), *std::move(body)});
  };
  if (letters.size() > LicenseKey::kBodySymbols) {
    const std::size_t head_size = letters.size() - LicenseKey::kBodySymbols;
    for (std::size_t prefix_size = 2; prefix_size + 2 <= head_size && prefix_size <= 8; ++prefix_size)
      add(prefix_size, head_size);
  }
  if (letters.size() > LicenseKey::kTrialSymbols + LicenseKey::kTrialCode.size()) {
    const std::size_t head_size = letters.size() - LicenseKey::kTrialSymbols;
    if (letters.substr(0, head_size).ends_with(LicenseKey::kTrialCode))
      add(head_size - LicenseKey::kTrialCode.size(), head_size);
  }
  return readings;
}

Error malformed(std::string_view typed, std::string_view why, TextView hint) {
  return error(Errc::invalid_input, concat("license key ", in_quotes(typed), " ", why), hint);
}

/// PREFIX-CODE as the typist's first two groups give it, or empty.
std::string head_by_hyphens(std::string_view upper) {
  std::vector<std::string> groups(1);
  for (const char c : upper) {
    if (c != '-' && c != ' ' && c != '\t') {
      groups.back() += c;
    } else if (!groups.back().empty()) {
      groups.emplace_back();
    }
  }
  return groups.size() < 3 ? std::string{} : concat(groups[0], '-', groups[1]);
}

/// Whether `text` is a key in normal form with a check that holds, as it stands in documents.
bool is_whole(std::string_view text) {
  const std::size_t prefix_end = text.find('-');
  const std::size_t head_end = prefix_end == std::string_view::npos ? prefix_end : text.find('-', prefix_end + 1);
  if (head_end == std::string_view::npos) return false;
  const std::string_view code = text.substr(prefix_end + 1, head_end - prefix_end - 1);
  if (!is_key_part(text.substr(0, prefix_end)) || !is_key_part(code)) return false;
  const bool is_trial =
      code == LicenseKey::kTrialCode && text.size() - head_end == 1 + std::size_t{LicenseKey::kTrialSymbols};
  const std::size_t size = is_trial ? LicenseKey::kTrialSymbols : LicenseKey::kBodySymbols;
  const std::size_t group = group_of(size);
  if (text.size() - head_end != size + size / group) return false;
  std::array<std::uint8_t, LicenseKey::kBodySymbols> body{};
  for (std::size_t at = head_end, read = 0; at < text.size(); ++at) {
    if ((at - head_end) % (group + 1) == 0) {
      if (text[at] != '-') return false;
      continue;
    }
    const int value = base32_value(text[at]);
    if (value < 0 || kBase32Alphabet[static_cast<std::size_t>(value)] != text[at]) return false;
    body[read++] = static_cast<std::uint8_t>(value);
  }
  const std::span<std::uint8_t> symbols = std::span(body).first(size);
  take_offset(text.substr(0, head_end), symbols);
  return is_intact(syndromes(symbols));
}

}  // namespace

bool is_key_part(std::string_view text) noexcept {
  return text.size() >= 2 && text.size() <= 8 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

Result<LicenseKey> LicenseKey::parse(std::string_view typed) {
  constexpr std::size_t kLongestTyped = 128;
  constexpr std::string_view kShape = "a key looks like TZ-PRO-7K3M-9QXA-R2VD-5R28";
  if (typed.size() > kLongestTyped) return malformed(typed, "is too long", kShape);

  if (is_whole(typed)) return LicenseKey(std::string(typed));

  const std::string upper = to_upper(typed);
  std::string letters;
  for (const char c : upper)
    if (c != '-' && c != ' ' && c != '\t') letters += c;
  std::vector<Reading> readings = readings_of(letters);
  if (readings.empty()) return malformed(typed, "does not have the form of one", kShape);
  // Where the typist shows the border of prefix and code, no other is tried: the
  // check promises its part for one head, not for the best of several.
  const std::string shown = head_by_hyphens(upper);
  const auto as_shown =
      std::find_if(readings.begin(), readings.end(), [&](const Reading& r) { return r.head == shown; });
  if (as_shown != readings.end()) readings = {*as_shown};

  for (const auto& [head, body] : readings)
    if (is_intact(syndromes(codeword_of(head, body)))) return LicenseKey(key_text(head, body));
  if (readings.size() == 1) {
    const auto& [head, body] = readings.front();
    if (const auto mended = with_one_mended(head, body))
      return malformed(typed, "is mistyped", concat("did you mean ", key_text(head, *mended), "?"));
  }
  return malformed(typed, "is mistyped", "compare it with the one you were given, or copy and paste it");
}

LicenseKey LicenseKey::make(std::string_view prefix, std::string_view code, ByteView random) {
  const std::string head = concat(prefix, '-', code);
  Symbols body(random.begin(), random.end());
  const Check check = remainder(body);
  const Check offset = offset_of(head);
  for (std::size_t i = 0; i < check.size(); ++i) body.push_back(static_cast<std::uint8_t>(check[i] ^ offset[i]));
  return LicenseKey(key_text(head, body));
}

std::string_view LicenseKey::prefix() const noexcept { return std::string_view(text_).substr(0, text_.find('-')); }

std::string_view LicenseKey::code() const noexcept {
  const std::size_t from = text_.find('-') + 1;
  return std::string_view(text_).substr(from, text_.find('-', from) - from);
}

namespace {

LicenseKey random_key(std::string_view prefix, std::string_view code, std::size_t symbols) {
  Bytes random = random_bytes(symbols);
  for (auto& symbol : random) symbol &= 31;
  return LicenseKey::make(prefix, code, random);
}

}  // namespace

LicenseKey random_license_key(std::string_view prefix, std::string_view code) {
  return random_key(prefix, code, LicenseKey::kBodySymbols - LicenseKey::kCheckSymbols);
}

LicenseKey random_trial_key(std::string_view prefix) {
  return random_key(prefix, LicenseKey::kTrialCode, LicenseKey::kTrialSymbols - LicenseKey::kCheckSymbols);
}

}  // namespace lic
