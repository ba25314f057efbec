#pragma once

/// Resets of the latest time that a machine has seen, for a customer whose clock once ran ahead.

#include <string>
#include <string_view>
#include <vector>

#include "desk/desk.hpp"
#include "desk/signing.hpp"
#include "license/clock_code.hpp"

namespace lic {

/// The code that the customer's machine has shown. `named`: what messages call it.
/// Errors: invalid_input; untrusted (of another product); conflict (the machine's latest time is not ahead of now).
[[nodiscard]] Result<ClockCode> read_clock_code(std::string_view named, const std::string& typed,
                                                const ProductFile& product, Time now);

/// That this code was answered before, or that the machine is none that is known.
[[nodiscard]] std::vector<std::string> clock_remarks(const ClockCode& code, const std::vector<HistoryEntry>& history,
                                                     const std::vector<Activation>& activations);

/// Signs the reset and records it, within a transaction of begin_signing(). Precondition: `key` is a license.
/// Errors: those of the ledger.
[[nodiscard]] Result<std::string> sign_clock_reset(Transaction& transaction, const Desk& desk, const Signer& signer,
                                                   const std::string& key, const ClockCode& code);

}  // namespace lic
