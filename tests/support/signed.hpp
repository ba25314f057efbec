#pragma once

/// Documents with good signatures, made in the process, for fuzzing and measuring.

#include <string>
#include <string_view>

#include "crypto/signing.hpp"
#include "crypto/start.hpp"
#include "license/envelope.hpp"
#include "trust/product.hpp"

namespace lic::test {

/// The one key that signs everything here: its seed is the bytes 0 to 31.
inline const SigningKey& signing_key() {
  static const SigningKey key = [] {
    start_crypto().value();
    Bytes seed;
    for (std::uint8_t byte = 0; byte < SigningKey::kSeedSize; ++byte) seed.push_back(byte);
    return SigningKey::from_seed(SecretBytes(std::move(seed))).value();
  }();
  return key;
}

/// The document of that kind with `payload`, signed.
inline std::string sign(DocumentKind kind, ByteView payload) {
  const Bytes message = pre_authentication_encoding(payload_type(kind), payload);
  const Signature signature = signing_key().sign(message);
  return Envelope::of(kind, Bytes(payload.begin(), payload.end()),
                      {{signing_key().public_key().id(), Bytes(signature.begin(), signature.end())}})
      .to_json();
}

/// A product whose root and only key is signing_key(), in force for ever.
inline const ProductFile& product() {
  static const ProductFile file = [] {
    constexpr std::string_view kCatalog =
        R"({"v":1,"product":"ticketzero","name":"TicketZero","app":"ticketzero","key_prefix":"TZ","plans":[
            {"id":"professional","name":"Professional","code":"PRO","kind":"subscription","months":12}]})";
    const PublicKey& key = signing_key().public_key();
    const TrustedKey trusted{key, {Role::license, Role::revocations, Role::lease}, {}, {}};
    const std::string payload = product_payload(kCatalog, "01JD0000000000000000000000", Time{}, 1, {key}, 1, {trusted});
    return ProductFile::open(view_bytes(sign(DocumentKind::product, view_bytes(payload))), "product").value();
  }();
  return file;
}

}  // namespace lic::test
