#include "ledger/sql_tokens.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_transaction.hpp"

namespace lic::sql {
namespace {

constexpr std::string_view kColumns = "id, name, hash, scopes, created_at, expires_at, revoked_at, used_at";

std::string join_scopes(const std::vector<TokenScope>& scopes) {
  std::string joined;
  for (const TokenScope scope : scopes) joined += concat(joined.empty() ? "" : " ", token(scope));
  return joined;
}

Result<std::vector<TokenScope>> split_scopes(std::string_view text) {
  std::vector<TokenScope> scopes;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const auto scope = parse_token_scope(word);
    if (!scope)
      return error(Errc::invalid_input, concat("a token in the ledger has the unknown scope ", in_quotes(word)));
    scopes.push_back(*scope);
  }
  return scopes;
}

Result<std::vector<TokenRecord>> select_tokens(Connection& connection, std::string_view rest, ValuesView values) {
  LIC_TRY_ASSIGN(Rows rows, connection.query(concat("SELECT ", kColumns, " FROM tokens ", rest), values));
  std::vector<TokenRecord> found;
  while (true) {
    LIC_TRY_ASSIGN(const bool more, rows.next());
    if (!more) return found;
    LIC_TRY_ASSIGN(auto scopes, split_scopes(rows.text(3)));
    found.push_back({rows.text(0), rows.text(1), rows.text(2), std::move(scopes), rows.time(4), rows.time(5),
                     rows.optional_time(6), rows.optional_time(7)});
  }
}

Error no_such_token(std::string_view id) {
  return error(Errc::not_found, concat("no token ", in_quotes(id), " in the ledger"));
}

}  // namespace

Result<void> insert_token(Connection& connection, const TokenRecord& record) {
  LIC_TRY_ASSIGN(const auto same_name,
                 connection.number("SELECT number FROM tokens WHERE name = ?1 AND revoked_at IS NULL", {record.name}));
  if (same_name != 0)
    return error(Errc::conflict, concat("there is a token called ", in_quotes(record.name), " already"),
                 "revoke it first, or choose another name");
  LIC_TRY_ASSIGN(const auto known,
                 connection.number("SELECT number FROM tokens WHERE id = ?1 OR hash = ?2", {record.id, record.hash}));
  if (known != 0) return error(Errc::conflict, concat("token ", printable(record.id), " is in the ledger already"));
  LIC_TRY_ASSIGN(const auto number, next_row_number(connection, "tokens"));
  const std::string scopes = join_scopes(record.scopes);
  return connection.run(
      "INSERT INTO tokens (number, id, name, hash, scopes, created_at, expires_at, revoked_at, used_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {number, record.id, record.name, record.hash, std::string_view(scopes), value_of(record.created_at),
       value_of(record.expires_at), value_of(record.revoked_at), value_of(record.used_at)});
}

Result<bool> mark_token_revoked(Connection& connection, std::string_view id, Time at) {
  LIC_TRY_ASSIGN(const auto found, select_tokens(connection, "WHERE id = ?1", {id}));
  if (found.empty()) return no_such_token(id);
  if (found.front().revoked_at) return false;
  LIC_TRY(connection.run("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1", {id, value_of(at)}));
  return true;
}

Result<void> note_token_use(Connection& connection, std::string_view id, Time at) {
  return connection.run("UPDATE tokens SET used_at = ?2 WHERE id = ?1", {id, value_of(at)});
}

Result<void> put_reply(Connection& connection, const ReplyRecord& reply) {
  return connection.run(
      "INSERT INTO idempotency (token, key, request, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
      "ON CONFLICT (token, key) DO UPDATE SET request = excluded.request, status = excluded.status, "
      "body = excluded.body, at = excluded.at",
      {reply.token, reply.key, reply.request, reply.status, reply.body, value_of(reply.at)});
}

Result<void> forget_replies(Connection& connection, Time before, std::int64_t most) {
  std::vector<std::pair<std::string, std::string>> old;
  {
    LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT token, key FROM idempotency WHERE at < ?1 ORDER BY at LIMIT ?2",
                                               {value_of(before), most}));
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) break;
      old.emplace_back(rows.text(0), rows.text(1));
    }
  }
  for (const auto& [token, key] : old)
    LIC_TRY(connection.run("DELETE FROM idempotency WHERE token = ?1 AND key = ?2",
                           {std::string_view(token), std::string_view(key)}));
  return {};
}

Result<std::vector<TokenRecord>> tokens(Connection& connection) {
  return select_tokens(connection, "ORDER BY number", {});
}

Result<std::optional<TokenRecord>> find_token(Connection& connection, std::string_view hash) {
  LIC_TRY_ASSIGN(auto found, select_tokens(connection, "WHERE hash = ?1", {hash}));
  return found.empty() ? std::optional<TokenRecord>() : std::optional(std::move(found.front()));
}

Result<std::optional<ReplyRecord>> find_reply(Connection& connection, std::string_view token, std::string_view key) {
  LIC_TRY_ASSIGN(Rows rows, connection.query("SELECT token, key, request, status, body, at FROM idempotency "
                                             "WHERE token = ?1 AND key = ?2",
                                             {token, key}));
  LIC_TRY_ASSIGN(const bool found, rows.next());
  if (!found) return std::optional<ReplyRecord>();
  return std::optional(
      ReplyRecord{rows.text(0), rows.text(1), rows.text(2), rows.integer(3), rows.text(4), rows.time(5)});
}

}  // namespace lic::sql
