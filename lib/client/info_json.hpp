#pragma once

/// The product and the machine as the JSON that licctl and the C interface give out (docs/cli.md).

#include <string>
#include <string_view>
#include <vector>

#include "base/export.hpp"
#include "lic/lic.hpp"

namespace lic {

/// The document of `licctl --plans --json`, compact.
[[nodiscard]] LIC_INTERNAL std::string plans_json(const ProductInfo& product);
/// The document of `licctl --machine-id --explain --json`, compact. What is not UTF-8 in a fact is escaped.
[[nodiscard]] LIC_INTERNAL std::string machine_json(std::string_view machine_id, const std::vector<FactInfo>& facts,
                                                    const std::vector<VirtualLayer>& layers);

}  // namespace lic
