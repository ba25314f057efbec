#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/free_with.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "crypto/signing.hpp"
#include "support/catch.hpp"

using namespace lic;

namespace {

Bytes from_hex(const std::string& hex) { return hex_decode(hex).value(); }

/// What OpenSSL says of the same signature.
bool openssl_verifies(ByteView key, ByteView message, ByteView signature) {
  const std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  return pkey && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace

TEST_CASE("crypto: all Wycheproof Ed25519 vectors", "[crypto]") {
  const auto file =
      read_file(Path(LIC_TEST_VECTORS) / "wycheproof-ed25519.json", "vectors", {.limit = 1 << 20}).value();
  const auto vectors = nlohmann::json::parse(file.begin(), file.end());
  int tried = 0;
  for (const auto& group : vectors["testGroups"]) {
    const auto key = PublicKey::from_bytes(from_hex(group["publicKey"]["pk"]));
    REQUIRE(key);
    for (const auto& vector : group["tests"]) {
      CAPTURE(vector["tcId"].get<int>(), vector["comment"].get<std::string>());
      const bool valid = vector["result"] == "valid";
      CHECK(key->verifies(from_hex(vector["msg"]), from_hex(vector["sig"])) == valid);
      ++tried;
    }
  }
  CHECK(tried == vectors["numberOfTests"].get<int>());
}

TEST_CASE("crypto: weak and non-canonical public keys are refused", "[crypto]") {
  // The eight points of small order and encodings of y at or above p (RFC 8032, 5.1.3).
  const char* weak[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                        "0000000000000000000000000000000000000000000000000000000000000080",
                        "0100000000000000000000000000000000000000000000000000000000000000",
                        "0100000000000000000000000000000000000000000000000000000000000080",
                        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
  for (const char* hex : weak) {
    CAPTURE(hex);
    CHECK(PublicKey::from_bytes(from_hex(hex)).error().code == Errc::invalid_input);
  }
  CHECK_FALSE(PublicKey::from_bytes(Bytes(31)));
  CHECK_FALSE(PublicKey::from_bytes(Bytes(33)));
  CHECK_FALSE(PublicKey::from_base64("AAAA"));
}

TEST_CASE("crypto: a signature is good for both libraries, and for that message alone", "[crypto]") {
  for (int round = 0; round < 8; ++round) {
    const SigningKey key = SigningKey::generate();
    const Bytes message = random_bytes(static_cast<std::size_t>(round * 37));
    const Signature signature = key.sign(message);
    CHECK(key.public_key().verifies(message, signature));
    CHECK(openssl_verifies(key.public_key().bytes(), message, signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      Signature altered = signature;
      altered[i] ^= 1;
      CHECK_FALSE(key.public_key().verifies(message, altered));
    }
    CHECK_FALSE(key.public_key().verifies(message, ByteView(signature).first(63)));
    Bytes longer = message;
    longer.push_back(0);
    CHECK_FALSE(key.public_key().verifies(longer, signature));
  }
}

TEST_CASE("crypto: the key id is the hash of the key", "[crypto]") {
  Bytes seed(32);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  const SigningKey key = SigningKey::from_seed(SecretBytes(ByteView(seed))).value();
  // RFC 8032's key of this seed, and SHA-256("lic-key-v1" 00 01 key) by coreutils' sha256sum.
  CHECK(hex_encode(key.public_key().bytes()) == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
  std::string input("lic-key-v1\0\x01", 12);
  input += view_text(key.public_key().bytes());
  CHECK(key.public_key().id().hex() == hex_encode(sha256(view_bytes(input))));
  CHECK(PublicKey::from_base64(key.public_key().base64()).value() == key.public_key());
  CHECK_FALSE(SigningKey::from_seed(SecretBytes(31)));
}

TEST_CASE("crypto: hashes have the published values", "[crypto]") {
  // FIPS 180-2, B.1; RFC 4231, case 2.
  CHECK(hex_encode(sha256(view_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_encode(hmac_sha256(view_bytes("Jefe"), view_bytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const SecretBytes secret(Bytes(32, 7));
  CHECK(derive_key(secret, "a").equals(derive_key(secret, "a")));
  CHECK_FALSE(derive_key(secret, "a").equals(derive_key(secret, "b")));
}

TEST_CASE("crypto: a box opens unaltered, with its key and context, and not otherwise", "[crypto]") {
  const SecretBytes key = random_secret(kBoxKeySize);
  const Bytes box = seal_box(key, view_bytes("content"), "context");
  CHECK(box.size() == 7 + kBoxOverhead);
  REQUIRE(open_box(key, box, "context"));
  CHECK(view_text(open_box(key, box, "context")->view()) == "content");
  CHECK_FALSE(open_box(key, box, "other"));
  CHECK_FALSE(open_box(random_secret(kBoxKeySize), box, "context"));
  for (std::size_t i = 0; i < box.size(); ++i) {
    Bytes altered = box;
    altered[i] ^= 0x80;
    CHECK_FALSE(open_box(key, altered, "context"));
    CHECK_FALSE(open_box(key, ByteView(box).first(i), "context"));
  }
  CHECK(seal_box(key, view_bytes("content"), "context") != box);
}
