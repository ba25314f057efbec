#pragma once

/// Who holds the seats of a license, in words and in JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/activation.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "license/terms.hpp"

namespace lic {

/// The binding of the machine with that fingerprint. Errors: invalid_input.
[[nodiscard]] Result<MachineBinding> binding_of(std::string_view fingerprint);

/// The fingerprint of the machine of `binding`; empty where it has facts that
/// this version does not know.
[[nodiscard]] std::string fingerprint_of(const MachineBinding& binding);

/// Each fingerprint cut to as many groups as tell them all apart, three at
/// least.
[[nodiscard]] std::vector<std::string> shortened(const std::vector<std::string>& fingerprints);

/// `{"machine", "at", "serial", "request", "ended_at", "ended_by"}`, with a
/// lease that too.
[[nodiscard]] nlohmann::ordered_json activation_json(const Activation& activation);

/// "given back by receipt on 2026-11-22": of one that has ended.
[[nodiscard]] std::string end_text(const Activation& activation);

/// The live ones whose machine `binding` is: of those at the server also one
/// that changed a little since.
[[nodiscard]] Result<std::vector<Activation>> live_at(const std::vector<Activation>& activations,
                                                      const MachineBinding& binding);

/// Adds the machines that hold a seat by a lease which runs, and are none of
/// `holders`.
[[nodiscard]] Result<void> add_leased(const std::vector<Activation>& activations, Time now,
                                      std::vector<MachineBinding>& holders);

/// Who holds the seats of a license.
struct Seats {
  std::string key;
  std::int64_t seats = 0;
  std::size_t taken = 0;
  std::vector<Activation> activations;
  std::vector<std::string> named;  ///< fingerprints of machines that hold one without a request
};

/// With `all` also the activations that have ended. Precondition: a snapshot or
/// a transaction. Errors: not_found.
[[nodiscard]] Result<Seats> read_seats(Ledger& ledger, const LicenseKey& key, bool all, Time now);

/// `{"key", "seats", "taken", "activations", "named"}`.
[[nodiscard]] nlohmann::ordered_json seats_json(const Seats& seats);

}  // namespace lic
