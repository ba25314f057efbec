#include "ledger/sqlite_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sqlite_log_file.hpp"
#include "ledger/sqlite_log_room.hpp"

namespace lic::sqlite {
namespace {

constexpr std::string_view kRestore = "restore the newest backup of it";

std::string spell(std::chrono::milliseconds span) {
  return span.count() % 1000 == 0 ? concat(span.count() / 1000, " s") : concat(span.count(), " ms");
}

/// What SQLite itself would get wrong: it takes an empty file for a new database.
/// (Looked at by name: to close a descriptor of our own would drop SQLite's locks.)
Result<void> check_file(const Path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return system_error(errno, "cannot open ledger", path);
  const std::string name = in_quotes(path.native());
  if (S_ISLNK(info.st_mode))
    return error(Errc::denied, concat("ledger ", name, " is a symbolic link, which is not followed here"),
                 "give the path of the file itself");
  if (S_ISDIR(info.st_mode)) return error(Errc::invalid_input, concat(name, " is a directory, not a ledger"));
  if (!S_ISREG(info.st_mode)) return error(Errc::invalid_input, concat(name, " is not a regular file"));
  if (info.st_size == 0)
    return error(Errc::invalid_input, concat(name, " is empty, not a ledger"),
                 concat(kRestore, ", or remove it if it was being made when the machine stopped"));
  return {};
}

/// With the directory's links resolved, so that SQLITE_OPEN_NOFOLLOW speaks of the file alone.
Result<Path> resolved(const Path& path) {
  std::error_code failed;
  const Path directory = std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : Path("."), failed);
  if (failed) return system_error(failed.value(), "cannot open ledger", path);
  return directory / path.filename();
}

/// `lifetime` of texts: SQLITE_STATIC, or SQLITE_TRANSIENT for those that may go before the statement has run.
int bind_one(sqlite3_stmt* statement, int index, const sql::Value& value, sqlite3_destructor_type lifetime) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // A null pointer would bind NULL: an empty view may hold one.
    return sqlite3_bind_text64(statement, index, text->data() == nullptr ? "" : text->data(), text->size(), lifetime,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, index);
}

/// A statement that has run is there for the next time.
struct Reset {
  void operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

/// `lifetime` as above.
Result<void> bind_all(const Connection& connection, sqlite3_stmt* statement, ValuesView values,
                      sqlite3_destructor_type lifetime) {
  int index = 0;
  for (const sql::Value& value : values)
    if (const int code = bind_one(statement, ++index, value, lifetime); code != SQLITE_OK)
      return connection.fault(code);
  return {};
}

/// What the system said when calls of this thread failed, the newest first: that which an error speaks of, and
/// those that rolling back met after it.
struct SystemFault {
  int code = 0;    // SQLite's, extended
  int number = 0;  // errno
};
thread_local std::array<SystemFault, 4> system_faults;

/// SQLite tells its log the errno of every call that fails, and the caller of few:
/// "os_unix.c:37815: (28) full_fsync(/path) - No space left on device".
void take_log(void*, int code, const char* text) {
  const std::string_view line(text);
  const std::size_t begin = line.find(": (");
  if (begin == std::string_view::npos) return;
  int number = 0;
  if (std::from_chars(line.data() + begin + 3, line.data() + line.size(), number).ec == std::errc())
    system_faults = {SystemFault{code, number}, system_faults[0], system_faults[1], system_faults[2]};
}

/// What the system said of the call that failed; empty where it is not known.
std::string system_words(int code) {
  const auto said = std::find_if(system_faults.begin(), system_faults.end(),
                                 [&](const SystemFault& fault) { return fault.code == code; });
  if ((code & 0xff) != SQLITE_IOERR || said == system_faults.end()) return {};
  return concat(" (", std::strerror(said->number), ")");
}

void configure_sqlite() {
  // SQLite counts its memory under a lock that every allocation takes; nobody asks for the count.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_config(SQLITE_CONFIG_LOG, &take_log, nullptr);
}

Error cannot_open(const Path& path, int number, std::string_view said) {
  struct stat info {};
  const std::string ledger = concat("ledger ", in_quotes(path.native()));
  // It is there, so it was a journal that could not be made; SQLite then tried to read one, which hides why.
  if (number == ENOENT && ::lstat(path.c_str(), &info) == 0)
    return error(Errc::failure, concat(ledger, ": no journal can be made beside it; is the disk full?"),
                 "the ledger is as it was: look at the disk's free space and at that directory, then try again");
  if (number != 0) return system_error(number, "cannot open ledger", path);
  return error(Errc::denied, concat(ledger, " cannot be opened: ", said));
}

/// A commit into the log (`synchronous = NORMAL`) is durable when the log is: frames have checksums, so that after a
/// power failure those count that are whole. Before frames are moved into the database, and after it, SQLite syncs by
/// itself.
class LogFlusher final : public Flusher {
 public:
  LogFlusher(Path path, Fd log, std::shared_ptr<LogRoom> room)
      : path_(std::move(path)), log_(std::move(log)), room_(std::move(room)) {}

  Result<void> flush() override {
    if (::fdatasync(log_.get()) == 0) return {};
    return system_error(errno, "cannot sync the log of ledger", path_);
  }

  void make_room() noexcept override {
    if (room_) room_->make();
  }

 private:
  Path path_;
  Fd log_;
  std::shared_ptr<LogRoom> room_;
};

}  // namespace

class Connection::Cursor final : public sql::Cursor {
 public:
  Cursor(const Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}

  Result<bool> next() override {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_.fault(code);
  }

  bool is_null(int column) const override { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

  std::string_view text(int column) const override {
    const auto* bytes = sqlite3_column_text(statement_.get(), column);
    if (bytes == nullptr) return {};  // NULL
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }

  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_.get(), column); }

 private:
  const Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Reset> statement_;
};

Result<std::shared_ptr<Connection>> Connection::open(const Path& path, std::chrono::milliseconds patience) {
  LIC_TRY(check_file(path));
  return open_empty(path, patience);
}

Result<std::shared_ptr<Connection>> Connection::open_empty(const Path& path, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(const Path real, resolved(path));
  std::shared_ptr<Connection> connection(new Connection(path, patience));
  LIC_TRY(connection->open_database(real.c_str(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW));
  return connection;
}

Result<std::shared_ptr<Connection>> Connection::in_memory() {
  std::shared_ptr<Connection> connection(new Connection(":memory:", std::chrono::milliseconds(0)));
  LIC_TRY(connection->open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY));
  return connection;
}

Connection::~Connection() {
  if (!ends_log_) return;
  sqlite3_busy_handler(database_.get(), nullptr, nullptr);        // nobody is waited for
  static_cast<void>(run_script("PRAGMA journal_mode = delete"));  // fails where the ledger is in use: the log stays
}

Result<void> Connection::open_database(const char* name, int flags) {
  [[maybe_unused]] static const bool configured = (configure_sqlite(), true);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(name, &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, log_vfs());
  database_.reset(database);
  if (code != SQLITE_OK) return fault(code);
  return configure();
}

/// A ledger may come from anywhere (a backup, another machine): its schema may not
/// run anything, and nothing may write behind SQLite's back. All of these hold
/// for a connection, none of them reads the file.
Result<void> Connection::configure() {
  sqlite3_busy_handler(database_.get(), &Connection::wait_for_lock, this);
  for (const int option : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY, SQLITE_DBCONFIG_ENABLE_TRIGGER})
    if (const int code = sqlite3_db_config(database_.get(), option, 1, nullptr); code != SQLITE_OK) return fault(code);
  for (const int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML})
    if (const int code = sqlite3_db_config(database_.get(), option, 0, nullptr); code != SQLITE_OK) return fault(code);
  return run_script("PRAGMA cell_size_check = ON; PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY;");
}

/// SQLite's own timeout sleeps whole seconds where it was built without usleep().
int Connection::wait_for_lock(void* connection, int attempt) {
  auto& self = *static_cast<Connection*>(connection);
  const auto now = std::chrono::steady_clock::now();
  if (attempt == 0) self.give_up_ = now + self.patience_;
  if (now >= self.give_up_) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(attempt + 1, 20)));
  return 1;
}

Result<sqlite3_stmt*> Connection::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fault(code);
  statements_.emplace(sql, StatementHandle(statement));
  return statement;
}

Result<Rows> Connection::start(std::string_view sql, ValuesView values) {
  if (!in_transaction()) LIC_TRY(check_place());
  LIC_TRY_ASSIGN(sqlite3_stmt * statement, prepared(sql));
  auto cursor = std::make_unique<Cursor>(*this, statement);
  LIC_TRY(bind_all(*this, statement, values, SQLITE_TRANSIENT));
  return Rows(std::move(cursor));
}

Result<std::int64_t> Connection::execute(std::string_view sql, ValuesView values) {
  LIC_TRY_ASSIGN(sqlite3_stmt * statement, prepared(sql));
  const std::unique_ptr<sqlite3_stmt, Reset> running(statement);
  LIC_TRY(bind_all(*this, statement, values, SQLITE_STATIC));
  const int code = sqlite3_step(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return fault(code);
  return sqlite3_changes64(database_.get());
}

Result<void> Connection::run_script(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fault(code);
  return {};
}

void Connection::set_triggers(bool on) noexcept {
  // This cannot fail: it sets a flag, and prepared statements are compiled anew at their next use.
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, on ? 1 : 0, nullptr);
}

Result<void> Connection::end_bulk() {
  set_triggers(has_triggers_);
  return {};
}

void Connection::rest_triggers() noexcept {
  has_triggers_ = false;
  set_triggers(false);
}

std::string Connection::folded(std::string_view expression) const { return concat(expression, " COLLATE NOCASE"); }

/// Who writes to a write-ahead log holds `<ledger>-lock` from before its transaction until after its commit, with
/// which SQLite may move the log into the database file. So no two connections ever do either at once, and the
/// WAL-reset bug (sqlite.org/wal.html#walresetbug), which needs just that, cannot happen. Those who wait take turns.
Result<void> Connection::take_turn(std::chrono::milliseconds patience) {
  const char* file = sqlite3_db_filename(database_.get(), "main");
  auto turn = FileLock::acquire(concat(file, "-lock"), patience);
  if (!turn && turn.error().code == Errc::unavailable) return fault(SQLITE_BUSY);
  if (!turn) return std::move(turn).error();
  turn_.emplace(*std::move(turn));
  return {};
}

Result<bool> Connection::has_log() {
  LIC_TRY_ASSIGN(Rows rows, query("PRAGMA journal_mode"));
  LIC_TRY(rows.next());
  return rows.text(0) == "wal";
}

Result<void> Connection::empty_log() { return move_log("PRAGMA wal_checkpoint(TRUNCATE)", patience_); }

Result<void> Connection::tidy() { return move_log("PRAGMA wal_checkpoint(PASSIVE)", {}); }

Result<void> Connection::move_log(std::string_view checkpoint, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(const bool has, has_log());
  if (!has) return {};
  LIC_TRY(take_turn(patience));
  const auto done = number(checkpoint);
  turn_.reset();
  LIC_TRY(done);
  return {};
}

Result<void> Connection::begin_in_turn() {
  if (!writes_log_) {
    LIC_TRY_ASSIGN(writes_log_, has_log());
  }
  if (writes_log_) LIC_TRY(take_turn(patience_));
  LIC_TRY(run("BEGIN IMMEDIATE"));
  if (turn_) return {};
  LIC_TRY_ASSIGN(writes_log_, has_log());
  if (!writes_log_) return {};
  rollback();  // a server has begun to use the ledger
  LIC_TRY(take_turn(patience_));
  return run("BEGIN IMMEDIATE");
}

Result<void> Connection::begin(ScopeKind kind) {
  if (kind == ScopeKind::read) {
    LIC_TRY(check_place());
    return run("BEGIN");
  }
  // SQLite would begin to read and fail at the first write.
  if (is_read_only())
    return error(Errc::denied, concat("ledger ", in_quotes(path_.native()), " cannot be written"),
                 "look at the permissions of the file and whether its file system is read-only");
  if (auto begun = begin_in_turn(); !begun) {
    rollback();
    return begun;
  }
  auto checked = check_place();  // what is written to a ledger that was replaced while we waited would be lost
  if (checked) checked = check_version();
  if (!checked) rollback();
  return checked;
}

Result<void> Connection::check_version() {
  LIC_TRY_ASSIGN(const auto version, number("PRAGMA user_version"));
  return hold_against(version, path_.native());
}

/// A server would go on reading a ledger that was replaced.
Result<void> Connection::check_place() const {
  if (!has_moved()) return {};
  return error(Errc::unavailable, concat("another ledger has taken the place of ", in_quotes(path_.native())),
               "try again; start a server anew");
}

Result<void> Connection::commit() {
  auto done = [&] {
    const LogGathering gathering(database_.get());
    return run("COMMIT");
  }();
  if (done) {
    turn_.reset();
    return done;
  }
  Error fault = std::move(done).error();
  // The rollback journal is gone, and with it the way back; that it is gone may not be on disk.
  if (last_code() == SQLITE_IOERR_DIR_FSYNC) {
    fault.hint =
        "the change is written, but a power failure could undo it: look at the disk's free space and health, and "
        "whether the change is there before you make it again";
  }
  return fault;
}

void Connection::rollback() noexcept {
  // SQLite may have rolled back by itself (disk full). A rollback that fails is made up for when the database is
  // opened next.
  if (in_transaction()) static_cast<void>(run("ROLLBACK"));
  turn_.reset();
}

void Connection::leave_log() noexcept {
  int on = 1;
  sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

Result<void> Connection::flush_apart(bool ends_log) {
  LIC_TRY(number("SELECT count(*) FROM sqlite_schema"));  // with the first read the log is there
  const Path log = concat(sqlite3_db_filename(database_.get(), "main"), "-wal");
  // One descriptor each, since the system tells of a write that failed once by each. (SQLite has no locks on this
  // file.)
  constexpr int kFlushers = 3;
  std::shared_ptr<LogRoom> room;
  if (auto used = use_of_log(database_.get()); used && gains_from_room(log))
    room = std::make_shared<LogRoom>(log, std::move(used));
  for (int i = 0; i < kFlushers; ++i) {
    Fd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return system_error(errno, "cannot open", log);
    flushers_.push_back(std::make_shared<LogFlusher>(path_, std::move(fd), room));
  }
  LIC_TRY(sync_name(log));
  LIC_TRY(run("PRAGMA synchronous = NORMAL"));
  ends_log_ = ends_log;
  return {};
}

bool Connection::has_moved() const noexcept {
  int moved = 0;
  return sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

Error Connection::fault(int code) const {
  const std::string ledger = concat("ledger ", in_quotes(path_.native()));
  const std::string said = printable(database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return error(Errc::unavailable, concat("another process has been using the ", ledger, " for ", spell(patience_)),
                   "try again in a moment");
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return error(Errc::failure, concat(ledger, ": ", said, system_words(code)),
                   "the ledger is as it was: look at the disk's free space and health, then try again");
    case SQLITE_NOTADB:
      return error(Errc::invalid_input, concat(in_quotes(path_.native()), " is not a ledger"), std::string(kRestore));
    case SQLITE_CORRUPT:
      return error(Errc::invalid_input, concat(ledger, " is damaged: ", said), std::string(kRestore));
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return error(Errc::denied, concat(ledger, " cannot be written: ", said),
                   "look at the permissions of the file and of its directory");
    case SQLITE_CANTOPEN:
      return cannot_open(path_, sqlite3_system_errno(database_.get()), said);
    case SQLITE_CONSTRAINT:
      return error(Errc::conflict, concat(ledger, ": ", said));
    default:
      return error(Errc::failure, concat(ledger, ": ", said));
  }
}

}  // namespace lic::sqlite
