#pragma once

#include "base/export.hpp"
#include "base/json.hpp"
#include "lic/types.hpp"

namespace lic {

/// The member "limits" of a document, as read_limits() reads it (license/terms.hpp).
[[nodiscard]] json::Value limits_json(const Limits& limits);

}  // namespace lic
