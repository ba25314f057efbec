#include "ledger/sql_webhooks.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/ledger.hpp"
#include "ledger/sql_transaction.hpp"

namespace lic::sql {
namespace {

/// Each is asked for every second, and has requests of its own running.
constexpr std::int64_t kMostWebhooks = 20;

/// Whether the webhook `w` is told of the entry `h`.
constexpr std::string_view kWants = "(w.actions IS NULL OR (' ' || w.actions || ' ') LIKE ('% ' || h.action || ' %'))";

constexpr std::string_view kColumns = "w.id, w.name, w.url, w.secret, w.actions, w.created_at, w.removed_at";

WebhookRecord read_webhook(const Rows& rows) {
  return {rows.text(0),        rows.text(1), rows.text(2),         rows.text(3),
          split(rows.text(4)), rows.time(5), rows.optional_time(6)};
}

/// The number of a webhook that is not removed; 0: there is none of that id.
Result<std::int64_t> number_of_webhook(Connection& connection, std::string_view id) {
  return connection.number("SELECT number FROM webhooks WHERE id = ?1 AND removed_at IS NULL", {id});
}

Error no_such_webhook(std::string_view id) {
  return error(Errc::not_found, concat("no webhook ", in_quotes(id), " in the ledger"));
}

/// How many rows a statement gives.
Result<std::int64_t> count_rows(Connection& connection, std::string_view sql, ValuesView values) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(sql, values));
  std::int64_t count = 0;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return count;
    ++count;
  }
}

/// Into the outbox of a webhook goes what the condition on `h` and `w` names, also what was there before.
std::string replay_where(std::string_view condition) {
  return concat(
      "INSERT INTO outbox (webhook, event, due_at, attempts) SELECT w.number, h.number, ?2, 0 FROM webhooks AS w "
      "CROSS JOIN history AS h WHERE w.number = ?1 AND ",
      condition,
      " ON CONFLICT (webhook, event) DO UPDATE SET due_at = excluded.due_at, attempts = 0, status = NULL, "
      "trouble = NULL, ended_at = NULL RETURNING event");
}

}  // namespace

Result<void> enqueue_events(Connection& connection, std::int64_t after, std::int64_t last) {
  return connection.run_later(
      concat("INSERT INTO outbox (webhook, event, due_at, attempts) SELECT w.number, h.number, h.at, 0 "
             "FROM webhooks AS w CROSS JOIN history AS h WHERE w.removed_at IS NULL AND h.number > ?1 AND "
             "h.number <= ?2 AND ",
             kWants),
      {after, last});
}

Result<void> insert_webhook(Connection& connection, const WebhookRecord& record) {
  LIC_TRY_ASSIGN(const auto same_name, connection.number("SELECT number FROM webhooks WHERE name = ?1 AND "
                                                         "removed_at IS NULL",
                                                         {record.name}));
  if (same_name != 0)
    return error(Errc::conflict, concat("there is a webhook called ", in_quotes(record.name), " already"),
                 "remove it first, or choose another name");
  LIC_TRY_ASSIGN(const auto known, connection.number("SELECT number FROM webhooks WHERE id = ?1", {record.id}));
  if (known != 0) return error(Errc::conflict, concat("webhook ", printable(record.id), " is in the ledger already"));
  LIC_TRY_ASSIGN(const auto live, connection.number("SELECT count(*) FROM webhooks WHERE removed_at IS NULL"));
  if (live >= kMostWebhooks)
    return error(Errc::conflict, concat("there are ", live, " webhooks already, as many as a ledger may have"),
                 "remove one first");
  LIC_TRY_ASSIGN(const auto number, next_row_number(connection, "webhooks"));
  const std::string actions = joined(record.actions);
  return connection.run(
      "INSERT INTO webhooks (number, id, name, url, secret, actions, created_at, removed_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {number, record.id, record.name, record.url, record.secret, or_null(actions), value_of(record.created_at),
       value_of(record.removed_at)});
}

Result<bool> mark_webhook_removed(Connection& connection, std::string_view id, Time at) {
  LIC_TRY_ASSIGN(const auto known, connection.number("SELECT number FROM webhooks WHERE id = ?1", {id}));
  if (known == 0) return no_such_webhook(id);
  LIC_TRY_ASSIGN(const auto number, number_of_webhook(connection, id));
  if (number == 0) return false;
  LIC_TRY(connection.run("UPDATE webhooks SET removed_at = ?2 WHERE number = ?1", {number, value_of(at)}));
  LIC_TRY(
      connection.run("UPDATE outbox SET due_at = NULL, ended_at = ?2, trouble = 'the webhook was removed' "
                     "WHERE webhook = ?1 AND due_at IS NOT NULL",
                     {number, value_of(at)}));
  return true;
}

Result<std::vector<DueEvent>> claim_deliveries(Connection& connection, std::string_view webhook, Time now, Time until,
                                               std::int64_t most) {
  LIC_TRY_ASSIGN(const auto number, number_of_webhook(connection, webhook));
  std::vector<DueEvent> due;
  if (number == 0) return due;
  {
    LIC_TRY_ASSIGN(
        Rows rows,
        connection.query("SELECT h.number, h.at, h.actor, h.action, h.key, h.reason, h.detail, h.link, h.license, "
                         "(SELECT l.id FROM licenses AS l WHERE l.number = h.license), o.attempts "
                         "FROM outbox AS o JOIN history AS h ON h.number = o.event "
                         "WHERE o.webhook = ?1 AND o.due_at <= ?2 ORDER BY o.due_at, o.event LIMIT ?3",
                         {number, value_of(now), most}));
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) break;
      HistoryEntry entry{rows.time(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6)};
      due.push_back(
          {{rows.integer(0), std::move(entry), rows.text(7), rows.integer(8)}, rows.text(9), rows.integer(10)});
    }
  }
  for (const DueEvent& event : due)
    LIC_TRY(connection.run_later("UPDATE outbox SET due_at = ?3 WHERE webhook = ?1 AND event = ?2",
                                 {number, event.row.number, value_of(until)}));
  return due;
}

Result<void> note_attempt(Connection& connection, const Attempt& attempt) {
  const bool over = !attempt.again_at;
  return connection.run_later(
      "UPDATE outbox SET due_at = ?3, attempts = attempts + 1, tried_at = ?4, status = ?5, trouble = ?6, ended_at = ?7 "
      "WHERE webhook = (SELECT number FROM webhooks WHERE id = ?1) AND event = ?2 AND ended_at IS NULL",
      {attempt.webhook, attempt.event, value_of(attempt.again_at), value_of(attempt.at), or_null(attempt.status),
       or_null(attempt.trouble), over ? value_of(attempt.at) : Value(nullptr)});
}

Result<std::int64_t> replay(Connection& connection, std::string_view webhook, const Replay& what, Time now) {
  LIC_TRY_ASSIGN(const auto number, number_of_webhook(connection, webhook));
  if (number == 0) return no_such_webhook(webhook);
  if (what.failed)
    return count_rows(connection,
                      "UPDATE outbox SET due_at = ?2, attempts = 0, status = NULL, trouble = NULL, ended_at = NULL "
                      "WHERE webhook = ?1 AND ended_at IS NOT NULL AND trouble IS NOT NULL RETURNING event",
                      {number, value_of(now)});
  if (what.since)
    return count_rows(connection, replay_where(concat("h.at >= ?3 AND ", kWants)),
                      {number, value_of(now), value_of(*what.since)});
  std::int64_t count = 0;
  for (const std::int64_t event : what.numbers) {
    LIC_TRY_ASSIGN(const auto added,
                   count_rows(connection, replay_where("h.number = ?3"), {number, value_of(now), event}));
    if (added == 0) return error(Errc::not_found, concat("no event ", event, " in the history"));
    count += added;
  }
  return count;
}

Result<void> forget_deliveries(Connection& connection, Time before, std::int64_t most) {
  return connection.run(
      "DELETE FROM outbox WHERE (webhook, event) IN (SELECT webhook, event FROM outbox WHERE ended_at < ?1 "
      "ORDER BY ended_at LIMIT ?2)",
      {value_of(before), most});
}

Result<std::vector<WebhookRecord>> webhooks(Connection& connection) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT ", kColumns, " FROM webhooks AS w ORDER BY w.number")));
  std::vector<WebhookRecord> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    found.push_back(read_webhook(rows));
  }
}

Result<std::vector<WaitingWebhook>> waiting_webhooks(Connection& connection) {
  LIC_TRY_ASSIGN(Rows rows,
                 connection.query(concat("SELECT ", kColumns,
                                         ", (SELECT min(o.due_at) FROM outbox AS o WHERE o.webhook = w.number AND "
                                         "o.due_at IS NOT NULL) FROM webhooks AS w WHERE w.removed_at IS NULL "
                                         "ORDER BY w.number")));
  std::vector<WaitingWebhook> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    found.push_back({read_webhook(rows), rows.optional_time(7)});
  }
}

Result<std::vector<Delivery>> deliveries(Connection& connection, const DeliveryFilter& filter) {
  Values values{filter.limit};
  std::string where;
  if (!filter.webhook.empty()) {
    values.emplace_back(std::string_view(filter.webhook));
    where = " AND w.id = ?2";
  }
  if (filter.state == DeliveryState::pending) where += " AND o.ended_at IS NULL";
  if (filter.state == DeliveryState::delivered) where += " AND o.ended_at IS NOT NULL AND o.trouble IS NULL";
  if (filter.state == DeliveryState::failed) where += " AND o.ended_at IS NOT NULL AND o.trouble IS NOT NULL";
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT w.id, o.event, h.action, o.attempts, o.due_at, o.tried_at, "
                                                    "o.ended_at, o.status, o.trouble FROM outbox AS o "
                                                    "JOIN webhooks AS w ON w.number = o.webhook "
                                                    "JOIN history AS h ON h.number = o.event WHERE 1 = 1",
                                                    where, " ORDER BY o.event DESC, w.number LIMIT ?1"),
                                             values));
  std::vector<Delivery> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    Delivery delivery{rows.text(0),    rows.integer(1),       rows.text(2),          DeliveryState::pending,
                      rows.integer(3), rows.optional_time(4), rows.optional_time(5), rows.optional_time(6),
                      rows.integer(7), rows.text(8)};
    if (delivery.ended_at) delivery.state = delivery.trouble.empty() ? DeliveryState::delivered : DeliveryState::failed;
    found.push_back(std::move(delivery));
  }
}

}  // namespace lic::sql
