#include "ledger/sqlite_leases.hpp"

#include <algorithm>
#include <set>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::sqlite {
namespace {

constexpr std::string_view kLicense = "(SELECT number FROM licenses WHERE key = ?1)";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += concat(text.empty() ? "" : " ", word);
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    words.emplace_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

/// A lease as it is found to be changed or ended.
struct Place {
  std::int64_t activation = 0;  ///< 0: there is none
  std::int64_t license = 0;
  std::string marks;
};

Result<Place> place_of(Connection& connection, std::string_view request) {
  LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT activation, license, marks FROM leases WHERE activation = "
                                             "(SELECT number FROM activations WHERE request = ?1)",
                                             {request}));
  LIC_TRY_ASSIGN(const bool found, rows.next());
  return found ? Place{rows.integer(0), rows.integer(1), rows.text(2)} : Place{};
}

Result<void> insert_marks(Connection& connection, std::int64_t license, std::int64_t activation,
                          const std::vector<std::string>& marks) {
  for (const std::string& mark : marks)
    LIC_TRY(connection.run("INSERT INTO lease_marks (license, mark, activation) VALUES (?1, ?2, ?3)",
                           {license, std::string_view(mark), activation}));
  return {};
}

Result<void> delete_marks(Connection& connection, const Place& place) {
  for (const std::string& mark : split(place.marks))
    LIC_TRY(connection.run("DELETE FROM lease_marks WHERE license = ?1 AND mark = ?2 AND activation = ?3",
                           {place.license, std::string_view(mark), place.activation}));
  return {};
}

/// The numbers in the first column, each once, in order.
Result<void> add_numbers(Connection& connection, std::string_view sql, const Values& values,
                         std::set<std::int64_t>& numbers) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(sql, values));
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return {};
    numbers.insert(rows.integer(0));
  }
}

template <class Argument>
Result<std::vector<Activation>> select_activations(Connection& connection, std::string_view condition,
                                                   const Argument& argument) {
  LIC_TRY_ASSIGN(
      Rows rows,
      connection.query(
          concat("SELECT (SELECT key FROM licenses AS l WHERE l.number = a.license), request, request_digest, "
                 "receipt_hash, a.machine, serial, answer, activated_at, ended_at, ended_by, s.activation, s.machine, "
                 "s.marks, s.refreshed_at, s.expires_at, s.secret_hash, s.previous_hash, s.clones "
                 "FROM activations AS a LEFT JOIN leases AS s ON s.activation = a.number WHERE ",
                 condition, " ORDER BY number"),
          {argument}));
  std::vector<Activation> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    Activation activation{rows.text(0),    rows.text(1), rows.text(2), rows.text(3),          rows.text(4),
                          rows.integer(5), rows.text(6), rows.time(7), rows.optional_time(8), rows.text(9)};
    if (rows.integer(10) != 0)
      activation.lease = LeaseState{rows.text(11), split(rows.text(12)), rows.time(13),   rows.time(14),
                                    rows.text(15), rows.text(16),        rows.integer(17)};
    found.push_back(std::move(activation));
  }
}

}  // namespace

Result<std::vector<Activation>> activations_where(Connection& connection, std::string_view condition,
                                                  std::string_view argument) {
  return select_activations(connection, condition, argument);
}

Result<bool> take_seat(Connection& connection, const Activation& activation, bool named) {
  const LeaseState& lease = *activation.lease;
  LIC_TRY_ASSIGN(
      const std::int64_t number,
      connection.number(
          "INSERT INTO activations (license, request, request_digest, receipt_hash, machine, serial, "
          "answer, activated_at) SELECT number, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM licenses AS l "
          "WHERE key = ?1 AND revoked_at IS NULL AND (?9 = 1 OR (SELECT count(*) FROM leases AS s "
          "WHERE s.license = l.number AND s.expires_at > ?8) < l.seats) RETURNING number",
          {activation.key, activation.request, activation.request_digest, activation.receipt_hash, activation.machine,
           activation.serial, activation.answer, value_of(activation.at), std::int64_t{named ? 1 : 0}}));
  if (number == 0) return false;
  LIC_TRY_ASSIGN(const std::int64_t license,
                 connection.number("SELECT license FROM activations WHERE number = ?1", {number}));
  const std::string marks = joined(lease.marks);
  LIC_TRY(
      connection.run("INSERT INTO leases (activation, license, machine, marks, refreshed_at, expires_at, "
                     "secret_hash, previous_hash, clones) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                     {number, license, lease.machine, std::string_view(marks), value_of(lease.refreshed_at),
                      value_of(lease.expires_at), lease.secret_hash, or_null(lease.previous_hash), lease.clones}));
  LIC_TRY(insert_marks(connection, license, number, lease.marks));
  return true;
}

Result<void> renew_lease(Connection& connection, std::string_view request, const LeaseState& lease) {
  LIC_TRY_ASSIGN(const Place place, place_of(connection, request));
  if (place.activation == 0) return error(Errc::not_found, concat("there is no lease ", printable(request)));
  const std::string marks = joined(lease.marks);
  LIC_TRY(
      connection.run("UPDATE leases SET machine = ?2, marks = ?3, refreshed_at = ?4, expires_at = ?5, "
                     "secret_hash = ?6, previous_hash = ?7, clones = ?8 WHERE activation = ?1",
                     {place.activation, lease.machine, std::string_view(marks), value_of(lease.refreshed_at),
                      value_of(lease.expires_at), lease.secret_hash, or_null(lease.previous_hash), lease.clones}));
  if (marks == place.marks) return {};
  LIC_TRY(delete_marks(connection, place));
  return insert_marks(connection, place.license, place.activation, lease.marks);
}

Result<void> delete_lease(Connection& connection, std::string_view request) {
  LIC_TRY_ASSIGN(const Place place, place_of(connection, request));
  if (place.activation == 0) return {};
  LIC_TRY(delete_marks(connection, place));
  return connection.run("DELETE FROM leases WHERE activation = ?1", {place.activation});
}

Result<void> insert_trial(Connection& connection, const TrialRecord& trial) {
  const std::string marks = joined(trial.marks);
  LIC_TRY_ASSIGN(const std::int64_t number,
                 connection.number("INSERT INTO trials (key, plan, machine, marks, email, started_at) "
                                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING number",
                                   {trial.key, trial.plan, trial.machine, std::string_view(marks), or_null(trial.email),
                                    value_of(trial.at)}));
  for (const std::string& mark : trial.marks)
    LIC_TRY(connection.run("INSERT INTO trial_marks (mark, trial) VALUES (?1, ?2)", {std::string_view(mark), number}));
  return {};
}

Result<std::vector<Activation>> leases_like(Connection& connection, std::string_view key,
                                            std::span<const std::string> marks) {
  std::set<std::int64_t> numbers;
  const std::string sql = concat("SELECT activation FROM lease_marks WHERE license = ", kLicense, " AND mark = ?2");
  for (const std::string& mark : marks) LIC_TRY(add_numbers(connection, sql, {key, std::string_view(mark)}, numbers));
  std::vector<Activation> found;
  for (const std::int64_t number : numbers) {
    LIC_TRY_ASSIGN(auto one, select_activations(connection, "number = ?1", number));
    found.insert(found.end(), std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
  }
  return found;
}

Result<std::vector<std::string>> lapsed_leases(Connection& connection, std::string_view key, Time now) {
  LIC_TRY_ASSIGN(Rows rows,
                 connection.query(concat("SELECT (SELECT request FROM activations WHERE number = activation) "
                                         "FROM leases WHERE license = ",
                                         kLicense, " AND expires_at <= ?2 ORDER BY activation"),
                                  {key, value_of(now)}));
  std::vector<std::string> requests;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return requests;
    requests.push_back(rows.text(0));
  }
}

Result<std::optional<Time>> next_lease_end(Connection& connection, std::string_view key, Time now) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT min(expires_at) FROM leases WHERE license = ", kLicense,
                                                    " AND expires_at > ?2"),
                                             {key, value_of(now)}));
  LIC_TRY(rows.next());
  return rows.optional_time(0);
}

Result<std::vector<TrialRecord>> trials_like(Connection& connection, std::span<const std::string> marks) {
  std::set<std::int64_t> numbers;
  for (const std::string& mark : marks)
    LIC_TRY(
        add_numbers(connection, "SELECT trial FROM trial_marks WHERE mark = ?1", {std::string_view(mark)}, numbers));
  std::vector<TrialRecord> trials;
  for (const std::int64_t number : numbers) {
    LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT key, plan, machine, marks, email, started_at FROM trials "
                                               "WHERE number = ?1",
                                               {number}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) continue;
    trials.push_back({rows.text(0), rows.text(1), rows.text(2), split(rows.text(3)), rows.text(4), rows.time(5)});
  }
  return trials;
}

}  // namespace lic::sqlite
