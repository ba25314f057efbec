#include "base/encoding.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <cstring>

namespace lic {
namespace {

constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& digit : table) digit = kNoDigit;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr auto kBase64Digits = digits_of(kBase64Alphabet);

/// The same for the upper and for the lower of two digits: what is none has a bit above the twelve of both.
constexpr std::array<std::array<std::uint16_t, 256>, 2> kBase64Pairs = [] {
  std::array<std::array<std::uint16_t, 256>, 2> tables{};
  for (std::size_t c = 0; c < 256; ++c) {
    const unsigned digit = kBase64Digits[c] == kNoDigit ? 1U << 12 : kBase64Digits[c];
    tables[0][c] = static_cast<std::uint16_t>(kBase64Digits[c] == kNoDigit ? digit : digit << 6);
    tables[1][c] = static_cast<std::uint16_t>(digit);
  }
  return tables;
}();
constexpr auto kHexDigits = digits_of("0123456789abcdef");
constexpr auto kBase32Digits = digits_of(kBase32Alphabet);

std::uint8_t digit(const std::array<std::uint8_t, 256>& table, char c) noexcept {
  return table[static_cast<unsigned char>(c)];
}

#if defined(__SSE2__)

constexpr std::size_t kAtOnce = 16;  // digits, which are twelve bytes

/// The six bytes of a number, and two more.
void write_six(std::uint64_t number, std::uint8_t* write) noexcept {
  const std::uint64_t bytes = __builtin_bswap64(number << 16);
  std::memcpy(write, &bytes, sizeof bytes);
}

/// Twelve bytes, and two that do not count. Where one of the sixteen is no digit, a bit of `wrong` is set.
void decode_sixteen(const unsigned char* read, std::uint8_t* write, __m128i& wrong) noexcept {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(read));
  // What is to be added to the characters of a range to get digits: never 0. Those beyond ASCII are
  // negative, and in none.
  const auto add_from = [&](char first, char last, int digit) {
    const __m128i from = _mm_cmpgt_epi8(text, _mm_set1_epi8(static_cast<char>(first - 1)));
    const __m128i within = _mm_andnot_si128(_mm_cmpgt_epi8(text, _mm_set1_epi8(last)), from);
    return _mm_and_si128(within, _mm_set1_epi8(static_cast<char>(digit - first)));
  };
  const auto add_for = [&](char mark, int digit) {
    return _mm_and_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8(mark)), _mm_set1_epi8(static_cast<char>(digit - mark)));
  };
  const __m128i letters = _mm_or_si128(add_from('A', 'Z', 0), add_from('a', 'z', 26));
  const __m128i others = _mm_or_si128(add_from('0', '9', 52), _mm_or_si128(add_for('+', 62), add_for('/', 63)));
  const __m128i added = _mm_or_si128(letters, others);
  wrong = _mm_or_si128(wrong, _mm_cmpeq_epi8(added, _mm_setzero_si128()));
  const __m128i digits = _mm_add_epi8(text, added);
  const __m128i upper = _mm_slli_epi16(_mm_and_si128(digits, _mm_set1_epi16(0xFF)), 6);
  const __m128i pairs = _mm_or_si128(upper, _mm_srli_epi16(digits, 8));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | 1 << 12));
  const __m128i eights = _mm_or_si128(_mm_srli_epi64(_mm_slli_epi64(fours, 32), 8), _mm_srli_epi64(fours, 32));
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), &eights, sizeof eights);
  write_six(halves[0], write);
  write_six(halves[1], write + 6);
}

#endif

}  // namespace

std::string base64_encode(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const unsigned group = unsigned{bytes[i]} << 16 | unsigned{bytes[i + 1]} << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out += kBase64Alphabet[(group >> shift) & 63];
  }
  if (const std::size_t rest = bytes.size() - i; rest > 0) {
    const unsigned group = unsigned{bytes[i]} << 16 | (rest == 2 ? unsigned{bytes[i + 1]} << 8 : 0);
    out += kBase64Alphabet[(group >> 18) & 63];
    out += kBase64Alphabet[(group >> 12) & 63];
    out += rest == 2 ? kBase64Alphabet[(group >> 6) & 63] : '=';
    out += '=';
  }
  return out;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  constexpr unsigned kLastDigit = 63;  // what is no digit has bits above these
  constexpr unsigned kLastPair = 4095;
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits = text.substr(0, text.size() - padding);

  Bytes out(text.size() / 4 * 3 - padding);
  const auto* read = reinterpret_cast<const unsigned char*>(digits.data());
  std::uint8_t* write = out.data();
  const auto pair_at = [&](std::size_t i) { return unsigned{kBase64Pairs[0][read[i]]} | kBase64Pairs[1][read[i + 1]]; };
  std::size_t left = digits.size();
#if defined(__SSE2__)
  __m128i wrong = _mm_setzero_si128();
  for (; left >= kAtOnce + 4; left -= kAtOnce, read += kAtOnce, write += kAtOnce / 4 * 3)
    decode_sixteen(read, write, wrong);
  if (_mm_movemask_epi8(wrong) != 0) return std::nullopt;
#endif
  unsigned seen = 0;
  for (; left >= 4; left -= 4, read += 4, write += 3) {
    const unsigned upper = pair_at(0);
    const unsigned lower = pair_at(2);
    seen |= upper | lower;
    const unsigned group = upper << 12 | lower;
    write[0] = static_cast<std::uint8_t>(group >> 16);
    write[1] = static_cast<std::uint8_t>(group >> 8);
    write[2] = static_cast<std::uint8_t>(group);
  }
  if (seen > kLastPair) return std::nullopt;
  if (padding == 0) return out;
  const unsigned a = kBase64Digits[read[0]], b = kBase64Digits[read[1]], c = padding == 1 ? kBase64Digits[read[2]] : 0;
  if ((a | b | c) > kLastDigit) return std::nullopt;
  const unsigned group = a << 18 | b << 12 | c << 6;
  write[0] = static_cast<std::uint8_t>(group >> 16);
  if (padding == 1) write[1] = static_cast<std::uint8_t>(group >> 8);
  const unsigned slack = padding == 1 ? group & 0xFF : group & 0xFFFF;
  if (slack != 0) return std::nullopt;
  return out;
}

std::string hex_encode(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t high = digit(kHexDigits, text[2 * i]);
    const std::uint8_t low = digit(kHexDigits, text[2 * i + 1]);
    if (high == kNoDigit || low == kNoDigit) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

int base32_value(char symbol) noexcept {
  if (symbol >= 'a' && symbol <= 'z') symbol = static_cast<char>(symbol - 'a' + 'A');
  if (symbol == 'O') return 0;
  if (symbol == 'I' || symbol == 'L') return 1;
  const std::uint8_t value = digit(kBase32Digits, symbol);
  return value == kNoDigit ? -1 : value;
}

std::string base32_encode(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  unsigned pending = 0;
  unsigned pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = pending << 8 | byte;
    pending_bits += 8;
    while (pending_bits >= 5) {
      pending_bits -= 5;
      out += kBase32Alphabet[(pending >> pending_bits) & 31];
    }
    pending &= (1u << pending_bits) - 1;
  }
  if (pending_bits > 0) out += kBase32Alphabet[(pending << (5 - pending_bits)) & 31];
  return out;
}

std::optional<Bytes> base32_decode(std::string_view text) {
  Bytes out;
  out.reserve(text.size() * 5 / 8);
  unsigned pending = 0;
  unsigned pending_bits = 0;
  for (const char c : text) {
    const int value = base32_value(c);
    if (value < 0) return std::nullopt;
    pending = pending << 5 | static_cast<unsigned>(value);
    pending_bits += 5;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      out.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
      pending &= (1u << pending_bits) - 1;
    }
  }
  if (pending != 0 || pending_bits >= 5) return std::nullopt;
  return out;
}

}  // namespace lic
