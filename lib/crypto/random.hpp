#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/secret.hpp"

namespace lic {

/// Bytes from the operating system's generator. Never fails.
[[nodiscard]] LIC_INTERNAL Bytes random_bytes(std::size_t count);
[[nodiscard]] LIC_INTERNAL SecretBytes random_secret(std::size_t count);

/// The same, drawn from the operating system many at a time, for who needs a few very often. For one thread at a time.
class ManyRandomBytes {
 public:
  template <std::size_t count>
  [[nodiscard]] std::array<std::uint8_t, count> next() {
    static_assert(count <= kDrawn);
    if (drawn_.size() - used_ < count) draw();
    std::array<std::uint8_t, count> bytes{};
    for (std::uint8_t& byte : bytes) byte = std::exchange(drawn_[used_++], std::uint8_t{0});
    return bytes;
  }

 private:
  static constexpr std::size_t kDrawn = 1024;

  void draw() {
    drawn_ = random_bytes(kDrawn);
    used_ = 0;
  }

  Bytes drawn_;
  std::size_t used_ = 0;  ///< so many of them were given out, and are gone
};

}  // namespace lic
