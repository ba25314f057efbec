#include "ledger/sql_usage.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_transaction.hpp"

namespace lic::sql {
namespace {

constexpr std::size_t kPage = 64;  // documents of at most 1 MiB, hardly ever more than a few KiB

/// In the order in which read_record() takes them.
constexpr std::string_view kColumns =
    "number, (SELECT key FROM licenses AS l WHERE l.number = u.license), device, machine, seq, digest, previous, "
    "from_at, to_at, document, imported_at";

UsageRecord read_record(const Rows& rows) {
  return {rows.text(1), rows.text(2), rows.text(3), rows.integer(4), rows.text(5),
          rows.text(6), rows.time(7), rows.time(8), rows.text(9),    rows.time(10)};
}

Result<std::vector<UsageRecord>> read_all(Connection& connection, std::string_view sql, ValuesView values,
                                          std::int64_t* last = nullptr) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(sql, values));
  std::vector<UsageRecord> records;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return records;
    records.push_back(read_record(rows));
    if (last != nullptr) *last = rows.integer(0);
  }
}

}  // namespace

Result<void> insert_usage(Connection& connection, const UsageRecord& record) {
  LIC_TRY_ASSIGN(const auto license, number_of_license(connection, record.key));
  if (license == 0) return no_such_license(record.key);
  std::int64_t newest = 0;
  std::string digest;
  {
    LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT seq, digest FROM usage_statements WHERE license = ?1 AND "
                                               "device = ?2 ORDER BY seq DESC LIMIT 1",
                                               {license, std::string_view(record.device)}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (found) newest = rows.integer(0), digest = rows.text(1);
  }
  if (record.seq != newest + 1 || record.previous != digest)
    return error(Errc::conflict, concat("usage statement ", record.seq, " of license ", printable(record.key),
                                        " does not follow statement ", newest, " of its device"));
  LIC_TRY_ASSIGN(const auto number, next_row_number(connection, "usage_statements"));
  return connection.run(
      "INSERT INTO usage_statements (license, device, machine, seq, digest, previous, from_at, to_at, document, "
      "imported_at, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      {license, std::string_view(record.device), or_null(record.machine), record.seq, std::string_view(record.digest),
       or_null(record.previous), value_of(record.from), value_of(record.to), std::string_view(record.document),
       value_of(record.imported_at), number});
}

Result<std::optional<UsageRecord>> find_usage(Connection& connection, std::string_view key, std::string_view device,
                                              std::int64_t seq) {
  const std::string sql = concat("SELECT ", kColumns, " FROM usage_statements AS u WHERE license = (SELECT number ",
                                 "FROM licenses WHERE key = ?1) AND device = ?2 AND seq = ?3");
  LIC_TRY_ASSIGN(auto found, read_all(connection, sql, {key, device, seq}));
  return found.empty() ? std::optional<UsageRecord>() : std::optional(std::move(found.front()));
}

Result<std::vector<UsageRecord>> newest_usage(Connection& connection, std::string_view key) {
  const std::string sql =
      concat("SELECT ", kColumns, " FROM usage_statements AS u WHERE license = (SELECT number FROM licenses ",
             "WHERE key = ?1) AND seq = (SELECT max(seq) FROM usage_statements AS n WHERE n.license = u.license AND ",
             "n.device = u.device) ORDER BY number");
  return read_all(connection, sql, {key});
}

Result<void> usage_of(Connection& connection, std::string_view key,
                      const std::function<Result<void>(const UsageRecord&)>& visit) {
  const std::string sql = concat("SELECT ", kColumns, " FROM usage_statements AS u WHERE license = (SELECT number ",
                                 "FROM licenses WHERE key = ?1) AND number > ?2 ORDER BY number LIMIT ", kPage);
  std::int64_t after = 0;
  while (true) {
    LIC_TRY_ASSIGN(const auto page, read_all(connection, sql, {key, after}, &after));
    for (const UsageRecord& record : page) LIC_TRY(visit(record));
    if (page.size() < kPage) return {};
  }
}

}  // namespace lic::sql
