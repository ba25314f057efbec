#pragma once

/// A ledger in an SQL database. For lib/ledger/ alone.

#include <memory>

#include "ledger/ledger.hpp"
#include "ledger/sql.hpp"

namespace lic::sql {

/// The tables are there, and are those of the newest version.
[[nodiscard]] std::unique_ptr<Ledger> make_ledger(std::shared_ptr<Connection> connection);

}  // namespace lic::sql
