#include "crypto/bulk_hash.hpp"

#include <openssl/evp.h>

#include <memory>

#include "base/free_with.hpp"

namespace lic {
namespace {

using Algorithm = std::unique_ptr<EVP_MD, FreeWith<EVP_MD_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;

/// A context that is ready to begin; null where there is none to be had.
EVP_MD_CTX* context() {
  // To look the algorithm up takes locks and as long as to hash a short text.
  static const Algorithm algorithm(EVP_MD_fetch(nullptr, "SHA2-256", nullptr));
  thread_local const Context context(EVP_MD_CTX_new());
  if (!algorithm || !context) return nullptr;
  return EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 ? context.get() : nullptr;
}

}  // namespace

Digest bulk_sha256(ByteView bytes) {
  Digest digest{};
  EVP_MD_CTX* const hash = context();
  const bool done = hash != nullptr && EVP_DigestUpdate(hash, bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(hash, digest.data(), nullptr) == 1;
  return done ? digest : sha256(bytes);  // a policy of this machine's may forbid OpenSSL to hash
}

}  // namespace lic
