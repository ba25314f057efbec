#include "issue/key_file.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs12err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/free_with.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::size_t kFileLimit = 16 * 1024;
/// As many as the `openssl` command can read.
constexpr std::size_t kPassphraseLimit = 1000;
/// 16 MiB for each guess; `openssl` refuses to spend more than 32 MiB.
constexpr std::uint64_t kScryptN = 16384;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 5;
constexpr std::size_t kSaltSize = 16;

constexpr std::string_view kPlainLabel = "PRIVATE KEY";
constexpr std::string_view kEncryptedLabel = "ENCRYPTED PRIVATE KEY";

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PrivateKeyInfo = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
using EncryptedKeyInfo = std::unique_ptr<X509_SIG, FreeWith<X509_SIG_free>>;
using Algorithm = std::unique_ptr<X509_ALGOR, FreeWith<X509_ALGOR_free>>;

Error openssl_failed(std::string_view doing) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return error(Errc::failure, concat("openssl cannot ", doing, reason == nullptr ? "" : ": ",
                                     reason == nullptr ? "" : printable(reason)));
}

Error not_a_key(const Path& path, std::string_view why) {
  ERR_clear_error();
  return error(Errc::invalid_input, concat("key file ", in_quotes(path.native()), " ", why),
               "a key file is PKCS#8 PEM with an Ed25519 key, as licgen writes it");
}

// --- writing

Result<void> check_new_passphrase(const SecretBytes& passphrase) {
  const ByteView bytes = passphrase.view();
  if (bytes.empty()) return error(Errc::invalid_input, "the passphrase is empty");
  if (bytes.size() > kPassphraseLimit)
    return error(Errc::invalid_input, concat("the passphrase is longer than ", kPassphraseLimit, " bytes"));
  if (std::find(bytes.begin(), bytes.end(), 0) != bytes.end())
    return error(Errc::invalid_input, "the passphrase has a zero byte in it");
  return {};
}

Result<PrivateKeyInfo> key_info_of(const SigningKey& key) {
  const ByteView seed = key.seed().view();
  const PrivateKey pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  if (!pkey) return openssl_failed("take over the key");
  PrivateKeyInfo info(EVP_PKEY2PKCS8(pkey.get()));
  if (!info) return openssl_failed("encode the key");
  return info;
}

Result<EncryptedKeyInfo> encrypt(PKCS8_PRIV_KEY_INFO* info, const SecretBytes& passphrase) {
  Bytes salt = random_bytes(kSaltSize);
  Algorithm algorithm(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt.data(), static_cast<int>(salt.size()), nullptr,
                                            kScryptN, kScryptR, kScryptP));
  if (!algorithm) return openssl_failed("prepare the encryption of the key");
  const ByteView secret = passphrase.view();
  EncryptedKeyInfo encrypted(PKCS8_set0_pbe(reinterpret_cast<const char*>(secret.data()),
                                            static_cast<int>(secret.size()), info, algorithm.get()));
  if (!encrypted) return openssl_failed("encrypt the key");
  static_cast<void>(algorithm.release());  // it belongs to `encrypted` now
  return encrypted;
}

/// The PEM text, in memory that OpenSSL wipes when it is freed.
Result<Bio> pem_of(const SigningKey& key, const SecretBytes* passphrase) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio) return openssl_failed("allocate memory");
  LIC_TRY_ASSIGN(const PrivateKeyInfo info, key_info_of(key));
  int written = 0;
  if (passphrase == nullptr) {
    written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio.get(), info.get());
  } else {
    LIC_TRY(check_new_passphrase(*passphrase));
    LIC_TRY_ASSIGN(const EncryptedKeyInfo encrypted, encrypt(info.get(), *passphrase));
    written = PEM_write_bio_PKCS8(bio.get(), encrypted.get());
  }
  if (written != 1) return openssl_failed("write the key");
  return bio;
}

Result<void> write(const Path& path, const SigningKey& key, const SecretBytes* passphrase,
                   AtomicFile::Existing existing) {
  LIC_TRY_ASSIGN(const Bio pem, pem_of(key, passphrase));
  char* text = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &text);
  return write_file(path, view_bytes({text, static_cast<std::size_t>(size)}), 0600, existing);
}

// --- reading

/// What stands between the lines of a PEM file; wiped when destroyed.
struct Pem {
  std::string label;
  SecretBytes der;

  [[nodiscard]] bool is_encrypted() const { return label == kEncryptedLabel; }
};

/// Frees (and wipes) what PEM_read_bio_ex() gives.
struct PemParts {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  PemParts() = default;
  PemParts(const PemParts&) = delete;
  PemParts& operator=(const PemParts&) = delete;
  ~PemParts() {
    OPENSSL_secure_free(label);
    OPENSSL_secure_free(header);
    OPENSSL_secure_clear_free(data, static_cast<std::size_t>(size));
  }
};

Result<Pem> read_pem(const Path& path) {
  const ReadOptions options{
      .limit = kFileLimit, .follow_symlink = false, .must_be_ours = true, .must_be_private = true};
  LIC_TRY_ASSIGN(Bytes bytes, read_file(path, "key file", options));
  const SecretBytes text(std::move(bytes));
  const Bio bio(BIO_new_mem_buf(text.view().data(), static_cast<int>(text.size())));
  PemParts parts;
  if (text.empty()) return not_a_key(path, "is empty");
  if (!bio || PEM_read_bio_ex(bio.get(), &parts.label, &parts.header, &parts.data, &parts.size, PEM_FLAG_SECURE) != 1)
    return not_a_key(path, "is not whole PEM");
  Pem pem{parts.label, SecretBytes(ByteView(parts.data, static_cast<std::size_t>(parts.size)))};
  if (pem.label != kPlainLabel && pem.label != kEncryptedLabel)
    return not_a_key(path, concat("holds a ", in_quotes(pem.label), ", not a PKCS#8 private key"));
  return pem;
}

/// Decodes DER of which nothing may be left over.
template <auto Decode>
auto decode_whole(const SecretBytes& der) {
  const unsigned char* next = der.view().data();
  const unsigned char* const end = next + der.size();
  auto* decoded = Decode(nullptr, &next, static_cast<long>(der.size()));
  return std::pair(decoded, decoded != nullptr && next == end);
}

Result<PrivateKeyInfo> plain_info(const Path& path, const SecretBytes& der) {
  const auto [decoded, whole] = decode_whole<d2i_PKCS8_PRIV_KEY_INFO>(der);
  PrivateKeyInfo info(decoded);
  if (!whole) return not_a_key(path, "is not a PKCS#8 private key");
  return info;
}

/// Of a failed decryption: whether all was understood but came out as nonsense.
bool is_wrong_passphrase() {
  bool wrong = false;
  while (const unsigned long code = ERR_get_error()) {
    const int reason = ERR_GET_REASON(code);
    wrong = wrong || (ERR_GET_LIB(code) == ERR_LIB_PKCS12 &&
                      (reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR || reason == PKCS12_R_DECODE_ERROR));
  }
  return wrong;
}

Result<PrivateKeyInfo> decrypted_info(const Path& path, const SecretBytes& der, const PassphraseSource& passphrase) {
  const auto [decoded, whole] = decode_whole<d2i_X509_SIG>(der);
  const EncryptedKeyInfo encrypted(decoded);
  if (!whole) return not_a_key(path, "is not a PKCS#8 private key");
  LIC_TRY_ASSIGN(const SecretBytes secret, passphrase());
  ERR_clear_error();
  // An empty vector's pointer may be null, which would mean "no passphrase" here.
  const char* text = secret.empty() ? "" : reinterpret_cast<const char*>(secret.view().data());
  PrivateKeyInfo info(PKCS8_decrypt(encrypted.get(), text, static_cast<int>(secret.size())));
  if (info) return info;
  if (!is_wrong_passphrase()) return not_a_key(path, "is damaged, or encrypted in a way that is not known here");
  return error(Errc::denied, concat("wrong passphrase for key file ", in_quotes(path.native())),
               "a file that was altered looks the same");
}

Result<SigningKey> signing_key_of(const Path& path, const PKCS8_PRIV_KEY_INFO* info) {
  const PrivateKey pkey(EVP_PKCS82PKEY(info));
  if (!pkey) return not_a_key(path, "does not hold a whole private key");
  if (EVP_PKEY_is_a(pkey.get(), "ED25519") != 1)
    return not_a_key(path,
                     concat("holds a key of type ", in_quotes(EVP_PKEY_get0_type_name(pkey.get())), ", not Ed25519"));
  SecretBytes seed(SigningKey::kSeedSize);
  std::array<std::uint8_t, PublicKey::kSize> public_bytes{};
  std::size_t seed_size = seed.size();
  std::size_t public_size = public_bytes.size();
  if (EVP_PKEY_get_raw_private_key(pkey.get(), seed.data(), &seed_size) != 1 || seed_size != SigningKey::kSeedSize ||
      EVP_PKEY_get_raw_public_key(pkey.get(), public_bytes.data(), &public_size) != 1)
    return not_a_key(path, "does not hold a whole Ed25519 key");
  LIC_TRY_ASSIGN(SigningKey key, SigningKey::from_seed(std::move(seed)));
  // Two libraries agree on the public half, or neither is believed.
  if (!std::ranges::equal(key.public_key().bytes(), public_bytes))
    return error(Errc::failure,
                 concat("two libraries derive different public keys from key file ", in_quotes(path.native())));
  return key;
}

}  // namespace

Result<void> write_key_file(const Path& path, const SigningKey& key, const SecretBytes* passphrase) {
  return write(path, key, passphrase, AtomicFile::Existing::refuse);
}

Result<void> replace_key_file(const Path& path, const SigningKey& key, const SecretBytes* passphrase) {
  return write(path, key, passphrase, AtomicFile::Existing::replace);
}

Result<SigningKey> read_key_file(const Path& path, const PassphraseSource& passphrase,
                                 const std::optional<KeyId>& expected) {
  LIC_TRY_ASSIGN(const Pem pem, read_pem(path));
  LIC_TRY_ASSIGN(const PrivateKeyInfo info,
                 pem.is_encrypted() ? decrypted_info(path, pem.der, passphrase) : plain_info(path, pem.der));
  LIC_TRY_ASSIGN(SigningKey key, signing_key_of(path, info.get()));
  const KeyId& id = key.public_key().id();
  if (expected && id != *expected)
    return error(Errc::conflict,
                 concat("key file ", in_quotes(path.native()), " holds key ", id.hex(), ", not key ",
                        printable(expected->hex())),
                 "put the right key file in its place");
  return key;
}

Result<bool> is_key_file_encrypted(const Path& path) {
  LIC_TRY_ASSIGN(const Pem pem, read_pem(path));
  return pem.is_encrypted();
}

}  // namespace lic
