#pragma once

#include <array>
#include <initializer_list>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/secret.hpp"

namespace lic {

using Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] LIC_INTERNAL Digest sha256(ByteView bytes);

/// BLAKE2b-256 (RFC 7693): where no other program needs the digest, as it takes a
/// fraction of the time.
[[nodiscard]] LIC_INTERNAL Digest blake2b(ByteView bytes);

/// HMAC-SHA-256 (RFC 2104) with a key of any length.
[[nodiscard]] Digest hmac_sha256(ByteView key, ByteView message);

/// The same of several messages under one key, which is taken in once.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key) noexcept;
  /// Of the parts, one after the other.
  [[nodiscard]] Digest of(std::initializer_list<ByteView> parts) const noexcept;

 private:
  alignas(8) std::array<std::uint8_t, 208> begun_{};  ///< libsodium's state, which only hash.cpp knows
};

/// A 32-byte key for one purpose: keyed BLAKE2b-256 of `context`, under `secret`
/// (16 to 64 bytes of full entropy). `context` begins with the purpose's name.
[[nodiscard]] SecretBytes derive_key(const SecretBytes& secret, std::string_view context);

}  // namespace lic
