#pragma once

/// Ed25519 public keys (RFC 8032): what a client trusts.

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"

namespace lic {

using Signature = std::array<std::uint8_t, 64>;

/// Lower-case hex of SHA-256("lic-key-v1" 0x00 0x01 public-key): the name of a key.
/// Always computed from the key, or a claim to be compared with one that was.
class LIC_INTERNAL KeyId {
 public:
  KeyId() = default;
  explicit KeyId(std::string hex) : hex_(std::move(hex)) {}

  [[nodiscard]] const std::string& hex() const& noexcept { return hex_; }
  [[nodiscard]] std::string hex() && noexcept { return std::move(hex_); }
  friend bool operator==(const KeyId&, const KeyId&) = default;
  friend auto operator<=>(const KeyId&, const KeyId&) = default;

 private:
  std::string hex_;
};

/// A key that is a canonical encoding and not of small order. OpenSSL would take
/// those: for a key of all zeros anyone can make a "signature".
class LIC_INTERNAL PublicKey {
 public:
  static constexpr std::size_t kSize = 32;

  /// Errors: invalid_input (wrong length, not canonical, small order).
  static Result<PublicKey> from_bytes(ByteView bytes);
  /// Strict base64 of the same.
  static Result<PublicKey> from_base64(std::string_view text);

  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string base64() const;
  /// Computed each time: a SHA-256.
  [[nodiscard]] KeyId id() const;

  /// Whether `signature` is this key's pure Ed25519 signature of `message`.
  [[nodiscard]] bool verifies(ByteView message, ByteView signature) const noexcept;

  friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept { return a.bytes_ == b.bytes_; }

 private:
  explicit PublicKey(const std::array<std::uint8_t, kSize>& bytes) noexcept : bytes_(bytes) {}

  std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace lic
