#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/secret.hpp"

namespace lic {

/// Bytes from the operating system's generator. Never fails.
[[nodiscard]] LIC_INTERNAL Bytes random_bytes(std::size_t count);
[[nodiscard]] LIC_INTERNAL SecretBytes random_secret(std::size_t count);

}  // namespace lic
