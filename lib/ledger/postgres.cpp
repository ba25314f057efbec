#include "ledger/postgres.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/postgres_connection.hpp"
#include "ledger/postgres_ledger.hpp"
#include "ledger/postgres_schema.hpp"
#include "ledger/sql_ledger.hpp"
#include "ledger/sql_transaction.hpp"

namespace lic {
namespace postgres {
namespace {

/// In a transaction that nobody else comes into.
Result<sql::Scope> make_tables(const std::shared_ptr<Connection>& connection) {
  LIC_TRY_ASSIGN(auto scope, sql::Scope::begin(connection, sql::ScopeKind::write));
  LIC_TRY(make_schema(*connection, ledger_migrations()));
  LIC_TRY(connection->take_turn());
  return scope;
}

}  // namespace

Result<std::shared_ptr<sql::Connection>> open_connection(const LedgerAddress& address,
                                                         std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(const auto connection, Connection::open(address, patience));
  LIC_TRY(open_schema(connection, ledger_migrations()));
  return std::shared_ptr<sql::Connection>(connection);
}

Result<NewLedger> begin_ledger(const LedgerAddress& address) {
  LIC_TRY_ASSIGN(const auto connection, Connection::open(address, kLedgerPatience));
  auto scope = make_tables(connection);
  if (scope) return NewLedger{connection, *std::move(scope)};
  if (scope.error().code == Errc::conflict && has_ledger(*connection).value_or(false))
    return error(Errc::conflict, concat("there is a ledger already: ", in_quotes(address.name())),
                 "name another database, or another schema: ?options=-csearch_path%3DNAME");
  return std::move(scope).error();
}

}  // namespace postgres

Result<std::unique_ptr<Ledger>> open_postgres_ledger(const LedgerAddress& address, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(auto connection, postgres::open_connection(address, patience));
  return sql::make_ledger(std::move(connection));
}

Result<std::unique_ptr<Transaction>> begin_postgres_ledger(const LedgerAddress& address) {
  LIC_TRY_ASSIGN(postgres::NewLedger made, postgres::begin_ledger(address));
  return sql::make_transaction(made.connection, std::move(made.scope));
}

Result<PostgresServer> examine_postgres(const LedgerAddress& address) {
  LIC_TRY_ASSIGN(const auto connection, postgres::Connection::open(address, kLedgerPatience));
  LIC_TRY_ASSIGN(auto rows, connection->query(
                                "SELECT version(), coalesce((SELECT ssl::int FROM pg_stat_ssl WHERE pid = "
                                "pg_backend_pid()), 0), CASE WHEN inet_server_addr() IS NULL THEN 1 ELSE 0 END, "
                                "CASE WHEN current_setting('fsync') = 'off' THEN 'fsync = off' WHEN "
                                "current_setting('synchronous_commit') = 'off' THEN 'synchronous_commit = off' "
                                "WHEN current_setting('full_page_writes') = 'off' THEN 'full_page_writes = off' END"));
  LIC_TRY(rows.next());
  return PostgresServer{rows.text(0), rows.integer(1) != 0, rows.integer(2) != 0, rows.text(3)};
}

}  // namespace lic
