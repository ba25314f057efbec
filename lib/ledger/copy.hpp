#pragma once

/// Moving a ledger from one database to another, of whatever kind.

#include <cstdint>
#include <functional>

#include "ledger/address.hpp"
#include "ledger/audit.hpp"
#include "lic/result.hpp"

namespace lic {

/// Copies all of a ledger, as it is at one moment, to where none is. The source is audited first and the copy after
/// it, before it takes its place: it is there whole, with the same tree head over its history, or not at all.
/// `progress` is told how many rows were copied since it was told last. Returns the audit of the copy.
/// Errors: conflict (there is a ledger at `to`); untrusted (the source is not what its history says; the copy is not
/// the source); those of opening and making ledgers.
[[nodiscard]] Result<AuditReport> copy_ledger(const LedgerAddress& from, const LedgerAddress& to, Time now,
                                              const std::function<void(std::int64_t)>& progress);

}  // namespace lic
