#pragma once

/// For lib/ledger/ alone.

#include <cstdint>
#include <functional>

#include "ledger/sql.hpp"

namespace lic::sql {

/// Copies the rows of all tables of a ledger to a new one, but for the remembered answers to requests; what machines
/// are found by is made anew.
/// Preconditions: a transaction of each; nothing but what a new ledger has is in `to`.
Result<void> copy_rows(Connection& from, Connection& to, const std::function<void(std::int64_t)>& progress);

}  // namespace lic::sql
