#pragma once

/// The product file that was built into this licctl (LIC_PRODUCT_FILE at configure
/// time), checked when it was built in.

#include <span>

namespace lic::app {

/// The signed envelope; empty where none was built in.
[[nodiscard]] std::span<const unsigned char> embedded_product() noexcept;

}  // namespace lic::app
