#include "crypto/random.hpp"

#include <sodium.h>

namespace lic {

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  if (count > 0) randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

SecretBytes random_secret(std::size_t count) { return SecretBytes(random_bytes(count)); }

}  // namespace lic
