#pragma once

/// XChaCha20-Poly1305 (IETF): a box that only its key opens, unaltered.

#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/secret.hpp"

namespace lic {

inline constexpr std::size_t kBoxKeySize = 32;
inline constexpr std::size_t kBoxOverhead = 24 + 16;  ///< nonce and tag

/// Random nonce, then ciphertext and tag. `context` is not in the box; opening
/// needs the same. Precondition: key.size() == kBoxKeySize.
[[nodiscard]] Bytes seal_box(const SecretBytes& key, ByteView content, std::string_view context);

/// Absent when the key, the context or a single bit of the box is another.
[[nodiscard]] std::optional<SecretBytes> open_box(const SecretBytes& key, ByteView box, std::string_view context);

}  // namespace lic
