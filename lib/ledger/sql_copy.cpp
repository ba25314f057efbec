#include "ledger/sql_copy.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_leases.hpp"

namespace lic::sql {
namespace {

/// How many rows are read at a time: documents have 64 KiB at most, hardly ever more than a few.
constexpr std::size_t kRowsAtOnce = 500;

/// A table, its columns (first those of the key) and which of them are numbers.
struct Table {
  std::string_view name;
  std::string_view columns;
  std::string_view numbers;  ///< of each column: n a number, t a text
  std::size_t key_columns = 1;
  std::string_view otherwise = {};  ///< what becomes of a row that is there already
};

// Those that others refer to come first.
constexpr Table kTables[] = {
    {"keys", "number, id, purpose, public_key, roles, not_before, not_after, created_at", "nttttnnn"},
    {"products", "version, catalog, product_file, imported_at", "nttn"},
    {"batches", "name, request, opened_at", "ttn"},
    {"licenses",
     "number, key, id, serial, product, plan, kind, customer, email, issued_at, starts_at, expires_at, grace_days, "
     "seats, order_id, note, batch, suspended_at, revoked_at, revoke_reason, created_at, maintenance_until",
     "nttntttttnnnnntttnntnn"},
    {"documents", "license, document", "nt"},
    {"history", "number, at, actor, action, key, reason, detail, link, license", "nnttttttn"},
    {"activations",
     "number, license, request, request_digest, receipt_hash, machine, serial, answer, activated_at, ended_at, "
     "ended_by, lease_machine, marks, refreshed_at, expires_at, secret_hash, previous_hash, clones",
     "nnttttntnntttnnttn"},
    {"waiting", "number, license, machine, marks, since, expires_at, offered_until", "nnttnnn"},
    {"trials", "number, key, plan, machine, marks, email, started_at", "ntttttn"},
    {"trial_marks", "mark, trial", "tn", 2},
    {"usage_statements",
     "number, license, device, machine, seq, digest, previous, from_at, to_at, document, imported_at", "nnttnttnntn"},
    {"tokens", "number, id, name, hash, scopes, created_at, expires_at, revoked_at, used_at", "nttttnnnn"},
    {"webhooks", "number, id, name, url, secret, actions, created_at, removed_at", "ntttttnn"},
    {"outbox", "webhook, event, due_at, attempts, tried_at, ended_at, status, trouble", "nnnnnnnt", 2},
    {"counters", "name, value", "tn", 1,
     " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value"},
};

/// A value that is kept.
using Kept = std::variant<std::nullptr_t, std::int64_t, std::string>;
using Row = std::vector<Kept>;

Value view(const Kept& kept) {
  if (const auto* number = std::get_if<std::int64_t>(&kept)) return *number;
  if (const auto* text = std::get_if<std::string>(&kept)) return std::string_view(*text);
  return nullptr;
}

Row read_row(const Rows& rows, const Table& table) {
  Row row;
  row.reserve(table.numbers.size());
  int column = 0;
  for (const char kind : table.numbers) {
    if (rows.is_null(column))
      row.emplace_back(nullptr);
    else if (kind == 'n')
      row.emplace_back(rows.integer(column));
    else
      row.emplace_back(rows.text(column));
    ++column;
  }
  return row;
}

/// "?1, ?2, ?3"
std::string parameters(std::size_t count) {
  std::string list;
  for (std::size_t n = 1; n <= count; ++n) list += concat(n == 1 ? "?" : ", ?", n);
  return list;
}

/// The first so many of the columns.
std::string_view first_columns(std::string_view columns, std::size_t count) {
  std::size_t end = 0;
  while (count-- > 0) end = columns.find(',', end + 1);
  return columns.substr(0, end);
}

Result<std::vector<Row>> read_page(Connection& from, const Table& table, const Row* last) {
  const std::string_view key = first_columns(table.columns, table.key_columns);
  std::string where;
  Values values;
  if (last != nullptr) {
    where = concat(" WHERE (", key, ") > (", parameters(table.key_columns), ')');
    for (std::size_t n = 0; n < table.key_columns; ++n) values.push_back(view((*last)[n]));
  }
  LIC_TRY_ASSIGN(Rows rows, from.query(concat("SELECT ", table.columns, " FROM ", table.name, where, " ORDER BY ", key,
                                              " LIMIT ", kRowsAtOnce),
                                       values));
  std::vector<Row> page;
  while (true) {
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return page;
    page.push_back(read_row(rows, table));
  }
}

Result<void> copy_table(Connection& from, Connection& to, const Table& table,
                        const std::function<void(std::int64_t)>& progress) {
  const std::string insert = concat("INSERT INTO ", table.name, " (", table.columns, ") VALUES (",
                                    parameters(table.numbers.size()), ')', table.otherwise);
  std::vector<Row> page;
  Bulk bulk(to);
  do {
    LIC_TRY_ASSIGN(auto next, read_page(from, table, page.empty() ? nullptr : &page.back()));
    page = std::move(next);
    for (const Row& row : page) {
      Values values;
      values.reserve(row.size());
      for (const Kept& kept : row) values.push_back(view(kept));
      LIC_TRY(to.run(insert, values));
    }
    progress(std::ssize(page));
  } while (page.size() == kRowsAtOnce);
  return bulk.finish();
}

}  // namespace

Result<void> copy_rows(Connection& from, Connection& to, const std::function<void(std::int64_t)>& progress) {
  for (const Table& table : kTables) LIC_TRY(copy_table(from, to, table, progress));
  return index_leases(to);
}

}  // namespace lic::sql
