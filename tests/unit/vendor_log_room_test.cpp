#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/file.hpp"
#include "ledger/sqlite.hpp"
#include "ledger/sqlite_log_file.hpp"
#include "ledger/sqlite_log_room.hpp"
#include "support/catch.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"

using namespace lic;
using namespace lic::test;
using sqlite::LogRoom;

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

/// A file that somebody writes, and its room.
class Log {
 public:
  explicit Log(const Path& path) : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    REQUIRE(fd_);
    room_.emplace(path, used_, 0);
  }

  void write(std::int64_t at, std::size_t size) {
    const std::string text(size, 'x');
    REQUIRE(::pwrite(fd_.get(), text.data(), size, at) == static_cast<ssize_t>(size));
  }
  void use(std::int64_t bytes) { used_->store(bytes); }
  void resize(std::int64_t bytes) const { REQUIRE(::ftruncate(fd_.get(), bytes) == 0); }
  void make_room() { room_->make(); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(std::filesystem::file_size(path_)); }
  [[nodiscard]] std::string read(std::int64_t at, std::size_t size) const {
    std::string text(size, '?');
    REQUIRE(::pread(fd_.get(), text.data(), size, at) == static_cast<ssize_t>(size));
    return text;
  }

 private:
  Path path_;
  Fd fd_;
  std::shared_ptr<std::atomic<std::int64_t>> used_ = std::make_shared<std::atomic<std::int64_t>>(0);
  std::optional<LogRoom> room_;
};

bool is_all(const std::string& text, char what) {
  return std::all_of(text.begin(), text.end(), [=](char c) { return c == what; });
}

}  // namespace

TEST_CASE("log room: twice what is used, of zeros after what is there", "[ledger]") {
  const TemporaryDirectory directory;
  Log log(directory / "wal");
  log.write(0, 3 * kMiB + 5);
  log.use(LogRoom::kLeastUsed - 1);
  log.make_room();
  CHECK(log.size() == 3 * kMiB + 5);  // a ledger that is hardly used has a short log
  log.use(3 * kMiB + 5);
  log.make_room();
  CHECK(log.size() == 4 * kMiB + 5);  // little at a time
  for (int i = 0; i < 10; ++i) log.make_room();
  CHECK(log.size() >= 6 * kMiB + 10);
  CHECK(log.size() < 7 * kMiB);
  CHECK(is_all(log.read(0, 3 * kMiB + 5), 'x'));
  CHECK(is_all(log.read(3 * kMiB + 5, static_cast<std::size_t>(log.size()) - (3 * kMiB + 5)), '\0'));
  const std::int64_t size = log.size();
  log.use(2 * kMiB);  // it began anew
  log.make_room();
  CHECK(log.size() == size);
  log.resize(0);  // another process has moved it into the ledger
  log.make_room();
  CHECK(log.size() == kMiB);
}

TEST_CASE("log room: no more than a log becomes long", "[ledger]") {
  const TemporaryDirectory directory;
  Log log(directory / "wal");
  log.resize(sqlite::kMostOfLog - kMiB / 2);  // a hole
  log.use(sqlite::kMostOfLog - kMiB);
  for (int i = 0; i < 10; ++i) log.make_room();
  CHECK(log.size() == sqlite::kMostOfLog);
  log.write(sqlite::kMostOfLog, kMiB);
  log.use(sqlite::kMostOfLog + kMiB);
  log.make_room();
  CHECK(log.size() == sqlite::kMostOfLog + kMiB);
}

TEST_CASE("log room: what others write at the end meanwhile stays", "[ledger]") {
  const TemporaryDirectory directory;
  Log log(directory / "wal");
  std::atomic<bool> ends = false;
  std::thread other([&] {
    while (!ends) log.make_room();
  });
  constexpr std::size_t kPart = 24 + 8192;
  std::int64_t end = 0;
  for (int i = 0; i < 3000; ++i) {
    log.use(end + 2 * kMiB);
    log.write(end, kPart);
    end += kPart;
  }
  ends = true;
  other.join();
  CHECK(is_all(log.read(0, static_cast<std::size_t>(end)), 'x'));
}

TEST_CASE("log room: a ledger with room in its log is whole after its server was killed", "[ledger]") {
  const TemporaryDirectory directory;
  const Path path = directory / "ledger.db";
  REQUIRE(create_sqlite_ledger(path));
  const Path killed = directory / "killed.db";
  {
    auto ledger = open_sqlite_ledger(path, kLedgerPatience, LedgerUse::serving).value();
    const auto used = std::make_shared<std::atomic<std::int64_t>>(20 * kMiB);  // as if
    LogRoom room(path.native() + "-wal", used, 0);
    const std::string document(200'000, 'x');
    for (std::uint8_t number = 1; number <= 30; ++number) {
      auto transaction = ledger->begin().value();
      REQUIRE(transaction->add_license(numbered_terms(number), document, "", ""));
      REQUIRE(transaction->commit());
      for (const auto& flusher : ledger->flushers()) {
        REQUIRE(flusher->flush());
        flusher->make_room();
      }
      room.make();
    }
    const Path log = path.native() + "-wal";
    const auto size = std::filesystem::file_size(log);
    REQUIRE(size > 10'000'000);  // 30 documents are 6 MB
    const Bytes content = read_file(log, "log", ReadOptions{.limit = std::size_t{1} << 26U}).value();
    CHECK(std::all_of(content.end() - 2'000'000, content.end(), [](std::uint8_t byte) { return byte == 0; }));
    std::filesystem::copy_file(path, killed);
    std::filesystem::copy_file(log, killed.native() + "-wal");
  }
  for (const Path& one : {path, killed}) {
    const auto command = open_sqlite_ledger(one).value();
    RawDatabase raw(one);
    CHECK(raw.get("SELECT count(*) FROM licenses") == "30");
    CHECK(raw.get("PRAGMA integrity_check") == "ok");
  }
}
