#include "crypto/signing.hpp"

#include <sodium.h>

#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

namespace lic {

SigningKey::SigningKey(SecretBytes seed, SecretBytes secret, PublicKey public_key)
    : seed_(std::move(seed)), secret_(std::move(secret)), public_key_(public_key) {}

SigningKey SigningKey::generate() {
  while (true) {
    // A random seed gives a weak key with probability 2^-250; then another is drawn.
    if (auto key = from_seed(random_secret(kSeedSize))) return std::move(key).value();
  }
}

Result<SigningKey> SigningKey::from_seed(SecretBytes seed) {
  if (seed.size() != kSeedSize)
    return error(Errc::invalid_input, concat("a signing key's seed has ", kSeedSize, " bytes, not ", seed.size()));
  SecretBytes secret(crypto_sign_SECRETKEYBYTES);
  std::array<std::uint8_t, PublicKey::kSize> point{};
  crypto_sign_seed_keypair(point.data(), secret.data(), seed.view().data());
  LIC_TRY_ASSIGN(PublicKey public_key, PublicKey::from_bytes(point));
  return SigningKey(std::move(seed), std::move(secret), public_key);
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.view().data());
  return signature;
}

}  // namespace lic
