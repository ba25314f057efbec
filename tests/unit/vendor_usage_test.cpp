#include "base/text.hpp"
#include "ledger/audit.hpp"
#include "ledger/sqlite.hpp"
#include "ledger/sqlite_connection.hpp"
#include "ledger/sqlite_schema.hpp"
#include "report/usage_bill.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"
#include "support/vendor.hpp"

using namespace lic;
using namespace lic::test;

namespace {

const Terms kOne = numbered_terms(1);
const Terms kTwo = numbered_terms(2);

struct Fixture : LedgerFixture {
  Fixture() { now = at("2027-01-10"); }
  using LedgerFixture::add;
  Result<void> add(const UsageRecord& record) {
    return change([&](Transaction& t) { return t.add_usage(record); });
  }
  UsageRecord record(const Terms& terms, const std::string& device, std::int64_t seq) const {
    return {terms.key,
            device,
            "M1-MACHINE",
            seq,
            concat("digest of ", seq),
            seq == 1 ? "" : concat("digest of ", seq - 1),
            at("2026-12-01"),
            at("2027-01-01"),
            concat("document ", seq),
            now};
  }
};

/// A device by its number, from 1.
PublicKey device(int number) {
  return SigningKey::from_seed(SecretBytes(Bytes(32, static_cast<std::uint8_t>(number)))).value().public_key();
}

using Counters = std::map<std::string, StatedCounter, std::less<>>;

UsageStatement statement(int device_number, std::string_view from, std::string_view to, Limits limits,
                         Counters counters) {
  return {"id",
          "ticketzero",
          at(to),
          kOne.id,
          kOne.key,
          1,
          "professional",
          device(device_number),
          {},
          1,
          {},
          at(from),
          at(to),
          std::move(limits),
          std::move(counters),
          {}};
}

std::map<Time, std::int64_t> in(std::string_view month, std::int64_t used) {
  return {{at(concat(month, "-01")), used}};
}

const Limit kPerMonth{100, Period::month, 10};

}  // namespace

TEST_CASE("usage statements come back from the ledger as they went in", "[ledger]") {
  Fixture f;
  f.add(kOne);
  f.add(kTwo);
  for (std::int64_t seq = 1; seq <= 150; ++seq) REQUIRE(f.add(f.record(kOne, "d1", seq)));
  REQUIRE(f.add(f.record(kOne, "d2", 1)));
  REQUIRE(f.add(f.record(kTwo, "d1", 1)));
  CHECK(f.ledger->find_usage(kOne.key, "d1", 7).value() == f.record(kOne, "d1", 7));
  CHECK_FALSE(f.ledger->find_usage(kOne.key, "d2", 7).value());
  CHECK_FALSE(f.ledger->find_usage(kTwo.key, "d2", 1).value());
  const auto newest = f.ledger->newest_usage(kOne.key).value();
  REQUIRE(newest.size() == 2);
  CHECK(newest[1] == f.record(kOne, "d2", 1));
  CHECK(newest[0] == f.record(kOne, "d1", 150));
  std::int64_t expected = 1;
  REQUIRE(f.ledger->usage_of(kOne.key, [&](const UsageRecord& record) -> Result<void> {
    if (record.device == "d1") CHECK(record.seq == expected++);
    return {};
  }));
  CHECK(expected == 151);
  CHECK(f.ledger->usage_count().value() == 152);
  CHECK(f.ledger->newest_usage("TZ-NONE").value().empty());

  f.add(numbered_terms(3));
  std::vector<std::string> keys;
  LicenseFilter filter;
  filter.has_usage = true;
  REQUIRE(f.ledger->list(filter, f.now, [&](const LicenseSummary& license) -> Result<void> {
    keys.push_back(license.key);
    return {};
  }));
  CHECK(keys == std::vector{kOne.key, kTwo.key});
}

TEST_CASE("a chain of usage statements has no gap and no fork", "[ledger]") {
  Fixture f;
  f.add(kOne);
  CHECK(f.add(f.record(kTwo, "d1", 1)).error().code == Errc::not_found);
  CHECK(f.add(f.record(kOne, "d1", 2)).error().code == Errc::conflict);
  REQUIRE(f.add(f.record(kOne, "d1", 1)));
  CHECK(f.add(f.record(kOne, "d1", 1)).error().code == Errc::conflict);
  CHECK(f.add(f.record(kOne, "d1", 3)).error().code == Errc::conflict);
  UsageRecord fork = f.record(kOne, "d1", 2);
  fork.previous = "another";
  CHECK(f.add(fork).error().code == Errc::conflict);
  CHECK(f.add(f.record(kOne, "d1", 2)));

  RawDatabase raw = f.raw();
  for (const char* sql : {"DELETE FROM usage_statements", "UPDATE usage_statements SET document = 'x'",
                          "INSERT OR REPLACE INTO usage_statements SELECT * FROM usage_statements"})
    CHECK(raw.run(sql) != SQLITE_OK);
}

TEST_CASE("each member of a usage statement is in its digest", "[ledger]") {
  const Fixture f;
  const UsageRecord record = f.record(kOne, "d1", 2);
  const auto differs = [&](auto alter) {
    UsageRecord other = record;
    alter(other);
    return usage_record_digest(other) != usage_record_digest(record);
  };
  CHECK(differs([](UsageRecord& r) { r.key += 'x'; }));
  CHECK(differs([](UsageRecord& r) { r.device += 'x'; }));
  CHECK(differs([](UsageRecord& r) { r.machine += 'x'; }));
  CHECK(differs([](UsageRecord& r) { ++r.seq; }));
  CHECK(differs([](UsageRecord& r) { r.digest += 'x'; }));
  CHECK(differs([](UsageRecord& r) { r.previous += 'x'; }));
  CHECK(differs([](UsageRecord& r) { r.from += std::chrono::seconds{1}; }));
  CHECK(differs([](UsageRecord& r) { r.to += std::chrono::seconds{1}; }));
  CHECK(differs([](UsageRecord& r) { r.document += 'x'; }));
  CHECK(differs([](UsageRecord& r) { r.imported_at += std::chrono::seconds{1}; }));
}

TEST_CASE("a ledger from before there were usage statements is brought up to date", "[ledger]") {
  TemporaryDirectory directory;
  const Path path = directory / "ledger.db";
  REQUIRE(write_file(path, {}));
  const auto all = sqlite::ledger_migrations();
  constexpr std::size_t kBefore = 5;
  REQUIRE(all.size() > kBefore);
  constexpr std::chrono::milliseconds kShort{30};
  REQUIRE(sqlite::make_schema(sqlite::Connection::open_empty(path, kShort).value(), all.first(kBefore)));
  REQUIRE(RawDatabase(path).run("INSERT INTO licenses (number, key, id, serial, product, plan, kind, customer, "
                                "issued_at, starts_at, grace_days, seats, created_at) VALUES (1, '" +
                                kOne.key + "', 'x', 1, 'ticketzero', 'p', 'perpetual', 'ACME', 0, 0, 0, 1, 0)") ==
          SQLITE_OK);
  auto ledger = open_sqlite_ledger(path).value();
  CHECK(ledger->usage_count().value() == 0);
  Fixture f;
  auto transaction = ledger->begin().value();
  REQUIRE(transaction->add_usage(f.record(kOne, "d1", 1)));
  REQUIRE(transaction->commit());
  CHECK(ledger->newest_usage(kOne.key).value().size() == 1);
}

TEST_CASE("a bill adds up months and devices", "[report]") {
  UsageBillBuilder builder;
  const Limits limits{{"tickets", kPerMonth}, {"clients", {5, {}}}};
  builder.add(
      statement(1, "2026-11-05", "2026-12-10", limits,
                {{"tickets", {0, 90, {{at("2026-11-01"), 60}, {at("2026-12-01"), 30}}}}, {"clients", {3, 0, {}}}}),
      "M1-A");
  builder.add(statement(2, "2026-11-20", "2027-01-01", limits,
                        {{"tickets", {0, 65, in("2026-11", 65)}}, {"clients", {4, 0, {}}}}),
              "M1-B");
  builder.add(statement(1, "2026-12-10", "2027-01-03", {{"tickets", {200, Period::month}}, {"clients", {5, {}}}},
                        {{"tickets", {0, 95, in("2026-12", 5)}}, {"clients", {2, 0, {}}}}),
              "M1-A");
  const UsageBill bill = builder.bill(at("2027-03-15"), std::nullopt);
  REQUIRE(bill.months.size() == 3);
  CHECK(bill.months[0].month == at("2026-11-01"));
  CHECK(bill.months[0].used == 125);
  CHECK(bill.months[0].included == 100);
  CHECK(bill.months[0].over == 25);  // each device kept to the limit, both together did not
  CHECK(bill.months[1].month == at("2026-12-01"));
  CHECK(bill.months[1].used == 35);
  CHECK(bill.months[1].included == 200);  // by the newest word
  CHECK(bill.months[1].over == 0);
  CHECK(bill.months[2].month == at("2027-01-01"));
  CHECK(bill.months[2].used == 0);
  REQUIRE(bill.levels.size() == 1);
  CHECK(bill.levels[0].held == 6);
  REQUIRE(bill.devices.size() == 2);
  CHECK(bill.devices[0].statements == 2);
  CHECK(bill.devices[0].from == at("2026-11-05"));
  CHECK(bill.devices[0].until == at("2027-01-03"));
  CHECK(bill.until == at("2027-01-01"));
  CHECK(bill.missing == std::vector{at("2027-01-01"), at("2027-02-01")});
  CHECK(builder.bill(at("2027-03-15"), at("2027-02-01")).missing == std::vector{at("2027-01-01")});
  CHECK(builder.bill(at("2027-01-31"), std::nullopt).missing.empty());
  CHECK_FALSE(UsageBillBuilder().bill(at("2027-03-15"), std::nullopt).until);
}

TEST_CASE("a bill of limits per day and per year", "[report]") {
  UsageBillBuilder builder;
  const Limits limits{
      {"daily", {10, Period::day}}, {"free", {std::nullopt, Period::month}}, {"yearly", {100, Period::year}}};
  const auto month = [&](std::string_view from, std::string_view to, std::string_view name, std::int64_t used) {
    builder.add(statement(1, from, to, limits,
                          {{"daily", {0, 0, in(name, used)}},
                           {"free", {0, 0, in(name, used)}},
                           {"yearly", {0, 0, in(name, used)}},
                           {"gone", {0, 0, in(name, 1)}}}),
                "");
  };
  month("2026-11-01", "2026-12-01", "2026-11", 80);
  month("2026-12-01", "2027-01-01", "2026-12", 70);
  month("2027-01-01", "2027-02-01", "2027-01", 90);
  const UsageBill bill = builder.bill(at("2027-02-01"), std::nullopt);
  const auto find = [&](std::string_view name, std::string_view counter) {
    for (const auto& one : bill.months)
      if (one.month == at(concat(name, "-01")) && one.counter == counter) return one;
    FAIL("no such month");
    return BilledMonth{};
  };
  CHECK(find("2026-11", "daily").included == 300);
  CHECK(find("2026-12", "daily").included == 310);
  CHECK_FALSE(find("2026-11", "daily").over);
  CHECK_FALSE(find("2026-11", "free").included);
  CHECK(find("2026-11", "yearly").over == 0);
  CHECK(find("2026-12", "yearly").over == 50);
  CHECK(find("2027-01", "yearly").over == 0);
  CHECK_FALSE(find("2026-11", "gone").limit);
  CHECK(find("2026-11", "gone").used == 1);
  CHECK(bill.missing.empty());
}

TEST_CASE("a key that another of the same machine has replaced is missed no more", "[report]") {
  const auto months = [](bool first_goes_on) {
    UsageBillBuilder builder;
    builder.add(statement(1, "2026-11-05", "2026-11-10", {}, {}), "M1-A");
    builder.add(statement(2, "2026-11-06", "2027-01-01", {}, {}), "M1-A");
    if (first_goes_on) builder.add(statement(1, "2026-11-10", "2026-12-20", {}, {}), "M1-A");
    return builder.bill(at("2027-01-15"), std::nullopt);
  };
  CHECK(months(false).devices[0].replaced);
  CHECK(months(false).missing.empty());
  CHECK_FALSE(months(true).devices[0].replaced);  // two users of one machine
  CHECK(months(true).missing == std::vector{at("2026-12-01")});
}
