#pragma once

/// One connection to an SQLite database, and what its errors mean to us.
/// For lib/ledger/sqlite*.cpp alone.

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.hpp"
#include "base/free_with.hpp"
#include "ledger/sql.hpp"
#include "lic/result.hpp"

namespace lic::sqlite {

using DatabaseHandle = std::unique_ptr<sqlite3, FreeWith<sqlite3_close_v2>>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FreeWith<sqlite3_finalize>>;

using sql::Rows;
using sql::Scope;
using sql::ScopeKind;
using sql::ValuesView;

/// For one thread at a time.
class Connection final : public sql::Connection {
 public:
  /// Opens an existing database file, for reading alone where it cannot be written.
  /// A symbolic link is not followed.
  /// Errors: not_found; denied; invalid_input (empty, or no regular file).
  static Result<std::shared_ptr<Connection>> open(const Path& path, std::chrono::milliseconds patience);
  /// The same for a file that the caller has just made, empty.
  static Result<std::shared_ptr<Connection>> open_empty(const Path& path, std::chrono::milliseconds patience);
  /// A database in memory, of nobody else's.
  static Result<std::shared_ptr<Connection>> in_memory();

  ~Connection() override;

  /// Several statements without parameters.
  Result<void> run_script(const char* sql);

  [[nodiscard]] std::string folded(std::string_view expression) const override;
  /// SQLite may have rolled back by itself (disk full).
  [[nodiscard]] bool in_transaction() const noexcept override { return sqlite3_get_autocommit(database_.get()) == 0; }

  /// All that is in a write-ahead log goes into the database file, as far as nobody reads what was before.
  Result<void> empty_log();
  /// The same, without waiting for those who read or write.
  Result<void> tidy() override;
  /// From now on commits do not wait for the disk: flushers() do. Precondition: a write-ahead log. Where `ends_log`,
  /// the ledger has none any more when the connection closes, unless somebody else uses it then.
  Result<void> flush_apart(bool ends_log);
  /// A write-ahead log is not removed when the connection closes.
  void leave_log() noexcept;
  /// From now on this connection goes without triggers, which keep hands and REPLACE from doing what no statement of
  /// ours does: SQLite copies each page that a statement changes which a trigger may stop.
  void rest_triggers() noexcept;
  /// Whether the file that was opened has lost its name, to another one or altogether.
  [[nodiscard]] bool has_moved() const noexcept;

  Result<void> check_version() override;
  [[nodiscard]] std::vector<std::shared_ptr<Flusher>> flushers() const override { return flushers_; }

  [[nodiscard]] const Path& path() const noexcept { return path_; }
  [[nodiscard]] bool is_read_only() const noexcept { return sqlite3_db_readonly(database_.get(), "main") == 1; }
  /// The result code of the call that failed last.
  [[nodiscard]] int last_code() const noexcept { return sqlite3_extended_errcode(database_.get()); }

  /// What the call that failed with `code` means: unavailable (locked), failure
  /// (disk full, I/O), invalid_input (damaged, no database), denied, not_found,
  /// conflict (a constraint).
  [[nodiscard]] Error fault(int code) const;

 private:
  class Cursor;
  /// Of a statement's text, which tells itself apart by its length and its end.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      constexpr std::size_t kEnd = 32;
      return std::hash<std::string_view>()(text.substr(text.size() - std::min(text.size(), kEnd))) + text.size();
    }
  };

  Result<Rows> start(std::string_view sql, ValuesView values) override;
  Result<std::int64_t> execute(std::string_view sql, ValuesView values) override;
  Result<void> begin(ScopeKind kind) override;
  Result<void> commit() override;
  void rollback() noexcept override;
  /// Triggers are for REPLACE, and for hands.
  void begin_bulk() noexcept override { set_triggers(false); }
  Result<void> end_bulk() override;

  Connection(Path path, std::chrono::milliseconds patience) : path_(std::move(path)), patience_(patience) {}

  Result<void> open_database(const char* name, int flags);
  Result<void> configure();
  Result<void> take_turn(std::chrono::milliseconds patience);
  [[nodiscard]] Result<void> check_place() const;
  Result<void> begin_in_turn();
  [[nodiscard]] Result<bool> has_log();
  Result<void> move_log(std::string_view checkpoint, std::chrono::milliseconds patience);
  void set_triggers(bool on) noexcept;
  [[nodiscard]] Result<sqlite3_stmt*> prepared(std::string_view sql);
  static int wait_for_lock(void* connection, int attempt);

  bool ends_log_ = false;
  bool has_triggers_ = true;  ///< outside of a Bulk
  bool writes_log_ = false;   ///< the last transaction did
  Path path_;
  std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point give_up_;
  DatabaseHandle database_;
  std::unordered_map<std::string, StatementHandle, TextHash, std::equal_to<>>
      statements_;                                  // after database_: to be finalised before it closes
  std::vector<std::shared_ptr<Flusher>> flushers_;  // none: a commit waits for the disk
  std::optional<FileLock> turn_;                    // while this one writes
};

}  // namespace lic::sqlite
