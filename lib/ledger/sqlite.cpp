#include "ledger/sqlite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_ledger.hpp"
#include "ledger/sqlite_connection.hpp"
#include "ledger/sqlite_ledger.hpp"
#include "ledger/sqlite_schema.hpp"

namespace lic {
namespace sqlite {
namespace {

/// O_EXCL: of two that make the same ledger, one is told.
Result<void> make_empty_file(const Path& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd) return {};
  if (errno == EEXIST) return error(Errc::conflict, concat(in_quotes(path.native()), " exists already"));
  return system_error(errno, "cannot make ledger", path);
}

Result<std::shared_ptr<sql::Connection>> fill_new_file(const Path& path, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(auto connection, Connection::open_empty(path, patience));
  // Two signed documents hardly ever fit a page of 4096 bytes, which takes twice the time to add many; of larger pages
  // a server writes more bytes for each seat that is taken.
  LIC_TRY(connection->run("PRAGMA page_size = 8192"));
  LIC_TRY(prepare_to_write(*connection));
  LIC_TRY(make_schema(connection, ledger_migrations()));
  return std::shared_ptr<sql::Connection>(std::move(connection));
}

}  // namespace

Result<std::shared_ptr<sql::Connection>> make_ledger_file(const Path& path, std::chrono::milliseconds patience) {
  LIC_TRY(make_empty_file(path));
  auto connection = fill_new_file(path, patience);
  if (!connection) ::unlink(path.c_str());
  return connection;
}

Result<std::shared_ptr<sql::Connection>> open_connection(const Path& path, std::chrono::milliseconds patience,
                                                         LedgerUse use) {
  LIC_TRY_ASSIGN(auto connection, Connection::open(path, patience));
  LIC_TRY(open_schema(connection, ledger_migrations()));
  if (!connection->is_read_only()) LIC_TRY(prepare_to_write(*connection, use));
  return std::shared_ptr<sql::Connection>(std::move(connection));
}

}  // namespace sqlite

Result<std::unique_ptr<Ledger>> create_sqlite_ledger(const Path& path, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(auto connection, sqlite::make_ledger_file(path, patience));
  return sql::make_ledger(std::move(connection));
}

Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const Path& path, std::chrono::milliseconds patience,
                                                   LedgerUse use) {
  LIC_TRY_ASSIGN(auto connection, sqlite::open_connection(path, patience, use));
  return sql::make_ledger(std::move(connection));
}

}  // namespace lic
