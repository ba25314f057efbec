#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "crypto/signing.hpp"
#include "ledger/history_chain.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/ledger_fixture.hpp"
#include "support/raw_ledger.hpp"

using namespace lic;
using namespace lic::test;

namespace {

struct Fixture : LedgerFixture {
  std::vector<std::string> keys(const LicenseFilter& filter) {
    std::vector<std::string> keys;
    const auto listed = ledger->list(filter, now, [&](const LicenseSummary& license) {
      keys.push_back(license.key);
      return Result<void>();
    });
    REQUIRE(listed);
    return keys;
  }

  std::size_t count(const LicenseFilter& filter) { return keys(filter).size(); }
};

Errc code_of(const auto& result) {
  REQUIRE(!result);
  return result.error().code;
}

}  // namespace

TEST_CASE("a license comes back from the ledger as it went in", "[ledger]") {
  Fixture f;
  Terms terms = numbered_terms(1);
  terms.serial = 3;
  terms.kind = Kind::academic;
  terms.customer = {"O'Brien \"; DROP TABLE licenses; --\x1b[31m \u202e\n\u00e9", ""};
  terms.starts_at = at("2026-11-23T01:02:03Z");
  terms.seats = 5;
  terms.order = "PO-1234";
  REQUIRE(f.change([&](Transaction& t) { return t.add_license(terms, "{\"payload\":\"x'y\"}", "a 'note'", "b1"); }));

  const auto found = f.ledger->find(key_of(terms), f.now);
  REQUIRE(found);
  CHECK(found->document == "{\"payload\":\"x'y\"}");
  const LicenseSummary& summary = found->summary;
  CHECK(summary.key == terms.key);
  CHECK(summary.id == terms.id);
  CHECK(summary.serial == 3);
  CHECK(summary.status == Reason::valid);
  CHECK(summary.plan == "professional");
  CHECK(summary.kind == Kind::academic);
  CHECK(summary.customer == terms.customer);
  CHECK(summary.issued_at == terms.issued_at);
  CHECK(summary.starts_at == terms.starts_at);
  CHECK(summary.expires_at == terms.expires_at);
  CHECK(summary.grace_days == 7);
  CHECK(summary.seats == 5);
  CHECK(summary.order == "PO-1234");
  CHECK(summary.note == "a 'note'");
  CHECK(summary.batch == "b1");
  CHECK(!summary.revoked_at);
  CHECK(code_of(f.ledger->find(key_of(numbered_terms(2)), f.now)) == Errc::not_found);
}

TEST_CASE("no key and no id is issued twice", "[ledger]") {
  Fixture f;
  f.add(numbered_terms(1));
  auto transaction = f.ledger->begin().value();
  Terms same_key = numbered_terms(2);
  same_key.key = numbered_terms(1).key;
  const auto key_taken = transaction->add_license(same_key, "x", "", "");
  CHECK(code_of(key_taken) == Errc::conflict);
  CHECK(key_taken.error().message == "license key " + same_key.key + " is in the ledger already");
  Terms same_id = numbered_terms(2);
  same_id.id = numbered_terms(1).id;
  const auto id_taken = transaction->add_license(same_id, "x", "", "");
  CHECK(code_of(id_taken) == Errc::conflict);
  CHECK(id_taken.error().message == "license id " + same_id.id + " is in the ledger already");
  // A conflict costs the license alone: the change goes on.
  REQUIRE(transaction->add_license(numbered_terms(3), "x", "", ""));
  REQUIRE(transaction->commit());
  CHECK(f.keys({}) == std::vector{numbered_terms(1).key, numbered_terms(3).key});
  CHECK(f.ledger->find(key_of(numbered_terms(1)), f.now)->document == "document of " + numbered_terms(1).key);
}

TEST_CASE("a change that is not committed never happened", "[ledger]") {
  Fixture f;
  {
    auto transaction = f.ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(1), "x", "", ""));
    REQUIRE(transaction->record({f.now, "ops", "create", numbered_terms(1).key, "", ""}));
    CHECK(transaction->next_revocation_seq().value() == 1);
    CHECK(f.count({}) == 1);
  }
  CHECK(f.count({}) == 0);
  CHECK(f.ledger->history(numbered_terms(1).key)->empty());
  CHECK(f.change([](Transaction& t) { return t.next_revocation_seq(); }).value() == 1);
  CHECK(f.change([](Transaction& t) { return t.next_revocation_seq(); }).value() == 2);
}

TEST_CASE("the status of a license follows from the time", "[ledger]") {
  Fixture f;
  struct Row {
    std::string_view now;
    Reason subscription, trial, free, perpetual;
  };
  const auto kinds = {Kind::subscription, Kind::trial, Kind::free, Kind::perpetual};
  std::uint8_t n = 0;
  for (const Kind kind : kinds) {
    Terms terms = numbered_terms(n++);
    terms.kind = kind;
    if (kind == Kind::perpetual) terms.expires_at.reset();
    f.add(terms);
  }
  const auto row = GENERATE(values<Row>({
      {"2026-11-21T23:59:59Z", Reason::not_yet_valid, Reason::not_yet_valid, Reason::not_yet_valid,
       Reason::not_yet_valid},
      {"2026-11-22", Reason::valid, Reason::trial, Reason::free, Reason::valid},
      {"2027-10-23", Reason::valid, Reason::trial, Reason::free, Reason::valid},
      {"2027-10-23T00:00:01Z", Reason::expiring, Reason::trial, Reason::free, Reason::valid},
      {"2027-11-21T23:59:59Z", Reason::expiring, Reason::trial, Reason::free, Reason::valid},
      {"2027-11-22", Reason::grace, Reason::grace, Reason::grace, Reason::valid},
      {"2027-11-28T23:59:59Z", Reason::grace, Reason::grace, Reason::grace, Reason::valid},
      {"2027-11-29", Reason::expired, Reason::expired, Reason::expired, Reason::valid},
  }));
  CAPTURE(row.now);
  f.now = at(row.now);
  n = 0;
  for (const Reason expected : {row.subscription, row.trial, row.free, row.perpetual}) {
    const std::string key = numbered_terms(n++).key;
    CHECK(token(f.ledger->find(LicenseKey::parse(key).value(), f.now)->summary.status) == token(expected));
    LicenseFilter filter;
    filter.status = expected;
    const auto keys = f.keys(filter);
    CHECK(std::count(keys.begin(), keys.end(), key) == 1);
  }

  // Suspended is told before all that the time says, revoked before that.
  REQUIRE(f.raw().run("UPDATE licenses SET suspended_at = 1") == SQLITE_OK);
  CHECK(f.ledger->find(key_of(numbered_terms(0)), f.now)->summary.status == Reason::suspended);
  REQUIRE(f.change([&](Transaction& t) { return t.revoke(key_of(numbered_terms(0)), "refund", f.now); }));
  CHECK(f.ledger->find(key_of(numbered_terms(0)), f.now)->summary.status == Reason::revoked);
}

TEST_CASE("customers are found by a glob in which only * and ? are special", "[ledger]") {
  Fixture f;
  const std::vector<std::string> names{"ACME GmbH", "acme", "[x] & Sons", "x", "100%", "M\u00fcller"};
  std::uint8_t n = 0;
  for (const std::string& name : names) {
    Terms terms = numbered_terms(n++);
    terms.customer.name = name;
    f.add(terms);
  }
  const auto matches = [&](std::string_view glob) {
    LicenseFilter filter;
    filter.customer_glob = glob;
    std::set<std::string> found;
    REQUIRE(f.ledger->list(filter, f.now, [&](const LicenseSummary& license) {
      found.insert(license.customer.name);
      return Result<void>();
    }));
    return found;
  };
  using Names = std::set<std::string>;
  CHECK(matches("*") == Names(names.begin(), names.end()));
  CHECK(matches("Acme") == Names{"acme"});
  CHECK(matches("aCME*") == Names{"ACME GmbH", "acme"});
  CHECK(matches("?cme") == Names{"acme"});
  CHECK(matches("[x]") == Names{});
  CHECK(matches("[X] *") == Names{"[x] & Sons"});
  CHECK(matches("*[*") == Names{"[x] & Sons"});
  CHECK(matches("*%") == Names{"100%"});
  CHECK(matches("M?ller") == Names{"M\u00fcller"});
  CHECK(matches("x' OR '1'='1") == Names{});
  LicenseFilter filter;
  filter.customer_glob = std::string(1001, '*');
  CHECK(code_of(f.ledger->list(filter, f.now, [](const auto&) { return Result<void>(); })) == Errc::invalid_input);
}

TEST_CASE("filters narrow a list, together", "[ledger]") {
  Fixture f;
  Terms other = numbered_terms(1);
  other.plan = "enterprise";
  other.customer.email = "Ops@Initech.example";
  other.expires_at = at("2026-12-31");
  f.add(numbered_terms(0), "b1");
  f.add(other, "b2");
  Terms endless = numbered_terms(2);
  endless.expires_at.reset();
  endless.customer.email.clear();
  f.add(endless);
  const auto only = [&](auto set) {
    LicenseFilter filter;
    set(filter);
    return f.keys(filter);
  };
  CHECK(only([](auto& x) { x.plan = "enterprise"; }) == std::vector{other.key});
  CHECK(only([](auto& x) { x.email = "ops@initech.EXAMPLE"; }) == std::vector{other.key});
  CHECK(only([](auto& x) { x.email = "ops@*"; }).empty());
  CHECK(only([](auto& x) { x.batch = "b1"; }) == std::vector{numbered_terms(0).key});
  CHECK(only([](auto& x) { x.batch = "b1", x.plan = "enterprise"; }).empty());
  CHECK(only([](auto& x) { x.expires_before = at("2026-12-31"); }) == std::vector{other.key});
  CHECK(only([](auto& x) { x.expires_before = at("2026-12-30"); }).empty());
  CHECK(only([](auto& x) { x.expires_before = at("2030-01-01"); }).size() == 2);
  f.now = at("2026-12-31");  // it ends now: no longer "ends after now"
  CHECK(only([](auto& x) { x.expires_before = at("2026-12-31"); }).empty());
  f.now = at("2026-12-01");
  REQUIRE(f.change([&](Transaction& t) { return t.revoke(key_of(other), "refund", f.now); }));
  CHECK(only([](auto& x) { x.expires_before = at("2026-12-31"); }).empty());
}

TEST_CASE("pages of a list are complete and without repeats", "[ledger]") {
  Fixture f;
  std::vector<std::string> issued;
  REQUIRE(f.change([&](Transaction& t) -> Result<void> {
    for (std::uint8_t n = 0; n < 200; ++n) {
      issued.push_back(numbered_terms(n).key);
      if (auto added = t.add_license(numbered_terms(n), std::to_string(n), "", ""); !added) return added;
    }
    return {};
  }));
  CHECK(f.keys({}) == issued);
  const std::int64_t size = GENERATE(1, 63, 64, 65, 128, 199, 200, 201);
  CAPTURE(size);
  std::vector<std::string> listed;
  LicenseFilter filter;
  filter.limit = size;
  for (auto page = f.keys(filter); !page.empty(); page = f.keys(filter)) {
    CHECK(std::ssize(page) <= size);
    listed.insert(listed.end(), page.begin(), page.end());
    filter.after = page.back();
  }
  CHECK(listed == issued);
  filter = {};
  filter.limit = 0;
  CHECK(f.count(filter) == 0);
  filter.after = "TZ-PRO-0000-0000-0000-0000";
  CHECK(code_of(f.ledger->list(filter, f.now, [](const auto&) { return Result<void>(); })) == Errc::not_found);

  std::vector<std::string> documents;
  REQUIRE(f.ledger->documents({}, f.now, [&](const LicenseFile& file) {
    documents.push_back(file.key + " " + file.document);
    return Result<void>();
  }));
  REQUIRE(documents.size() == issued.size());
  CHECK(documents[150] == issued[150] + " 150");
}

TEST_CASE("a visitor ends a list, and may change the ledger meanwhile", "[ledger]") {
  Fixture f;
  for (std::uint8_t n = 0; n < 3; ++n) f.add(numbered_terms(n));
  int visits = 0;
  const auto ended = f.ledger->list({}, f.now, [&](const LicenseSummary& license) -> Result<void> {
    if (++visits == 2) return Error{Errc::unavailable, "enough", ""};
    auto other = f.open(std::chrono::milliseconds(1000));
    auto transaction = other->begin().value();
    REQUIRE(transaction->revoke(LicenseKey::parse(license.key).value(), "refund", f.now));
    return transaction->commit();
  });
  CHECK(code_of(ended) == Errc::unavailable);
  CHECK(ended.error().message == "enough");
  CHECK(visits == 2);
  CHECK(f.ledger->revocations()->size() == 1);
}

TEST_CASE("a revocation is final and keeps its first reason", "[ledger]") {
  Fixture f;
  for (std::uint8_t n = 0; n < 3; ++n) f.add(numbered_terms(n));
  const auto revoke = [&](std::uint8_t n, std::string_view reason, std::string_view when) {
    return f.change([&](Transaction& t) { return t.revoke(key_of(numbered_terms(n)), reason, at(when)); });
  };
  CHECK(revoke(2, "refund", "2026-12-02").value());
  CHECK(revoke(0, "key leaked", "2026-12-03").value());
  CHECK_FALSE(revoke(2, "refund", "2027-01-01").value());
  const auto otherwise = revoke(2, "fraud", "2027-01-01");
  CHECK(code_of(otherwise) == Errc::conflict);
  CHECK(otherwise.error().message == "license " + numbered_terms(2).key + " was revoked on 2026-12-02 for 'refund'");
  CHECK(code_of(revoke(9, "refund", "2027-01-01")) == Errc::not_found);
  const std::vector<Revocation> expected{{numbered_terms(0).id, "key leaked", at("2026-12-03")},
                                         {numbered_terms(2).id, "refund", at("2026-12-02")}};
  CHECK(f.ledger->revocations().value() == expected);
  const auto summary = f.ledger->find(key_of(numbered_terms(2)), f.now)->summary;
  CHECK(summary.revoked_at == at("2026-12-02"));
  CHECK(summary.revoke_reason == "refund");
}

TEST_CASE("history is kept in order, for a license and for the ledger", "[ledger]") {
  Fixture f;
  const HistoryEntry first{f.now, "ops", "create", "TZ-1", "", "{\"plan\":\"pro\"}"};
  const HistoryEntry second{f.now, "o'ps", "revoke", "TZ-1", "refund", ""};
  const HistoryEntry general{f.now, "ops", "catalog-import", "", "", ""};
  for (const HistoryEntry* entry : {&first, &general, &second})
    REQUIRE(f.change([&](Transaction& t) { return t.record(*entry); }));
  const auto history = f.ledger->history("TZ-1").value();
  REQUIRE(history.size() == 2);
  CHECK(history[0].action == "create");
  CHECK(history[0].at == f.now);
  CHECK(history[0].detail == first.detail);
  CHECK(history[1].actor == "o'ps");
  CHECK(history[1].reason == "refund");
  REQUIRE(f.ledger->history("")->size() == 1);
  CHECK(f.ledger->history("")->front().action == "catalog-import");
  CHECK(f.ledger->history("TZ-2")->empty());
}

TEST_CASE("the tables themselves refuse to forget", "[ledger]") {
  Fixture f;
  f.add(numbered_terms(1));
  REQUIRE(f.change([&](Transaction& t) { return t.record({f.now, "ops", "create", "TZ-1", "", ""}); }));
  REQUIRE(f.change([&](Transaction& t) { return t.revoke(key_of(numbered_terms(1)), "refund", f.now); }));
  REQUIRE(f.change([&](Transaction& t) { return t.next_revocation_seq(); }));
  const std::string sql = GENERATE(
      "UPDATE history SET actor = 'someone'", "DELETE FROM history",
      "INSERT OR REPLACE INTO history (number, at, actor, action) VALUES (1, 0, 'x', 'y')", "DELETE FROM licenses",
      "INSERT OR REPLACE INTO licenses SELECT * FROM licenses", "UPDATE licenses SET revoked_at = NULL",
      "UPDATE licenses SET revoke_reason = 'fraud'", "UPDATE licenses SET key = 'TZ-2'", "UPDATE licenses SET id = 'x'",
      "UPDATE counters SET value = 0", "DELETE FROM counters", "UPDATE licenses SET expires_at = 'soon'");
  CAPTURE(sql);
  RawDatabase raw = f.raw();
  const bool is_known = f.is_file() || sql.find("OR REPLACE") == std::string::npos;  // SQLite has that alone
  CHECK(raw.run(sql) == (is_known ? SQLITE_CONSTRAINT : SQLITE_ERROR));
  CHECK(raw.get("SELECT count(*) || max(actor) FROM history") == "1ops");
  CHECK(raw.get("SELECT count(*) || max(revoke_reason) || max(key) FROM licenses") ==
        "1refund" + numbered_terms(1).key);
  CHECK(raw.get("SELECT value FROM counters WHERE name = 'history'") == "1");
}

TEST_CASE("keys are recorded with what they may do", "[ledger]") {
  Fixture f;
  const auto root = SigningKey::generate();
  const auto license = SigningKey::generate();
  const auto record = [](std::string purpose, const PublicKey& key, std::vector<Role> roles) {
    return KeyRecord{std::move(purpose), TrustedKey{key, std::move(roles), std::nullopt, std::nullopt},
                     at("2026-01-01")};
  };
  const KeyRecord first = record("root", root.public_key(), {});
  KeyRecord second = record("license", license.public_key(), {Role::license, Role::lease});
  second.key.not_before = at("2026-01-02");
  second.key.not_after = at("2028-01-01");
  REQUIRE(f.change([&](Transaction& t) { return t.add_key(first); }));
  REQUIRE(f.change([&](Transaction& t) { return t.add_key(second); }));
  CHECK(code_of(f.change([&](Transaction& t) { return t.add_key(first); })) == Errc::conflict);
  const auto keys = f.ledger->keys().value();
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].purpose == "root");
  CHECK(keys[0].key.key == root.public_key());
  CHECK(keys[0].key.roles.empty());
  CHECK(!keys[0].key.not_after);
  CHECK(keys[1].key.key == license.public_key());
  CHECK(keys[1].key.roles == std::vector{Role::license, Role::lease});
  CHECK(keys[1].key.not_before == at("2026-01-02"));
  CHECK(keys[1].key.not_after == at("2028-01-01"));
  CHECK(keys[1].created_at == at("2026-01-01"));
  REQUIRE(f.raw().run("UPDATE keys SET roles = 'license everything'") == SQLITE_OK);
  CHECK(code_of(f.ledger->keys()) == Errc::invalid_input);
}

TEST_CASE("the newest product is the current one", "[ledger]") {
  Fixture f;
  CHECK(code_of(f.ledger->catalog()) == Errc::not_found);
  CHECK(code_of(f.ledger->product_file()) == Errc::not_found);
  const auto put = [&](std::int64_t version, std::string_view catalog) {
    return f.change([&](Transaction& t) { return t.put_product(version, catalog, "file", f.now); });
  };
  REQUIRE(put(1, "first"));
  REQUIRE(put(3, "third"));
  CHECK(code_of(put(3, "again")) == Errc::conflict);
  CHECK(code_of(put(2, "older")) == Errc::conflict);
  CHECK(f.ledger->catalog().value() == "third");
  CHECK(f.ledger->product_file().value() == "file");
  CHECK(f.ledger->product_file_of(1).value() == "file");
  CHECK(code_of(f.ledger->product_file_of(7)) == Errc::not_found);
  CHECK(f.ledger->product_versions().value() == std::vector<std::int64_t>{1, 3});
}

TEST_CASE("a batch is begun once and gone on with", "[ledger]") {
  Fixture f;
  const auto open = [&](std::string_view request) {
    return f.change([&](Transaction& t) { return t.open_batch("b1", request, f.now); });
  };
  REQUIRE(open("10 x pro"));
  REQUIRE(open("10 x pro"));
  CHECK(code_of(open("11 x pro")) == Errc::conflict);
}

namespace {

/// Adds licenses `first` to `first` + 19, each in a transaction of its own.
bool add_twenty(const LedgerAddress& address, std::uint8_t first) {
  auto ledger = open_ledger(address);
  for (std::uint8_t n = first; ledger && n < first + 20; ++n) {
    auto transaction = (*ledger)->begin();
    if (!transaction) return false;
    if (!(*transaction)->add_license(numbered_terms(n), "x", "", "")) return false;
    if (!(*transaction)->record({{}, "ops", "create", numbered_terms(n).key, "", ""})) return false;
    if (!(*transaction)->commit()) return false;
  }
  return ledger.has_value();
}

}  // namespace

TEST_CASE("processes and threads that issue at the same time lose nothing", "[ledger]") {
  Fixture f;
  std::vector<pid_t> children;
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0, 20, 40, 60})
    children.push_back(start_child([&] { return add_twenty(f.place.address(), first); }));
  for (const pid_t child : children) CHECK(went_well(child));

  std::vector<std::thread> threads;
  std::array<bool, 4> well{};
  for (std::uint8_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] { well[i] = add_twenty(f.place.address(), static_cast<std::uint8_t>(80 + 20 * i)); });
  for (std::thread& thread : threads) thread.join();
  CHECK(well == std::array{true, true, true, true});

  const auto keys = f.keys({});
  CHECK(std::set(keys.begin(), keys.end()).size() == 160);
  for (const std::string& key : keys) CHECK(f.ledger->history(key)->size() == 1);
}

namespace {

std::vector<NewLicense> many(const Terms& terms, std::uint8_t from, std::uint8_t count) {
  std::vector<NewLicense> licenses;
  for (std::uint8_t n = 0; n < count; ++n) {
    const Terms numbered = numbered_terms(static_cast<std::uint8_t>(from + n));
    licenses.push_back({numbered.id, numbered.key, "document of " + numbered.key, R"({"n":1})", &terms});
  }
  return licenses;
}

}  // namespace

TEST_CASE("licenses that are added together are as if added one by one", "[ledger]") {
  Fixture f;
  const Terms terms = numbered_terms(200);
  const auto licenses = many(terms, 1, 20);
  REQUIRE(f.change([&](Transaction& t) { return t.record({f.now, "me", "init", "", "", ""}); }));
  REQUIRE(f.change([&](Transaction& t) {
    return t.add_licenses(licenses, {f.now, "me", "create", "a note", "spring"});
  }));
  REQUIRE(f.change([&](Transaction& t) { return t.add_licenses({}, {f.now, "me", "create", "", ""}); }));
  REQUIRE(f.keys({}).size() == 20);
  for (const auto& license : licenses) {
    const auto record = f.ledger->find(LicenseKey::parse(license.key).value(), f.now).value();
    CHECK(record.document == license.document);
    CHECK(record.summary.id == license.id);
    CHECK(record.summary.plan == terms.plan);
    CHECK(record.summary.note == "a note");
    CHECK(record.summary.batch == "spring");
  }
  std::int64_t number = 0;
  REQUIRE(f.ledger->history_by_number([&](const HistoryRow& row) -> Result<void> {
    CHECK(row.number == ++number);
    CHECK(row.link == history_link("", history_text(row.number, row.entry)));
    if (number > 1) CHECK(row.entry.key == licenses.at(static_cast<std::size_t>(number) - 2).key);
    if (number > 1) CHECK(row.entry.action == "create");
    return {};
  }));
  CHECK(number == 21);
  CHECK(f.ledger->newest_history_number().value() == 21);
  CHECK(f.ledger->newest_history_time().value() == f.now);
  const Time slow = f.now - std::chrono::hours{24 * 400};
  CHECK(f.change([&](Transaction& t) { return t.record({slow, "me", "doctor", "", "", "{}"}); }));
  CHECK(f.ledger->newest_history_time().value() == f.now);
  // What guards the tables against hands runs again afterwards.
  CHECK(
      f.change([&](Transaction& t) { return t.revoke(LicenseKey::parse(licenses[0].key).value(), "refund", f.now); }));
  CHECK(f.raw().run("DELETE FROM licenses") == SQLITE_CONSTRAINT);
  CHECK(f.raw().run("UPDATE counters SET value = 1 WHERE name = 'history'") == SQLITE_CONSTRAINT);
}

TEST_CASE("of licenses that are added together one that is there loses them all", "[ledger]") {
  Fixture f;
  const Terms terms = numbered_terms(200);
  f.add(numbered_terms(7));
  auto transaction = f.ledger->begin().value();
  CHECK(code_of(transaction->add_licenses(many(terms, 1, 10), {f.now, "me", "create", "", ""})) == Errc::conflict);
  CHECK(code_of(transaction->commit()) == Errc::failure);
  transaction.reset();
  CHECK(f.keys({}).size() == 1);
  CHECK(f.ledger->newest_history_number().value() == 0);
  CHECK_FALSE(f.ledger->newest_history_time().value());
}

TEST_CASE("an entry of history is bound by the JSON that any writer of JSON gives", "[ledger]") {
  for (const std::string text :
       {"plain", "with \"quotes\" and \\", "a\nline", "\x01", "\x7f", "Gr\u00fc\u00dfe", "\xff"}) {
    const HistoryEntry entry{at("2026-12-01T01:02:03Z"), text, "create", "", text, text};
    const nlohmann::json row = {5, "2026-12-01T01:02:03Z", text, "create", nullptr, text, text};
    CHECK(history_text(5, entry) == row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
}

TEST_CASE("all licenses, customer by customer", "[ledger]") {
  Fixture f;
  const char* const names[] = {"b", "A", "B", "a", "c"};
  std::vector<std::string> expected[3];
  for (std::uint8_t i = 0; i < 250; ++i) {
    Terms terms = numbered_terms(i);
    terms.customer.name = names[i % 5];
    f.add(terms);
    const char folded = static_cast<char>(names[i % 5][0] | 0x20);
    expected[folded - 'a'].push_back(terms.key);
  }
  std::vector<std::string> order;
  for (const auto& keys : expected) order.insert(order.end(), keys.begin(), keys.end());
  std::vector<std::string> listed;
  REQUIRE(f.ledger->list_by_customer(f.now, [&](const LicenseSummary& license) -> Result<void> {
    listed.push_back(license.key);
    return f.ledger->history(license.key) ? Result<void>() : Error{};  // it may read meanwhile
  }));
  CHECK(listed == order);
  const auto stopped = f.ledger->list_by_customer(f.now, [](const LicenseSummary&) -> Result<void> {
    return Error{Errc::conflict, "enough", {}};
  });
  CHECK(code_of(stopped) == Errc::conflict);
}

TEST_CASE("when an address last bought something", "[ledger]") {
  Fixture f;
  CHECK(f.ledger->newest_paid_license("ops@acme.example").value() == std::nullopt);
  for (std::uint8_t i = 0; i < 4; ++i) {
    Terms terms = numbered_terms(i);
    terms.customer.email = i == 3 ? "" : "Ops@acme.example";
    terms.kind = i == 2 ? Kind::trial : Kind::subscription;
    terms.issued_at += std::chrono::days{i};
    f.add(terms);
  }
  const Time second = numbered_terms(1).issued_at + std::chrono::days{1};
  CHECK(f.ledger->newest_paid_license("ops@ACME.example").value() == second);
  CHECK(f.ledger->newest_paid_license("").value() == std::nullopt);
}

TEST_CASE("all catalogues there were", "[ledger]") {
  Fixture f;
  for (std::int64_t version = 1; version <= 3; ++version)
    REQUIRE(f.change([&](Transaction& t) {
      return t.put_product(version, "catalogue " + std::to_string(version), "{}", f.now + std::chrono::days{version});
    }));
  std::string seen;
  REQUIRE(f.ledger->catalogs([&](const CatalogVersion& v) -> Result<void> {
    CHECK(v.imported_at == f.now + std::chrono::days{v.version});
    seen += v.catalog + ";";
    return {};
  }));
  CHECK(seen == "catalogue 1;catalogue 2;catalogue 3;");
}

TEST_CASE("ledger: nothing is begun in one that a newer licgen has brought up to date meanwhile", "[ledger]") {
  LedgerFixture f;
  f.add(numbered_terms(1));
  const std::string known =
      f.raw().get(f.is_file() ? "PRAGMA user_version" : "SELECT CAST(version AS TEXT) FROM ledger");
  const auto set_version = [&](const std::string& version) {
    REQUIRE(f.raw().run(concat(f.is_file() ? "PRAGMA user_version = " : "UPDATE ledger SET version = ", version)) ==
            SQLITE_OK);
  };
  CHECK(!f.ledger->outdated());
  set_version("99");
  const auto reads_first = GENERATE(true, false);
  const Error fault = reads_first ? f.ledger->snapshot().error() : f.ledger->begin().error();
  CHECK(fault.code == Errc::invalid_input);
  CHECK_THAT(fault.message, Catch::EndsWith(concat(
                                "is of version 99 since another licgen has opened it; this one knows up to ", known)));
  CHECK_THAT(fault.hint, Catch::StartsWith("start this program anew"));
  REQUIRE(f.ledger->outdated());
  CHECK(f.ledger->begin().error().code == Errc::invalid_input);
  CHECK(f.ledger->snapshot().error().code == Errc::invalid_input);
  set_version(known);  // nothing was left half done, and nobody waits
  f.add(numbered_terms(2));
}

TEST_CASE("ledger: the number of a license is remembered no longer than a transaction", "[ledger]") {
  LedgerFixture f;
  const Terms terms = numbered_terms(1);
  const auto note = [&](Transaction& t) { return t.record({f.now, "test", "note", terms.key, "", ""}); };
  {
    auto transaction = f.ledger->begin().value();
    REQUIRE(transaction->add_license(terms, "document", "", ""));
    REQUIRE(note(*transaction));  // by its number, which goes with the transaction
  }
  REQUIRE(f.change(note));
  CHECK(f.raw().get("SELECT CAST(count(*) AS TEXT) FROM history WHERE license IS NOT NULL") == "0");
  f.add(numbered_terms(2));
  f.add(terms);  // has another number now
  REQUIRE(f.change(note));
  CHECK(f.raw().get("SELECT l.key FROM history AS h JOIN licenses AS l ON l.number = h.license") == terms.key);
}
