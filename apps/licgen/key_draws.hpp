#pragma once

/// The random symbols of new license keys.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "license/key.hpp"

namespace lic::app {

/// Draws many at a time and gives them in their order: random places all over the ledger's
/// index of keys would cost more than all the rest.
class KeyDraws {
 public:
  using Draw = std::array<std::uint8_t, LicenseKey::kBodySymbols - LicenseKey::kCheckSymbols>;

  /// The next `count`. `expected`: how many are needed from here on, as far as is known.
  [[nodiscard]] std::vector<Draw> take(std::size_t count, std::int64_t expected);

 private:
  std::vector<Draw> drawn_;  // not given out: the smallest is the last
};

}  // namespace lic::app
