#include "crypto/secret.hpp"

#include <sodium.h>

#include <utility>

namespace lic {

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
  }
  return *this;
}

SecretBytes::~SecretBytes() { wipe(); }

bool SecretBytes::equals(const SecretBytes& other) const noexcept {
  return bytes_.size() == other.bytes_.size() && sodium_memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

void SecretBytes::wipe() noexcept {
  if (!bytes_.empty()) sodium_memzero(bytes_.data(), bytes_.size());
}

}  // namespace lic
