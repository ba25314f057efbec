#pragma once

/// What renew, change, suspend, reinstate and transfer have in common: a license's
/// next terms are worked out, signed, and put into the ledger with their history.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "issue/lifecycle.hpp"
#include "licgen/vendor.hpp"

namespace CLI {
class App;
}

namespace lic::app {

struct ReissueOptions {
  std::string key;
  std::optional<std::string> reason;
  std::optional<std::string> out;
  bool force = false;
};

/// KEY, --reason, --out and --force.
void set_up_reissue(CLI::App& app, ReissueOptions& options);

/// A license as it stands, while nobody else changes it.
struct Standing {
  const LicenseSummary& summary;
  const Terms& terms;
  const std::vector<HistoryEntry>& history;
};

struct Reissue {
  std::string action;    ///< of the history: "renew"
  std::string done;      ///< of the answer: "renewed"
  std::string standing;  ///< of the answer when there was nothing to do: "already suspended"
  /// The next terms; absent when the license is so already, and nothing is to be done.
  std::function<Result<std::optional<Terms>>(const Standing&, const Catalog&)> next;
  /// Noted in the history, so that the command can be run again; empty: no order.
  std::string order;
  std::string request;  ///< equal for equal requests
  /// What else changes in the same transaction, and is noted in the detail of the
  /// history; none: nothing.
  std::function<Result<void>(Transaction&, nlohmann::ordered_json& detail)> also{};
  /// Adds to the answer of --json; none: nothing.
  std::function<void(nlohmann::ordered_json& answer)> tell{};
};

/// Works it out, signs it, stores it, writes it out and tells what changed.
/// Errors: not_found, conflict (revoked), invalid_input, and those of `next`.
[[nodiscard]] Result<void> reissue(const ReissueOptions& options, const Reissue& reissue, Vendor& vendor);

/// The terms in the ledger's newest document of a license.
[[nodiscard]] Result<Terms> newest_terms(const LicenseRecord& record);

/// Signs `terms`, and sees that clients will take the document.
/// Errors: invalid_input (too large), conflict.
[[nodiscard]] Result<std::string> sign_license(const Terms& terms, const SigningKey& key, const ProductFile& product);

/// Errors: failure, when the clock is behind the newest document of the license.
[[nodiscard]] Result<void> check_clock(const LicenseSummary& license, Time now);

/// Warns where the clock is behind the newest entry of the ledger, before licenses are issued by it.
/// No error: an entry that was made while the clock ran ahead stays, and would stop all issuing.
[[nodiscard]] Result<void> warn_of_slow_clock(Ledger& ledger, Vendor& vendor);

/// `[{"member", "before", "after"}]`, null where there is none.
[[nodiscard]] nlohmann::ordered_json changes_json(const std::vector<TermsChange>& changes);

/// Errors: conflict, when the license is suspended, which most changes must not hide.
[[nodiscard]] Result<void> require_in_force(const Standing& standing);

/// Whether the license was changed so for that order before: an entry of its history
/// says so. Errors: conflict (for another request under that order).
[[nodiscard]] Result<bool> was_done_for_order(const Standing& standing, const Reissue& reissue);

}  // namespace lic::app
