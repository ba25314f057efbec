#pragma once

/// Activations, leases and trials in a ledger. For lib/ledger/ alone.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/activation.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sql.hpp"
#include "ledger/trial_record.hpp"

namespace lic::sql {

/// Those that pass a condition of one parameter on `a`, oldest first.
[[nodiscard]] Result<std::vector<Activation>> activations_where(Connection& connection, std::string_view condition,
                                                                std::string_view argument);

/// As the members of Transaction.
[[nodiscard]] Result<bool> take_seat(Connection& connection, const Activation& activation, bool named);
Result<void> renew_lease(Connection& connection, std::string_view request, const LeaseState& lease);
[[nodiscard]] Result<bool> take_seat_again(Connection& connection, std::string_view request, const LeaseState& lease);
Result<void> put_waiting(Connection& connection, std::string_view key, const Waiting& waiting);
Result<void> drop_waiting(Connection& connection, std::string_view key, std::string_view machine);
Result<void> insert_trial(Connection& connection, const TrialRecord& trial);
/// What the machine of the activation by that request is found by, if it has a lease, which is about to end.
Result<void> delete_marks(Connection& connection, std::string_view request);

/// The version of the ledger that brought `machine_marks`.
inline constexpr std::int64_t kMachineMarks = 12;
/// Makes `machine_marks` anew from the leases. Precondition: a write transaction.
Result<void> index_leases(Connection& connection);

/// As the members of Ledger.
[[nodiscard]] Result<std::vector<Activation>> leases_like(Connection& connection, std::string_view key,
                                                          std::span<const std::string> marks);
[[nodiscard]] Result<MachineIndex> machine_index(Connection& connection, std::string_view key);
[[nodiscard]] Result<std::vector<std::string>> lapsed_leases(Connection& connection, std::string_view key, Time now);
[[nodiscard]] Result<std::int64_t> running_leases(Connection& connection, std::string_view key, Time now);
[[nodiscard]] Result<std::vector<Waiting>> waiting(Connection& connection, std::string_view key);
[[nodiscard]] Result<std::vector<std::string>> machines_that_left(Connection& connection, std::string_view key,
                                                                  Time since);
[[nodiscard]] Result<std::optional<Time>> next_lease_end(Connection& connection, std::string_view key, Time now);
[[nodiscard]] Result<std::vector<TrialRecord>> trials_like(Connection& connection, std::span<const std::string> marks);

}  // namespace lic::sql
