#include "lic_product.h"
#include "licctl/embedded_product.hpp"

namespace lic::app {

std::span<const unsigned char> embedded_product() noexcept { return lic_product; }

}  // namespace lic::app
