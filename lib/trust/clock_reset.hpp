#pragma once

/// A clock reset (docs/formats.md, 13): the vendor's word to one machine that the latest time
/// it has seen was wrong, and is no later than this document.

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/clock_code.hpp"
#include "trust/product.hpp"

namespace lic {

struct ClockReset {
  std::string id;
  std::string product;
  Time issued_at{};  ///< what the machine's latest time is set back to
  std::string key;   ///< of the license that the vendor looked up, for people
  ClockCode code;

  /// The payload to sign.
  [[nodiscard]] LIC_INTERNAL std::string to_json() const;

  /// A reset signed by a key with the role `license`. For which machine it is, and whether it
  /// was used before, the client knows.
  /// Errors: invalid_input (malformed), untrusted (signature, role, product, kind; a code that
  /// is of another product than the document).
  static Result<ClockReset> LIC_INTERNAL open(ByteView bytes, const ProductFile& product, std::string_view what);
};

}  // namespace lic
