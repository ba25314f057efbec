#include "licgen/summary_text.hpp"

namespace lic::app {
Style style_of(Reason status) noexcept {
  if (status == Reason::expiring || status == Reason::grace) return Style::warning;
  return allows(status) ? Style::good : Style::bad;
}

}  // namespace lic::app
