#include "ledger/sql_licenses.hpp"

#include <chrono>

#include "base/text.hpp"
#include "policy/decide.hpp"

namespace lic::sql {
namespace {

constexpr char kEscape = '!';

/// A user's `*` and `?` as a pattern of LIKE ... ESCAPE.
std::string like_pattern(std::string_view glob) {
  std::string pattern;
  for (const char symbol : glob) {
    if (symbol == '%' || symbol == '_' || symbol == kEscape) pattern += kEscape;
    pattern += symbol == '*' ? '%' : symbol == '?' ? '_' : symbol;
  }
  return pattern;
}

std::string columns_with(std::string_view activations) {
  return concat(
      "number, key, id, serial, plan, kind, customer, email, issued_at, starts_at, expires_at, grace_days, seats, "
      "order_id, note, batch, revoked_at, revoke_reason, created_at, maintenance_until, suspended_at, ",
      activations, ", ", status_sql());
}

}  // namespace

const std::string& status_sql() {
  constexpr std::string_view kHolds = "(expires_at IS NULL OR ?1 < expires_at)";
  const auto when = [](const std::string& condition, Reason reason) {
    return concat(" WHEN ", condition, " THEN ", static_cast<int>(reason));
  };
  const auto kind_is = [&](Kind kind) { return concat(kHolds, " AND kind = '", token(kind), "'"); };
  const auto seconds = std::chrono::seconds(kExpiringWithin).count();
  static const std::string sql =
      concat("CASE", when("revoked_at IS NOT NULL", Reason::revoked),
             when("suspended_at IS NOT NULL", Reason::suspended), when("?1 < starts_at", Reason::not_yet_valid),
             when(kind_is(Kind::free), Reason::free), when(kind_is(Kind::trial), Reason::trial),
             when(concat(kHolds, " AND expires_at - ?1 < ", seconds), Reason::expiring),
             when(std::string(kHolds), Reason::valid), when("?1 < expires_at + grace_days * 86400", Reason::grace),
             " ELSE ", static_cast<int>(Reason::expired), " END");
  return sql;
}

const std::string& license_columns() {
  constexpr std::string_view kCounted =
      "CASE WHEN EXISTS (SELECT 1 FROM activations) THEN "  // asked once for all rows
      "(SELECT count(*) FROM activations AS a WHERE a.license = licenses.number AND a.expires_at > ?1) + "
      "(SELECT count(*) FROM activations AS a WHERE a.license = licenses.number AND a.expires_at IS NULL "
      "AND a.ended_at IS NULL) ELSE 0 END";
  static const std::string columns = columns_with(kCounted);
  return columns;
}

const std::string& uncounted_license_columns() {
  static const std::string columns = columns_with("0");
  return columns;
}

Result<LicenseSummary> read_license(const Rows& rows) {
  LicenseSummary summary;
  int column = 1;  // the number is the caller's
  summary.key = rows.text(column++);
  summary.id = rows.text(column++);
  summary.serial = rows.integer(column++);
  summary.plan = rows.text(column++);
  const std::string kind = rows.text(column++);
  if (const auto known = parse_kind(kind); known)
    summary.kind = *known;
  else
    return error(Errc::invalid_input,
                 concat("license ", printable(summary.key), " is of an unknown kind in the ledger, ", in_quotes(kind)));
  summary.customer.name = rows.text(column++);
  summary.customer.email = rows.text(column++);
  summary.issued_at = rows.time(column++);
  summary.starts_at = rows.time(column++);
  summary.expires_at = rows.optional_time(column++);
  summary.grace_days = rows.integer(column++);
  summary.seats = rows.integer(column++);
  summary.order = rows.text(column++);
  summary.note = rows.text(column++);
  summary.batch = rows.text(column++);
  summary.revoked_at = rows.optional_time(column++);
  summary.revoke_reason = rows.text(column++);
  summary.created_at = rows.time(column++);
  summary.maintenance_until = rows.optional_time(column++);
  summary.suspended_at = rows.optional_time(column++);
  summary.activations = rows.integer(column++);
  summary.status = static_cast<Reason>(rows.integer(column++));
  return summary;
}

Result<LicenseFile> read_license_file(const Rows& rows) {
  return LicenseFile{rows.text(1), rows.text(2), rows.time(3), rows.integer(4) != 0};
}

PageQuery::PageQuery(const Connection& connection, const LicenseFilter& filter, Time now, std::string_view columns,
                     std::string_view tables)
    : connection_(connection), now_(value_of(now)) {
  if (filter.status) require(concat(status_sql(), " = "), static_cast<std::int64_t>(*filter.status));
  if (!filter.plan.empty()) require("plan = ", std::string_view(filter.plan));
  if (!filter.email.empty()) require_folded("email", " = ", filter.email);
  if (!filter.order.empty()) require("order_id = ", std::string_view(filter.order));
  if (!filter.batch.empty()) require("batch = ", std::string_view(filter.batch));
  if (!filter.customer.empty()) require_folded("customer", " = ", filter.customer);
  if (!filter.customer_glob.empty()) require_customer(filter.customer_glob);
  if (filter.expires_before)
    require("revoked_at IS NULL AND expires_at > ?1 AND expires_at <= ", value_of(*filter.expires_before));
  if (filter.has_usage)
    conditions_ += " AND EXISTS (SELECT 1 FROM usage_statements AS u WHERE u.license = licenses.number)";
  sql_ = concat("SELECT ", columns, " FROM ", tables, " WHERE number > ?2", conditions_, " ORDER BY number LIMIT ?3");
}

void PageQuery::require(std::string_view condition, const Value& argument, std::string_view after) {
  arguments_.push_back(argument);
  conditions_ += concat(" AND ", condition, "?", arguments_.size() + 3, after);
}

void PageQuery::require_folded(std::string_view column, std::string_view comparison, std::string_view text,
                               std::string_view after) {
  arguments_.emplace_back(text);
  const std::string parameter = concat("?", arguments_.size() + 3);
  conditions_ += concat(" AND ", connection_.folded(column), comparison, connection_.folded(parameter), after);
}

void PageQuery::require_customer(std::string_view glob) {
  if (glob.find_first_of("*?") == std::string_view::npos) return require_folded("customer", " = ", glob);
  pattern_ = like_pattern(glob);
  require_folded("customer", " LIKE ", pattern_, concat(" ESCAPE '", kEscape, "'"));
}

}  // namespace lic::sql
