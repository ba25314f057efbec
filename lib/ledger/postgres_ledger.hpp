#pragma once

/// Ledgers in a PostgreSQL database, as connections. For lib/ledger/ alone.

#include <chrono>
#include <memory>

#include "ledger/address.hpp"
#include "ledger/sql.hpp"

namespace lic::postgres {

/// As open_postgres_ledger().
[[nodiscard]] Result<std::shared_ptr<sql::Connection>> open_connection(const LedgerAddress& address,
                                                                       std::chrono::milliseconds patience);

/// A ledger in the making, in the transaction that makes it.
struct NewLedger {
  std::shared_ptr<sql::Connection> connection;
  sql::Scope scope;
};
/// As begin_postgres_ledger().
[[nodiscard]] Result<NewLedger> begin_ledger(const LedgerAddress& address);

}  // namespace lic::postgres
