#pragma once

/// One connection to a database that speaks SQL. The statements of a ledger stand once, for every database
/// (sql_*.cpp); what differs from one to another is behind this interface. For lib/ledger/ alone.
///
/// What all of them understand is used alone: standard SQL, `ON CONFLICT`, `RETURNING`. Parameters are written ?1, ?2.
/// Rows are numbered by the statements, not by the database: whoever writes is the only one who does.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {
class Flusher;
}

namespace lic::sql {

/// A value for a parameter of a statement. Values are bound, never put into the text.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string_view>;
using Values = std::vector<Value>;

/// The values of a call, in the order of the parameters: Values, or braces.
class ValuesView {
 public:
  ValuesView() = default;
  ValuesView(const Values& values) noexcept : values_(values) {}                 // NOLINT(google-explicit-constructor)
  ValuesView(std::initializer_list<Value> values) noexcept : values_(values) {}  // until the end of the call

  [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
  [[nodiscard]] auto end() const noexcept { return values_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

 private:
  std::span<const Value> values_;
};

[[nodiscard]] inline Value value_of(Time time) { return std::int64_t{time.time_since_epoch().count()}; }
[[nodiscard]] inline Value value_of(const std::optional<Time>& time) { return time ? value_of(*time) : Value(nullptr); }
/// An empty text is stored as NULL.
[[nodiscard]] inline Value or_null(std::string_view text) { return text.empty() ? Value(nullptr) : Value(text); }
[[nodiscard]] inline Value or_null(std::int64_t number) { return number == 0 ? Value(nullptr) : Value(number); }

/// Words that are stored in one column, with spaces between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> split(std::string_view text);

/// The rows of a running statement, as a database gives them.
class Cursor {
 public:
  Cursor() = default;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  virtual ~Cursor() = default;
  [[nodiscard]] virtual Result<bool> next() = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  /// Until next(). NULL is empty.
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
};

/// The rows of a running statement. Locks that it holds end with it.
class Rows {
 public:
  explicit Rows(std::unique_ptr<Cursor> cursor) : cursor_(std::move(cursor)) {}

  /// Steps to the next row; false when there is none.
  [[nodiscard]] Result<bool> next() { return cursor_->next(); }

  /// Columns of the current row, from 0. NULL reads as an empty text and as 0.
  [[nodiscard]] std::string text(int column) const { return std::string(cursor_->text(column)); }
  [[nodiscard]] std::int64_t integer(int column) const { return cursor_->integer(column); }
  [[nodiscard]] bool is_null(int column) const { return cursor_->is_null(column); }
  [[nodiscard]] Time time(int column) const;
  [[nodiscard]] std::optional<Time> optional_time(int column) const;

 private:
  std::unique_ptr<Cursor> cursor_;
};

enum class ScopeKind { read, write };

/// For one thread at a time.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Starts a statement. No two of the same text may run at the same time.
  [[nodiscard]] Result<Rows> query(std::string_view sql, ValuesView values = {}) { return start(sql, values); }
  /// A statement that gives no rows.
  Result<void> run(std::string_view sql, ValuesView values = {});
  /// The same, in a write transaction: a fault may be told by a later call, by commit() at the latest.
  Result<void> run_later(std::string_view sql, ValuesView values) { return postpone(sql, values); }
  /// How many rows a statement has inserted, changed or deleted that gives none. Not within a Bulk.
  Result<std::int64_t> change(std::string_view sql, ValuesView values) { return execute(sql, values); }
  /// The first column of the first row; 0 where there is none.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql, ValuesView values = {});

  /// The ledger was opened in that version: from now on nothing that is written to it in another one is committed.
  void set_version(std::int64_t version) noexcept { version_ = version; }
  /// Whether the ledger still has it; may be the first read of a transaction. Errors: invalid_input (it was brought up
  /// to a newer one since, or altered by hand), and those of reading.
  virtual Result<void> check_version() = 0;
  /// The fault of a check_version(), or of the beginning of a write transaction, that found another version.
  [[nodiscard]] const std::optional<Error>& outdated() const noexcept { return outdated_; }

  /// That the license with that key has that number: remembered until the transaction ends, if there is one.
  void note_license(std::string_view key, std::int64_t number);
  /// Its number, if it is remembered; else 0.
  [[nodiscard]] std::int64_t noted_license(std::string_view key) const noexcept;

  /// A text as it is compared without regard to ASCII case, by an index where `expression` is a column that has one.
  [[nodiscard]] virtual std::string folded(std::string_view expression) const = 0;

  /// As Ledger::flushers().
  [[nodiscard]] virtual std::vector<std::shared_ptr<Flusher>> flushers() const { return {}; }
  /// As Ledger::tidy().
  virtual Result<void> tidy() { return {}; }

  /// Whether a transaction is open that can still be committed.
  [[nodiscard]] virtual bool in_transaction() const noexcept = 0;

 protected:
  /// What check_version() is to say of the version that it found in the ledger of that name.
  Result<void> hold_against(std::int64_t found, std::string_view ledger);

  friend class Scope;
  friend class Bulk;

  [[nodiscard]] virtual Result<Rows> start(std::string_view sql, ValuesView values) = 0;
  /// How many rows were changed, as far as that is known already.
  virtual Result<std::int64_t> execute(std::string_view sql, ValuesView values) = 0;
  virtual Result<void> postpone(std::string_view sql, ValuesView values) { return run(sql, values); }

  /// A write transaction is the only one from its beginning to its end, and sees all that was committed before.
  virtual Result<void> begin(ScopeKind kind) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() noexcept = 0;

  virtual void begin_bulk() noexcept = 0;
  virtual Result<void> end_bulk() = 0;

 private:
  std::int64_t version_ = 0;  ///< 0: not yet opened
  std::optional<Error> outdated_;
  std::string noted_key_;
  std::int64_t noted_number_ = 0;
};

/// A transaction. Destroyed without commit(), it is rolled back.
class Scope {
 public:
  /// A write scope has the write lock from the start: it cannot fail for another writer later on. Reading within a
  /// transaction is part of that. Errors: unavailable; denied (nothing can be written there).
  static Result<Scope> begin(std::shared_ptr<Connection> connection, ScopeKind kind);
  Scope(Scope&&) noexcept = default;
  Scope& operator=(Scope&&) = delete;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// After a failure nothing was changed, unless the hint says that the change is written, or may be.
  Result<void> commit();

 private:
  explicit Scope(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  std::shared_ptr<Connection> connection_;  // null: nothing is left to undo
};

/// While it lives, run() adds many rows fast: what guards the tables against hands rests, and a fault of one
/// statement may be told by a later one, or by finish(). Only run() may be used meanwhile, in a transaction that is
/// given up after a fault.
class Bulk {
 public:
  explicit Bulk(Connection& connection) : connection_(&connection) { connection_->begin_bulk(); }
  Bulk(const Bulk&) = delete;
  Bulk& operator=(const Bulk&) = delete;
  ~Bulk() { static_cast<void>(finish()); }

  Result<void> finish();

 private:
  Connection* connection_;  // null: finished
};

}  // namespace lic::sql
