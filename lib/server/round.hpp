#pragma once

/// One request while a round is decided. For lib/server/ alone.

#include <string>
#include <vector>

#include "server/service.hpp"

namespace lic {

/// What all requests of a round have in common.
struct Round {
  Ledger& ledger;
  Transaction* transaction;  ///< null: nothing of this round writes
  const ServiceDocuments& documents;
  const LeasePolicy& policy;
  KnownLicenses& known;
  FreshIds& ids;
  Time now;
};

/// Who "did" it, in the history.
inline constexpr std::string_view kServerActor = "server";

/// Whether the machine of that fingerprint is the one that asks.
[[nodiscard]] bool is_machine(const AskingMachine& machine, const std::string& fingerprint);

/// The seat that the machine has of the license with that key, running or not. Errors: those of the ledger.
[[nodiscard]] Result<std::optional<Activation>> seat_of(const Round& round, const std::string& key,
                                                        const AskingMachine& machine);

/// When a machine that has no seat may take one that others have given back (docs/protocol.md, "Transfers"); absent:
/// now. Errors: those of the ledger.
[[nodiscard]] Result<std::optional<Time>> next_transfer(const Round& round, const Terms& terms,
                                                        const AskingMachine& machine);

/// How a machine stands that asks for a seat of a license that floats (round_floating.cpp).
struct Turn {
  std::int64_t place = 1;  ///< among those that wait, from 1
  bool is_now = false;     ///< it may take a seat
  std::string waited_as;   ///< the fingerprint of its entry; empty: it has none
};
/// Keeps seats that are free for those whose turn it is, and drops who waits no longer. Errors: those of the ledger.
[[nodiscard]] Result<Turn> take_turn(const Round& round, const Terms& terms, const AskingMachine& machine);
/// That machine waits from now on, or still. Precondition: it is not its turn. Errors: those of the ledger.
[[nodiscard]] Result<Outcome> wait_for_seat(const Round& round, const Terms& terms, const AskingMachine& machine,
                                            const Turn& turn);

/// The answers below have `verdict` and what goes with it; the rest is the caller's.
/// Errors: those of the ledger.

/// activate, validate, refresh, lease, deactivate (round_seats.cpp).
/// Precondition: the request has a machine.
[[nodiscard]] Result<Outcome> decide_seat(const Round& round, const ServiceRequest& request);
/// trial (round_trial.cpp).
[[nodiscard]] Result<Outcome> decide_trial(const Round& round, const OnlineRequest& request,
                                           const AskingMachine& machine);
/// usage (round_usage.cpp).
[[nodiscard]] Result<Outcome> decide_usage(const Round& round, const OnlineRequest& request);

[[nodiscard]] Outcome denied(DenialReason reason, std::optional<Time> retry_at = std::nullopt);
[[nodiscard]] Outcome faulty(int status, std::string_view code, std::string message);

}  // namespace lic
