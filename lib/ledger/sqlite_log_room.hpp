#pragma once

/// Room in a write-ahead log before it is written. For lib/ledger/sqlite_*.cpp alone.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/file.hpp"

namespace lic::sqlite {

/// Whether room makes syncs cheaper there: the file system writes in place and has a journal (ext4, XFS).
[[nodiscard]] bool gains_from_room(const Path& log) noexcept;

/// How long a server's log becomes, in bytes; then it is moved into the ledger. It keeps its size and begins anew.
inline constexpr std::int64_t kMostOfLog = 512 * 1024 * 1024;

/// A log that grows costs each sync a commit of the file system's journal. In one that has blocks already, of zeros,
/// a sync writes what was written, and nothing else. SQLite reads a log up to the first frame that does not hold, so
/// zeros after the last one are its end, as frames of an older log are.
class LogRoom {
 public:
  /// `used`: up to where the log is written (use_of_log()). `least_free`: what the disk has to keep. In bytes.
  LogRoom(const Path& log, std::shared_ptr<const std::atomic<std::int64_t>> used,
          std::uint64_t least_free = kLeastFree);

  /// Where more than kLeastUsed is used, appends zeros, a MiB at most, until the log is twice as long as what is used
  /// of it, or has kMostOfLog; as long as the disk has `least_free` bytes. The system appends at the end as it is then:
  /// whatever others write meanwhile is left as it is. Nobody misses what could not be made, so nothing is told of it.
  /// From any thread; a second one returns at once.
  void make() noexcept;

  static constexpr std::int64_t kLeastUsed = std::int64_t{1} << 20U;  // bytes
  static constexpr std::uint64_t kLeastFree = std::uint64_t{2} << 30U;

 private:
  // Those who write to the log wait for a slice, and the next sync for what all of them have.
  static constexpr std::size_t kSlice = 256 * 1024;  // bytes
  static constexpr int kMostSlices = 4;

  [[nodiscard]] bool has_free_space() const noexcept;

  Fd log_;  ///< none: no room is made
  std::shared_ptr<const std::atomic<std::int64_t>> used_;
  std::uint64_t least_free_;
  std::vector<std::byte> zeros_;
  std::mutex one_;
};

}  // namespace lic::sqlite
