#pragma once

/// License keys: what a person types (docs/formats.md, 1).
///
///   TZ-PRO-7K3M-9QXA-R2VD-5R28     TZ-TRIAL-4G8TN2WZ
///
/// The last three symbols of the body are a Reed-Solomon check over GF(32),
/// offset by a hash of PREFIX-CODE: every change of one or two symbols and every
/// swap of two is noticed, and a single wrong symbol is located.

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"

namespace lic {

/// Two to eight of A-Z and 0-9: a product's prefix or a plan's code.
[[nodiscard]] bool is_key_part(std::string_view text) noexcept;

class LIC_INTERNAL LicenseKey {
 public:
  static constexpr std::size_t kBodySymbols = 16;
  static constexpr std::size_t kTrialSymbols = 8;
  static constexpr std::size_t kCheckSymbols = 3;
  static constexpr std::string_view kTrialCode = "TRIAL";

  /// Reads what a person typed: lower case, spaces, missing or extra hyphens, and
  /// O, I, L for 0, 1, 1 in the body are normalised first.
  /// Errors: invalid_input; the hint says "did you mean ..." when exactly one
  /// symbol explains the fault. Nothing is ever corrected silently.
  static Result<LicenseKey> parse(std::string_view typed);

  /// A key with the given random symbols. `random` holds one symbol (0 to 31) a
  /// byte: 13 for a license, 5 for a local trial (code TRIAL).
  /// Precondition: is_key_part() of prefix and code, `random` of one of these sizes.
  static LicenseKey make(std::string_view prefix, std::string_view code, ByteView random);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }  ///< normalised, with hyphens
  [[nodiscard]] std::string_view prefix() const noexcept;
  [[nodiscard]] std::string_view code() const noexcept;

  friend bool operator==(const LicenseKey&, const LicenseKey&) = default;
  friend auto operator<=>(const LicenseKey&, const LicenseKey&) = default;

 private:
  explicit LicenseKey(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

/// A key with fresh random symbols from the operating system.
[[nodiscard]] LIC_INTERNAL LicenseKey random_license_key(std::string_view prefix, std::string_view code);
/// PREFIX-TRIAL-XXXXXXXX: the name of a trial on this machine, no secret.
[[nodiscard]] LIC_INTERNAL LicenseKey random_trial_key(std::string_view prefix);

}  // namespace lic
