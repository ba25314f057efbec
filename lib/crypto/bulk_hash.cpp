#include "crypto/bulk_hash.hpp"

#include <openssl/evp.h>

namespace lic {

Digest bulk_sha256(ByteView bytes) {
  Digest digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1) return digest;
  return sha256(bytes);  // a policy of this machine's may forbid OpenSSL to hash
}

}  // namespace lic
