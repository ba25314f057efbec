#pragma once

/// How SQLite writes a write-ahead log. For lib/ledger/sqlite_*.cpp alone.

#include <atomic>
#include <cstdint>
#include <memory>

struct sqlite3;

namespace lic::sqlite {

/// The name of a VFS that is SQLite's own, but that its logs can gather (below). Made with the first call; null: SQLite
/// had no memory for it, and its own is the one to use.
[[nodiscard]] const char* log_vfs() noexcept;

/// Up to where the log of an open database was written by its connection, in bytes; changes with each write, and stays
/// when the log is closed. Null: it has no such log. Before the first read there is none.
[[nodiscard]] std::shared_ptr<const std::atomic<std::int64_t>> use_of_log(sqlite3* database) noexcept;

class LogFile;

/// To live while a transaction is committed, and only then. SQLite writes each frame of a log by two calls (24 bytes,
/// then a page), of which a commit may have a hundred; meanwhile they are held back, 128 KiB at a time, and written
/// together, the frame that commits with the last of them, before it counts. A write that fails fails the commit.
/// Where a database has another VFS, or no log, nothing is different.
class LogGathering {
 public:
  explicit LogGathering(sqlite3* database) noexcept;
  LogGathering(const LogGathering&) = delete;
  LogGathering& operator=(const LogGathering&) = delete;
  ~LogGathering();

 private:
  LogFile* log_;  ///< null: there is none
};

}  // namespace lic::sqlite
