#pragma once

/// Text for messages: joining, escaping, comparing.

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/export.hpp"
#include "base/text_view.hpp"

namespace lic {

namespace detail {
/// A whole number in decimal, without memory of its own.
class LIC_INTERNAL Decimal {
 public:
  explicit Decimal(std::int64_t number) noexcept;
  explicit Decimal(std::uint64_t number) noexcept;
  operator std::string_view() const noexcept { return {text_.data(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  std::array<char, 20> text_{};
  std::size_t size_;
};

[[gnu::always_inline]] inline TextView as_part(TextView part) noexcept { return part; }
inline TextView as_part(const char& part) noexcept { return std::string_view{&part, 1}; }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) Decimal as_part(T part)
noexcept { return Decimal(static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(part)); }

/// In memory of the right size, taken once.
[[nodiscard]] LIC_INTERNAL std::string joined(std::initializer_list<std::string_view> parts);
}  // namespace detail

/// Strings, characters and whole numbers, one after the other.
template <class... Parts>
[[nodiscard, gnu::always_inline]] inline std::string concat(const Parts&... parts) {
  return detail::joined({detail::as_part(parts)...});
}

/// `text` made safe to show on a terminal: control characters (C0, DEL, C1),
/// line and paragraph separators, bidi and zero-width marks, and bytes that are
/// not UTF-8 become visible escapes (\x1b, \u202e); the rest stays as it is.
[[nodiscard]] LIC_INTERNAL std::string printable(std::string_view text);

/// JSON text with the characters that printable() escapes written as \u escapes: the
/// same document, safe to show. `json` is valid JSON without control characters
/// but white space.
[[nodiscard]] LIC_INTERNAL std::string printable_json(std::string json);

/// `text` escaped as by printable(), in single quotes, cut at 80 characters.
[[nodiscard]] LIC_INTERNAL std::string in_quotes(std::string_view text);

/// The length in bytes of the character at the front of `text`, which is not
/// empty; 0 where that is not well-formed UTF-8.
[[nodiscard]] LIC_INTERNAL std::size_t utf8_length(std::string_view text) noexcept;

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] LIC_INTERNAL bool is_utf8(std::string_view text) noexcept;

/// The candidate nearest to `word` by edit distance, or empty when none is near
/// enough to be meant (at most a third of its length, at least one edit).
[[nodiscard]] LIC_INTERNAL std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ASCII only, whatever the locale.
[[nodiscard]] LIC_INTERNAL std::string to_lower(std::string_view text);
[[nodiscard]] LIC_INTERNAL std::string to_upper(std::string_view text);

/// A whole number in decimal digits with an optional '-', nothing else: no sign
/// '+', no space, no hexadecimal. Absent when it is not, or does not fit.
[[nodiscard]] LIC_INTERNAL std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

}  // namespace lic
