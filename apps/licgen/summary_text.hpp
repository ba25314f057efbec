#pragma once

/// One license of the ledger, as lists tell of it.

#include <nlohmann/json_fwd.hpp>

#include "common/output.hpp"
#include "ledger/ledger.hpp"

namespace lic::app {

/// The members of a line of `licgen list --format jsonl` (docs/cli.md).
[[nodiscard]] nlohmann::ordered_json summary_json(const LicenseSummary& license);

[[nodiscard]] Style style_of(Reason status) noexcept;

}  // namespace lic::app
