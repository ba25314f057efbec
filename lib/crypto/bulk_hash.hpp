#pragma once

#include "crypto/hash.hpp"

namespace lic {

/// sha256() by OpenSSL, which uses the processor's own instructions for it and takes a
/// third of the time: for the vendor's work on many documents. Compiled into licgen,
/// never into liblic.
[[nodiscard]] Digest bulk_sha256(ByteView bytes);

}  // namespace lic
