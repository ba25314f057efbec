#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <filesystem>
#include <random>

#include "base/text.hpp"
#include "ledger/sqlite.hpp"
#include "ledger/sqlite_log_file.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"

using namespace lic;
using namespace lic::test;

namespace {

/// A database that is written through the VFS of ours.
class Written {
 public:
  /// `uri_options`: as SQLite has them in a file's URI.
  explicit Written(const Path& path, std::string_view uri_options = {}) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2(concat("file:", path.native(), uri_options).c_str(), &database,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, log_name()) == SQLITE_OK);
    file_.reset(database);
  }
  int run(const std::string& sql) { return sqlite3_exec(file_.get(), sql.c_str(), nullptr, nullptr, nullptr); }
  int commit() {
    const sqlite::LogGathering gathering(file_.get());
    return run("COMMIT");
  }

 private:
  static const char* log_name() {
    const char* name = sqlite::log_vfs();
    REQUIRE(name != nullptr);
    return name;
  }

  std::unique_ptr<sqlite3, FreeWith<sqlite3_close_v2>> file_;
};

constexpr const char* kContent =
    "SELECT count(*) || ' ' || coalesce(sum(number * length(v)), 0) || ' ' || "
    "coalesce(sum(unicode(v)), 0) FROM t";

std::string text_of(char letter, std::size_t size) { return concat('\'', std::string(size, letter), '\''); }

}  // namespace

TEST_CASE("log: another process sees each commit whole, and nothing of what was rolled back", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "d.db";
  const Path plain_path = directory / "plain.db";  // the same without us
  const auto seed = GENERATE(1U, 2U, 3U);
  // Without it SQLite fills sectors, and writes pages in parts, with a sync between them.
  const auto options = GENERATE(as<std::string>(), "", "?psow=0");
  CAPTURE(seed, options);
  std::minstd_rand random(seed);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };

  Written ours(path, options);
  RawDatabase plain(plain_path);
  const auto both = [&](const std::string& sql) {
    REQUIRE(ours.run(sql) == SQLITE_OK);
    REQUIRE(plain.run(sql) == SQLITE_OK);
  };
  // Few pages in memory: what a transaction changes is written to the log before it ends, and over again.
  both(
      "PRAGMA journal_mode = wal; PRAGMA cache_size = 10; PRAGMA wal_autocheckpoint = 200;"
      "CREATE TABLE t (number INTEGER PRIMARY KEY, v TEXT NOT NULL)");
  RawDatabase reader(path);
  RawDatabase other(path);
  for (int turn = 0; turn < 60; ++turn) {
    both("BEGIN IMMEDIATE");
    for (unsigned step = 0, steps = 1 + below(80); step < steps; ++step) {
      const std::string text = text_of(static_cast<char>('a' + below(26)), 1 + below(below(10) == 0 ? 9000 : 300));
      both(concat("INSERT INTO t VALUES (", below(500), ", ", text, ") ON CONFLICT DO UPDATE SET v = excluded.v"));
      if (below(20) == 0) both("SAVEPOINT s");
      if (below(20) == 0) both("SAVEPOINT s; DELETE FROM t WHERE number % 3 = 0; ROLLBACK TO s; RELEASE s");
    }
    if (below(4) == 0) {
      both("ROLLBACK");
    } else {
      REQUIRE(ours.commit() == SQLITE_OK);
      REQUIRE(plain.run("COMMIT") == SQLITE_OK);
    }
    if (below(3) == 0) {  // another process, by SQLite's own VFS
      const std::string change = concat("UPDATE t SET v = v || 'x' WHERE number % 7 = ", below(7));
      REQUIRE(other.run(change) == SQLITE_OK);
      REQUIRE(plain.run(change) == SQLITE_OK);
    }
    if (below(15) == 0) both("PRAGMA wal_checkpoint(TRUNCATE)");
    REQUIRE(reader.get(kContent) == plain.get(kContent));
  }
  CHECK(reader.get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("log: what is rolled back never comes over what another process commits", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "d.db";
  Written ours(path);
  const std::string rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) ";
  REQUIRE(ours.run("PRAGMA journal_mode = wal; PRAGMA cache_size = 10; CREATE TABLE t (number INTEGER PRIMARY KEY, "
                   "v TEXT); CREATE TABLE u (number INTEGER PRIMARY KEY, v TEXT);" +
                   rows + "INSERT INTO t (v) SELECT 'old' || hex(zeroblob(100)) FROM n;" + rows +
                   "INSERT INTO u (v) SELECT 'old' || hex(zeroblob(100)) FROM n; PRAGMA wal_checkpoint(TRUNCATE)") ==
          SQLITE_OK);
  RawDatabase other(path);
  REQUIRE(ours.run("BEGIN IMMEDIATE; UPDATE t SET v = 'no' || hex(zeroblob(100))") ==
          SQLITE_OK);  // more than the cache
  REQUIRE(ours.run("ROLLBACK") == SQLITE_OK);
  REQUIRE(other.run("UPDATE u SET v = 'new' || hex(zeroblob(100))") == SQLITE_OK);
  REQUIRE(ours.run("SELECT count(*) FROM u; PRAGMA wal_checkpoint(PASSIVE)") == SQLITE_OK);
  CHECK(RawDatabase(path).get("SELECT count(*) FROM u WHERE v LIKE 'new%'") == "400");
  CHECK(RawDatabase(path).get("SELECT count(*) FROM t WHERE v LIKE 'old%'") == "400");
  CHECK(other.get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("log: a transaction that is larger than what is held back is whole", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "d.db";
  Written ours(path);
  REQUIRE(ours.run("PRAGMA page_size = 65536; PRAGMA journal_mode = wal; CREATE TABLE t (number INTEGER PRIMARY KEY, "
                   "v TEXT NOT NULL)") == SQLITE_OK);
  RawDatabase reader(path);
  for (int turn = 1; turn <= 3; ++turn) {
    REQUIRE(ours.run("BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                     "INSERT INTO t (v) SELECT hex(zeroblob(500)) FROM n") == SQLITE_OK);
    REQUIRE(ours.commit() == SQLITE_OK);
    CHECK(reader.get(kContent).starts_with(std::to_string(turn * 3000) + " "));
  }
  CHECK(reader.get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("log: a commit whose log cannot be written fails, and the next one holds", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "ledger.db";
  REQUIRE(create_sqlite_ledger(path));
  const auto fails_and_recovers = [&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto ledger = open_sqlite_ledger(path, kLedgerPatience, LedgerUse::serving).value();
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto set_limit = [&](rlim_t bytes) {
      const struct rlimit wanted { bytes, limit.rlim_max };
      return ::setrlimit(RLIMIT_FSIZE, &wanted) == 0;
    };
    const auto add = [&](std::uint8_t number, std::size_t size) {
      auto transaction = ledger->begin();
      if (!transaction) return Result<void>(transaction.error());
      const std::string document(size, 'x');
      if (auto added = (*transaction)->add_license(numbered_terms(number), document, "", ""); !added) return added;
      return (*transaction)->commit();
    };
    if (!add(1, 10)) return false;
    const std::size_t size = std::filesystem::file_size(path.native() + "-wal");
    for (const std::size_t more : {std::size_t{0}, std::size_t{20'000}, std::size_t{300'000}}) {
      if (!set_limit(size + more)) return false;
      const auto failed = add(2, 1'000'000);
      if (failed || failed.error().code != Errc::failure) return false;
    }
    return set_limit(limit.rlim_cur) && add(3, 10) && ledger->flushers().front()->flush();
  };
  CHECK(went_well(start_child(fails_and_recovers)));
  RawDatabase raw(path);
  CHECK(raw.get("SELECT group_concat(id) FROM licenses") == numbered_terms(1).id + "," + numbered_terms(3).id);
  CHECK(raw.get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("log: a server that rests moves it into the file", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "ledger.db";
  REQUIRE(create_sqlite_ledger(path));
  auto ledger = open_sqlite_ledger(path, kLedgerPatience, LedgerUse::serving).value();
  const auto add = [&](std::uint8_t number) {
    auto transaction = ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(number), "x", "", ""));
    REQUIRE(transaction->commit());
  };
  for (std::uint8_t number = 1; number <= 20; ++number) add(number);
  REQUIRE(ledger->flushers().front()->flush());
  const auto content = [&] { return read_file(path, "ledger", ReadOptions{.limit = std::size_t{1} << 24}).value(); };
  const Bytes before = content();
  const auto log = std::filesystem::file_size(path.native() + "-wal");
  REQUIRE(ledger->tidy());
  CHECK(content() != before);
  for (std::uint8_t number = 21; number <= 25; ++number) add(number);
  CHECK(std::filesystem::file_size(path.native() + "-wal") == log);  // it began anew
  auto command = open_sqlite_ledger(path).value();
  {
    const auto changes = command->begin().value();
    CHECK(open_sqlite_ledger(path, std::chrono::milliseconds(10), LedgerUse::serving).value()->tidy().error().code ==
          Errc::unavailable);
  }
  CHECK(RawDatabase(path).get("SELECT count(*) FROM licenses") == "25");
}
