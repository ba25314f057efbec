#pragma once

/// How the status of a license is shown.

#include "common/output.hpp"
#include "lic/types.hpp"

namespace lic::app {

[[nodiscard]] Style style_of(Reason status) noexcept;

}  // namespace lic::app
