#pragma once

/// Strict text forms of bytes: one text for each value, everything else refused.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"

namespace lic {

/// RFC 4648 base64, standard alphabet, with padding.
[[nodiscard]] LIC_INTERNAL std::string base64_encode(ByteView bytes);

/// Absent unless `text` is exactly what base64_encode() gives: no white space,
/// full padding, no slack bits.
[[nodiscard]] LIC_INTERNAL std::optional<Bytes> base64_decode(std::string_view text);

/// Lower case.
[[nodiscard]] LIC_INTERNAL std::string hex_encode(ByteView bytes);

/// Absent unless `text` is lower-case hex of even length.
[[nodiscard]] LIC_INTERNAL std::optional<Bytes> hex_decode(std::string_view text);

/// Crockford's base32 alphabet: digits and capitals without I, L, O and U.
inline constexpr std::string_view kBase32Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The value (0 to 31) of a base32 symbol, reading lower case, O as 0 and I and L
/// as 1; -1 for anything else.
[[nodiscard]] int base32_value(char symbol) noexcept;

/// Most significant bits first; the last symbol is filled up with zero bits.
[[nodiscard]] LIC_INTERNAL std::string base32_encode(ByteView bytes);

/// Absent unless every character is a symbol (forgiving as base32_value()) and
/// the slack bits are zero.
[[nodiscard]] std::optional<Bytes> base32_decode(std::string_view text);

}  // namespace lic
