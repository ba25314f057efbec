#pragma once

/// The later life of a license: from its terms to those of its next file.
///
/// Pure: the same arguments always give the same terms. Each of these gives the
/// terms with serial + 1, issued at `now`; the key, the id and the product never
/// change. Whether the license may be changed at all (it is not revoked) is the
/// ledger's to know.

#include <optional>
#include <string>
#include <vector>

#include "lic/result.hpp"
#include "license/catalog.hpp"
#include "license/terms.hpp"

namespace lic {

/// What `licgen renew` asks for. With neither: as long as the plan runs.
struct RenewalRequest {
  std::optional<std::int64_t> months;
  std::optional<Time> until;
};

/// A license that runs longer, or a perpetual one that covers later releases.
///
/// Before its end, a license goes on from there; after it, from `now`. Months are
/// those of the calendar, counted from the day on which the license began, so that
/// 31 January, renewed by a month and by a month, ends on 31 March.
/// Errors: invalid_input (never ends and has no maintenance; `until` is not later
/// than the end it has; a plan without a duration and none given; past the year
/// 9999), not_found (no period given, and the plan is gone from the catalogue),
/// usage (both given).
[[nodiscard]] Result<Terms> renewed(const Terms& terms, const Catalog& catalog, const RenewalRequest& request,
                                    Time now);

/// What `licgen change` asks for. What is absent stays as it is.
struct ChangeRequest {
  std::string plan;
  std::optional<std::int64_t> months;  ///< from now
  std::optional<Time> expires_at;
  bool perpetual = false;
  std::optional<Time> maintenance_until;
  std::optional<std::int64_t> seats;
  std::optional<std::vector<MachineBinding>> machines;  ///< in place of those it has
  std::optional<bool> allows_virtual;
  std::optional<bool> fresh_revocations;
  std::optional<std::optional<Floating>> floating;            ///< inner absent: it does not float
  std::optional<std::optional<TransferAllowance>> transfers;  ///< inner absent: as often as one likes
  Features features;                                          ///< added, or in place of those of the same name
  Limits limits;                                              ///< the same
  std::optional<std::string> order;
};

/// A license under another plan, or with other terms under the same.
///
/// Another plan brings its kind, grace, features, limits, seats, whether it holds in
/// virtual machines, whether it needs fresh revocations, whether it floats and how often seats may be
/// transferred; what the customer had agreed besides is to be given again. The end stays, unless one of the
/// plans is a trial or free, or there was none: then it is that of the new plan from
/// now. A perpetual plan never ends.
/// Errors: not_found (no such plan), usage (two of months, an end and perpetual),
/// invalid_input (as for a new license).
[[nodiscard]] Result<Terms> changed(const Terms& terms, const Catalog& catalog, const ChangeRequest& request, Time now);

/// The license in another customer's name.
/// Errors: invalid_input (no name, no address, not one that the plan is for).
[[nodiscard]] Result<Terms> transferred(const Terms& terms, const Catalog& catalog, Customer customer, Time now);

/// A license that grants nothing until it is reinstated.
[[nodiscard]] Terms suspended(const Terms& terms, Time now);
[[nodiscard]] Terms reinstated(const Terms& terms, Time now);

/// A binding that no machine has: its one fact is none that machines are known by
/// (docs/formats.md, 3). A license with it alone is for no machine, where an empty list
/// would make it one for any.
[[nodiscard]] MachineBinding binding_of_nobody();

/// The machines that hold a seat of the license: those that it is bound to.
[[nodiscard]] std::vector<MachineBinding> seat_holders(const Terms& terms);

/// The license bound to these machines; to none: by binding_of_nobody().
[[nodiscard]] Terms bound_to(const Terms& terms, std::vector<MachineBinding> machines, Time now);

/// "for 10 minutes at a time, to be borrowed for 7 days", "3 per month".
[[nodiscard]] std::string floating_words(const Floating& floating);
[[nodiscard]] std::string transfer_words(const TransferAllowance& transfers);

/// One member that differs between two terms of a license, in words.
struct TermsChange {
  std::string member;  ///< as in the payload: "expires_at", "features/api-access"
  std::string before;  ///< empty: was absent
  std::string after;   ///< empty: is absent now
};

/// What a customer would notice: everything but serial and issued_at.
[[nodiscard]] std::vector<TermsChange> differences(const Terms& before, const Terms& after);

}  // namespace lic
