#pragma once

/// Ledgers in a PostgreSQL database, in the first schema of its search_path. Needs libpq (postgres_library.hpp).
///
/// A connection that is lost is made again: reading goes on, what is being written is lost as a whole and says so
/// (Errc::unavailable). Where it is lost while a commit is on its way, the next connection looks whether the change
/// is there, and commit() tells.

#include <chrono>
#include <memory>
#include <string>

#include "ledger/address.hpp"
#include "ledger/ledger.hpp"

namespace lic {

/// Brings an older schema up to date in one transaction; of several that begin together one does it.
/// Errors: usage (libpq cannot read the URL); not_found (no such database; no ledger in it); denied (password,
/// permission); unavailable (the server is not reached, does not take connections, or is locked for longer than
/// `patience`); invalid_input (of a newer version, tables or triggers were altered by hand, not in UTF-8); failure
/// (there is no libpq).
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_postgres_ledger(const LedgerAddress& address,
                                                                   std::chrono::milliseconds patience);

/// A ledger in the making: its tables, in the transaction that makes them. Until commit() it is nowhere.
/// Errors: conflict (there is a ledger, or a table that has the name of one of its); those of open_postgres_ledger().
[[nodiscard]] Result<std::unique_ptr<Transaction>> begin_postgres_ledger(const LedgerAddress& address);

/// What a server is, for who examines it.
struct PostgresServer {
  std::string version;     ///< as it tells
  bool encrypted = false;  ///< the connection
  bool local = false;      ///< it goes through a socket of this machine
  std::string unsafe;      ///< a setting by which a power failure could lose what was committed; empty: none
};

/// Errors: those of open_postgres_ledger().
[[nodiscard]] Result<PostgresServer> examine_postgres(const LedgerAddress& address);

}  // namespace lic
