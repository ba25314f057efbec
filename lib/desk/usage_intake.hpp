#pragma once

/// Usage statements on their way into the ledger (docs/formats.md, 14): the rules that
/// `licgen usage import` and the server have in common.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "license/terms.hpp"
#include "protocol/usage_statement.hpp"

namespace lic {

/// How a statement stands to what the ledger has of its license and device.
enum class UsageStanding {
  next,     ///< it follows the newest one of its device
  first,    ///< it begins the chain of its device
  known,    ///< this very statement is in the ledger
  another,  ///< another statement of that number is
  forked,   ///< it follows another statement than the newest one
  gap,      ///< statements between the newest one and it are missing
};

struct UsagePlace {
  UsageStanding standing = UsageStanding::first;
  std::int64_t newest = 0;              ///< number of the device's newest statement; 0: there is none
  std::optional<UsageRecord> record{};  ///< known, another: the one of that number; next, forked: the newest
  std::vector<UsageRecord> devices{};   ///< the newest of each device of the license
};

/// Errors: those of the ledger.
[[nodiscard]] Result<UsagePlace> place_usage(Ledger& ledger, const UsageStatement& statement);

/// The fingerprint of the machine that the statement names; empty where it has no facts, or
/// facts that this version does not know.
[[nodiscard]] std::string machine_of(const UsageStatement& statement);

/// The one of `devices` that is on the machine of the statement, by another key; null: none.
[[nodiscard]] const UsageRecord* other_key_of_machine(const std::vector<UsageRecord>& devices,
                                                      const UsageStatement& statement);

/// Whether the license names the machine of the statement, names none at all, or had a seat
/// for it once. `terms`: the newest of that license. Errors: those of the ledger.
[[nodiscard]] Result<bool> is_of_license(Ledger& ledger, const Terms& terms, const UsageStatement& statement);

/// Adds the statement and its entry in the history. `document`: signed by the device.
/// Errors: those of the ledger.
[[nodiscard]] Result<void> store_usage(Transaction& transaction, const UsageStatement& statement,
                                       const std::string& document, Time now, std::string_view actor);

}  // namespace lic
