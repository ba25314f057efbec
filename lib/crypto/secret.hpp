#pragma once

#include <cstddef>

#include "base/bytes.hpp"
#include "base/export.hpp"

namespace lic {

/// Bytes that nobody should see: no copy, no printing, wiped when destroyed.
class LIC_INTERNAL SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  /// Takes over a copy of `bytes`; wiping the original is the caller's.
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  /// Takes over the buffer itself.
  explicit SecretBytes(Bytes&& bytes) noexcept : bytes_(std::move(bytes)) {}
  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] std::uint8_t* data() noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  /// Constant time in the content. Different sizes are unequal.
  [[nodiscard]] bool equals(const SecretBytes& other) const noexcept;

 private:
  void wipe() noexcept;

  Bytes bytes_;
};

}  // namespace lic
