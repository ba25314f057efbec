#include "ledger/sql_transaction.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "ledger/history_chain.hpp"
#include "ledger/sql_leases.hpp"
#include "ledger/sql_tokens.hpp"
#include "ledger/sql_usage.hpp"
#include "ledger/sql_webhooks.hpp"

namespace lic::sql {
namespace {

std::string join_roles(const std::vector<Role>& roles) {
  std::string joined;
  for (const Role role : roles) joined += concat(joined.empty() ? "" : " ", token(role));
  return joined;
}

class SqlTransaction final : public Transaction {
 public:
  SqlTransaction(std::shared_ptr<Connection> connection, Scope scope)
      : connection_(std::move(connection)), scope_(std::move(scope)) {}

  Result<void> commit() override {
    return attempt([&]() -> Result<void> {
      LIC_TRY(end_history());
      return scope_.commit();
    });
  }

  Result<void> record(const HistoryEntry& entry) override {
    return attempt([&] { return append(entry); });
  }

  Result<void> add_key(const KeyRecord& key) override {
    return attempt([&] { return insert_key(key); });
  }

  Result<void> put_product(std::int64_t version, std::string_view catalog, std::string_view product_file,
                           Time at) override {
    return attempt([&] { return insert_product(version, catalog, product_file, at); });
  }

  Result<void> add_license(const Terms& terms, std::string_view document, std::string_view note,
                           std::string_view batch) override {
    return attempt([&]() -> Result<void> {
      LIC_TRY(check_new(terms.key, terms.id));
      LIC_TRY_ASSIGN(const auto number, next_number("licenses"));
      LIC_TRY(insert_license(number, terms, terms.id, terms.key, note, batch));
      return insert_document(number, document);
    });
  }

  Result<void> add_licenses(std::span<const NewLicense> licenses, const Issue& issue) override {
    return attempt_whole([&] { return insert_licenses(licenses, issue); });
  }

  Result<void> reissue(const Terms& terms, std::string_view document) override {
    return attempt([&] { return replace_license(terms, document); });
  }

  Result<bool> revoke(const LicenseKey& key, std::string_view reason, Time at) override {
    return attempt([&] { return mark_revoked(key, reason, at); });
  }

  Result<void> add_activation(const Activation& activation) override {
    return attempt([&] { return insert_activation(activation); });
  }

  Result<bool> take_seat(const Activation& activation, bool named) override {
    return attempt_whole([&] { return sql::take_seat(*connection_, activation, named); });
  }

  Result<void> renew_lease(std::string_view request, const LeaseState& lease) override {
    return attempt_whole([&] { return sql::renew_lease(*connection_, request, lease); });
  }

  Result<bool> take_seat_again(std::string_view request, const LeaseState& lease) override {
    return attempt_whole([&] { return sql::take_seat_again(*connection_, request, lease); });
  }

  Result<void> put_waiting(std::string_view key, const Waiting& waiting) override {
    return attempt([&] { return sql::put_waiting(*connection_, key, waiting); });
  }

  Result<void> drop_waiting(std::string_view key, std::string_view machine) override {
    return attempt([&] { return sql::drop_waiting(*connection_, key, machine); });
  }

  Result<void> add_trial(const TrialRecord& trial) override {
    return attempt([&] { return insert_trial(*connection_, trial); });
  }

  Result<void> end_activation(std::string_view request, std::string_view how, Time at) override {
    return attempt([&] { return mark_ended(request, how, at); });
  }

  Result<void> add_usage(const UsageRecord& record) override {
    return attempt([&] { return insert_usage(*connection_, record); });
  }

  Result<std::int64_t> next_revocation_seq() override {
    return attempt([&] {
      return connection_->number(
          "INSERT INTO counters (name, value) VALUES ('revocations', 1) "
          "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value");
    });
  }

  Result<void> open_batch(std::string_view batch, std::string_view request, Time at) override {
    return attempt([&] { return register_batch(batch, request, at); });
  }

  Result<void> add_token(const TokenRecord& record) override {
    return attempt([&] { return insert_token(*connection_, record); });
  }

  Result<bool> revoke_token(std::string_view id, Time at) override {
    return attempt([&] { return mark_token_revoked(*connection_, id, at); });
  }

  Result<void> note_token_use(std::string_view id, Time at) override {
    return attempt([&] { return sql::note_token_use(*connection_, id, at); });
  }

  Result<void> put_reply(const ReplyRecord& reply) override {
    return attempt([&] { return sql::put_reply(*connection_, reply); });
  }

  Result<void> forget_replies(Time before, std::int64_t most) override {
    return attempt([&] { return sql::forget_replies(*connection_, before, most); });
  }

  Result<void> add_webhook(const WebhookRecord& record) override {
    return attempt([&] { return insert_webhook(*connection_, record); });
  }

  Result<bool> remove_webhook(std::string_view id, Time at) override {
    return attempt([&] { return mark_webhook_removed(*connection_, id, at); });
  }

  Result<std::vector<DueEvent>> claim_deliveries(std::string_view webhook, Time now, Time until,
                                                 std::int64_t most) override {
    return attempt([&] { return sql::claim_deliveries(*connection_, webhook, now, until, most); });
  }

  Result<void> note_attempt(const Attempt& outcome) override {
    return attempt([&] { return sql::note_attempt(*connection_, outcome); });
  }

  Result<std::int64_t> replay(std::string_view webhook, const Replay& what, Time now) override {
    return attempt([&] { return sql::replay(*connection_, webhook, what, now); });
  }

  Result<void> forget_deliveries(Time before, std::int64_t most) override {
    return attempt([&] { return sql::forget_deliveries(*connection_, before, most); });
  }

 private:
  /// Makes one step of the change. After a step that failed half-way, or when the database
  /// has rolled back by itself, the rest must not be stored on its own.
  template <class Step>
  auto attempt(Step step) -> decltype(step()) {
    if (lost_ || !connection_->in_transaction())
      return error(Errc::failure, "this change of the ledger was given up after an error; nothing was changed");
    auto result = step();
    if (!result && result.error().code != Errc::conflict && result.error().code != Errc::not_found) lost_ = true;
    return result;
  }

  /// The same for a step of several rows: after a conflict, too, some of them may be in.
  template <class Step>
  auto attempt_whole(Step step) -> decltype(step()) {
    auto result = attempt(std::move(step));
    if (!result && result.error().code == Errc::conflict) lost_ = true;
    return result;
  }

  /// Bound to the license's entry before it. (Nobody else writes: the number stays free.)
  Result<void> append(const HistoryEntry& entry) {
    LIC_TRY_ASSIGN(const auto number, take_history_numbers(1));
    LIC_TRY_ASSIGN(const Place place, place_of(entry.key));
    return insert_history(number, entry, place.license, place.previous);
  }

  /// Where an entry belongs.
  struct Place {
    std::int64_t license = 0;  ///< its number; 0: none
    std::string previous;      ///< the link of the entry before; empty: there is none
  };

  Result<Place> place_of(std::string_view key) {
    LIC_TRY_ASSIGN(const auto license, number_of(key));
    const HistoryOf of(key, license);
    LIC_TRY_ASSIGN(Rows rows, connection_->query(concat("SELECT link FROM history WHERE ", of.condition,
                                                        " ORDER BY number DESC LIMIT 1"),
                                                 of.values));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    return Place{license, found ? rows.text(0) : std::string()};
  }

  /// The last of the next `count` numbers. The counter is read once and written once, at the end.
  Result<std::int64_t> take_history_numbers(std::size_t count) {
    if (!history_number_) {
      LIC_TRY_ASSIGN(history_before_, connection_->number("SELECT value FROM counters WHERE name = 'history'"));
      history_number_ = history_before_;
    }
    *history_number_ += static_cast<std::int64_t>(count);
    return *history_number_;
  }

  Result<void> end_history() {
    if (!history_number_) return {};
    LIC_TRY(enqueue_events(*connection_, history_before_, *history_number_));
    return connection_->run("UPDATE counters SET value = ?1 WHERE name = 'history'", {*history_number_});
  }

  /// Of the license with that key; 0 for none.
  Result<std::int64_t> number_of(std::string_view key) { return number_of_license(*connection_, key); }

  Result<std::int64_t> next_number(std::string_view table) { return next_row_number(*connection_, table); }

  /// `license`: its number, 0 for none; `previous`: the link of its entry before this one.
  Result<void> insert_history(std::int64_t number, const HistoryEntry& entry, std::int64_t license,
                              std::string_view previous) {
    const std::string link = history_link(previous, history_text(number, entry));
    return connection_->run_later(
        "INSERT INTO history (number, at, actor, action, key, reason, detail, link, license) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        {number, value_of(entry.at), entry.actor, entry.action, or_null(entry.key), or_null(entry.reason),
         or_null(entry.detail), std::string_view(link), or_null(license)});
  }

  Result<void> insert_key(const KeyRecord& record) {
    const PublicKey& key = record.key.key;
    LIC_TRY_ASSIGN(const auto known, connection_->number("SELECT 1 FROM keys WHERE id = ?1", {key.id().hex()}));
    if (known != 0) return error(Errc::conflict, concat("key ", key.id().hex(), " is in the ledger already"));
    LIC_TRY_ASSIGN(const auto number, next_number("keys"));
    return connection_->run(
        "INSERT INTO keys (id, purpose, public_key, roles, not_before, not_after, created_at, number) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        {key.id().hex(), record.purpose, key.base64(), join_roles(record.key.roles), value_of(record.key.not_before),
         value_of(record.key.not_after), value_of(record.created_at), number});
  }

  Result<void> insert_product(std::int64_t version, std::string_view catalog, std::string_view product_file, Time at) {
    LIC_TRY_ASSIGN(const auto newest, connection_->number("SELECT coalesce(max(version), 0) FROM products"));
    if (version <= newest)
      return error(Errc::conflict, concat("product version ", version, " is not newer than the current one, ", newest));
    return connection_->run(
        "INSERT INTO products (version, catalog, product_file, imported_at) VALUES (?1, ?2, ?3, ?4)",
        {version, catalog, product_file, value_of(at)});
  }

  Result<void> insert_licenses(std::span<const NewLicense> licenses, const Issue& issue) {
    if (licenses.empty()) return {};
    LIC_TRY_ASSIGN(const auto last, take_history_numbers(licenses.size()));
    std::int64_t number = last - std::ssize(licenses);
    LIC_TRY_ASSIGN(std::int64_t place, next_number("licenses"));
    Bulk bulk(*connection_);
    HistoryEntry beginning{issue.at, issue.actor, issue.action, {}, {}, {}};
    for (const NewLicense& license : licenses) {
      LIC_TRY(insert_license(place, *license.terms, license.id, license.key, issue.note, issue.batch));
      LIC_TRY(insert_document(place, license.document));
      beginning.key = license.key;
      beginning.detail = license.detail;
      LIC_TRY(insert_history(++number, beginning, place, {}));  // no entry comes before it
      ++place;
    }
    return bulk.finish();
  }

  Result<void> insert_document(std::int64_t license, std::string_view document) {
    return connection_->run("INSERT INTO documents (license, document) VALUES (?1, ?2)", {license, document});
  }

  /// Errors: conflict.
  Result<void> check_new(std::string_view key, std::string_view id) {
    LIC_TRY_ASSIGN(const auto same_key, number_of(key));
    if (same_key != 0)
      return error(Errc::conflict, concat("license key ", printable(key), " is in the ledger already"));
    LIC_TRY_ASSIGN(const auto same_id, connection_->number("SELECT number FROM licenses WHERE id = ?1", {id}));
    if (same_id != 0) return error(Errc::conflict, concat("license id ", printable(id), " is in the ledger already"));
    return {};
  }

  Result<void> insert_license(std::int64_t number, const Terms& terms, std::string_view id, std::string_view key,
                              std::string_view note, std::string_view batch) {
    return connection_->run(
        "INSERT INTO licenses (key, id, serial, product, plan, kind, customer, email, issued_at, starts_at, "
        "expires_at, grace_days, seats, order_id, note, batch, created_at, maintenance_until, number) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?9, ?17, ?18)",
        {key, id, terms.serial, terms.product, terms.plan, token(terms.kind), terms.customer.name,
         or_null(terms.customer.email), value_of(terms.issued_at), value_of(terms.starts_at),
         value_of(terms.expires_at), terms.grace_days, terms.seats, or_null(terms.order), or_null(note), or_null(batch),
         value_of(terms.maintenance_until), number});
  }

  Result<void> replace_license(const Terms& terms, std::string_view document) {
    std::int64_t number = 0;
    {
      LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT number, serial, revoked_at, revoke_reason FROM licenses "
                                                   "WHERE key = ?1",
                                                   {terms.key}));
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return no_such_license(terms.key);
      if (const auto revoked = rows.optional_time(2))
        return error(Errc::conflict,
                     concat("license ", printable(terms.key), " was revoked on ", format_date(*revoked), " for ",
                            in_quotes(rows.text(3))),
                     "a revocation is final: issue a new license");
      if (rows.integer(1) + 1 != terms.serial)
        return error(Errc::conflict, concat("license ", printable(terms.key), " has serial ", rows.integer(1),
                                            " in the ledger, so serial ", terms.serial, " cannot follow"));
      number = rows.integer(0);
    }
    LIC_TRY(connection_->run(
        "UPDATE licenses SET serial = ?2, plan = ?3, kind = ?4, customer = ?5, email = ?6, issued_at = ?7, "
        "starts_at = ?8, expires_at = ?9, grace_days = ?10, seats = ?11, order_id = ?12, suspended_at = ?13, "
        "maintenance_until = ?14 WHERE number = ?1",
        {number, terms.serial, terms.plan, token(terms.kind), terms.customer.name, or_null(terms.customer.email),
         value_of(terms.issued_at), value_of(terms.starts_at), value_of(terms.expires_at), terms.grace_days,
         terms.seats, or_null(terms.order), value_of(terms.suspended_at), value_of(terms.maintenance_until)}));
    return connection_->run("UPDATE documents SET document = ?2 WHERE license = ?1", {number, document});
  }

  Result<bool> mark_revoked(const LicenseKey& key, std::string_view reason, Time at) {
    std::optional<Time> revoked_at;
    std::string revoke_reason;
    {
      LIC_TRY_ASSIGN(Rows rows,
                     connection_->query("SELECT revoked_at, revoke_reason FROM licenses WHERE key = ?1", {key.text()}));
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return no_such_license(key.text());
      revoked_at = rows.optional_time(0);
      revoke_reason = rows.text(1);
    }
    if (revoked_at && revoke_reason == reason) return false;
    if (revoked_at)
      return error(Errc::conflict,
                   concat("license ", key.text(), " was revoked on ", format_date(*revoked_at), " for ",
                          in_quotes(revoke_reason)),
                   "a revocation is final and keeps its first reason");
    LIC_TRY(connection_->run("UPDATE licenses SET revoked_at = ?2, revoke_reason = ?3 WHERE key = ?1",
                             {key.text(), value_of(at), or_null(reason)}));
    return true;
  }

  Result<void> insert_activation(const Activation& activation) {
    LIC_TRY_ASSIGN(const auto license, number_of(activation.key));
    if (license == 0) return no_such_license(activation.key);
    LIC_TRY_ASSIGN(const auto answered,
                   connection_->number("SELECT 1 FROM activations WHERE request = ?1", {activation.request}));
    if (answered != 0)
      return error(Errc::conflict, concat("request ", printable(activation.request), " was answered already"));
    LIC_TRY_ASSIGN(const auto number, next_number("activations"));
    return connection_->run(
        "INSERT INTO activations (license, request, request_digest, receipt_hash, machine, serial, answer, "
        "activated_at, ended_at, ended_by, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        {license, activation.request, activation.request_digest, activation.receipt_hash, activation.machine,
         activation.serial, activation.answer, value_of(activation.at), value_of(activation.ended_at),
         or_null(activation.ended_by), number});
  }

  Result<void> mark_ended(std::string_view request, std::string_view how, Time at) {
    {
      LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT ended_at FROM activations WHERE request = ?1", {request}));
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return error(Errc::not_found, concat("no request ", printable(request), " was answered"));
      if (const auto ended = rows.optional_time(0))
        return error(Errc::conflict,
                     concat("the activation by request ", printable(request), " ended on ", format_date(*ended)));
    }
    LIC_TRY(delete_marks(*connection_, request));
    return connection_->run(
        "UPDATE activations SET ended_at = ?2, ended_by = ?3, lease_machine = NULL, marks = NULL, refreshed_at = NULL, "
        "expires_at = NULL, secret_hash = NULL, previous_hash = NULL, clones = NULL WHERE request = ?1",
        {request, value_of(at), how});
  }

  Result<void> register_batch(std::string_view batch, std::string_view request, Time at) {
    {
      LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT request FROM batches WHERE name = ?1", {batch}));
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (found && rows.text(0) == request) return {};
      if (found)
        return error(Errc::conflict, concat("batch ", in_quotes(batch), " was begun with another request"),
                     "repeat the first request to go on with it, or choose another name");
    }
    return connection_->run("INSERT INTO batches (name, request, opened_at) VALUES (?1, ?2, ?3)",
                            {batch, request, value_of(at)});
  }

  std::shared_ptr<Connection> connection_;
  Scope scope_;
  bool lost_ = false;
  std::int64_t history_before_ = 0;             ///< of the newest entry before this change
  std::optional<std::int64_t> history_number_;  ///< of the newest entry; absent: none was added here
};

}  // namespace

Error no_such_license(std::string_view key) {
  return error(Errc::not_found, concat("no license ", printable(key), " in the ledger"));
}

Result<std::int64_t> number_of_license(Connection& connection, std::string_view key) {
  if (key.empty()) return 0;
  if (const std::int64_t noted = connection.noted_license(key); noted != 0) return noted;
  LIC_TRY_ASSIGN(const auto number, connection.number("SELECT number FROM licenses WHERE key = ?1", {key}));
  connection.note_license(key, number);
  return number;
}

Result<std::int64_t> next_row_number(Connection& connection, std::string_view table) {
  LIC_TRY_ASSIGN(const auto last, connection.number(concat("SELECT coalesce(max(number), 0) FROM ", table)));
  return last + 1;
}

HistoryOf::HistoryOf(std::string_view key, std::int64_t license) {
  if (key.empty()) {
    condition = "license IS NULL AND key IS NULL";
  } else if (license == 0) {
    condition = "license IS NULL AND key = ?1";
    values = {key};
  } else {
    condition = "license = ?1 AND key = ?2";
    values = {license, key};
  }
}

Result<std::unique_ptr<Transaction>> begin_change(const std::shared_ptr<Connection>& connection) {
  LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection, ScopeKind::write));
  return make_transaction(connection, std::move(scope));
}

std::unique_ptr<Transaction> make_transaction(const std::shared_ptr<Connection>& connection, Scope scope) {
  return std::make_unique<SqlTransaction>(connection, std::move(scope));
}

}  // namespace lic::sql
