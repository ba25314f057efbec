#include "ledger/postgres_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <thread>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "ledger/postgres_errors.hpp"

namespace lic::postgres {
namespace {

constexpr int kOldestServer = 12'00'00;
/// As many are sent before their answers are read: those, some 30 bytes each, fit what the system buffers.
constexpr int kMostSent = 512;
/// How long the fate of a commit is asked for: a failover takes its time, and an answer is worth it.
constexpr std::chrono::milliseconds kFindOutPatience{30'000};
/// The ids of so many write transactions are kept. Who asks for one does so within seconds.
constexpr int kKeptIds = 65'536;

std::string spell(std::chrono::milliseconds span) {
  return span.count() % 1000 == 0 ? concat(span.count() / 1000, " s") : concat(span.count(), " ms");
}

/// Parameters as libpq takes them: texts as they are, numbers in decimal.
class Parameters {
 public:
  explicit Parameters(ValuesView values) : numbers_(values.size()) {
    values_.reserve(values.size());
    lengths_.reserve(values.size());
    formats_.reserve(values.size());
    for (const sql::Value& value : values) add(value);
  }

  [[nodiscard]] int count() const noexcept { return static_cast<int>(values_.size()); }
  [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }
  [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
  [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }

 private:
  static constexpr int kText = 0;
  static constexpr int kBinary = 1;  // of a text: its bytes, with their length

  void add(const sql::Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      auto& digits = numbers_[values_.size()];
      *std::to_chars(digits.data(), digits.data() + digits.size() - 1, *number).ptr = '\0';
      push(digits.data(), 0, kText);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      push(text->data() == nullptr ? "" : text->data(), static_cast<int>(text->size()), kBinary);
    } else {
      push(nullptr, 0, kText);
    }
  }

  void push(const char* value, int length, int format) {
    values_.push_back(value);
    lengths_.push_back(length);
    formats_.push_back(format);
  }

  std::vector<std::array<char, 24>> numbers_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// PostgreSQL's numbers of the types of parameters; 0 where it is to find out itself (of NULL).
std::vector<Oid> types_of(ValuesView values) {
  constexpr Oid kBigint = 20;
  constexpr Oid kText = 25;
  std::vector<Oid> types;
  types.reserve(values.size());
  for (const sql::Value& value : values)
    types.push_back(std::holds_alternative<std::int64_t>(value)       ? kBigint
                    : std::holds_alternative<std::string_view>(value) ? kText
                                                                      : 0);
  return types;
}

/// ?1 as PostgreSQL writes it. (Our statements have no other question mark.)
std::string with_dollars(std::string_view sql) {
  std::string text(sql);
  std::replace(text.begin(), text.end(), '?', '$');
  return text;
}

/// 0 where there is none.
std::int64_t number_in(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::string first_line(std::string_view message) { return std::string(message.substr(0, message.find('\n'))); }

void ignore_notice(void*, const char*) {}

}  // namespace

class Connection::Cursor final : public sql::Cursor {
 public:
  Cursor(const Library& pq, ResultHandle result)
      : pq_(pq), result_(std::move(result)), rows_(pq.ntuples(result_.get())) {}

  Result<bool> next() override { return ++row_ < rows_; }
  bool is_null(int column) const override { return pq_.getisnull(result_.get(), row_, column) != 0; }
  std::string_view text(int column) const override {
    return {pq_.getvalue(result_.get(), row_, column),
            static_cast<std::size_t>(pq_.getlength(result_.get(), row_, column))};
  }
  std::int64_t integer(int column) const override { return number_in(text(column)); }

 private:
  const Library& pq_;
  ResultHandle result_;
  int rows_;
  int row_ = -1;
};

Result<std::shared_ptr<Connection>> Connection::open(const LedgerAddress& address, std::chrono::milliseconds patience) {
  LIC_TRY_ASSIGN(const Library* pq, library());
  // What libpq says of a URL that it cannot read may be any part of it.
  PQconninfoOption* options = pq->conninfoParse(address.url().c_str(), nullptr);
  if (options == nullptr)
    return error(Errc::usage, concat("the ledger URL ", in_quotes(address.name()), " cannot be read"),
                 "write it as postgresql://USER@HOST:PORT/DATABASE?NAME=VALUE, with %XX for what has a meaning there");
  pq->conninfoFree(options);
  std::shared_ptr<Connection> connection(new Connection(*pq, address, patience));
  LIC_TRY(connection->connect());
  return connection;
}

Result<void> Connection::connect() {
  connection_.reset();
  statements_.clear();
  in_pipeline_ = in_bulk_ = false;
  sent_ = 0;
  const std::string seconds = concat(std::max<std::int64_t>(2, patience_.count() / 2000));
  const std::string milliseconds = concat(std::max<std::int64_t>(2000, patience_.count()));
  // The URL may say otherwise of what stands before it.
  const char* const names[] = {"connect_timeout",
                               "tcp_user_timeout",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "fallback_application_name",
                               "dbname",
                               "client_encoding",
                               nullptr};
  const char* const values[] = {seconds.c_str(), milliseconds.c_str(),   "5",    "2",    "3",
                                "licgen",        address_.url().c_str(), "UTF8", nullptr};
  connection_ = {pq_.connectdbParams(names, values, 1), Free{&pq_}};
  if (!connection_) return error(Errc::failure, "no memory for a connection to the ledger");
  if (pq_.status(connection_.get()) != CONNECTION_OK) {
    // Once more, for a server that was not there for a moment, and for the code of what it says.
    pq_.setErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    pq_.reset(connection_.get());
  }
  if (pq_.status(connection_.get()) != CONNECTION_OK) return connection_fault();
  pq_.setErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  pq_.setNoticeProcessor(connection_.get(), &ignore_notice, nullptr);
  auto ready = configure();
  if (!ready) connection_.reset();
  return ready;
}

Result<void> Connection::configure() {
  const std::string ledger = concat("ledger ", in_quotes(name()));
  if (pq_.serverVersion(connection_.get()) < kOldestServer)
    return error(Errc::invalid_input, concat(ledger, ": the server is older than PostgreSQL 12"), "use a newer one");
  const char* encoding = pq_.parameterStatus(connection_.get(), "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8")
    return error(Errc::invalid_input, concat(ledger, ": the database is not in UTF-8"), "createdb --encoding=UTF8");
  // Whoever is stopped within a transaction may not keep the others waiting for ever.
  LIC_TRY(run_text(concat("SELECT set_config('lock_timeout', '", std::max<std::int64_t>(1, patience_.count()),
                          "', false), set_config('idle_in_transaction_session_timeout', '60000', false)")));
  return {};
}

bool Connection::is_lost() const noexcept { return !connection_ || pq_.status(connection_.get()) != CONNECTION_OK; }

bool Connection::in_transaction() const noexcept {
  if (!in_scope_ || is_lost()) return false;
  return in_pipeline_ || pq_.transactionStatus(connection_.get()) == PQTRANS_INTRANS;
}

std::string Connection::folded(std::string_view expression) const {
  return concat("lower(", expression, " COLLATE \"C\")");
}

template <class Step>
auto Connection::persistently(std::chrono::milliseconds patience, Step step) -> decltype(step()) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  std::chrono::milliseconds pause{20};
  while (true) {
    state_.clear();
    auto result = [&]() -> decltype(step()) {
      if (is_lost()) LIC_TRY(connect());
      return step();
    }();
    if (result) return result;
    // A server that takes no changes any more may have been replaced by another one.
    const bool again = is_lost() ? result.error().code == Errc::unavailable
                                 : state_ == kSerializationFailure || state_ == kDeadlock || state_ == kReadOnly;
    if (!again || std::chrono::steady_clock::now() + pause > give_up) return result;
    if (state_ == kReadOnly) {
      if (pause > std::chrono::milliseconds{100}) return result;
      connection_.reset();
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{500});
  }
}

Result<Rows> Connection::start(std::string_view sql, ValuesView values) {
  const auto once = [&]() -> Result<Rows> {
    LIC_TRY_ASSIGN(ResultHandle result, run_prepared(sql, values));
    return Rows(std::make_unique<Cursor>(pq_, std::move(result)));
  };
  return in_scope_ ? once() : persistently(patience_, once);
}

Result<std::int64_t> Connection::execute(std::string_view sql, ValuesView values) {
  if (in_bulk_) {
    LIC_TRY(send(sql, values));
    return 0;
  }
  LIC_TRY_ASSIGN(const ResultHandle result, run_prepared(sql, values));
  return number_in(pq_.cmdTuples(result.get()));  // empty where nothing is changed
}

Result<void> Connection::run_script(const std::string& sql) {
  LIC_TRY(run_text(sql));
  return {};
}

Result<ResultHandle> Connection::run_text(const std::string& sql) {
  LIC_TRY(drain());
  ResultHandle result = handle(pq_.exec(connection_.get(), sql.c_str()));
  const auto status = pq_.resultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return fault(result.get());
}

Result<const char*> Connection::prepared(std::string_view sql, ValuesView values) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second.c_str();
  const std::string name = concat('s', statements_.size());
  const std::vector<Oid> types = types_of(values);
  const ResultHandle result = handle(pq_.prepare(connection_.get(), name.c_str(), with_dollars(sql).c_str(),
                                                 static_cast<int>(types.size()), types.data()));
  if (pq_.resultStatus(result.get()) != PGRES_COMMAND_OK) return fault(result.get());
  return statements_.emplace(sql, name).first->second.c_str();
}

Result<ResultHandle> Connection::run_prepared(std::string_view sql, ValuesView values) {
  if (is_lost()) return connection_fault();
  if (in_pipeline_ && statements_.contains(sql)) {  // along with what was postponed
    LIC_TRY(send(sql, values));
    return drain();
  }
  LIC_TRY(drain());
  LIC_TRY_ASSIGN(const char* name, prepared(sql, values));
  const Parameters parameters(values);
  ResultHandle result = handle(pq_.execPrepared(connection_.get(), name, parameters.count(), parameters.values(),
                                                parameters.lengths(), parameters.formats(), 0));
  const auto status = pq_.resultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return fault(result.get());
}

void Connection::begin_bulk() noexcept { in_bulk_ = true; }

Result<void> Connection::end_bulk() {
  in_bulk_ = false;
  LIC_TRY(drain());
  return {};
}

Result<void> Connection::send(std::string_view sql, ValuesView values) {
  if (is_lost()) return connection_fault();
  if (!statements_.contains(sql) || sent_ >= kMostSent) LIC_TRY(drain());
  LIC_TRY_ASSIGN(const char* name, prepared(sql, values));
  if (!in_pipeline_ && pq_.enterPipelineMode(connection_.get()) != 1) return connection_fault();
  in_pipeline_ = true;
  const Parameters parameters(values);
  if (pq_.sendQueryPrepared(connection_.get(), name, parameters.count(), parameters.values(), parameters.lengths(),
                            parameters.formats(), 0) != 1)
    return connection_fault();
  ++sent_;
  return {};
}

Result<ResultHandle> Connection::drain() {
  if (!in_pipeline_) return handle(nullptr);
  in_pipeline_ = false;
  sent_ = 0;
  if (pq_.pipelineSync(connection_.get()) != 1) return connection_fault();
  std::optional<Error> first;
  ResultHandle last = handle(nullptr);
  while (true) {
    ResultHandle result = handle(pq_.getResult(connection_.get()));
    if (is_lost()) return connection_fault();
    if (!result) continue;  // the end of one statement's answer
    const auto status = pq_.resultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_FATAL_ERROR && !first) first = fault(result.get());
    last = std::move(result);
  }
  if (pq_.exitPipelineMode(connection_.get()) != 1) return connection_fault();
  if (first) return *std::move(first);
  return last;
}

Result<void> Connection::begin(ScopeKind kind) {
  writes_ = kind == ScopeKind::write;
  turn_ = 0;
  auto begun = persistently(patience_, [&]() -> Result<void> {
    LIC_TRY(run_script(writes_ ? "BEGIN ISOLATION LEVEL READ COMMITTED"
                               : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    if (!writes_ || !has_ledger_) return {};
    auto taken = take_turn();
    if (!taken && !is_lost()) static_cast<void>(run_script("ROLLBACK"));
    return taken;
  });
  in_scope_ = begun.has_value();
  return begun;
}

Result<void> Connection::take_turn() {
  turn_id_ = hex_encode(random_bytes(16));
  // One slot is one transaction's, since all of them take turns.
  const std::string sql = concat(
      "WITH turn AS (UPDATE ledger SET changes = changes + 1 RETURNING changes, version) "
      "INSERT INTO changes (slot, number, id) SELECT changes % ",
      kKeptIds,
      ", changes, ?1 FROM turn ON CONFLICT (slot) DO UPDATE SET number = excluded.number, id = excluded.id "
      "RETURNING number, (SELECT version FROM turn)");
  LIC_TRY_ASSIGN(const ResultHandle result, run_prepared(sql, {std::string_view(turn_id_)}));
  turn_ = 0;
  if (pq_.ntuples(result.get()) != 1)
    return error(Errc::invalid_input, concat("ledger ", in_quotes(name()), " was altered by hand: 'ledger' has no row"),
                 "restore the newest backup of it");
  turn_ = number_in(pq_.getvalue(result.get(), 0, 0));
  return hold_against(number_in(pq_.getvalue(result.get(), 0, 1)), name());
}

Result<void> Connection::check_version() {
  LIC_TRY_ASSIGN(const auto version, number("SELECT version FROM ledger"));
  return hold_against(version, name());
}

Result<void> Connection::commit() {
  auto done = run_script("COMMIT");
  const bool lost = is_lost();
  in_scope_ = false;
  if (done || !lost || !writes_ || turn_ == 0) return done;
  return find_out();
}

Result<void> Connection::find_out() {
  const std::string ledger = concat("ledger ", in_quotes(name()));
  const auto found = persistently(std::max(patience_, kFindOutPatience), [&]() -> Result<std::int64_t> {
    // Locked, it is not in the middle of being changed by who we were.
    LIC_TRY(run_script("BEGIN"));
    auto number = [&]() -> Result<std::int64_t> {
      LIC_TRY(run_prepared("SELECT changes FROM ledger FOR UPDATE", {}));
      LIC_TRY_ASSIGN(const ResultHandle result,
                     run_prepared("SELECT count(*) FROM changes WHERE number = ?1 AND id = ?2",
                                  {turn_, std::string_view(turn_id_)}));
      return std::int64_t{std::strcmp(pq_.getvalue(result.get(), 0, 0), "1") == 0};
    }();
    if (!is_lost()) static_cast<void>(run_script("ROLLBACK"));
    return number;
  });
  if (!found)
    return error(Errc::failure,
                 concat(ledger, ": the connection was lost while a change was being committed, and did not come back: ",
                        found.error().message),
                 "the change may be written: look whether it is there before you make it again");
  if (*found == 1) return {};
  return error(Errc::unavailable, concat(ledger, ": the connection was lost; nothing was changed"),
               std::string(kTryAgain));
}

void Connection::rollback() noexcept {
  in_scope_ = false;
  if (is_lost()) return;
  static_cast<void>(end_bulk());
  if (!is_lost() && pq_.transactionStatus(connection_.get()) != PQTRANS_IDLE) static_cast<void>(run_script("ROLLBACK"));
}

Error Connection::fault(const PGresult* result) {
  if (result == nullptr) return connection_fault();
  const auto field = [&](int name) {
    const char* text = pq_.resultErrorField(result, name);
    return std::string(text == nullptr ? "" : text);
  };
  state_ = field(PG_DIAG_SQLSTATE);
  const std::string ledger = concat("ledger ", in_quotes(name()));
  if (is_lost() || state_.empty()) return connection_fault();
  std::string said = field(PG_DIAG_MESSAGE_PRIMARY);
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); state_.starts_with("23") && !detail.empty())
    said = concat(said, " (", detail, ")");
  if (state_ == "55P03")
    return error(Errc::unavailable, concat("another process has been using the ", ledger, " for ", spell(patience_)),
                 std::string(kTryAgain));
  const Meaning* meaning = meaning_of(state_);
  return error(meaning != nullptr ? meaning->code : Errc::failure, concat(ledger, ": ", printable(said)),
               std::string(meaning != nullptr ? meaning->hint : ""));
}

Error Connection::connection_fault() {
  const std::string ledger = concat("ledger ", in_quotes(name()));
  const std::string message = connection_ ? pq_.errorMessage(connection_.get()) : "";
  const Refusal refusal = refusal_in(message);
  if (!refusal.state.empty()) {
    state_ = refusal.state;
    if (const Meaning* meaning = meaning_of(state_))
      return error(meaning->code, concat(ledger, ": ", printable(refusal.said)), std::string(meaning->hint));
  }
  if (connection_ && pq_.connectionNeedsPassword(connection_.get()) != 0)
    return error(Errc::denied, concat(ledger, ": the server wants a password"),
                 "libpq takes it from PGPASSFILE, ~/.pgpass or PGPASSWORD");
  return error(Errc::unavailable, concat(ledger, " is out of reach: ", printable(first_line(message))),
               "look whether the server runs and takes connections from here");
}

}  // namespace lic::postgres
