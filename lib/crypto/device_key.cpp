#include "crypto/device_key.hpp"

#include <sodium.h>

#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

// The only file of liblic that signs; tests/cli/symbols_test.sh looks at the others.

namespace lic {
namespace {

constexpr std::string_view kType = "application/vnd.lic.usage.v1+json";

}  // namespace

DeviceKey::DeviceKey(SecretBytes seed, SecretBytes secret, PublicKey public_key)
    : seed_(std::move(seed)), secret_(std::move(secret)), public_key_(public_key) {}

DeviceKey DeviceKey::generate() {
  while (true) {
    // A random seed gives a weak key with probability 2^-250; then another is drawn.
    if (auto key = from_seed(random_secret(kSeedSize))) return std::move(key).value();
  }
}

Result<DeviceKey> DeviceKey::from_seed(SecretBytes seed) {
  if (seed.size() != kSeedSize)
    return error(Errc::invalid_input,
                 concat("the seed of a device's key has ", kSeedSize, " bytes, not ", seed.size()));
  SecretBytes secret(crypto_sign_SECRETKEYBYTES);
  std::array<std::uint8_t, PublicKey::kSize> point{};
  crypto_sign_seed_keypair(point.data(), secret.data(), seed.view().data());
  LIC_TRY_ASSIGN(PublicKey public_key, PublicKey::from_bytes(point));
  return DeviceKey(std::move(seed), std::move(secret), public_key);
}

Signature DeviceKey::sign_usage(ByteView payload) const {
  const std::string head = concat("DSSEv1 ", kType.size(), ' ', kType, ' ', payload.size(), ' ');
  Bytes message(head.begin(), head.end());
  message.insert(message.end(), payload.begin(), payload.end());
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.view().data());
  return signature;
}

}  // namespace lic
