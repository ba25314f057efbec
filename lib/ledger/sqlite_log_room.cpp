#include "ledger/sqlite_log_room.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lic::sqlite {

bool gains_from_room(const Path& log) noexcept {
  struct statfs system {};
  if (::statfs(log.c_str(), &system) != 0) return false;
  return system.f_type == EXT4_SUPER_MAGIC || system.f_type == XFS_SUPER_MAGIC;
}

LogRoom::LogRoom(const Path& log, std::shared_ptr<const std::atomic<std::int64_t>> used, std::uint64_t least_free)
    : log_(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)),
      used_(std::move(used)),
      least_free_(least_free),
      zeros_(kSlice) {}

void LogRoom::make() noexcept {
  const std::int64_t used = used_->load(std::memory_order_relaxed);
  if (!log_ || used < kLeastUsed) return;
  const std::unique_lock one(one_, std::try_to_lock);
  if (!one) return;
  const std::int64_t wanted = std::min(2 * used, kMostOfLog);
  struct stat info {};
  for (int i = 0; i < kMostSlices; ++i) {
    if (::fstat(log_.get(), &info) != 0 || info.st_size >= wanted || !has_free_space()) return;
    if (::write(log_.get(), zeros_.data(), zeros_.size()) <= 0) return;
  }
}

bool LogRoom::has_free_space() const noexcept {
  struct statvfs disk {};
  return ::fstatvfs(log_.get(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize >= least_free_;
}

}  // namespace lic::sqlite
