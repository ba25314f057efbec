#pragma once

/// For lib/ledger/ alone.

#include <memory>

#include "ledger/ledger.hpp"
#include "ledger/sql.hpp"

namespace lic::sql {

/// Errors: those of Ledger::begin().
[[nodiscard]] Result<std::unique_ptr<Transaction>> begin_change(const std::shared_ptr<Connection>& connection);

/// What is changed in that write scope.
[[nodiscard]] std::unique_ptr<Transaction> make_transaction(const std::shared_ptr<Connection>& connection, Scope scope);

/// Errc::not_found for a license key.
[[nodiscard]] Error no_such_license(std::string_view key);

/// Of the license with that key; 0 for none.
[[nodiscard]] Result<std::int64_t> number_of_license(Connection& connection, std::string_view key);

/// For a row that is about to be added to one of our tables that are numbered.
/// Precondition: a write transaction, in which nobody else adds one.
[[nodiscard]] Result<std::int64_t> next_row_number(Connection& connection, std::string_view table);

/// What finds the entries of the license with that key and number (0: it is in no table); with an empty key those
/// of no license. An index knows all of them.
struct HistoryOf {
  HistoryOf(std::string_view key, std::int64_t license);

  std::string_view condition;
  Values values;
};

}  // namespace lic::sql
