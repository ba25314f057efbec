#include "ledger/sql_leases.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/bulk_hash.hpp"
#include "ledger/sql_transaction.hpp"

namespace lic::sql {
namespace {

/// Whether a seat of the license `l` is free at that parameter: what every seat that is taken is held against.
std::string seat_is_free(std::string_view now) {
  return concat("(SELECT count(*) FROM activations AS s WHERE s.license = l.number AND s.expires_at > ", now,
                ") < l.seats");
}

constexpr std::string_view kLicense = "(SELECT number FROM licenses WHERE key = ?1)";

/// A lease as it is found to be changed or ended.
struct Place {
  std::int64_t activation = 0;  ///< 0: there is none
  std::int64_t license = 0;
  std::string marks;
  std::string machine;
};

Result<Place> place_of(Connection& connection, std::string_view request) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(
                                "SELECT number, license, marks, lease_machine FROM activations WHERE request = ?1 AND "
                                "expires_at IS NOT NULL",
                                {request}));
  LIC_TRY_ASSIGN(const bool found, rows.next());
  return found ? Place{rows.integer(0), rows.integer(1), rows.text(2), rows.text(3)} : Place{};
}

/// What the index has of the machine itself, of activation 0: by it no two leases of a license are of one machine.
/// Below zero, so that it is of no fact.
std::int64_t mark_of_machine(std::string_view machine) {
  const Digest digest = bulk_sha256(view_bytes(machine));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | digest[i];
  return static_cast<std::int64_t>(number | std::uint64_t{1} << 63U);
}

/// What the index has of a fact: the last 8 digits of its digest, which hardly any two machines of a license have in
/// common. Whether a machine has the whole mark is in its row.
std::int64_t mark_of_fact(std::string_view mark) {
  const std::string_view end = mark.substr(mark.size() - std::min(mark.size(), std::size_t{8}));
  std::uint32_t number = 0;
  const auto [rest, fault] = std::from_chars(end.data(), end.data() + end.size(), number, 16);
  const bool has_digits = fault == std::errc() && rest == end.data() + end.size();
  return has_digits ? number : 0;  // those without are alike
}

/// Each once.
std::vector<std::int64_t> marks_of_facts(std::span<const std::string> marks) {
  std::vector<std::int64_t> numbers;
  for (const std::string& mark : marks) numbers.push_back(mark_of_fact(mark));
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

/// "?4, ?5": the parameters of texts that follow those in `values`, to which they are added.
std::string add_list(std::span<const std::string> texts, Values& values) {
  std::string list;
  for (const std::string& text : texts) {
    values.emplace_back(std::string_view(text));
    list += concat(list.empty() ? "?" : ", ?", values.size());
  }
  return list;
}

/// A row of `machine_marks`, in whose order they are.
struct Mark {
  std::int64_t license = 0;
  std::int64_t number = 0;
  std::int64_t activation = 0;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

/// What the leases of the activations that pass a condition make, in order.
Result<std::vector<Mark>> marks_made_by(Connection& connection, std::string_view condition, ValuesView values) {
  LIC_TRY_ASSIGN(
      Rows rows,
      connection.query(
          concat("SELECT number, license, lease_machine, marks FROM activations WHERE expires_at IS NOT NULL AND ",
                 condition),
          values));
  std::vector<Mark> marks;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) break;
    const std::int64_t license = rows.integer(1);
    marks.push_back({license, mark_of_machine(rows.text(2)), 0});
    for (const std::int64_t mark : marks_of_facts(split(rows.text(3))))
      marks.push_back({license, mark, rows.integer(0)});
  }
  std::sort(marks.begin(), marks.end());
  return marks;
}

constexpr std::string_view kInsertMark = "INSERT INTO machine_marks (license, mark, activation) VALUES (?1, ?2, ?3)";

/// What the index has of a lease. Errors: conflict (the machine has another one).
Result<void> insert_marks(Connection& connection, std::int64_t license, std::int64_t activation,
                          std::string_view request, const LeaseState& lease) {
  LIC_TRY_ASSIGN(const auto added,
                 connection.change(
                     "INSERT INTO machine_marks (license, mark, activation) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
                     {license, mark_of_machine(lease.machine)}));
  if (added == 0)
    return error(Errc::conflict,
                 concat("the machine of request ", printable(request), " has another seat of that license already"));
  for (const std::int64_t mark : marks_of_facts(lease.marks))
    LIC_TRY(connection.run_later(kInsertMark, {license, mark, activation}));
  return {};
}

Result<void> delete_marks(Connection& connection, const Place& place) {
  constexpr std::string_view kDelete = "DELETE FROM machine_marks WHERE license = ?1 AND mark = ?2 AND activation = ?3";
  LIC_TRY(connection.run_later(kDelete, {place.license, mark_of_machine(place.machine), std::int64_t{0}}));
  for (const std::int64_t mark : marks_of_facts(split(place.marks)))
    LIC_TRY(connection.run_later(kDelete, {place.license, mark, place.activation}));
  return {};
}

constexpr std::string_view kActivationColumns =
    "(SELECT key FROM licenses AS l WHERE l.number = a.license), a.request, a.request_digest, a.receipt_hash, "
    "a.machine, a.serial, a.answer, a.activated_at, a.ended_at, a.ended_by, a.lease_machine, a.marks, a.refreshed_at, "
    "a.expires_at, a.secret_hash, a.previous_hash, a.clones";

Activation read_activation(const Rows& rows) {
  Activation activation{rows.text(0),    rows.text(1), rows.text(2), rows.text(3),          rows.text(4),
                        rows.integer(5), rows.text(6), rows.time(7), rows.optional_time(8), rows.text(9)};
  if (!rows.is_null(13))
    activation.lease = LeaseState{rows.text(10), split(rows.text(11)), rows.time(12),   rows.time(13),
                                  rows.text(14), rows.text(15),        rows.integer(16)};
  return activation;
}

/// What finds the leases of the license of number ?1 that have one of so many marks, from ?2 on. (Not `mark IN (...)`,
/// for which SQLite makes a table each time.)
std::string text_of_leases_with(std::size_t marks) {
  std::string text;
  for (std::size_t i = 0; i < marks; ++i)
    text += concat(
        i == 0 ? "" : " UNION ALL ", "SELECT ", kActivationColumns,
        ", a.number FROM machine_marks AS m JOIN activations AS a ON a.number = m.activation WHERE m.license = ?1 AND "
        "m.mark = ?",
        i + 2);
  return text;
}

Result<Rows> leases_with(Connection& connection, ValuesView license_and_marks) {
  const std::size_t marks = license_and_marks.size() - 1;
  static const std::array<std::string, 5> kUsual = {text_of_leases_with(0), text_of_leases_with(1),
                                                    text_of_leases_with(2), text_of_leases_with(3),
                                                    text_of_leases_with(4)};
  if (marks < kUsual.size()) return connection.query(kUsual[marks], license_and_marks);
  return connection.query(text_of_leases_with(marks), license_and_marks);
}

bool has_one_of(const LeaseState& lease, std::span<const std::string> marks) {
  return std::any_of(marks.begin(), marks.end(), [&](const std::string& mark) {
    return std::find(lease.marks.begin(), lease.marks.end(), mark) != lease.marks.end();
  });
}

}  // namespace

Result<std::vector<Activation>> activations_where(Connection& connection, std::string_view condition,
                                                  std::string_view argument) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT ", kActivationColumns, " FROM activations AS a WHERE ",
                                                    condition, " ORDER BY a.number"),
                                             {argument}));
  std::vector<Activation> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    found.push_back(read_activation(rows));
  }
}

Result<bool> take_seat(Connection& connection, const Activation& activation, bool named) {
  const LeaseState& lease = *activation.lease;
  LIC_TRY_ASSIGN(const auto license, number_of_license(connection, activation.key));
  static const std::string kFreeSeat = concat(
      "SELECT (SELECT coalesce(max(number), 0) + 1 FROM activations) FROM licenses AS l WHERE number = ?1 AND "
      "revoked_at IS NULL AND (?3 = 1 OR ",
      seat_is_free("?2"), ")");
  LIC_TRY_ASSIGN(const auto number,
                 connection.number(kFreeSeat, {license, value_of(activation.at), std::int64_t{named ? 1 : 0}}));
  if (number == 0) return false;
  const std::string marks = joined(lease.marks);
  LIC_TRY(connection.run_later(
      "INSERT INTO activations (number, license, request, request_digest, receipt_hash, machine, serial, answer, "
      "activated_at, lease_machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
      {number, license, activation.request, activation.request_digest, activation.receipt_hash, activation.machine,
       activation.serial, activation.answer, value_of(activation.at), lease.machine, std::string_view(marks),
       value_of(lease.refreshed_at), value_of(lease.expires_at), lease.secret_hash, or_null(lease.previous_hash),
       lease.clones}));
  LIC_TRY(insert_marks(connection, license, number, activation.request, lease));
  return true;
}

Result<void> renew_lease(Connection& connection, std::string_view request, const LeaseState& lease) {
  LIC_TRY_ASSIGN(const Place place, place_of(connection, request));
  if (place.activation == 0) return error(Errc::not_found, concat("there is no lease ", printable(request)));
  const std::string marks = joined(lease.marks);
  LIC_TRY(connection.run_later(
      "UPDATE activations SET lease_machine = ?2, marks = ?3, refreshed_at = ?4, expires_at = ?5, "
      "secret_hash = ?6, previous_hash = ?7, clones = ?8 WHERE number = ?1",
      {place.activation, lease.machine, std::string_view(marks), value_of(lease.refreshed_at),
       value_of(lease.expires_at), lease.secret_hash, or_null(lease.previous_hash), lease.clones}));
  if (marks == place.marks && lease.machine == place.machine) return {};
  LIC_TRY(delete_marks(connection, place));
  return insert_marks(connection, place.license, place.activation, request, lease);
}

Result<bool> take_seat_again(Connection& connection, std::string_view request, const LeaseState& lease) {
  LIC_TRY_ASSIGN(const Place place, place_of(connection, request));
  if (place.activation == 0) return error(Errc::not_found, concat("there is no lease ", printable(request)));
  {
    // The row that it is about is not counted: it has run out.
    LIC_TRY_ASSIGN(Rows rows, connection.query(concat("UPDATE activations SET expires_at = ?3 WHERE number = ?1 AND "
                                                      "expires_at <= ?4 AND EXISTS (SELECT 1 FROM licenses AS l WHERE "
                                                      "l.number = ?2 AND l.revoked_at IS NULL AND ",
                                                      seat_is_free("?4"), ") RETURNING number"),
                                               {place.activation, place.license, value_of(lease.expires_at),
                                                value_of(lease.refreshed_at)}));
    LIC_TRY_ASSIGN(const bool taken, rows.next());
    if (!taken) return false;
  }
  LIC_TRY(renew_lease(connection, request, lease));
  return true;
}

Result<void> index_leases(Connection& connection) {
  constexpr std::int64_t kAtOnce = 100'000;  // some 10 MB
  LIC_TRY(connection.run("DELETE FROM machine_marks"));
  LIC_TRY_ASSIGN(const auto newest, connection.number("SELECT coalesce(max(number), 0) FROM activations"));
  for (std::int64_t after = 0; after < newest; after += kAtOnce) {
    LIC_TRY_ASSIGN(const auto marks,
                   marks_made_by(connection, "number > ?1 AND number <= ?2", {after, after + kAtOnce}));
    // As the table has them: a page is changed once, not for each mark.
    for (const Mark& mark : marks)
      LIC_TRY(connection.run_later(kInsertMark, {mark.license, mark.number, mark.activation}));
  }
  return {};
}

Result<MachineIndex> machine_index(Connection& connection, std::string_view key) {
  LIC_TRY_ASSIGN(const auto license, number_of_license(connection, key));
  LIC_TRY_ASSIGN(const auto wanted, marks_made_by(connection, "license = ?1", {license}));
  LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT license, mark, activation FROM machine_marks WHERE license = ?1 "
                                             "ORDER BY mark, activation",
                                             {license}));
  std::vector<Mark> present;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) break;
    present.push_back({rows.integer(0), rows.integer(1), rows.integer(2)});
  }
  return MachineIndex{std::ssize(present), present == wanted};
}

Result<void> put_waiting(Connection& connection, std::string_view key, const Waiting& waiting) {
  LIC_TRY_ASSIGN(const auto license, number_of_license(connection, key));
  if (license == 0) return no_such_license(key);
  LIC_TRY_ASSIGN(const auto number, next_row_number(connection, "waiting"));
  const std::string marks = joined(waiting.marks);
  return connection.run(
      "INSERT INTO waiting (number, license, machine, marks, since, expires_at, offered_until) VALUES (?1, ?2, ?3, ?4, "
      "?5, ?6, ?7) ON CONFLICT (license, machine) DO UPDATE SET expires_at = excluded.expires_at, "
      "offered_until = excluded.offered_until",
      {number, license, waiting.machine, std::string_view(marks), value_of(waiting.since), value_of(waiting.expires_at),
       value_of(waiting.offered_until)});
}

Result<void> drop_waiting(Connection& connection, std::string_view key, std::string_view machine) {
  return connection.run(concat("DELETE FROM waiting WHERE license = ", kLicense, " AND machine = ?2"), {key, machine});
}

Result<void> delete_marks(Connection& connection, std::string_view request) {
  LIC_TRY_ASSIGN(const Place place, place_of(connection, request));
  return place.activation == 0 ? Result<void>() : delete_marks(connection, place);
}

Result<void> insert_trial(Connection& connection, const TrialRecord& trial) {
  LIC_TRY_ASSIGN(const auto known, connection.number("SELECT number FROM trials WHERE key = ?1", {trial.key}));
  if (known != 0) return error(Errc::conflict, concat("trial ", printable(trial.key), " is in the ledger already"));
  LIC_TRY_ASSIGN(const auto number, next_row_number(connection, "trials"));
  const std::string marks = joined(trial.marks);
  LIC_TRY(connection.run(
      "INSERT INTO trials (key, plan, machine, marks, email, started_at, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {trial.key, trial.plan, trial.machine, std::string_view(marks), or_null(trial.email), value_of(trial.at),
       number}));
  for (const std::string& mark : trial.marks)
    LIC_TRY(connection.run("INSERT INTO trial_marks (mark, trial) VALUES (?1, ?2)", {std::string_view(mark), number}));
  return {};
}

Result<std::vector<Activation>> leases_like(Connection& connection, std::string_view key,
                                            std::span<const std::string> marks) {
  if (marks.empty()) return std::vector<Activation>();
  LIC_TRY_ASSIGN(const auto license, number_of_license(connection, key));
  Values values{license};
  for (const std::int64_t mark : marks_of_facts(marks)) values.emplace_back(mark);
  LIC_TRY_ASSIGN(Rows rows, leases_with(connection, values));
  std::map<std::int64_t, Activation> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) break;
    Activation one = read_activation(rows);
    if (one.lease && has_one_of(*one.lease, marks)) found.emplace(rows.integer(17), std::move(one));
  }
  std::vector<Activation> leases;
  for (auto& [number, one] : found) leases.push_back(std::move(one));
  return leases;
}

Result<std::vector<std::string>> lapsed_leases(Connection& connection, std::string_view key, Time now) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT request FROM activations WHERE license = ", kLicense,
                                                    " AND expires_at <= ?2 ORDER BY number"),
                                             {key, value_of(now)}));
  std::vector<std::string> requests;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return requests;
    requests.push_back(rows.text(0));
  }
}

Result<std::int64_t> running_leases(Connection& connection, std::string_view key, Time now) {
  return connection.number(
      concat("SELECT count(*) FROM activations WHERE license = ", kLicense, " AND expires_at > ?2"),
      {key, value_of(now)});
}

Result<std::vector<Waiting>> waiting(Connection& connection, std::string_view key) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT machine, marks, since, expires_at, offered_until FROM "
                                                    "waiting WHERE license = ",
                                                    kLicense, " ORDER BY number"),
                                             {key}));
  std::vector<Waiting> machines;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return machines;
    machines.push_back({rows.text(0), split(rows.text(1)), rows.time(2), rows.time(3), rows.optional_time(4)});
  }
}

Result<std::vector<std::string>> machines_that_left(Connection& connection, std::string_view key, Time since) {
  LIC_TRY_ASSIGN(Rows rows,
                 connection.query(concat("SELECT DISTINCT machine FROM activations WHERE license = ", kLicense,
                                         " AND expires_at IS NULL AND ended_at >= ?2 AND ended_by = ?3"),
                                  {key, value_of(since), kEndedByMachine}));
  std::vector<std::string> machines;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return machines;
    machines.push_back(rows.text(0));
  }
}

Result<std::optional<Time>> next_lease_end(Connection& connection, std::string_view key, Time now) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT min(expires_at) FROM activations WHERE license = ",
                                                    kLicense, " AND expires_at > ?2"),
                                             {key, value_of(now)}));
  LIC_TRY(rows.next());
  return rows.optional_time(0);
}

Result<std::vector<TrialRecord>> trials_like(Connection& connection, std::span<const std::string> marks) {
  std::vector<TrialRecord> trials;
  if (marks.empty()) return trials;
  Values values;
  const std::string list = add_list(marks, values);
  LIC_TRY_ASSIGN(Rows rows,
                 connection.query(concat("SELECT key, plan, machine, marks, email, started_at FROM trials WHERE number "
                                         "IN (SELECT trial FROM trial_marks WHERE mark IN (",
                                         list, ")) ORDER BY number"),
                                  values));
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return trials;
    trials.push_back({rows.text(0), rows.text(1), rows.text(2), split(rows.text(3)), rows.text(4), rows.time(5)});
  }
}

}  // namespace lic::sql
