#pragma once

#include <chrono>
#include <memory>

#include "base/file.hpp"
#include "ledger/ledger.hpp"

namespace lic {

/// How long a command waits for another one's transaction.
inline constexpr std::chrono::milliseconds kLedgerPatience{10'000};

/// Makes a new ledger file (0600). Errors: conflict (exists), not_found (no such
/// directory), denied, failure.
[[nodiscard]] Result<std::unique_ptr<Ledger>> create_sqlite_ledger(
    const Path& path, std::chrono::milliseconds patience = kLedgerPatience);

/// Opens a ledger, bringing an older schema up to date in one transaction. One that
/// cannot be written opens for reading; begin() is then Errc::denied.
/// Errors: not_found; denied (permission, a symbolic link); unavailable (locked for
/// longer than `patience`); invalid_input (not a ledger of ours, empty, damaged, of a
/// newer version, or its tables, indexes or triggers were altered by hand).
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const Path& path,
                                                                 std::chrono::milliseconds patience = kLedgerPatience);

}  // namespace lic
