#include "crypto/key_check.hpp"
#include "base/encoding.hpp"
#include "crypto/signing.hpp"
#include "crypto/start.hpp"
#include "support/catch.hpp"

// Which public keys nobody should build into an application (docs/embedding.md, "Compiling the product in").

using namespace lic;

namespace {

/// What speaks against the key of those 32 bytes.
std::string fault_of(Bytes bytes) {
  const auto key = PublicKey::from_bytes(bytes);
  REQUIRE(key);
  return key_fault(*key);
}

std::string fault_of_seed(Bytes seed) {
  return key_fault(SigningKey::from_seed(SecretBytes(std::move(seed))).value().public_key());
}

Bytes counting(std::uint8_t first, std::uint8_t step) {
  Bytes bytes(PublicKey::kSize);
  for (auto& byte : bytes) {
    byte = first;
    first = static_cast<std::uint8_t>(first + step);
  }
  return bytes;
}

}  // namespace

TEST_CASE("key check: keys that were made are good", "[crypto]") {
  REQUIRE(start_crypto());
  for (int i = 0; i < 200; ++i) CHECK(key_fault(SigningKey::generate().public_key()).empty());
}

TEST_CASE("key check: a private key that everybody has", "[crypto]") {
  REQUIRE(start_crypto());
  // RFC 8032, 7.1, test 2.
  CHECK(fault_of(hex_decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").value())
            .find("RFC 8032, 7.1, test 2") != std::string::npos);
  for (const unsigned byte : {0U, 1U, 0x42U, 0xFFU})
    CHECK(fault_of_seed(Bytes(SigningKey::kSeedSize, static_cast<std::uint8_t>(byte))).find("was made from the byte") !=
          std::string::npos);
  CHECK(fault_of_seed(counting(0, 1)).find("from 0 on") != std::string::npos);
  CHECK(fault_of_seed(counting(1, 1)).find("from 1 on") != std::string::npos);
  CHECK(fault_of_seed(counting(2, 1)).empty());  // where guessing ends
}

TEST_CASE("key check: what someone typed in place of a key", "[crypto]") {
  REQUIRE(start_crypto());
  const std::string typed = "REPLACE-THIS-WITH-YOUR-OWN-KEY!!";
  for (const auto& bytes : {Bytes(PublicKey::kSize, 0x42), counting(0, 1), counting(0x20, 1), counting(7, 3),
                            Bytes(typed.begin(), typed.end())})
    CHECK(fault_of(bytes).find("is a placeholder") != std::string::npos);
}

TEST_CASE("key check: no point of the curve, or none of a key", "[crypto]") {
  REQUIRE(start_crypto());
  int refused = 0;
  for (std::uint8_t last = 0; last < 64; ++last) {
    auto bytes = hex_decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f7075100").value();
    bytes.back() = last;
    const auto key = PublicKey::from_bytes(bytes);
    if (key && key_fault(*key).find("is no point that an Ed25519 private key has") != std::string::npos) ++refused;
  }
  // Half of all y are none of the curve, and seven eighths of the rest lie outside the subgroup of prime order.
  CHECK(refused > 48);
}
