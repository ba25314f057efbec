#pragma once

/// For lib/ledger/sqlite*.cpp alone.

#include <memory>

#include "ledger/ledger.hpp"
#include "ledger/sqlite_connection.hpp"

namespace lic::sqlite {

/// Errors: those of Ledger::begin().
[[nodiscard]] Result<std::unique_ptr<Transaction>> begin_change(const std::shared_ptr<Connection>& connection);

/// Errc::not_found for a license key.
[[nodiscard]] Error no_such_license(std::string_view key);

/// The condition for the entries of the license with the key ?1; those of none where it is NULL.
inline constexpr std::string_view kHistoryOf =
    "license IS (SELECT number FROM licenses WHERE licenses.key = ?1) AND key IS ?1";

}  // namespace lic::sqlite
