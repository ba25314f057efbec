#include "ledger/sql_ledger.hpp"

#include <algorithm>
#include <limits>

#include "base/result.hpp"
#include "base/text.hpp"
#include "ledger/sql_leases.hpp"
#include "ledger/sql_licenses.hpp"
#include "ledger/sql_tokens.hpp"
#include "ledger/sql_transaction.hpp"
#include "ledger/sql_usage.hpp"
#include "ledger/sql_webhooks.hpp"

namespace lic::sql {
namespace {

/// How many licenses are read at a time, and how many documents: at most 256 x 64 KiB.
constexpr std::int64_t kPage = 1000;
constexpr std::int64_t kDocumentPage = 256;
constexpr std::size_t kGlobLimit = 1000;

Result<std::vector<Role>> split_roles(std::string_view text) {
  std::vector<Role> roles;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const auto is_word = [&](Role role) { return token(role) == word; };
    constexpr Role kRoles[] = {Role::license, Role::revocations, Role::lease};
    const auto* role = std::find_if(std::begin(kRoles), std::end(kRoles), is_word);
    if (role == std::end(kRoles))
      return error(Errc::invalid_input, concat("a key in the ledger has the unknown role ", in_quotes(word)));
    roles.push_back(*role);
  }
  return roles;
}

class SqlSnapshot final : public Snapshot {
 public:
  explicit SqlSnapshot(Scope scope) : scope_(std::move(scope)) {}

 private:
  Scope scope_;
};

class SqlLedger final : public Ledger {
 public:
  explicit SqlLedger(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Result<std::unique_ptr<Transaction>> begin() override { return begin_change(connection_); }

  Result<std::unique_ptr<Snapshot>> snapshot() override {
    LIC_TRY_ASSIGN(Scope scope, Scope::begin(connection_, ScopeKind::read));
    LIC_TRY(connection_->check_version());  // the moment is that of the first read
    return std::unique_ptr<Snapshot>(std::make_unique<SqlSnapshot>(std::move(scope)));
  }

  std::vector<std::shared_ptr<Flusher>> flushers() override { return connection_->flushers(); }
  Result<void> tidy() override { return connection_->tidy(); }
  Result<void> check_version() override { return connection_->check_version(); }
  const std::optional<Error>& outdated() const override { return connection_->outdated(); }

  Result<std::vector<KeyRecord>> keys() override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT purpose, public_key, roles, not_before, not_after, created_at "
                                                 "FROM keys ORDER BY number"));
    std::vector<KeyRecord> keys;
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return keys;
      LIC_TRY_ASSIGN(const auto key, PublicKey::from_base64(rows.text(1)));
      LIC_TRY_ASSIGN(auto roles, split_roles(rows.text(2)));
      TrustedKey trusted{key, std::move(roles), rows.optional_time(3), rows.optional_time(4)};
      keys.push_back({rows.text(0), std::move(trusted), rows.time(5)});
    }
  }

  Result<std::string> catalog() override { return current("catalog", "catalogue"); }
  Result<void> catalogs(const std::function<Result<void>(const CatalogVersion&)>& visit) override {
    CatalogVersion found;
    while (true) {  // one at a time: no lock is held while `visit` runs
      {
        LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT version, catalog, imported_at FROM products "
                                                     "WHERE version > ?1 ORDER BY version LIMIT 1",
                                                     {found.version}));
        LIC_TRY_ASSIGN(const bool more, rows.next());
        if (!more) return {};
        found = {rows.integer(0), rows.text(1), rows.time(2)};
      }
      LIC_TRY(visit(found));
    }
  }
  Result<std::string> product_file() override { return current("product_file", "product file"); }

  Result<std::string> product_file_of(std::int64_t version) override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT product_file FROM products WHERE version = ?1", {version}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return error(Errc::not_found, concat("the ledger has no version ", version, " of the product file"));
    return rows.text(0);
  }

  Result<std::vector<std::int64_t>> product_versions() override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT version FROM products ORDER BY version"));
    std::vector<std::int64_t> versions;
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return versions;
      versions.push_back(rows.integer(0));
    }
  }

  Result<LicenseRecord> find(const LicenseKey& key, Time now) override {
    return find_with(license_columns(), key, now);
  }

  Result<LicenseRecord> find_uncounted(const LicenseKey& key, Time now) override {
    return find_with(uncounted_license_columns(), key, now);
  }

  Result<SeatedLicense> find_seated(const LicenseKey& key, std::int64_t known_serial, Time now) override {
    static const std::string kSeated = concat(
        "SELECT number, serial, ", status_sql(),
        ", CASE WHEN serial = ?3 THEN NULL ELSE (SELECT document FROM documents WHERE license = licenses.number) END, "
        "CASE WHEN EXISTS (SELECT 1 FROM activations AS a WHERE a.license = licenses.number AND a.expires_at <= ?1) "
        "THEN 1 ELSE 0 END FROM licenses WHERE key = ?2");
    LIC_TRY_ASSIGN(Rows rows, connection_->query(kSeated, {value_of(now), key.text(), known_serial}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return no_such_license(key.text());
    connection_->note_license(key.text(), rows.integer(0));
    return SeatedLicense{rows.integer(1), static_cast<Reason>(rows.integer(2)), rows.text(3), rows.integer(4) != 0};
  }

  Result<LicenseKey> key_of_id(std::string_view id) override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT key FROM licenses WHERE id = ?1", {id}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return error(Errc::not_found, concat("no license with the id ", in_quotes(id), " in the ledger"));
    return LicenseKey::parse(rows.text(0));
  }

  Result<void> list(const LicenseFilter& filter, Time now,
                    const std::function<Result<void>(const LicenseSummary&)>& visit) override {
    return each(filter, PageQuery(*connection_, filter, now, license_columns(), "licenses"), kPage, read_license,
                visit);
  }

  Result<void> documents(const LicenseFilter& filter, Time now,
                         const std::function<Result<void>(const LicenseFile&)>& visit) override {
    const PageQuery query(*connection_, filter, now, kLicenseFileColumns,
                          "licenses JOIN documents ON license = number");
    return each(filter, query, kDocumentPage, read_license_file, visit);
  }

  Result<std::optional<Activation>> find_activation(std::string_view request) override {
    LIC_TRY_ASSIGN(auto found, activations_where(*connection_, "request = ?1", request));
    return found.empty() ? std::optional<Activation>() : std::optional(std::move(found.front()));
  }

  Result<std::vector<Activation>> activations(std::string_view key) override {
    return activations_where(*connection_, "a.license = (SELECT number FROM licenses WHERE key = ?1)", key);
  }

  Result<std::vector<Activation>> leases_like(std::string_view key, std::span<const std::string> marks) override {
    return sql::leases_like(*connection_, key, marks);
  }

  Result<std::vector<std::string>> lapsed_leases(std::string_view key, Time now) override {
    return sql::lapsed_leases(*connection_, key, now);
  }

  Result<std::int64_t> running_leases(std::string_view key, Time now) override {
    return sql::running_leases(*connection_, key, now);
  }

  Result<std::vector<Waiting>> waiting(std::string_view key) override { return sql::waiting(*connection_, key); }

  Result<std::vector<std::string>> machines_that_left(std::string_view key, Time since) override {
    return sql::machines_that_left(*connection_, key, since);
  }

  Result<std::optional<Time>> next_lease_end(std::string_view key, Time now) override {
    return sql::next_lease_end(*connection_, key, now);
  }

  Result<std::vector<TrialRecord>> trials_like(std::span<const std::string> marks) override {
    return sql::trials_like(*connection_, marks);
  }

  Result<std::int64_t> activation_count() override { return connection_->number("SELECT count(*) FROM activations"); }

  Result<MachineIndex> machine_index(std::string_view key) override { return sql::machine_index(*connection_, key); }

  Result<std::int64_t> machine_index_rows() override {
    return connection_->number("SELECT count(*) FROM machine_marks");
  }

  Result<std::optional<UsageRecord>> find_usage(std::string_view key, std::string_view device,
                                                std::int64_t seq) override {
    return sql::find_usage(*connection_, key, device, seq);
  }

  Result<std::vector<UsageRecord>> newest_usage(std::string_view key) override {
    return sql::newest_usage(*connection_, key);
  }

  Result<void> usage_of(std::string_view key, const std::function<Result<void>(const UsageRecord&)>& visit) override {
    return sql::usage_of(*connection_, key, visit);
  }

  Result<std::int64_t> usage_count() override { return connection_->number("SELECT count(*) FROM usage_statements"); }

  Result<void> list_by_customer(Time now, const std::function<Result<void>(const LicenseSummary&)>& visit) override {
    const std::string column = connection_->folded("customer");
    const std::string given = connection_->folded("?2");
    const std::string select = concat("SELECT ", license_columns(), " FROM licenses WHERE ", column);
    // One comparison of both columns would not be looked up in the index.
    const std::string same = concat(select, " = ", given, " AND number > ?3 ORDER BY number LIMIT ", kPage);
    const std::string next = concat(select, " > ", given, " ORDER BY ", column, ", number LIMIT ", kPage);
    std::string customer;
    std::int64_t after = 0;
    const auto visit_page = [&](const std::string& sql, bool within) -> Result<bool> {
      Values values{value_of(now), std::string_view(customer)};
      if (within) values.emplace_back(after);
      LIC_TRY_ASSIGN(const auto page, read_page(*connection_, sql, values, read_license));
      for (const LicenseSummary& license : page.licenses) LIC_TRY(visit(license));
      if (!page.licenses.empty()) customer = page.licenses.back().customer.name, after = page.last;
      return std::ssize(page.licenses) == kPage;
    };
    for (bool more = true; more;) {
      for (bool same_customer = true; same_customer;) {
        LIC_TRY_ASSIGN(same_customer, visit_page(same, true));
      }
      LIC_TRY_ASSIGN(more, visit_page(next, false));
    }
    return {};
  }

  Result<std::optional<Time>> newest_paid_license(std::string_view email) override {
    LIC_TRY_ASSIGN(Rows rows,
                   connection_->query(concat("SELECT max(created_at) FROM licenses WHERE email IS NOT NULL AND ",
                                             connection_->folded("email"), " = ", connection_->folded("?1"),
                                             " AND kind <> 'trial' AND kind <> 'free'"),
                                      {email}));
    LIC_TRY(rows.next());
    return rows.optional_time(0);
  }

  Result<std::vector<HistoryEntry>> history(std::string_view key) override {
    LIC_TRY_ASSIGN(const auto license, number_of_license(*connection_, key));
    const HistoryOf of(key, license);
    LIC_TRY_ASSIGN(Rows rows,
                   connection_->query(concat("SELECT at, actor, action, key, reason, detail FROM history WHERE ",
                                             of.condition, " ORDER BY number"),
                                      of.values));
    std::vector<HistoryEntry> entries;
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return entries;
      entries.push_back({rows.time(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5)});
    }
  }

  Result<void> history_by_number(const std::function<Result<void>(const HistoryRow&)>& visit) override {
    std::int64_t after = 0;
    return pages("WHERE number > ?1 ORDER BY number", visit, [&](const HistoryRow* last) {
      if (last != nullptr) after = last->number;
      return Values{after};
    });
  }

  Result<void> history_by_license(const std::function<Result<void>(const HistoryRow&)>& visit) override {
    std::int64_t after = 0;
    std::int64_t license = 0;
    std::string key;
    LIC_TRY(pages("WHERE license IS NULL AND key IS NULL AND number > ?1 ORDER BY number", visit,
                  [&](const HistoryRow* last) {
                    if (last != nullptr) after = last->number;
                    return Values{after};
                  }));
    after = 0;  // of licenses that are not in the ledger: nobody but a hand can have made them so
    LIC_TRY(pages("WHERE license IS NULL AND (key, number) > (?1, ?2) ORDER BY key, number", visit,
                  [&](const HistoryRow* last) {
                    if (last != nullptr) key = last->entry.key, after = last->number;
                    return Values{std::string_view(key), after};
                  }));
    after = 0;
    return pages("WHERE (license, number) > (?1, ?2) ORDER BY license, number", visit, [&](const HistoryRow* last) {
      if (last != nullptr) license = last->license, after = last->number;
      return Values{license, after};
    });
  }

  Result<std::int64_t> newest_history_number() override {
    return connection_->number("SELECT value FROM counters WHERE name = 'history'");
  }

  Result<std::optional<Time>> newest_history_time() override {
    // Not the last entry alone: after one that was made by a slow clock the next is to be told as well.
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT max(at) FROM (SELECT at FROM (SELECT at FROM history ORDER BY "
                                                 "number DESC LIMIT 1000) AS newest UNION ALL SELECT created_at FROM "
                                                 "keys UNION ALL SELECT imported_at FROM products) AS times"));
    LIC_TRY(rows.next());
    return rows.optional_time(0);
  }

  Result<std::int64_t> unchained_history() override {
    return connection_->number("SELECT value FROM counters WHERE name = 'history-before-chain'");
  }

  Result<void> misplaced_history(const std::function<Result<void>(std::int64_t)>& visit) override {
    LIC_TRY_ASSIGN(
        Rows rows,
        connection_->query("SELECT number FROM history AS h WHERE number < 1 OR key = '' OR reason = '' OR "
                           "detail = '' OR (license IS NULL AND key IS NOT NULL) OR (license IS NOT NULL AND NOT "
                           "EXISTS (SELECT 1 FROM licenses AS l WHERE l.number = h.license AND l.key = h.key))"));
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return {};
      LIC_TRY(visit(rows.integer(0)));
    }
  }

  Result<std::int64_t> newest_revocation_seq() override {
    return connection_->number("SELECT value FROM counters WHERE name = 'revocations'");
  }

  Result<void> licenses_without_history(const std::function<Result<void>(std::string_view)>& visit) override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT key FROM licenses WHERE NOT EXISTS "
                                                 "(SELECT 1 FROM history WHERE history.license = licenses.number "
                                                 "AND history.key = licenses.key)"));
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return {};
      LIC_TRY(visit(rows.text(0)));
    }
  }

  Result<std::vector<Revocation>> revocations() override {
    LIC_TRY_ASSIGN(Rows rows, connection_->query("SELECT id, revoke_reason, revoked_at FROM licenses "
                                                 "WHERE revoked_at IS NOT NULL ORDER BY id"));
    std::vector<Revocation> revocations;
    while (true) {
      LIC_TRY_ASSIGN(const bool found, rows.next());
      if (!found) return revocations;
      revocations.push_back({rows.text(0), rows.text(1), rows.time(2)});
    }
  }

  Result<std::vector<TokenRecord>> tokens() override { return sql::tokens(*connection_); }

  Result<std::optional<TokenRecord>> find_token(std::string_view hash) override {
    return sql::find_token(*connection_, hash);
  }

  Result<std::vector<WebhookRecord>> webhooks() override { return sql::webhooks(*connection_); }

  Result<std::vector<WaitingWebhook>> waiting_webhooks() override { return sql::waiting_webhooks(*connection_); }

  Result<std::vector<Delivery>> deliveries(const DeliveryFilter& filter) override {
    return sql::deliveries(*connection_, filter);
  }

  Result<std::optional<ReplyRecord>> find_reply(std::string_view token, std::string_view key) override {
    return sql::find_reply(*connection_, token, key);
  }

 private:
  Result<LicenseRecord> find_with(std::string_view columns, const LicenseKey& key, Time now) {
    LIC_TRY_ASSIGN(Rows rows, connection_->query(concat("SELECT ", columns,
                                                        ", document FROM licenses "
                                                        "JOIN documents ON license = number WHERE key = ?2"),
                                                 {value_of(now), key.text()}));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return no_such_license(key.text());
    LIC_TRY_ASSIGN(LicenseSummary summary, read_license(rows));
    return LicenseRecord{std::move(summary), rows.text(kLicenseColumns)};
  }

  /// Visits the history page by page; `bounds` gives the parameters that follow the
  /// last row seen (null at first).
  template <class Bounds>
  Result<void> pages(std::string_view where, const std::function<Result<void>(const HistoryRow&)>& visit,
                     Bounds bounds) {
    constexpr std::size_t kRows = 500;
    const std::string sql = concat("SELECT number, at, actor, action, key, reason, detail, link, license FROM history ",
                                   where, " LIMIT ", kRows);
    std::vector<HistoryRow> page;
    do {
      const HistoryRow* last = page.empty() ? nullptr : &page.back();
      const Values values = bounds(last);
      std::vector<HistoryRow> next;
      LIC_TRY_ASSIGN(Rows rows, connection_->query(sql, values));
      while (true) {
        LIC_TRY_ASSIGN(const bool found, rows.next());
        if (!found) break;
        next.push_back({rows.integer(0),
                        {rows.time(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6)},
                        rows.text(7),
                        rows.integer(8)});
      }
      page = std::move(next);
      for (const HistoryRow& row : page) LIC_TRY(visit(row));
    } while (page.size() == kRows);
    return {};
  }

  Result<std::string> current(std::string_view column, std::string_view what) {
    LIC_TRY_ASSIGN(Rows rows,
                   connection_->query(concat("SELECT ", column, " FROM products ORDER BY version DESC LIMIT 1")));
    LIC_TRY_ASSIGN(const bool found, rows.next());
    if (!found) return error(Errc::not_found, concat("no ", what, " in the ledger"), "licgen catalog import FILE");
    return rows.text(0);
  }

  template <class License>
  Result<void> each(const LicenseFilter& filter, const PageQuery& query, std::int64_t most,
                    Result<License> (*read_row)(const Rows&),
                    const std::function<Result<void>(const License&)>& visit) {
    if (filter.customer_glob.size() > kGlobLimit)
      return error(Errc::invalid_input, concat("a customer pattern may have ", kGlobLimit, " bytes at most"));
    std::int64_t after = 0;
    if (!filter.after.empty()) {
      LIC_TRY_ASSIGN(after, connection_->number("SELECT number FROM licenses WHERE key = ?1", {filter.after}));
      if (after == 0) return no_such_license(filter.after);
    }
    std::int64_t left = filter.limit.value_or(std::numeric_limits<std::int64_t>::max());
    while (left > 0) {
      const std::int64_t size = std::min(left, most);
      LIC_TRY_ASSIGN(const auto page, query.read(*connection_, after, size, read_row));
      for (const License& license : page.licenses) LIC_TRY(visit(license));
      if (std::ssize(page.licenses) < size) return {};
      after = page.last;
      left -= size;
    }
    return {};
  }

  std::shared_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Ledger> make_ledger(std::shared_ptr<Connection> connection) {
  return std::make_unique<SqlLedger>(std::move(connection));
}

}  // namespace lic::sql
