#pragma once

#include <chrono>
#include <memory>

#include "base/file.hpp"
#include "ledger/address.hpp"
#include "ledger/ledger.hpp"

namespace lic {

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
                                                                 std::chrono::milliseconds patience = kLedgerPatience,
                                                                 LedgerUse use = LedgerUse::brief);

/// Reads every page of the ledger. Errors: those of open_sqlite_ledger(); invalid_input
/// (damaged, a reference to nothing).
[[nodiscard]] Result<void> check_sqlite_ledger(const Path& path);

/// A consistent copy of the ledger as it is now, in a file of mode 0600 that is there
/// whole or not at all. Others read meanwhile; who wants to write waits.
/// Errors: those of open_sqlite_ledger(); conflict (`to` exists and no `replace`),
/// denied, failure.
[[nodiscard]] Result<void> backup_sqlite_ledger(const Path& ledger, const Path& to, bool replace);

/// Puts a copy of `backup` in the place of `ledger`. The copy is brought up to date,
/// examined by SQLite and then by `check`, which may write to it; only after that it
/// takes its place. Numbers of revocation lists are never given again. A ledger that
/// was there is kept beside it under the name returned; empty: there was none.
/// Errors: conflict (there is a ledger and no `replace`); invalid_input (not a
/// ledger, damaged); unavailable (the old one is being written); those of `check`.
[[nodiscard]] Result<std::string> restore_sqlite_ledger(const Path& backup, const Path& ledger, bool replace, Time now,
                                                        const std::function<Result<void>(Ledger&)>& check);

}  // namespace lic
