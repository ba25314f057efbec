#include "crypto/aead.hpp"

#include <sodium.h>

namespace lic {
namespace {

constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kBoxOverhead == kNonceSize + kTagSize);
static_assert(kBoxKeySize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

}  // namespace

Bytes seal_box(const SecretBytes& key, ByteView content, std::string_view context) {
  Bytes box(content.size() + kBoxOverhead);
  randombytes_buf(box.data(), kNonceSize);
  const ByteView ad = view_bytes(context);
  crypto_aead_xchacha20poly1305_ietf_encrypt(box.data() + kNonceSize, nullptr, content.data(), content.size(),
                                             ad.data(), ad.size(), nullptr, box.data(), key.view().data());
  return box;
}

std::optional<SecretBytes> open_box(const SecretBytes& key, ByteView box, std::string_view context) {
  if (box.size() < kBoxOverhead || key.size() != kBoxKeySize) return std::nullopt;
  SecretBytes content(box.size() - kBoxOverhead);
  const ByteView ad = view_bytes(context);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(content.data(), nullptr, nullptr,
                                                                box.data() + kNonceSize, box.size() - kNonceSize,
                                                                ad.data(), ad.size(), box.data(), key.view().data());
  if (failed != 0) return std::nullopt;
  return content;
}

}  // namespace lic
