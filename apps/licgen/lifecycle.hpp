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
};

/// Works it out, signs it, stores it, writes it out and tells what changed.
/// Errors: not_found, conflict (revoked), invalid_input, and those of `next`.
[[nodiscard]] Result<void> reissue(const ReissueOptions& options, const Reissue& reissue, Vendor& vendor);

/// The terms of a license as the ledger has it.
[[nodiscard]] Result<Terms> terms_of(const LicenseRecord& record);

/// Signs `terms` and sees that clients will take the document.
/// Errors: invalid_input (too large), conflict (clients would refuse it).
[[nodiscard]] Result<std::string> sign_license(const Terms& terms, const SigningKey& key, const ProductFile& product);

/// Errors: failure, when the clock is behind what the license says of its issue.
[[nodiscard]] Result<void> check_clock(const LicenseRecord& record, const Vendor& vendor);

/// Errors: conflict, when the license is suspended, which most changes must not hide.
[[nodiscard]] Result<void> require_in_force(const Standing& standing);

/// Whether the license was changed so for that order before: an entry of its history
/// says so. Errors: conflict (for another request under that order).
[[nodiscard]] Result<bool> was_done_for_order(const Standing& standing, const Reissue& reissue);

}  // namespace lic::app
