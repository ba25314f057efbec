#pragma once

#include "base/export.hpp"
#include "base/json.hpp"
#include "license/terms.hpp"

namespace lic {

/// The facts of a machine as requests and statements have them: what read_fact_digests() reads.
[[nodiscard]] LIC_INTERNAL json::Value facts_json(const FactDigests& facts);

}  // namespace lic
