#include "crypto/hash.hpp"

#include <sodium.h>

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

Digest hmac_sha256(ByteView key, ByteView message) {
  Digest digest{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, message.data(), message.size());
  crypto_auth_hmacsha256_final(&state, digest.data());
  return digest;
}

SecretBytes derive_key(const SecretBytes& secret, std::string_view context) {
  SecretBytes key(32);
  const ByteView message = view_bytes(context);
  crypto_generichash(key.data(), key.size(), message.data(), message.size(), secret.view().data(), secret.size());
  return key;
}

}  // namespace lic
