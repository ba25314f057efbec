#pragma once

/// The one key that a client has: of this user on this machine. It signs usage statements
/// (docs/formats.md, 14) and can sign nothing else. Who owns the machine can take it out.
///
/// Not exported from liblic; lib/client alone uses it.

#include "crypto/keys.hpp"
#include "crypto/secret.hpp"

namespace lic {

class DeviceKey {
 public:
  static constexpr std::size_t kSeedSize = 32;

  static DeviceKey generate();
  /// Errors: invalid_input (not 32 bytes).
  static Result<DeviceKey> from_seed(SecretBytes seed);

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] const SecretBytes& seed() const noexcept { return seed_; }

  /// Of a usage statement with that payload: over its pre-authentication encoding, which
  /// begins with the type of such a document whatever the payload is.
  [[nodiscard]] Signature sign_usage(ByteView payload) const;

 private:
  DeviceKey(SecretBytes seed, SecretBytes secret, PublicKey public_key);

  SecretBytes seed_;
  SecretBytes secret_;  // libsodium's form: seed and public key
  PublicKey public_key_;
};

}  // namespace lic
