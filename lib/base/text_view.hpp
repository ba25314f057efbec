#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace lic {

/// A std::string_view for parameters that are given literals. Of a literal the size is known;
/// std::string_view's own constructor is a call, in code that is compiled for size, and there are a
/// thousand such places in liblic.
class TextView : public std::string_view {
 public:
  constexpr TextView() noexcept = default;
  template <std::size_t kSize>
  [[gnu::always_inline]] constexpr TextView(
      const char (&literal)[kSize]) noexcept  // NOLINT(google-explicit-constructor)
      : std::string_view(literal, kSize - 1) {}
  template <std::size_t kSize>
  TextView(char (&buffer)[kSize]) = delete;  // how much of it is text is not known
  template <class Pointer>
  requires(std::same_as<Pointer, const char*> ||
           std::same_as<Pointer, char*>) constexpr TextView(const Pointer& text) noexcept
      : std::string_view(text) {}                                            // NOLINT(google-explicit-constructor)
  [[gnu::always_inline]] constexpr TextView(std::string_view text) noexcept  // NOLINT(google-explicit-constructor)
      : std::string_view(text) {}
  [[gnu::always_inline]] TextView(const std::string& text) noexcept  // NOLINT(google-explicit-constructor)
      : std::string_view(text.data(), text.size()) {}
};

}  // namespace lic
