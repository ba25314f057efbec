#include "crypto/hash.hpp"

#include <sodium.h>

#include <cstring>
#include <type_traits>

namespace lic {

Digest sha256(ByteView bytes) {
  Digest digest{};
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

Digest blake2b(ByteView bytes) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
  return digest;
}

HmacSha256::HmacSha256(ByteView key) noexcept {
  crypto_auth_hmacsha256_state state;
  static_assert(sizeof state == sizeof begun_ && std::is_trivially_copyable_v<decltype(state)>);
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  std::memcpy(begun_.data(), &state, sizeof state);
}

Digest HmacSha256::of(std::initializer_list<ByteView> parts) const noexcept {
  crypto_auth_hmacsha256_state state;
  std::memcpy(&state, begun_.data(), sizeof state);
  for (const ByteView part : parts) crypto_auth_hmacsha256_update(&state, part.data(), part.size());
  Digest digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  return digest;
}

Digest hmac_sha256(ByteView key, ByteView message) { return HmacSha256(key).of({message}); }

SecretBytes derive_key(const SecretBytes& secret, std::string_view context) {
  SecretBytes key(32);
  const ByteView message = view_bytes(context);
  crypto_generichash(key.data(), key.size(), message.data(), message.size(), secret.view().data(), secret.size());
  return key;
}

}  // namespace lic
