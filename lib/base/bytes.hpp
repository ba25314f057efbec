#pragma once

/// Bytes and views of them. Text stays std::string; everything else is Bytes.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lic {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView view_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view view_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline std::string to_text(ByteView bytes) { return std::string(view_text(bytes)); }

}  // namespace lic
