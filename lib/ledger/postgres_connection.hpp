#pragma once

/// One connection to a PostgreSQL database, and what its errors mean to us.
/// For lib/ledger/postgres*.cpp alone.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "ledger/address.hpp"
#include "ledger/postgres_library.hpp"
#include "ledger/sql.hpp"
#include "lic/result.hpp"

namespace lic::postgres {

using sql::Rows;
using sql::Scope;
using sql::ScopeKind;
using sql::ValuesView;

/// Frees what libpq has made.
struct Free {
  const Library* pq = nullptr;
  void operator()(PGconn* connection) const noexcept { pq->finish(connection); }
  void operator()(PGresult* result) const noexcept { pq->clear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, Free>;

/// **One writer at a time.** A write transaction begins by changing the one row of the table `ledger`: whoever comes
/// next waits there until it has ended. It is READ COMMITTED, so that each statement after that first one sees all
/// that was committed before it, by others too; and nobody else commits anything before it ends itself. What it
/// reads to decide (seats that are free, the newest number of a table or of the history) therefore stays true until
/// it commits, whatever server or process it is in.
///
/// **Was it committed?** In the same statement the transaction leaves a random id in `changes`, under its own number.
/// Where the connection is lost during COMMIT, a new one waits for that first row (so for the end of the transaction,
/// should the server still be at it) and looks whether the id is there.
///
/// A connection that is lost outside of a transaction is made again, and the statement repeated, until `patience`
/// is over; so is the beginning of a transaction.
class Connection final : public sql::Connection {
 public:
  /// Errors: usage, denied, not_found, unavailable, invalid_input, failure: see open_postgres_ledger().
  static Result<std::shared_ptr<Connection>> open(const LedgerAddress& address, std::chrono::milliseconds patience);

  /// Several statements without parameters.
  Result<void> run_script(const std::string& sql);

  /// The table `ledger` is there, in that version: from now on write transactions take turns.
  void set_ledger(std::int64_t version) noexcept {
    has_ledger_ = true;
    set_version(version);
  }
  /// Makes the transaction that has made the tables the one that writes.
  Result<void> take_turn();

  Result<void> check_version() override;
  [[nodiscard]] std::string folded(std::string_view expression) const override;
  [[nodiscard]] bool in_transaction() const noexcept override;

  /// For messages.
  [[nodiscard]] const std::string& name() const noexcept { return address_.name(); }

 private:
  class Cursor;

  Connection(const Library& pq, LedgerAddress address, std::chrono::milliseconds patience)
      : pq_(pq), address_(std::move(address)), patience_(patience) {}

  Result<Rows> start(std::string_view sql, ValuesView values) override;
  Result<std::int64_t> execute(std::string_view sql, ValuesView values) override;
  /// Sent, and its answer read with that of the next statement: no time on the way.
  Result<void> postpone(std::string_view sql, ValuesView values) override { return send(sql, values); }
  Result<void> begin(ScopeKind kind) override;
  Result<void> commit() override;
  void rollback() noexcept override;
  /// Statements are sent without waiting for the answers to those before them.
  void begin_bulk() noexcept override;
  Result<void> end_bulk() override;

  Result<void> connect();
  Result<void> configure();
  /// Does `step`, once more where the connection was lost or the server asks for it, until patience is over.
  template <class Step>
  auto persistently(std::chrono::milliseconds patience, Step step) -> decltype(step());
  [[nodiscard]] bool is_lost() const noexcept;

  [[nodiscard]] Result<ResultHandle> run_text(const std::string& sql);
  [[nodiscard]] Result<ResultHandle> run_prepared(std::string_view sql, ValuesView values);
  [[nodiscard]] Result<const char*> prepared(std::string_view sql, ValuesView values);
  Result<void> send(std::string_view sql, ValuesView values);
  /// Waits for the answers to all that was sent; the last one. Null: nothing was.
  Result<ResultHandle> drain();
  /// After a connection was lost during COMMIT: success if it had been carried out.
  Result<void> find_out();

  [[nodiscard]] ResultHandle handle(PGresult* result) const { return {result, Free{&pq_}}; }
  /// What went wrong with a statement; remembers the code for persistently().
  [[nodiscard]] Error fault(const PGresult* result);
  [[nodiscard]] Error connection_fault();

  const Library& pq_;
  LedgerAddress address_;
  std::chrono::milliseconds patience_;
  std::unique_ptr<PGconn, Free> connection_;
  std::map<std::string, std::string, std::less<>> statements_;  ///< names of prepared ones, by their text
  std::string state_;                                           ///< the SQLSTATE of the last fault
  bool in_scope_ = false;
  bool writes_ = false;
  bool has_ledger_ = false;
  bool in_bulk_ = false;
  bool in_pipeline_ = false;
  int sent_ = 0;           ///< statements whose answers were not read
  std::int64_t turn_ = 0;  ///< the number of the write transaction
  std::string turn_id_;
};

}  // namespace lic::postgres
