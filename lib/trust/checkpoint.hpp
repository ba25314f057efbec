#pragma once

/// A checkpoint (docs/formats.md, 9): what the history of a ledger was at one
/// moment, signed. A later ledger that does not extend it was altered.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "trust/product.hpp"

namespace lic {

struct Checkpoint {
  std::string id;
  std::string product;
  Time issued_at{};
  std::int64_t size = 0;  ///< entries of the history
  std::string root;       ///< Merkle tree head over them (RFC 6962, 2.1), hex

  /// The payload to sign.
  [[nodiscard]] LIC_INTERNAL std::string to_json() const;

  /// A checkpoint signed by a key with the role `license`.
  /// Errors: invalid_input (malformed), untrusted (signature, role, product, kind).
  static Result<Checkpoint> LIC_INTERNAL open(ByteView bytes, const ProductFile& product, std::string_view what);
};

}  // namespace lic
