#pragma once

/// Freeing a seat of a license.

#include <optional>
#include <string>
#include <string_view>

#include "desk/reissue.hpp"
#include "protocol/offline_exchange.hpp"

namespace lic {

/// A machine as it is asked for: its fingerprint, or the beginning of one.
struct MachineAsked {
  std::string text;
  std::string_view named = "--machine";  ///< what messages call it
};

/// The seat that a machine has by its lease alone, since the license names no
/// machine that is meant. Errors: not_found (no such license), conflict
/// (several begin so), invalid_input (no fingerprint).
[[nodiscard]] Result<std::optional<Activation>> leased_seat(Ledger& ledger, const LicenseKey& key,
                                                            const MachineAsked& machine, Time now);

/// Ends the lease of such a seat, and its activation; no document names the
/// machine, so none is signed anew. Returns it as it ended.
[[nodiscard]] Result<Activation> end_lease(Transaction& transaction, const Desk& desk, Activation seat,
                                           const std::string& reason);

/// `{"key", "serial", "changed", "changes"}` of a license whose seat was freed
/// so.
[[nodiscard]] nlohmann::ordered_json end_lease_json(const Activation& ended);

/// A receipt from its document, or from the pieces in which it was carried. `what` begins messages.
/// Errors: invalid_input (none, or altered); untrusted (of another product).
[[nodiscard]] Result<ActivationReceipt> read_receipt(ByteView text, std::string_view what, const ProductFile& product);

/// The license without that machine. Its answer has also `ended`: the
/// activations that ended with it. Errors of it: not_found (no seat of that
/// machine, now or ever), conflict (several begin so), invalid_input.
[[nodiscard]] Reissue seat_release(const Desk& desk, const MachineAsked& machine);

/// The same for the machine that wrote this receipt. Errors of it: not_found
/// (no such request was answered), untrusted (the receipt is not genuine).
[[nodiscard]] Reissue seat_release(const Desk& desk, const ActivationReceipt& receipt);

}  // namespace lic
