#pragma once

/// The revocation list (docs/formats.md, 7): signed, complete, numbered.

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/hash.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "trust/product.hpp"

namespace lic {

struct Revocation {
  std::string id;  ///< of the license
  std::string reason;
  Time revoked_at{};
  friend bool operator==(const Revocation&, const Revocation&) = default;
};

struct RevocationList {
  std::string id;
  std::string product;
  std::int64_t seq = 0;
  Time issued_at{};
  Time next_update{};
  std::vector<Revocation> entries;  ///< sorted by id
  Digest digest{};                  ///< of one that open() gave: BLAKE2b-256 of the signed bytes

  /// The payload to sign.
  [[nodiscard]] LIC_INTERNAL std::string to_json() const;
  /// Null when that license is not on the list.
  [[nodiscard]] const Revocation* find(std::string_view license_id) const noexcept;

  /// Errors: invalid_input (malformed), untrusted (signature, role, product, kind).
  static Result<RevocationList> LIC_INTERNAL open(ByteView bytes, const ProductFile& product, std::string_view what);
};

}  // namespace lic
