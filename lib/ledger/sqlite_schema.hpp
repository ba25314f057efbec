#pragma once

/// The tables of a ledger, how they came about, and whether they are still those.
/// For lib/ledger/sqlite*.cpp alone.

#include <cstdint>
#include <memory>
#include <span>

#include "ledger/address.hpp"
#include "ledger/sqlite_connection.hpp"
#include "lic/result.hpp"

namespace lic::sqlite {

/// "LICG", in the header of every ledger (docs/ledger.md).
inline constexpr std::int64_t kApplicationId = 0x4C49'4347;

/// SQL texts; the n-th makes version n of one of version n - 1. What was released
/// is never changed again: there are ledgers made by it.
using Migrations = std::span<const char* const>;

/// All of them (sqlite_migrations.cpp).
[[nodiscard]] Migrations ledger_migrations() noexcept;

/// Makes the tables in an empty database, in one transaction.
Result<void> make_schema(const std::shared_ptr<Connection>& connection, Migrations migrations);

/// Checks that this is a whole ledger with exactly the tables, indexes and triggers
/// that its version has, and brings an older version up to date in one transaction.
/// Errors: invalid_input (not a ledger, of a newer version, truncated, altered by
/// hand: names the object); denied (of an older version, and cannot be written).
Result<void> open_schema(const std::shared_ptr<Connection>& connection, Migrations migrations);

/// Chooses how transactions reach the disk. What is committed survives a power
/// failure. Preconditions: no transaction; a ledger that can be written.
Result<void> prepare_to_write(Connection& connection, LedgerUse use = LedgerUse::brief);

/// Whether a library of that version (sqlite3_libversion_number()) can be trusted with a write-ahead log that others
/// than licgen write too: before 3.51.3, resetting one could lose committed pages.
[[nodiscard]] constexpr bool has_safe_wal(int library_version) noexcept { return library_version >= 3'051'003; }

}  // namespace lic::sqlite
