#pragma once

/// Licenses of the ledger as JSON.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/bytes.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic {

/// The members of a line of `licgen list --format jsonl` (docs/cli.md).
[[nodiscard]] nlohmann::ordered_json summary_json(const LicenseSummary& license);

/// All that the ledger has of a license.
struct LicenseView {
  LicenseRecord record;
  Bytes payload;  ///< of its document
  std::vector<Activation> activations;
  std::vector<UsageRecord> usage;  ///< the newest statement of each device
  std::vector<HistoryEntry> history;
};

/// Errors: not_found; invalid_input (its document is none).
[[nodiscard]] Result<LicenseView> view_license(Ledger& ledger, const LicenseKey& key, Time now);

/// What `licgen show --json` prints.
[[nodiscard]] nlohmann::ordered_json license_json(const LicenseView& view);

/// An element of `history` for each entry.
[[nodiscard]] nlohmann::ordered_json history_json(const std::vector<HistoryEntry>& history);

/// What a customer has today.
struct Entitlement {
  std::vector<LicenseSummary> licenses;
  bool entitled = false;  ///< one of them holds
};

/// Of the licenses that pass the filter. Errors: those of the ledger.
[[nodiscard]] Result<Entitlement> entitlement(Ledger& ledger, const LicenseFilter& filter, Time now);

/// `{"entitled", "licenses"}`.
[[nodiscard]] nlohmann::ordered_json entitlement_json(const Entitlement& found);

}  // namespace lic
