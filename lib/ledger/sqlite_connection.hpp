#pragma once

/// One connection to an SQLite database, and what its errors mean to us.
/// For lib/ledger/sqlite*.cpp alone.

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.hpp"
#include "base/free_with.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::sqlite {

using DatabaseHandle = std::unique_ptr<sqlite3, FreeWith<sqlite3_close_v2>>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FreeWith<sqlite3_finalize>>;

/// A value for a parameter of a statement. Values are bound, never put into the text.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string_view>;
using Values = std::vector<Value>;

[[nodiscard]] inline Value value_of(Time time) { return std::int64_t{time.time_since_epoch().count()}; }
[[nodiscard]] inline Value value_of(const std::optional<Time>& time) { return time ? value_of(*time) : Value(nullptr); }
/// An empty text is stored as NULL.
[[nodiscard]] inline Value or_null(std::string_view text) { return text.empty() ? Value(nullptr) : Value(text); }

class Connection;

/// The rows of a running statement. Locks that it holds end with it.
class Rows {
 public:
  /// Steps to the next row; false when there is none.
  [[nodiscard]] Result<bool> next();

  /// Columns of the current row, from 0. NULL reads as an empty text and as 0.
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] Time time(int column) const;
  [[nodiscard]] std::optional<Time> optional_time(int column) const;

 private:
  friend class Connection;
  struct Reset {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Rows(const Connection& connection, sqlite3_stmt* statement) : connection_(&connection), statement_(statement) {}

  const Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Reset> statement_;
};

/// For one thread at a time.
class Connection {
 public:
  /// Opens an existing database file, for reading alone where it cannot be written.
  /// A symbolic link is not followed.
  /// Errors: not_found; denied; invalid_input (empty, or no regular file).
  static Result<std::shared_ptr<Connection>> open(const Path& path, std::chrono::milliseconds patience);
  /// The same for a file that the caller has just made, empty.
  static Result<std::shared_ptr<Connection>> open_empty(const Path& path, std::chrono::milliseconds patience);
  /// A database in memory, of nobody else's.
  static Result<std::shared_ptr<Connection>> in_memory();

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts a statement. No two of the same text may run at the same time.
  [[nodiscard]] Result<Rows> query(std::string_view sql, const Values& values = {});
  /// A statement that gives no rows.
  Result<void> run(std::string_view sql, const Values& values = {});
  /// Several statements without parameters.
  Result<void> run_script(const char* sql);
  /// The first column of the first row; 0 where there is none.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql, const Values& values = {});

  /// Whether triggers run (they do at first).
  void set_triggers(bool on) noexcept;

  /// A write-ahead log is not removed when the connection closes.
  void leave_log() noexcept;
  /// Whether the file that was opened has lost its name, to another one or altogether.
  [[nodiscard]] bool has_moved() const noexcept;

  [[nodiscard]] const Path& path() const noexcept { return path_; }
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(database_.get()) == 0; }
  [[nodiscard]] bool is_read_only() const noexcept { return sqlite3_db_readonly(database_.get(), "main") == 1; }
  /// The result code of the call that failed last.
  [[nodiscard]] int last_code() const noexcept { return sqlite3_extended_errcode(database_.get()); }

  /// What the call that failed with `code` means: unavailable (locked), failure
  /// (disk full, I/O), invalid_input (damaged, no database), denied, not_found,
  /// conflict (a constraint).
  [[nodiscard]] Error fault(int code) const;

 private:
  Connection(Path path, std::chrono::milliseconds patience) : path_(std::move(path)), patience_(patience) {}

  Result<void> open_database(const char* name, int flags);
  Result<void> configure();
  Result<Rows> start(std::string_view sql, const Values& values, sqlite3_destructor_type lifetime);
  [[nodiscard]] Result<sqlite3_stmt*> prepared(std::string_view sql);
  static int wait_for_lock(void* connection, int attempt);

  Path path_;
  std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point give_up_;
  DatabaseHandle database_;
  std::map<std::string, StatementHandle, std::less<>> statements_;  // after database_: to be finalised before it closes
};

/// A transaction. Destroyed without commit(), it is rolled back.
class Scope {
 public:
  enum class Kind { read, write };

  /// A write scope has the write lock from the start: it cannot fail for another
  /// writer later on. Errors: unavailable.
  static Result<Scope> begin(std::shared_ptr<Connection> connection, Kind kind);
  Scope(Scope&&) noexcept = default;
  Scope& operator=(Scope&&) = delete;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// After a failure nothing was changed, unless the hint says that the change is
  /// written and a power failure could undo it.
  Result<void> commit();

 private:
  explicit Scope(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  std::shared_ptr<Connection> connection_;  // null: nothing is left to undo
};

/// While it lives, the triggers of its connection rest.
class WithoutTriggers {
 public:
  explicit WithoutTriggers(Connection& connection) : connection_(connection) { connection_.set_triggers(false); }
  WithoutTriggers(const WithoutTriggers&) = delete;
  WithoutTriggers& operator=(const WithoutTriggers&) = delete;
  ~WithoutTriggers() { connection_.set_triggers(true); }

 private:
  Connection& connection_;
};

}  // namespace lic::sqlite
