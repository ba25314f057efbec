#include "ledger/sqlite_schema.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_leases.hpp"
#include "ledger/sqlite_log_room.hpp"

namespace lic::sqlite {
namespace {

// New keys are random, so that a large batch touches every page of their index: 64 MiB keep that of a million
// licenses in memory.
constexpr const char* kBriefPragmas = "PRAGMA cache_size = -65536";
// What a server needs often is in the cache of the system as well; and a larger one costs time, since SQLite goes
// through all of its own after each commit that has split a page.
constexpr const char* kServingPragmas = "PRAGMA cache_size = -16384";

/// A table, index or trigger as sqlite_schema has it.
struct SchemaObject {
  std::string type;
  std::string name;
  std::string table;
  std::string sql;

  friend auto operator<=>(const SchemaObject&, const SchemaObject&) = default;
  friend bool operator==(const SchemaObject&, const SchemaObject&) = default;
};

/// Sorted. Without the statistics that ANALYZE keeps.
Result<std::vector<SchemaObject>> schema_of(Connection& connection) {
  LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT type, name, tbl_name, sql FROM sqlite_schema "
                                             "WHERE name NOT GLOB 'sqlite_stat[0-9]' ORDER BY type, name"));
  std::vector<SchemaObject> objects;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) break;
    objects.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3)});
  }
  std::sort(objects.begin(), objects.end());
  return objects;
}

Result<void> migrate(Connection& connection, std::int64_t from, Migrations migrations) {
  for (std::int64_t version = from; const char* migration : migrations.subspan(static_cast<std::size_t>(from))) {
    LIC_TRY(connection.run_script(migration));
    if (++version == sql::kMachineMarks) LIC_TRY(sql::index_leases(connection));
  }
  // PRAGMA takes no parameters; this is a number of our own.
  return connection.run(concat("PRAGMA user_version = ", migrations.size()));
}

Error altered(const Connection& connection, const SchemaObject& object, std::string_view how) {
  return error(Errc::invalid_input,
               concat("ledger ", in_quotes(connection.path().native()),
                      " was altered by hand: ", printable(object.type), " ", in_quotes(object.name), " ", how),
               "restore the newest backup of it");
}

/// Compares with what the migrations make in an empty database.
Result<void> check_schema(Connection& connection, Migrations migrations) {
  LIC_TRY_ASSIGN(const auto fresh, Connection::in_memory());
  LIC_TRY(migrate(*fresh, 0, migrations));
  LIC_TRY_ASSIGN(const auto expected, schema_of(*fresh));
  LIC_TRY_ASSIGN(const auto present, schema_of(connection));
  auto is = present.begin();
  for (const SchemaObject& wanted : expected) {
    const auto place = std::pair(std::string_view(wanted.type), std::string_view(wanted.name));
    if (is != present.end() && std::pair(std::string_view(is->type), std::string_view(is->name)) < place)
      return altered(connection, *is, "was added");
    if (is == present.end() || std::pair(std::string_view(is->type), std::string_view(is->name)) != place)
      return altered(connection, wanted, "is missing");
    if (*is != wanted) return altered(connection, *is, "is not as it was made");
    ++is;
  }
  if (is != present.end()) return altered(connection, *is, "was added");
  return {};
}

/// SQLite notices missing pages, but not that the last one was cut short.
/// Precondition: a read transaction, so that nobody writes the file meanwhile.
Result<void> check_size(Connection& connection) {
  LIC_TRY_ASSIGN(const auto pages, connection.number("PRAGMA page_count"));
  LIC_TRY_ASSIGN(const auto page_size, connection.number("PRAGMA page_size"));
  LIC_TRY_ASSIGN(Rows mode, connection.query("PRAGMA journal_mode"));
  LIC_TRY(mode.next());
  if (mode.text(0) == "wal") return {};  // newer pages may be in the log
  struct stat info {};
  if (::stat(connection.path().c_str(), &info) != 0)
    return system_error(errno, "cannot open ledger", connection.path());
  if (info.st_size < pages * page_size)
    return error(Errc::invalid_input,
                 concat("ledger ", in_quotes(connection.path().native()), " is truncated: ", std::int64_t{info.st_size},
                        " of ", pages * page_size, " bytes"),
                 "restore the newest backup of it");
  return {};
}

/// The version of a whole ledger with the schema of that version.
/// Precondition: a transaction.
Result<std::int64_t> check_ledger(Connection& connection, Migrations migrations) {
  LIC_TRY_ASSIGN(const auto id, connection.number("PRAGMA application_id"));
  LIC_TRY_ASSIGN(const auto version, connection.number("PRAGMA user_version"));
  const std::string name = in_quotes(connection.path().native());
  if (id != kApplicationId || version < 1)
    return error(Errc::invalid_input, concat(name, " is a database, but not a ledger"));
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (version > known)
    return error(Errc::invalid_input,
                 concat("ledger ", name, " is of version ", version, ", this licgen knows up to ", known),
                 "use the newer licgen that wrote it");
  LIC_TRY(check_size(connection));
  LIC_TRY(check_schema(connection, migrations.first(static_cast<std::size_t>(version))));
  return version;
}

}  // namespace

Result<void> make_schema(const std::shared_ptr<Connection>& connection, Migrations migrations) {
  LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::write));
  LIC_TRY(connection->run(concat("PRAGMA application_id = ", kApplicationId)));
  LIC_TRY(migrate(*connection, 0, migrations));
  LIC_TRY(scope.commit());
  connection->set_version(std::ssize(migrations));
  return {};
}

Result<void> open_schema(const std::shared_ptr<Connection>& connection, Migrations migrations) {
  const auto known = static_cast<std::int64_t>(migrations.size());
  {
    LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::read));
    LIC_TRY_ASSIGN(const auto version, check_ledger(*connection, migrations));
    if (version == known) return connection->set_version(known), Result<void>();
    if (connection->is_read_only())
      return error(Errc::denied,
                   concat("ledger ", in_quotes(connection->path().native()), " is of the older version ", version,
                          " and cannot be written, so it cannot be brought up to date"),
                   "open it once where it can be written");
  }
  LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::write));
  LIC_TRY_ASSIGN(const auto version, check_ledger(*connection, migrations));  // another process may have been first
  LIC_TRY(migrate(*connection, version, migrations));
  LIC_TRY(scope.commit());
  connection->set_version(known);
  return {};
}

Result<void> prepare_to_write(Connection& connection, LedgerUse use) {
  const bool serving = use == LedgerUse::serving;
  const bool has_safe_log = has_safe_wal(sqlite3_libversion_number());
  const bool wants_log = serving || has_safe_log;
  std::string mode;
  {  // without a wish a ledger keeps what it has: a server may be using it
    LIC_TRY_ASSIGN(Rows rows, connection.query(wants_log ? "PRAGMA journal_mode = wal" : "PRAGMA journal_mode"));
    LIC_TRY(rows.next());
    mode = rows.text(0);
  }
  LIC_TRY(connection.run_script(serving ? kServingPragmas : kBriefPragmas));
  if (serving) {
    connection.rest_triggers();
    // To move the log into the database file holds everybody up: it is done when nobody waits (Ledger::tidy()), and
    // otherwise when the log is that long.
    LIC_TRY_ASSIGN(const auto page_size, connection.number("PRAGMA page_size"));
    LIC_TRY(connection.run(concat("PRAGMA wal_autocheckpoint = ", kMostOfLog / page_size)));
  }
  if (use == LedgerUse::reading) return connection.run("PRAGMA query_only = ON");
  if (serving && mode == "wal") return connection.flush_apart(!has_safe_log);
  // A rollback journal ends a transaction by being unlinked: only EXTRA syncs the
  // directory after that, without which a power failure could bring the journal
  // back, and it would undo what was committed.
  return connection.run(mode == "wal" ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = EXTRA");
}

}  // namespace lic::sqlite
