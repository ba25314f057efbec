#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "ledger/sql_leases.hpp"
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

bool is_same_file(const Path& one, const Path& other) {
  struct stat a {};
  struct stat b {};
  return ::lstat(one.c_str(), &a) == 0 && ::lstat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

/// The names in the directory of `path` that begin with `prefix`, as paths.
std::vector<Path> beside(const Path& path, std::string_view prefix) {
  std::vector<Path> found;
  std::error_code ignored;  // what cannot be seen is left alone
  for (std::filesystem::directory_iterator it(directory_of(path), ignored), end; !ignored && it != end;
       it.increment(ignored))
    if (it->path().filename().native().starts_with(prefix)) found.push_back(it->path());
  return found;
}

void remove_companions(const Path& database) noexcept {
  for (const char* companion : kCompanions) ::unlink(concat(database.native(), companion).c_str());
}

/// What killed processes left of copies that were to become `path`, which is not to grow the disk's need
/// with each attempt.
void remove_abandoned_copies(const Path& path) {
  const std::string name = path.filename().native();
  remove_abandoned_temporaries_of(path);
  for (const Path& left : beside(path, concat('.', name, '.')))
    for (const std::string_view companion : kCompanions)
      if (const std::string& whole = left.native();
          whole.ends_with(companion) && !is_there(whole.substr(0, whole.size() - companion.size())))
        ::unlink(left.c_str());
}

/// An AtomicFile that SQLite writes: what it keeps beside one goes with it.
class Copy {
 public:
  static Result<Copy> create(const Path& path) {
    remove_abandoned_copies(path);
    LIC_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    return Copy(std::move(file));
  }
  Copy(Copy&& other) noexcept : file(std::move(other.file)), path_(std::exchange(other.path_, {})) {}
  Copy& operator=(Copy&&) = delete;
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy() {
    if (!path_.empty()) remove_companions(path_);
  }

  AtomicFile file;

 private:
  explicit Copy(AtomicFile made) : file(std::move(made)), path_(file.temporary()) {}
  Path path_;
};

/// A compact copy of the database into the empty file `to`, which is to become `named`.
Result<void> copy_into(const Path& from, const Path& to, const Path& named) {
  LIC_TRY_ASSIGN(const auto connection, Connection::open(from, kLedgerPatience));
  LIC_TRY(open_schema(connection, ledger_migrations()));
  auto copied = connection->run("VACUUM INTO ?1", {std::string_view(to.native())});
  if (copied) return copied;
  Error fault = std::move(copied).error();
  const int code = connection->last_code();
  const bool reading = code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_LOCK;
  if (fault.code == Errc::failure && !reading) {  // the ledger itself is only read
    fault.message = concat("cannot write backup ", in_quotes(named.native()), ": ", fault.message);
    fault.hint = "free some space, or write the backup to another disk";
  }
  return fault;
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

/// A free name beside `path`.
Path aside_name(const Path& path, Time now) {
  std::string stamp = format_time(now);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const std::string base = concat(path.native(), ".replaced-", stamp);
  Path name = base;
  for (int copy = 2; is_there(name); ++copy) name = concat(base, '-', copy);
  return name;
}

/// While the scope lives nobody writes to the ledger that is to be replaced, and all of it is in its one file.
/// Errors: unavailable.
Result<Scope> hold(const std::shared_ptr<Connection>& living) {
  LIC_TRY(prepare_to_write(*living));
  LIC_TRY(living->empty_log());
  LIC_TRY_ASSIGN(Scope scope, Scope::begin(living, ScopeKind::write));
  living->leave_log();
  struct stat log {};
  if (::lstat(concat(living->path().native(), "-wal").c_str(), &log) != 0 || log.st_size == 0) return scope;
  return error(Errc::unavailable, concat("ledger ", in_quotes(living->path().native()), " is in use"),
               "try again when nobody uses it");
}

/// Companions of `from` become those of `to`.
Result<void> move_companions(const Path& from, const Path& to) {
  for (const char* companion : kCompanions) {
    const Path old = concat(from.native(), companion);
    if (is_there(old) && ::rename(old.c_str(), concat(to.native(), companion).c_str()) != 0)
      return system_error(errno, "cannot move away", old);
  }
  return {};
}

/// Puts `copy` in the place of the ledger, which is kept under the name returned; empty: there was none.
Result<std::string> take_place(AtomicFile& copy, const Path& ledger, Time now) {
  // Killed half-way, an earlier restore has left a second name of the ledger.
  for (const Path& name : beside(ledger, concat(ledger.filename().native(), ".replaced-")))
    if (is_same_file(name, ledger)) ::unlink(name.c_str());
  const Path aside = aside_name(ledger, now);
  const bool replaces = is_there(ledger);
  if (replaces && ::link(ledger.c_str(), aside.c_str()) != 0) return system_error(errno, "cannot keep", aside);
  auto done = move_companions(ledger, aside);
  if (done) done = copy.commit(replaces ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse);
  if (done) return replaces ? aside.native() : std::string();
  Error fault = std::move(done).error();
  if (replaces && !is_same_file(aside, ledger)) {
    fault.message += concat("; what was there is kept as ", in_quotes(aside.native()));
  } else if (!is_there(ledger) || replaces) {  // as it was
    static_cast<void>(move_companions(aside, ledger));
    if (replaces) ::unlink(aside.c_str());
  }
  return fault;
}

/// Brings the copy of a backup up to date and examines it.
Result<void> examine_copy(const Path& copy, const Path& backup, const std::shared_ptr<Connection>& living,
                          const std::function<Result<void>(Ledger&)>& check) {
  {
    LIC_TRY_ASSIGN(const auto connection, Connection::open(copy, kLedgerPatience));
    LIC_TRY(open_schema(connection, ledger_migrations()));
    LIC_TRY(check_integrity(*connection, concat("backup ", in_quotes(backup.native()))));
    LIC_TRY(prepare_to_write(*connection));
    LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::write));
    LIC_TRY(keep_numbers(*connection, living));
    LIC_TRY(sql::index_leases(*connection));
    LIC_TRY(scope.commit());
  }
  LIC_TRY_ASSIGN(const auto restored, open_sqlite_ledger(copy));
  return check(*restored);
}

}  // namespace
}  // namespace sqlite

Result<void> check_sqlite_ledger(const Path& path) {
  LIC_TRY_ASSIGN(const auto connection, sqlite::Connection::open(path, kLedgerPatience));
  LIC_TRY(sqlite::open_schema(connection, sqlite::ledger_migrations()));
  return sqlite::check_integrity(*connection, concat("ledger ", in_quotes(path.native())));
}

Result<void> backup_sqlite_ledger(const Path& ledger, const Path& to, bool replace) {
  LIC_TRY_ASSIGN(sqlite::Copy copy, sqlite::Copy::create(to));
  LIC_TRY(sqlite::copy_into(ledger, copy.file.temporary(), to));
  return copy.file.commit(replace ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse);
}

Result<std::string> restore_sqlite_ledger(const Path& backup, const Path& ledger, bool replace, Time now,
                                          const std::function<Result<void>(Ledger&)>& check) {
  using namespace sqlite;
  remove_abandoned_copies(ledger);
  if (is_there(ledger) && !replace)
    return error(Errc::conflict, concat("there is a ledger at ", in_quotes(ledger.native()), " already"),
                 "--force puts the backup in its place, and keeps it under another name");
  LIC_TRY_ASSIGN(Copy copy, Copy::create(ledger));
  LIC_TRY(copy_bytes(backup, copy.file));
  std::shared_ptr<Connection> living;
  std::optional<Scope> held;  // nobody writes to the old ledger while it is replaced
  if (is_there(ledger)) {
    LIC_TRY_ASSIGN(living, open_living(ledger));
  }
  if (living && !living->is_read_only()) {
    LIC_TRY_ASSIGN(Scope scope, hold(living));
    held.emplace(std::move(scope));
  }
  if (auto examined = examine_copy(copy.file.temporary(), backup, living, check); !examined) {
    Error fault = told_of_backup(std::move(examined).error(), copy.file.temporary(), backup);
    if (fault.code == Errc::failure) {  // the copy could not be written
      fault.message = concat("cannot restore ", in_quotes(ledger.native()), ": ", fault.message);
      fault.hint = "nothing was restored: look at the disk's free space and health, then try again";
    }
    return fault;
  }
  return take_place(copy.file, ledger, now);
}

}  // namespace lic
