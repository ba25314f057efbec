#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "ledger/sqlite.hpp"
#include "ledger/sqlite_connection.hpp"
#include "ledger/sqlite_schema.hpp"

namespace lic {
namespace sqlite {
namespace {

/// What SQLite keeps beside a database, and would apply to another of that name.
constexpr const char* kCompanions[] = {"-journal", "-wal", "-shm"};

bool is_there(const Path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

/// A compact copy of the database into the empty file `to`.
Result<void> copy_into(const Path& from, const Path& to) {
  LIC_TRY_ASSIGN(const auto connection, Connection::open(from, kLedgerPatience));
  LIC_TRY(open_schema(connection, ledger_migrations()));
  return connection->run("VACUUM INTO ?1", {std::string_view(to.native())});
}

/// The same of a backup, whose file is not to be touched: an older schema is brought
/// up to date in the copy.
Result<void> copy_bytes(const Path& from, AtomicFile& to) {
  const Fd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return system_error(errno, "cannot open backup", from);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return error(Errc::invalid_input, concat("backup ", in_quotes(from.native()), " is not a file"));
  Bytes chunk(std::size_t{1} << 20);
  while (true) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "cannot read backup", from);
    if (count == 0) return {};
    LIC_TRY(to.write(ByteView(chunk).first(static_cast<std::size_t>(count))));
  }
}

Result<void> check_integrity(Connection& connection, std::string_view what) {
  LIC_TRY_ASSIGN(Rows rows, connection.query("PRAGMA integrity_check(1)"));
  LIC_TRY_ASSIGN(const bool found, rows.next());
  if (!found || rows.text(0) != "ok")
    return error(Errc::invalid_input, concat(what, " is damaged: ", printable(rows.text(0))), "use another backup");
  LIC_TRY_ASSIGN(Rows lost, connection.query("PRAGMA foreign_key_check"));
  LIC_TRY_ASSIGN(const bool any, lost.next());
  if (any) return error(Errc::invalid_input, concat(what, " has a document of no license"), "use another backup");
  return {};
}

constexpr const char* kListNumber = "SELECT value FROM counters WHERE name = 'revocations'";

/// The number of a revocation list is never given twice: the restored ledger goes on
/// after those of the one that it replaces, or far beyond, where that one is lost.
Result<void> keep_numbers(Connection& restored, const std::shared_ptr<Connection>& living) {
  constexpr std::int64_t kFarBeyond = 1'000'000;
  LIC_TRY_ASSIGN(const std::int64_t own, restored.number(kListNumber));
  std::int64_t least = own + kFarBeyond;
  if (living) {
    const auto newest = living->number(kListNumber);
    if (newest) least = *newest;
  }
  if (least <= own) return {};
  return restored.run(
      "INSERT INTO counters (name, value) VALUES ('revocations', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
      {least});
}

/// The ledger that is to be replaced, open; null where it is not one any more.
/// Errors: all but invalid_input, such as unavailable.
Result<std::shared_ptr<Connection>> open_living(const Path& path) {
  const auto open = [&]() -> Result<std::shared_ptr<Connection>> {
    LIC_TRY_ASSIGN(auto connection, Connection::open(path, kLedgerPatience));
    LIC_TRY(open_schema(connection, ledger_migrations()));
    return connection;
  };
  auto living = open();
  if (!living && living.error().code == Errc::invalid_input) return std::shared_ptr<Connection>();
  return living;
}

/// A fault of the copy `temporary`, told as one of the backup that it is a copy of.
Error told_of_backup(Error fault, const Path& temporary, const Path& backup) {
  const std::string name = in_quotes(temporary.native());
  const std::size_t place = fault.message.find(name);
  if (place == std::string::npos) return fault;
  fault.message.replace(place, name.size(), in_quotes(backup.native()));
  if (fault.code == Errc::invalid_input && !fault.hint.starts_with("use ")) fault.hint = "use another backup";
  return fault;
}

/// Brings the copy of a backup up to date, and examines it.
Result<void> examine_copy(const Path& copy, const Path& backup, const std::shared_ptr<Connection>& living) {
  LIC_TRY_ASSIGN(const auto connection, Connection::open(copy, kLedgerPatience));
  LIC_TRY(open_schema(connection, ledger_migrations()));
  LIC_TRY(check_integrity(*connection, concat("backup ", in_quotes(backup.native()))));
  LIC_TRY(prepare_to_write(*connection));
  return keep_numbers(*connection, living);
}

/// A free name beside `path`.
Path aside_name(const Path& path, Time now) {
  std::string stamp = format_time(now);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const std::string base = concat(path.native(), ".replaced-", stamp);
  Path name = base;
  for (int copy = 2; is_there(name); ++copy) name = concat(base, '-', copy);
  return name;
}

/// Puts `copy` in the place of the ledger, which is kept under the name returned.
Result<std::string> take_place(AtomicFile& copy, const Path& ledger, Time now) {
  if (!is_there(ledger)) {
    LIC_TRY(copy.commit(AtomicFile::Existing::refuse));
    return std::string();
  }
  const Path aside = aside_name(ledger, now);
  if (::link(ledger.c_str(), aside.c_str()) != 0) return system_error(errno, "cannot keep", aside);
  for (const char* companion : kCompanions) {
    const Path beside = concat(ledger.native(), companion);
    if (is_there(beside) && ::rename(beside.c_str(), concat(aside.native(), companion).c_str()) != 0)
      return system_error(errno, "cannot move away", beside);
  }
  LIC_TRY(copy.commit(AtomicFile::Existing::replace));
  return aside.native();
}

}  // namespace
}  // namespace sqlite

Result<void> check_sqlite_ledger(const Path& path) {
  LIC_TRY_ASSIGN(const auto connection, sqlite::Connection::open(path, kLedgerPatience));
  LIC_TRY(sqlite::open_schema(connection, sqlite::ledger_migrations()));
  return sqlite::check_integrity(*connection, concat("ledger ", in_quotes(path.native())));
}

Result<void> backup_sqlite_ledger(const Path& ledger, const Path& to, bool replace) {
  LIC_TRY_ASSIGN(AtomicFile file, AtomicFile::create(to));
  LIC_TRY(sqlite::copy_into(ledger, file.temporary()));
  return file.commit(replace ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse);
}

Result<std::string> restore_sqlite_ledger(const Path& backup, const Path& ledger, bool replace, Time now,
                                          const std::function<Result<void>(Ledger&)>& check) {
  using namespace sqlite;
  if (is_there(ledger) && !replace)
    return error(Errc::conflict, concat("there is a ledger at ", in_quotes(ledger.native()), " already"),
                 "--force puts the backup in its place, and keeps it under another name");
  remove_abandoned_temporaries(ledger.has_parent_path() ? ledger.parent_path() : Path("."), ledger.filename().native());
  LIC_TRY_ASSIGN(AtomicFile copy, AtomicFile::create(ledger));
  LIC_TRY(copy_bytes(backup, copy));
  std::shared_ptr<Connection> living;
  std::optional<Scope> held;  // nobody writes to the old ledger while it is replaced
  if (is_there(ledger)) {
    LIC_TRY_ASSIGN(living, open_living(ledger));
  }
  if (living && !living->is_read_only()) {
    LIC_TRY_ASSIGN(Scope scope, Scope::begin(living, Scope::Kind::write));
    held.emplace(std::move(scope));
  }
  const auto examined = examine_copy(copy.temporary(), backup, living);
  if (!examined) return told_of_backup(examined.error(), copy.temporary(), backup);
  {
    LIC_TRY_ASSIGN(const auto restored, open_sqlite_ledger(copy.temporary()));
    LIC_TRY(check(*restored));
  }
  return take_place(copy, ledger, now);
}

}  // namespace lic
