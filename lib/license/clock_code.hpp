#pragma once

/// What a user reads out or mails to the vendor, so that a clock that once ran ahead can be
/// forgotten (docs/formats.md, 13):
///
///   C1-4G8T-N2WZ-...      eight groups of four
///
/// Product and machine as a few bytes of their hashes, random bytes that make it one of a
/// kind, and the latest time that was seen, to the minute. No secret, and no proof of anything.

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

class LIC_INTERNAL ClockCode {
 public:
  static constexpr std::size_t kNonceBytes = 6;

  /// `machine` is its fingerprint. Precondition: `nonce` has kNonceBytes bytes.
  static ClockCode make(std::string_view product, std::string_view machine, ByteView nonce, Time latest);
  /// The same with fresh random bytes.
  static ClockCode make(std::string_view product, std::string_view machine, Time latest);

  /// Reads what a person typed: lower case, spaces, other hyphens, O, I, L for 0, 1, 1.
  /// Errors: invalid_input (mistyped, cut off, of a newer version).
  static Result<ClockCode> parse(std::string_view typed);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }  ///< normalised, with hyphens
  [[nodiscard]] bool is_of_product(std::string_view product) const;
  [[nodiscard]] bool is_of_machine(std::string_view fingerprint) const;
  /// The latest time that was seen, less the seconds of its minute.
  [[nodiscard]] Time latest() const noexcept;

  friend bool operator==(const ClockCode&, const ClockCode&) = default;

 private:
  explicit ClockCode(Bytes bytes);

  Bytes bytes_;  // without the check
  std::string text_;
};

}  // namespace lic
