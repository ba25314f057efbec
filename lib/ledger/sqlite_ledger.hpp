#pragma once

/// Ledgers in files, as connections. For lib/ledger/ alone.

#include <chrono>
#include <memory>

#include "base/file.hpp"
#include "ledger/address.hpp"
#include "ledger/sql.hpp"

namespace lic::sqlite {

/// As open_sqlite_ledger().
[[nodiscard]] Result<std::shared_ptr<sql::Connection>> open_connection(const Path& path,
                                                                       std::chrono::milliseconds patience,
                                                                       LedgerUse use = LedgerUse::brief);
/// As create_sqlite_ledger().
[[nodiscard]] Result<std::shared_ptr<sql::Connection>> make_ledger_file(const Path& path,
                                                                        std::chrono::milliseconds patience);

}  // namespace lic::sqlite
