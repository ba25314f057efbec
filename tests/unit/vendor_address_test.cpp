#include "ledger/address.hpp"

#include <array>
#include <atomic>
#include <thread>

#include "ledger/postgres_connection.hpp"
#include "ledger/postgres_schema.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"

using namespace lic;
using namespace lic::test;

TEST_CASE("ledger: the name of an address shows no password", "[ledger]") {
  const auto name = [](std::string_view text) { return LedgerAddress::parse(text).value().name(); };
  CHECK(name("sqlite:/srv/ledger.db") == "/srv/ledger.db");
  CHECK(LedgerAddress::parse("sqlite:/var/lib/a b?c.db").value().path() == "/var/lib/a b?c.db");
  CHECK(name("postgresql://db.example/licenses") == "postgresql://db.example/licenses");
  CHECK(name("postgres://ops@db.example:5433/x") == "postgres://ops@db.example:5433/x");
  CHECK(name("postgresql://ops:secret@a.example,b.example/x?sslmode=require") ==
        "postgresql://ops@a.example,b.example/x");
  CHECK(name("postgresql://ops:se%40cret@[::1]/x") == "postgresql://ops@[::1]/x");
  CHECK(name("postgresql:///x?host=/run&password=secret") == "postgresql:///x");
  CHECK(name("postgresql://:secret@h/x") == "postgresql://@h/x");
  CHECK(LedgerAddress::parse("postgresql://ops:secret@h/x").value().url() == "postgresql://ops:secret@h/x");
}

TEST_CASE("ledger: an address that could show a password is refused without it", "[ledger]") {
  for (const std::string_view text :
       {"mysql://u:secret@h/d", "postgresql://u:a/secret@h/d", "postgresql://u:a?secret@h/d",
        "postgresql://u:a@secret@h/d", "postgresql://u@h/d?password=a@secret"}) {
    CAPTURE(text);
    const auto address = LedgerAddress::parse(text);
    REQUIRE(!address);
    CHECK(address.error().code == Errc::usage);
    CHECK((address.error().message + address.error().hint).find("secret") == std::string::npos);
  }
  CHECK(LedgerAddress::parse("sqlite:").error().code == Errc::usage);
  CHECK(LedgerAddress::parse("").error().code == Errc::usage);
  CHECK(LedgerAddress::parse("ledger.db").error().code == Errc::usage);
}

namespace {

/// Our migrations, and then that one.
std::vector<const char*> with_one_more(const char* migration) {
  const auto ours = postgres::ledger_migrations();
  std::vector<const char*> all(ours.begin(), ours.end());
  all.push_back(migration);
  return all;
}

/// Of a ledger that has seen our migrations and `more` others.
std::string newest_version(std::size_t more = 0) {
  return std::to_string(postgres::kFirstVersion - 1 +
                        static_cast<std::int64_t>(postgres::ledger_migrations().size() + more));
}

}  // namespace

TEST_CASE("postgres: of many that bring a ledger up to date together one does it", "[.][postgres]") {
  const LedgerFixture f;
  const auto migrations =
      with_one_more("CREATE TABLE added (number BIGINT NOT NULL PRIMARY KEY);\nINSERT INTO added (number) VALUES (1);");
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto connection = postgres::Connection::open(f.place.address(), kLedgerPatience);
      if (connection && postgres::open_schema(*connection, migrations)) ++opened;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(opened == 8);
  CHECK(f.raw().get("SELECT version FROM ledger") == newest_version(1));
  CHECK(f.raw().get("SELECT count(*) FROM added") == "1");
  const auto older = open_ledger(f.place.address());
  REQUIRE(!older);
  CHECK(older.error().code == Errc::invalid_input);
}

TEST_CASE("postgres: a migration that fails leaves the ledger as it was", "[.][postgres]") {
  const LedgerFixture f;
  const auto migrations = with_one_more("CREATE TABLE added (number BIGINT); SELECT 1 / 0;");
  const auto connection = postgres::Connection::open(f.place.address(), kLedgerPatience).value();
  CHECK(!postgres::open_schema(connection, migrations));
  CHECK(f.raw().get("SELECT version FROM ledger") == newest_version());
  CHECK(f.raw().get("SELECT count(*) FROM pg_class WHERE relname = 'added' AND relnamespace = "
                    "current_schema()::regnamespace") == "0");
  CHECK(f.open());
}

TEST_CASE("postgres: what a transaction had not committed is gone with its connection", "[.][postgres]") {
  LedgerFixture f;
  f.add(numbered_terms(1));
  {
    auto transaction = f.ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(2), "x", "", ""));
    REQUIRE(f.raw().get("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = "
                        "'idle in transaction' AND query NOT LIKE 'SELECT count(pg_%'") == "1");
    const auto lost = transaction->add_license(numbered_terms(3), "x", "", "");
    REQUIRE(!lost);
    CHECK(lost.error().code == Errc::unavailable);
    CHECK(!transaction->commit());
  }
  // The connection is made again.
  CHECK(f.ledger->find(key_of(numbered_terms(1)), f.now));
  CHECK(f.ledger->find(key_of(numbered_terms(2)), f.now).error().code == Errc::not_found);
  f.add(numbered_terms(2));
  CHECK(f.ledger->find(key_of(numbered_terms(2)), f.now));
}

TEST_CASE("postgres: a commit whose connection was cut before is found out", "[.][postgres]") {
  LedgerFixture f;
  auto transaction = f.ledger->begin().value();
  REQUIRE(transaction->add_license(numbered_terms(1), "x", "", ""));
  REQUIRE(f.raw().get("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = "
                      "'idle in transaction' AND query NOT LIKE 'SELECT count(pg_%'") == "1");
  const auto committed = transaction->commit();
  REQUIRE(!committed);
  CHECK(committed.error().code == Errc::unavailable);
  CHECK(committed.error().message.find("nothing was changed") != std::string::npos);
}
