#pragma once

/// License files that bring the product file along (docs/formats.md, 3): a
/// client whose product file is older than the signing key then takes both.

#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"

namespace lic {

class CarriedProduct {
 public:
  /// Carries nothing.
  CarriedProduct() = default;
  /// The newest product file of the ledger, for licenses whose signing key came
  /// after its first.
  static Result<CarriedProduct> of(Ledger& ledger);

  /// Whether with() gives back what it is given.
  [[nodiscard]] bool nothing() const noexcept { return whole_.empty(); }
  /// `document`, a license as the ledger has it, with the product file if a
  /// client may need it and there is room for both.
  [[nodiscard]] std::string with(std::string_view document) const;

 private:
  std::vector<std::string> first_keys_;  ///< ids that every client knows
  std::string whole_;                    ///< with the earlier files in it
  std::string bare_;
};

}  // namespace lic
