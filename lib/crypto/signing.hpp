#pragma once

/// Ed25519 signing: the vendor's half. Compiled into licgen, never into liblic.

#include "crypto/keys.hpp"
#include "crypto/secret.hpp"

namespace lic {

class SigningKey {
 public:
  static constexpr std::size_t kSeedSize = 32;

  static SigningKey generate();
  /// Errors: invalid_input (not 32 bytes).
  static Result<SigningKey> from_seed(SecretBytes seed);

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  /// The 32-byte seed, as PKCS#8 keeps it (RFC 8410).
  [[nodiscard]] const SecretBytes& seed() const noexcept { return seed_; }
  [[nodiscard]] Signature sign(ByteView message) const;

 private:
  SigningKey(SecretBytes seed, SecretBytes secret, PublicKey public_key);

  SecretBytes seed_;
  SecretBytes secret_;  // libsodium's form: seed and public key
  PublicKey public_key_;
};

}  // namespace lic
