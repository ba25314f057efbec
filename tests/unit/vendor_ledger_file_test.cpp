#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "ledger/sqlite.hpp"
#include "ledger/sqlite_schema.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"

using namespace lic;
using namespace lic::test;
using sqlite::Connection;

namespace {

constexpr std::chrono::milliseconds kShort{30};

struct Fixture {
  TemporaryDirectory directory;
  Path path = directory / "ledger.db";

  Fixture() {
    auto ledger = create_sqlite_ledger(path).value();
    auto transaction = ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(1), "document", "", ""));
    REQUIRE(transaction->commit());
  }

  void set_content(ByteView bytes) const { REQUIRE(write_file(path, bytes)); }
  [[nodiscard]] Bytes content() const {
    return read_file(path, "ledger", ReadOptions{.limit = std::size_t{1} << 24}).value();
  }
};

/// Of the ledgers that this version makes.
std::string newest_version() { return std::to_string(sqlite::ledger_migrations().size()); }

Result<void> ignore(const LicenseSummary&) { return {}; }

/// Precondition: it does not open.
Error opening(const Path& path) {
  auto opened = open_sqlite_ledger(path, kShort);
  REQUIRE(!opened);
  return opened.error();
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a new ledger is private and takes nobody's place", "[ledger]") {
  Fixture f;
  struct stat info {};
  REQUIRE(::stat(f.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(RawDatabase(f.path).get("PRAGMA application_id") == std::to_string(0x4C494347));
  CHECK(RawDatabase(f.path).get("PRAGMA user_version") == newest_version());
  const Bytes before = f.content();
  CHECK(create_sqlite_ledger(f.path).error().code == Errc::conflict);
  CHECK(f.content() == before);
  CHECK(create_sqlite_ledger(f.directory / "none/ledger.db").error().code == Errc::not_found);
  std::filesystem::create_symlink(f.directory / "elsewhere", f.directory / "link");
  CHECK(create_sqlite_ledger(f.directory / "link").error().code == Errc::conflict);
  CHECK(!std::filesystem::exists(f.directory / "elsewhere"));
}

TEST_CASE("what is no ledger is refused, and left as it is", "[ledger]") {
  Fixture f;
  const Path other = f.directory / "other";
  SECTION("nothing there") { CHECK(opening(other).code == Errc::not_found); }
  SECTION("no such directory") { CHECK(opening(other / "ledger.db").code == Errc::not_found); }
  SECTION("a directory") { CHECK(opening(f.directory.path()).code == Errc::invalid_input); }
  SECTION("a pipe") {
    REQUIRE(::mkfifo(other.c_str(), 0600) == 0);
    CHECK(opening(other).code == Errc::invalid_input);
  }
  SECTION("a symbolic link") {
    std::filesystem::create_symlink(f.path, other);
    CHECK(opening(other).code == Errc::denied);
    std::filesystem::create_directory_symlink(f.directory.path(), f.directory / "way");
    CHECK(open_sqlite_ledger(f.directory / "way/ledger.db"));  // on the way there it may be one
  }
  SECTION("an empty file, which SQLite takes for a new database") {
    f.set_content({});
    CHECK(opening(f.path).code == Errc::invalid_input);
    CHECK(contains(opening(f.path).message, "is empty, not a ledger"));
    CHECK(f.content().empty());
  }
  SECTION("a text file") {
    const std::string text(5000, 'x');
    f.set_content(view_bytes(text));
    CHECK(opening(f.path).code == Errc::invalid_input);
    CHECK(contains(opening(f.path).message, "ledger.db' is not a ledger"));
  }
  SECTION("another program's database") {
    REQUIRE(RawDatabase(other).run("CREATE TABLE licenses (key)") == SQLITE_OK);
    CHECK(opening(other).code == Errc::invalid_input);
    CHECK(contains(opening(other).message, "not a ledger"));
  }
  SECTION("a ledger of a newer version") {
    REQUIRE(RawDatabase(f.path).run("PRAGMA user_version = 99") == SQLITE_OK);
    const Bytes before = f.content();
    CHECK(opening(f.path).code == Errc::invalid_input);
    CHECK(contains(opening(f.path).message, "is of version 99, this licgen knows up to " + newest_version()));
    CHECK(f.content() == before);
  }
  SECTION("no version at all") {
    REQUIRE(RawDatabase(f.path).run("PRAGMA user_version = 0") == SQLITE_OK);
    CHECK(opening(f.path).code == Errc::invalid_input);
    REQUIRE(RawDatabase(f.path).run("PRAGMA user_version = -1") == SQLITE_OK);
    CHECK(opening(f.path).code == Errc::invalid_input);
  }
}

TEST_CASE("a ledger cut short at any length is refused", "[ledger]") {
  Fixture f;
  {  // the end of the file is a document that nobody reads when a ledger is opened
    auto ledger = open_sqlite_ledger(f.path).value();
    auto transaction = ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(2), std::string(10'000, 'x'), "", ""));
    REQUIRE(transaction->commit());
  }
  const Bytes whole = f.content();
  std::vector<std::size_t> sizes{whole.size() - 1, whole.size() - 4095, whole.size() - 4096, whole.size() - 4097};
  for (std::size_t size = 0; size < 200; ++size) sizes.push_back(size);
  for (std::size_t size = 200; size < whole.size(); size += 509) sizes.push_back(size);
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    f.set_content(ByteView(whole).first(size));
    CHECK(opening(f.path).code == Errc::invalid_input);
  }
  f.set_content(whole);
  CHECK(open_sqlite_ledger(f.path));
}

TEST_CASE("a flipped byte in the schema is noticed", "[ledger]") {
  Fixture f;
  const Bytes whole = f.content();
  const std::string_view text = "SELECT RAISE(ABORT, 'history is never deleted')";
  const std::size_t start = view_text(whole).find(text);
  REQUIRE(start != std::string::npos);
  for (std::size_t i = start; i < start + text.size(); ++i) {
    CAPTURE(i - start);
    Bytes flipped = whole;
    flipped[i] ^= 1;
    f.set_content(flipped);
    CHECK(opening(f.path).code == Errc::invalid_input);
  }
}

TEST_CASE("tables, indexes and triggers that were altered by hand are named", "[ledger]") {
  Fixture f;
  struct Row {
    const char* sql;
    const char* object;
  };
  const auto row = GENERATE(values<Row>({
      {"DROP TRIGGER history_no_delete", "trigger 'history_no_delete' is missing"},
      {"DROP TRIGGER history_no_delete; CREATE TRIGGER history_no_delete BEFORE DELETE ON history BEGIN SELECT 1; END",
       "trigger 'history_no_delete' is not as it was made"},
      {"CREATE TRIGGER grant_all AFTER INSERT ON licenses BEGIN UPDATE licenses SET seats = 999; END",
       "trigger 'grant_all' was added"},
      {"CREATE TRIGGER zz AFTER INSERT ON licenses BEGIN SELECT 1; END", "trigger 'zz' was added"},
      {"DROP TABLE batches", "table 'batches' is missing"},
      {"CREATE TABLE aa (x)", "table 'aa' was added"},
      {"CREATE VIEW zz AS SELECT 1", "view 'zz' was added"},
      {"DROP INDEX licenses_by_email", "index 'licenses_by_email' is missing"},
      {"CREATE INDEX more ON licenses (plan)", "index 'more' was added"},
      {"ALTER TABLE licenses ADD COLUMN color TEXT", "table 'licenses' is not as it was made"},
      {"ALTER TABLE products RENAME TO goods", "table 'goods' was added"},
  }));
  REQUIRE(RawDatabase(f.path).run(row.sql) == SQLITE_OK);
  CHECK(opening(f.path).code == Errc::invalid_input);
  CHECK(contains(opening(f.path).message, row.object));
}

TEST_CASE("statistics of SQLite's own are no alteration", "[ledger]") {
  Fixture f;
  REQUIRE(RawDatabase(f.path).run("ANALYZE") == SQLITE_OK);
  REQUIRE(RawDatabase(f.path).get("SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'") == "sqlite_stat1");
  CHECK(open_sqlite_ledger(f.path));
}

TEST_CASE("an older ledger is brought up to date whole or not at all", "[ledger]") {
  TemporaryDirectory directory;
  const Path path = directory / "ledger.db";
  REQUIRE(write_file(path, {}));
  const char* const versions[] = {"CREATE TABLE a (x);", "CREATE TABLE b (y); INSERT INTO b SELECT x FROM a;",
                                  "CREATE TABLE c (z); INSERT INTO nowhere VALUES (1);"};
  const sqlite::Migrations all(versions);
  REQUIRE(sqlite::make_schema(Connection::open_empty(path, kShort).value(), all.first(1)));
  REQUIRE(RawDatabase(path).run("INSERT INTO a VALUES (42)") == SQLITE_OK);

  SECTION("in one step") {
    REQUIRE(sqlite::open_schema(Connection::open(path, kShort).value(), all.first(2)));
    CHECK(RawDatabase(path).get("PRAGMA user_version") == "2");
    CHECK(RawDatabase(path).get("SELECT y FROM b") == "42");
    CHECK(sqlite::open_schema(Connection::open(path, kShort).value(), all.first(2)));
    CHECK(sqlite::open_schema(Connection::open(path, kShort).value(), all.first(1)).error().code ==
          Errc::invalid_input);
  }
  SECTION("a step that fails undoes those before it") {
    CHECK(!sqlite::open_schema(Connection::open(path, kShort).value(), all.first(3)));
    CHECK(RawDatabase(path).get("PRAGMA user_version") == "1");
    CHECK(RawDatabase(path).get("SELECT group_concat(name) FROM sqlite_schema") == "a");
  }
  SECTION("an altered one is not touched") {
    REQUIRE(RawDatabase(path).run("CREATE TABLE z (x)") == SQLITE_OK);
    CHECK(sqlite::open_schema(Connection::open(path, kShort).value(), all.first(2)).error().code ==
          Errc::invalid_input);
    CHECK(RawDatabase(path).get("PRAGMA user_version") == "1");
  }
  SECTION("one that cannot be written is not brought up to date") {
    std::filesystem::permissions(path, std::filesystem::perms(0444));
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    CHECK(holds_for_ordinary_user([&] {
      const auto opened = sqlite::open_schema(Connection::open(path, kShort).value(), all.first(2));
      return !opened && opened.error().code == Errc::denied && contains(opened.error().message, "older version 1");
    }));
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  }
}

TEST_CASE("a ledger that another process writes is waited for, but not for ever", "[ledger]") {
  Fixture f;
  auto ledger = open_sqlite_ledger(f.path, kShort).value();
  RawDatabase other(f.path);
  REQUIRE(other.run("BEGIN IMMEDIATE") == SQLITE_OK);
  const auto begun = ledger->begin();
  REQUIRE(!begun);
  CHECK(begun.error().code == Errc::unavailable);
  CHECK(contains(begun.error().message, "another process has been using the ledger"));
  CHECK(contains(begun.error().message, "for 30 ms"));
  CHECK(ledger->find(key_of(numbered_terms(1)), Time{}));  // to read needs no waiting
  REQUIRE(other.run("COMMIT; BEGIN EXCLUSIVE") == SQLITE_OK);
  CHECK(ledger->find(key_of(numbered_terms(1)), Time{}).error().code == Errc::unavailable);
  CHECK(opening(f.path).code == Errc::unavailable);
  REQUIRE(other.run("COMMIT") == SQLITE_OK);
  CHECK(ledger->begin());

  // A reader holds up the commit, and then nothing has happened.
  REQUIRE(other.run("BEGIN; SELECT count(*) FROM licenses") == SQLITE_OK);
  {
    auto transaction = ledger->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(2), "x", "", ""));
    CHECK(transaction->commit().error().code == Errc::unavailable);
    CHECK(transaction->add_license(numbered_terms(3), "x", "", "").error().code == Errc::failure);
  }
  REQUIRE(other.run("COMMIT") == SQLITE_OK);
  CHECK(other.get("SELECT count(*) FROM licenses") == "1");
  CHECK(ledger->begin());
}

TEST_CASE("nothing is written to a ledger in whose place another has come", "[ledger]") {
  Fixture f;
  auto ledger = open_sqlite_ledger(f.path, kShort).value();
  std::filesystem::copy_file(f.path, f.directory / "other.db");
  REQUIRE(ledger->begin());
  std::filesystem::rename(f.directory / "other.db", f.path);
  const auto begun = ledger->begin();
  REQUIRE(!begun);
  CHECK(begun.error().code == Errc::unavailable);
  CHECK(contains(begun.error().message, "another ledger has taken the place"));
}

TEST_CASE("the lock is had as soon as it is free", "[ledger]") {
  Fixture f;
  auto ledger = open_sqlite_ledger(f.path).value();
  RawDatabase other(f.path);
  REQUIRE(other.run("BEGIN IMMEDIATE") == SQLITE_OK);
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    other.run("COMMIT");
  });
  CHECK(ledger->begin());
  release.join();
}

TEST_CASE("a ledger that cannot be written can still be read", "[ledger]") {
  Fixture f;
  std::filesystem::permissions(f.path, std::filesystem::perms(0444));
  std::filesystem::permissions(f.directory.path(), std::filesystem::perms(0555));
  CHECK(holds_for_ordinary_user([&] {
    auto ledger = open_sqlite_ledger(f.path);
    if (!ledger || !(*ledger)->find(key_of(numbered_terms(1)), Time{}) || !(*ledger)->list({}, Time{}, ignore))
      return false;
    const auto begun = (*ledger)->begin();
    return !begun && begun.error().code == Errc::denied;
  }));
  std::filesystem::permissions(f.path, std::filesystem::perms(0666));  // the journal has no place
  CHECK(holds_for_ordinary_user([&] {
    auto ledger = open_sqlite_ledger(f.path);
    if (!ledger || !(*ledger)->list({}, Time{}, ignore)) return false;
    auto transaction = (*ledger)->begin();
    const auto added = transaction ? (*transaction)->add_license(numbered_terms(2), "x", "", "") : Result<void>();
    return !added && added.error().code == Errc::denied;
  }));
  std::filesystem::permissions(f.path, std::filesystem::perms(0000));
  CHECK(holds_for_ordinary_user([&] { return open_sqlite_ledger(f.path).error().code == Errc::denied; }));
  std::filesystem::permissions(f.directory.path(), std::filesystem::perms(0755));
}

TEST_CASE("when the disk is full nothing was changed", "[ledger]") {
  Fixture f;
  const auto fails_and_recovers = [&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto ledger = open_sqlite_ledger(f.path).value();
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto set_limit = [&](rlim_t bytes) {
      const struct rlimit wanted { bytes, limit.rlim_max };
      return ::setrlimit(RLIMIT_FSIZE, &wanted) == 0;
    };
    {
      auto transaction = ledger->begin().value();
      // The journal fits, the database does not.
      if (!set_limit(std::filesystem::file_size(f.path))) return false;
      const std::string document(std::size_t{200} * 1024, 'x');
      const auto added = transaction->add_license(numbered_terms(2), document, "", "");
      const auto committed = transaction->commit();
      if (committed || committed.error().code != Errc::failure) return false;
      if (added && !contains(committed.error().hint, "the ledger is as it was")) return false;
      // The lost change takes in nothing more, which would otherwise stand alone.
      if (transaction->add_license(numbered_terms(3), "x", "", "")) return false;
    }
    if (!set_limit(limit.rlim_cur)) return false;
    auto transaction = ledger->begin();
    return transaction && (*transaction)->add_license(numbered_terms(4), "x", "", "") && (*transaction)->commit();
  };
  CHECK(went_well(start_child(fails_and_recovers)));
  CHECK(RawDatabase(f.path).get("SELECT group_concat(id) FROM licenses") ==
        numbered_terms(1).id + "," + numbered_terms(4).id);
  CHECK(RawDatabase(f.path).get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a write-ahead log is used by commands only where the library's is sound", "[ledger]") {
  static_assert(!sqlite::has_safe_wal(3'040'001) && !sqlite::has_safe_wal(3'051'002));
  static_assert(sqlite::has_safe_wal(3'051'003) && sqlite::has_safe_wal(3'052'000));
  const bool safe = sqlite::has_safe_wal(sqlite3_libversion_number());
  const std::string wanted = safe ? "wal" : "delete";
  Fixture f;
  CHECK(RawDatabase(f.path).get("PRAGMA journal_mode") == wanted);
  REQUIRE(RawDatabase(f.path).get(safe ? "PRAGMA journal_mode = delete" : "PRAGMA journal_mode = wal") != wanted);
  CHECK(open_sqlite_ledger(f.path));
  CHECK(RawDatabase(f.path).get("PRAGMA journal_mode") == "wal");  // a server may be using it
}

TEST_CASE("while a server writes without a pause, commands have their turn", "[ledger]") {
  Fixture f;
  std::atomic<bool> ends{false};
  std::atomic<bool> gave_up{false};
  std::atomic<int> written{0};
  std::thread busy([&] {
    auto server = open_sqlite_ledger(f.path, kLedgerPatience, LedgerUse::serving).value();
    while (!ends) {
      auto transaction = server->begin();
      if (!transaction || !(*transaction)->record({Time{}, "server", "busy", "", "", ""}) || !(*transaction)->commit())
        break;
      ++written;
    }
    gave_up = !ends;
  });
  while (written == 0 && !gave_up) std::this_thread::yield();
  int turns = 0;
  for (int i = 0; i < 20; ++i) {  // each as a command does, which knows nothing of the server
    auto command = open_sqlite_ledger(f.path);
    if (command && (*command)->begin()) ++turns;
  }
  const int before = written;
  while (written == before && !gave_up) std::this_thread::yield();  // the server has its turn again
  ends = true;
  busy.join();
  CHECK(turns == 20);
  CHECK_FALSE(gave_up);
}

TEST_CASE("while a server has a ledger it has a write-ahead log, and commands use it too", "[ledger]") {
  Fixture f;
  const std::string before = RawDatabase(f.path).get("PRAGMA journal_mode");
  {
    auto server = open_sqlite_ledger(f.path, kLedgerPatience, LedgerUse::serving).value();
    CHECK(RawDatabase(f.path).get("PRAGMA journal_mode") == "wal");
    const auto flushers = server->flushers();
    REQUIRE(flushers.size() == 3);
    auto command = open_sqlite_ledger(f.path).value();
    CHECK(command->flushers().empty());
    {
      auto transaction = server->begin().value();
      REQUIRE(transaction->add_license(numbered_terms(2), "{}", "", ""));
      CHECK(open_sqlite_ledger(f.path, std::chrono::milliseconds(1)).value()->begin().error().code ==
            Errc::unavailable);
      REQUIRE(transaction->commit());
    }
    for (const auto& flusher : flushers) CHECK(flusher->flush());
    auto transaction = command->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(3), "{}", "", ""));
    REQUIRE(transaction->commit());
    CHECK(server->find(LicenseKey::parse(numbered_terms(3).key).value(), Time{}));
  }
  CHECK(RawDatabase(f.path).get("PRAGMA journal_mode") == before);
  CHECK(RawDatabase(f.path).get("SELECT count(*) FROM licenses") == "3");
}

TEST_CASE("who reads beside a server waits for nobody, keeps nobody waiting, and changes nothing", "[ledger]") {
  Fixture f;
  {
    auto server = open_sqlite_ledger(f.path, kLedgerPatience, LedgerUse::serving).value();
    auto reader = open_sqlite_ledger(f.path, std::chrono::milliseconds(1), LedgerUse::reading).value();
    CHECK(reader->flushers().empty());
    const auto key = LicenseKey::parse(numbered_terms(2).key).value();
    const auto add = [](Ledger& ledger, std::uint8_t number) -> Result<void> {
      auto transaction = ledger.begin();
      if (!transaction) return Error(transaction.error());
      const auto added = (*transaction)->add_license(numbered_terms(number), "{}", "", "");
      return added ? (*transaction)->commit() : added;
    };
    {
      const auto moment = reader->snapshot().value();
      REQUIRE(add(*server, 2));  // while somebody reads
      CHECK(reader->find(key, Time{}).error().code == Errc::not_found);
    }
    CHECK(reader->find(key, Time{}));
    const auto transaction = server->begin().value();
    REQUIRE(transaction->add_license(numbered_terms(3), "{}", "", ""));
    CHECK(reader->find(key, Time{}));  // while somebody writes
    REQUIRE(transaction->commit());
    CHECK(add(*reader, 4).error().code == Errc::denied);
    CHECK(add(*server, 4));
  }
  CHECK(RawDatabase(f.path).get("SELECT count(*) FROM licenses") == "4");
}
