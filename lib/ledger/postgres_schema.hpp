#pragma once

/// The tables of a ledger in PostgreSQL, and whether they are still those.
/// For lib/ledger/postgres*.cpp alone.

#include <memory>
#include <span>

#include "ledger/postgres_connection.hpp"
#include "lic/result.hpp"

namespace lic::postgres {

/// SQL texts; the first makes a ledger of version `kFirstVersion`, each other one makes the next version of the one
/// before. What was released is never changed again.
using Migrations = std::span<const char* const>;
/// As versions are counted in SQLite, where they began earlier: a version has the same tables in both.
inline constexpr std::int64_t kFirstVersion = 7;

/// All of them (postgres_migrations.cpp).
[[nodiscard]] Migrations ledger_migrations() noexcept;

/// Whether there is a ledger in the first schema of the search_path.
[[nodiscard]] Result<bool> has_ledger(Connection& connection);

/// Makes the tables. Precondition: a transaction. Errors: conflict (there is a ledger, or something else that has the
/// name of one of its tables).
Result<void> make_schema(Connection& connection, Migrations migrations);

/// Checks that there is a ledger with the tables and triggers that its version has, and brings an older version up to
/// date in one transaction; of several that begin together the first one does it and the others wait.
/// Errors: not_found; invalid_input (of a newer version, altered by hand: names the object).
Result<void> open_schema(const std::shared_ptr<Connection>& connection, Migrations migrations);

}  // namespace lic::postgres
