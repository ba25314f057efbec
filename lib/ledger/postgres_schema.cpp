#include "ledger/postgres_schema.hpp"

#include <algorithm>
#include <set>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_leases.hpp"

namespace lic::postgres {
namespace {

std::int64_t version_after(std::size_t migrations) { return kFirstVersion - 1 + static_cast<std::int64_t>(migrations); }

/// Those from the n-th on. Precondition: a transaction.
Result<void> migrate(Connection& connection, std::size_t from, Migrations migrations) {
  for (auto version = version_after(from); const char* migration : migrations.subspan(from)) {
    LIC_TRY(connection.run_script(migration));
    if (++version == sql::kMachineMarks) LIC_TRY(sql::index_leases(connection));
  }
  return connection.run("UPDATE ledger SET version = ?1", {version_after(migrations.size())});
}

/// "table licenses", "index licenses_by_end", "trigger history_no_delete": those that `text` makes by `verb`.
std::set<std::string> objects_after(std::string_view verb, std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {" TABLE ", "table "}, {" INDEX ", "index "}, {" UNIQUE INDEX ", "index "}, {" TRIGGER ", "trigger "}};
  std::set<std::string> objects;
  for (const auto& [words, kind] : kKinds) {
    const std::string begin = concat(verb, words);
    for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
      const std::string_view name = text.substr(at + begin.size());
      objects.insert(concat(kind, name.substr(0, name.find_first_of(" ;"))));
    }
  }
  return objects;
}

/// Gives tables the names that `text` gives them.
void rename_tables(std::set<std::string>& objects, std::string_view text) {
  constexpr std::string_view kBegin = "ALTER TABLE ";
  constexpr std::string_view kTo = " RENAME TO ";
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    const std::string_view line = text.substr(at, text.substr(at).find(';'));
    const auto to = line.find(kTo);
    if (to == std::string_view::npos) continue;
    objects.erase(concat("table ", line.substr(kBegin.size(), to - kBegin.size())));
    objects.insert(concat("table ", line.substr(to + kTo.size())));
  }
}

/// What is there after these. One that drops things does so before it makes others of their names.
std::set<std::string> objects_made_by(Migrations migrations) {
  std::set<std::string> objects;
  for (const std::string_view text : migrations) {
    for (const std::string& dropped : objects_after("DROP", text)) objects.erase(dropped);
    rename_tables(objects, text);
    objects.merge(objects_after("CREATE", text));
  }
  return objects;
}

/// The same of what is there. A trigger that is switched off is none; an index that was added does no harm.
Result<std::set<std::string>> objects_of(Connection& connection, const std::set<std::string>& expected) {
  LIC_TRY_ASSIGN(
      Rows rows,
      connection.query("SELECT 'table ' || relname FROM pg_catalog.pg_class WHERE relnamespace = "
                       "current_schema()::regnamespace AND relkind IN ('r', 'p') UNION ALL "
                       "SELECT 'index ' || relname FROM pg_catalog.pg_class WHERE relnamespace = "
                       "current_schema()::regnamespace AND relkind IN ('i', 'I') UNION ALL "
                       "SELECT 'trigger ' || tgname FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class AS c ON "
                       "c.oid = tgrelid WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal "
                       "AND tgenabled IN ('O', 'A')"));
  std::set<std::string> objects;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return objects;
    std::string object = rows.text(0);
    if (object.starts_with("trigger ") || expected.contains(object)) objects.insert(std::move(object));
  }
}

Error altered(const Connection& connection, std::string_view object, std::string_view how) {
  const std::size_t space = object.find(' ');
  return error(Errc::invalid_input,
               concat("ledger ", in_quotes(connection.name()), " was altered by hand: ", object.substr(0, space), " ",
                      in_quotes(object.substr(space + 1)), " ", how),
               "restore the newest backup of it");
}

Result<void> check_schema(Connection& connection, Migrations migrations) {
  const auto expected = objects_made_by(migrations);
  LIC_TRY_ASSIGN(const auto present, objects_of(connection, expected));
  for (const std::string& object : expected)
    if (!present.contains(object)) return altered(connection, object, "is missing or switched off");
  for (const std::string& object : present)
    if (!expected.contains(object)) return altered(connection, object, "was added");
  return {};
}

/// How many of the migrations the ledger has seen.
Result<std::size_t> check_ledger(Connection& connection, Migrations migrations, bool to_change) {
  LIC_TRY_ASSIGN(const std::int64_t version,
                 connection.number(to_change ? "SELECT version FROM ledger FOR UPDATE" : "SELECT version FROM ledger"));
  const std::string name = in_quotes(connection.name());
  const std::int64_t known = version_after(migrations.size());
  if (version > known)
    return error(Errc::invalid_input,
                 concat("ledger ", name, " is of version ", version, ", this licgen knows up to ", known),
                 "use the newer licgen that wrote it");
  if (version < kFirstVersion)
    return error(Errc::invalid_input, concat(name, " has a table 'ledger', but is no ledger"));
  const auto seen = static_cast<std::size_t>(version - kFirstVersion + 1);
  LIC_TRY(check_schema(connection, migrations.first(seen)));
  return seen;
}

}  // namespace

Result<bool> has_ledger(Connection& connection) {
  LIC_TRY_ASSIGN(const auto found,
                 connection.number("SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'ledger' AND "
                                   "relnamespace = current_schema()::regnamespace"));
  return found > 0;
}

Result<void> make_schema(Connection& connection, Migrations migrations) {
  LIC_TRY(migrate(connection, 0, migrations));
  connection.set_ledger(version_after(migrations.size()));
  return {};
}

Result<void> open_schema(const std::shared_ptr<Connection>& connection, Migrations migrations) {
  {
    LIC_TRY_ASSIGN(const Scope moment, Scope::begin(connection, ScopeKind::read));
    LIC_TRY_ASSIGN(const bool there, has_ledger(*connection));
    if (!there)
      return error(Errc::not_found, concat("there is no ledger in ", in_quotes(connection->name())),
                   "run licgen init --catalog FILE, or name another ledger with --ledger");
    LIC_TRY_ASSIGN(const std::size_t seen, check_ledger(*connection, migrations, false));
    if (seen == migrations.size()) return connection->set_ledger(version_after(seen)), Result<void>();
  }
  LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::write));
  // Another process may have been first. From here on nobody else gets as far, nor writes.
  LIC_TRY_ASSIGN(const std::size_t seen, check_ledger(*connection, migrations, true));
  if (seen < migrations.size()) LIC_TRY(migrate(*connection, seen, migrations));
  LIC_TRY(scope.commit());
  connection->set_ledger(version_after(migrations.size()));
  return {};
}

}  // namespace lic::postgres
