#pragma once

/// What renewing, changing, suspending, reinstating, transferring a license and
/// freeing a seat have in common: its next terms are worked out, signed, and
/// put into the ledger with their history.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "desk/desk.hpp"
#include "desk/signing.hpp"
#include "issue/lifecycle.hpp"
#include "lic/result.hpp"
#include "license/catalog.hpp"

namespace lic {

/// A license as it stands, while nobody else changes it.
struct Standing {
  const LicenseSummary& summary;
  const Terms& terms;
  const std::vector<HistoryEntry>& history;
};

struct Reissue {
  std::string action;    ///< of the history: "renew"
  std::string done;      ///< of the answer: "renewed"
  std::string standing;  ///< of the answer when there was nothing to do:
                         ///< "already suspended"
  /// The next terms; absent when the license is so already, and nothing is to
  /// be done.
  std::function<Result<std::optional<Terms>>(const Standing&, const Catalog&)> next;
  /// Noted in the history, so that it can be asked for again; empty: no order.
  std::string order{};
  std::string request{};  ///< equal for equal requests
  /// What else changes in the same transaction, and is noted in the detail of
  /// the history; none: nothing.
  std::function<Result<void>(Transaction&, nlohmann::ordered_json& detail)> also{};
  /// Adds to the answer in JSON; none: nothing.
  std::function<void(nlohmann::ordered_json& answer)> tell{};
  /// In place of `standing`, once `next` was asked; none: that stays.
  std::function<std::string()> remark{};
};

/// What is in the ledger after that.
struct Reissued {
  Terms terms;
  std::string document;
  std::vector<TermsChange> changes;
  bool changed = false;  ///< false: nothing was to be done
};

/// Works it out, signs and stores it, within a transaction of begin_signing().
/// `ready` is called before anything changes, with whether something will; its
/// error ends it. Errors: not_found, conflict (revoked), invalid_input, failure
/// (the clock of this machine is wrong), and those of `next` and `ready`.
[[nodiscard]] Result<Reissued> reissue_license(Transaction& transaction, const Desk& desk, const LicenseKey& key,
                                               const Reissue& reissue, const std::string& reason, const Signer& signer,
                                               const std::function<Result<void>(bool changes)>& ready = {});

/// `{"key", "serial", "changed", "changes"}`.
[[nodiscard]] nlohmann::ordered_json reissued_json(const Reissued& done);

/// The catalogue in force. Errors: not_found, those of Catalog::parse().
[[nodiscard]] Result<Catalog> current_catalog(Ledger& ledger);

/// The terms in the ledger's newest document of a license.
[[nodiscard]] Result<Terms> newest_terms(const LicenseRecord& record);

/// Errors: failure, when the clock is behind the newest document of the
/// license.
[[nodiscard]] Result<void> check_clock(const LicenseSummary& license, Time now);

/// `[{"member", "before", "after"}]`, null where there is none.
[[nodiscard]] nlohmann::ordered_json changes_json(const std::vector<TermsChange>& changes);

/// Errors: conflict, when the license is suspended, which most changes must not
/// hide.
[[nodiscard]] Result<void> require_in_force(const Standing& standing);

/// Whether the license was changed so for that order before: an entry of its
/// history by that action says so. Errors: conflict (for another request under
/// that order).
[[nodiscard]] Result<bool> was_done_for_order(const Standing& standing, std::string_view action, std::string_view order,
                                              std::string_view request);

}  // namespace lic
