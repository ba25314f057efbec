#include "ledger/sqlite_log_file.hpp"

#include <sqlite3.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace lic::sqlite {
namespace {

constexpr int kFrameHead = 24;               // bytes (sqlite.org/fileformat2.html#walformat)
constexpr std::size_t kMostHeld = 0x1'ffff;  // SQLite on Unix writes no more at a time

}  // namespace

/// An open log. While it gathers, frames that follow each other are held back until the one that commits is there.
class LogFile {
 public:
  /// `own`: SQLite's file, which lies behind it.
  LogFile(sqlite3_file* own, std::shared_ptr<std::atomic<std::int64_t>> used) noexcept
      : own_(own), used_(std::move(used)) {}

  [[nodiscard]] sqlite3_file* own() const noexcept { return own_; }
  [[nodiscard]] const std::shared_ptr<std::atomic<std::int64_t>>& used() const noexcept { return used_; }

  void gather() noexcept { gathers_ = true; }
  /// What is still held is of a commit that failed: it is as if it had not been written.
  void end_gathering() noexcept {
    gathers_ = false;
    held_.clear();
    next_ = Next::unknown;
  }

  int write(const void* bytes, int size, sqlite3_int64 at) noexcept {
    if (!gathers_ || at != end_) return write_through(bytes, size, at);
    if (next_ == Next::head && size == kFrameHead) {
      if (const int code = hold(bytes, size); code != SQLITE_OK) return code;
      commits_ = is_commit(static_cast<const unsigned char*>(bytes));
      next_ = Next::page;
      return SQLITE_OK;
    }
    if (next_ == Next::page && is_page(size)) {
      if (const int code = hold(bytes, size); code != SQLITE_OK) return code;
      next_ = Next::head;
      return commits_ ? write_held() : SQLITE_OK;
    }
    return write_through(bytes, size, at);
  }

  int write_held() noexcept {
    if (held_.empty()) return SQLITE_OK;
    const auto begin = end_ - static_cast<sqlite3_int64>(held_.size());
    used_->store(end_, std::memory_order_relaxed);
    const int code = own_->pMethods->xWrite(own_, held_.data(), static_cast<int>(held_.size()), begin);
    if (code != SQLITE_OK) next_ = Next::unknown;
    held_.clear();
    return code;
  }

 private:
  /// What is to follow at `end_`.
  enum class Next { unknown, head, page };

  static bool is_page(int size) noexcept { return size >= 512 && std::has_single_bit(static_cast<unsigned>(size)); }
  /// The second number of a frame's head: the size of the database after a commit, 0 where none ends with it.
  static bool is_commit(const unsigned char* head) noexcept { return (head[4] | head[5] | head[6] | head[7]) != 0; }

  int hold(const void* bytes, int size) noexcept {
    const auto* from = static_cast<const unsigned char*>(bytes);
    if (held_.size() + static_cast<std::size_t>(size) > kMostHeld)
      if (const int code = write_held(); code != SQLITE_OK) return code;
    try {
      held_.reserve(kMostHeld);
      held_.insert(held_.end(), from, from + size);
    } catch (const std::bad_alloc&) {
      return SQLITE_IOERR_NOMEM;
    }
    end_ += size;
    return SQLITE_OK;
  }

  /// The head of the log; what SQLite writes over once more: a page that a transaction changes again after it was
  /// written, frames that were rolled back; a page in parts, with a sync between them; and the first frame of all.
  int write_through(const void* bytes, int size, sqlite3_int64 at) noexcept {
    if (const int code = write_held(); code != SQLITE_OK) return code;
    end_ = at + size;
    const bool begins = at == 0;  // with its head a log begins anew
    next_ = begins || is_page(size) ? Next::head : Next::unknown;
    used_->store(end_, std::memory_order_relaxed);
    return own_->pMethods->xWrite(own_, bytes, size, at);
  }

  sqlite3_file* own_;
  std::shared_ptr<std::atomic<std::int64_t>> used_;
  std::vector<unsigned char> held_;
  sqlite3_int64 end_ = 0;  ///< of what was written last, with what is held
  Next next_ = Next::unknown;
  bool gathers_ = false;
  bool commits_ = false;  ///< the frame whose head was held last
};

namespace {

/// As SQLite has it in memory; SQLite's own file lies behind it.
struct LogHandle {
  sqlite3_file base;
  LogFile* log;
};

constexpr std::size_t kHandleBytes =
    (sizeof(LogHandle) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

LogFile& log_of(sqlite3_file* file) noexcept { return *reinterpret_cast<LogHandle*>(file)->log; }

int close_log(sqlite3_file* file) noexcept {
  const std::unique_ptr<LogFile> log(&log_of(file));
  return log->own()->pMethods->xClose(log->own());
}

int write_log(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) noexcept {
  return log_of(file).write(bytes, size, at);
}

/// `call` on SQLite's own file, when all is in it.
template <class Call>
int when_written(sqlite3_file* file, Call call) noexcept {
  LogFile& log = log_of(file);
  if (const int code = log.write_held(); code != SQLITE_OK) return code;
  return call(log.own());
}

int read_log(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) noexcept {
  return when_written(file, [=](sqlite3_file* own) { return own->pMethods->xRead(own, bytes, size, at); });
}
int truncate_log(sqlite3_file* file, sqlite3_int64 size) noexcept {
  return when_written(file, [=](sqlite3_file* own) { return own->pMethods->xTruncate(own, size); });
}
int sync_log(sqlite3_file* file, int flags) noexcept {
  return when_written(file, [=](sqlite3_file* own) { return own->pMethods->xSync(own, flags); });
}
int size_of_log(sqlite3_file* file, sqlite3_int64* size) noexcept {
  return when_written(file, [=](sqlite3_file* own) { return own->pMethods->xFileSize(own, size); });
}
int lock_log(sqlite3_file* file, int level) noexcept {
  sqlite3_file* own = log_of(file).own();
  return own->pMethods->xLock(own, level);
}
int unlock_log(sqlite3_file* file, int level) noexcept {
  sqlite3_file* own = log_of(file).own();
  return own->pMethods->xUnlock(own, level);
}
int check_log_lock(sqlite3_file* file, int* locked) noexcept {
  sqlite3_file* own = log_of(file).own();
  return own->pMethods->xCheckReservedLock(own, locked);
}
int control_log(sqlite3_file* file, int what, void* argument) noexcept {
  return when_written(file, [=](sqlite3_file* own) { return own->pMethods->xFileControl(own, what, argument); });
}
int sector_of_log(sqlite3_file* file) noexcept {
  sqlite3_file* own = log_of(file).own();
  return own->pMethods->xSectorSize(own);
}
int device_of_log(sqlite3_file* file) noexcept {
  sqlite3_file* own = log_of(file).own();
  return own->pMethods->xDeviceCharacteristics(own);
}

constexpr sqlite3_io_methods kLogMethods = {1,           close_log,     read_log,      write_log,  truncate_log,
                                            sync_log,    size_of_log,   lock_log,      unlock_log, check_log_lock,
                                            control_log, sector_of_log, device_of_log, nullptr,    nullptr,
                                            nullptr,     nullptr,       nullptr,       nullptr};

struct Vfs {
  sqlite3_vfs vfs;
  sqlite3_vfs* own;
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) noexcept {
  sqlite3_vfs* own = reinterpret_cast<Vfs*>(vfs)->own;
  if ((flags & SQLITE_OPEN_WAL) == 0) return own->xOpen(own, name, file, flags, out_flags);
  auto* handle = reinterpret_cast<LogHandle*>(file);
  handle->base.pMethods = nullptr;  // nothing to close
  auto* own_file = reinterpret_cast<sqlite3_file*>(reinterpret_cast<unsigned char*>(file) + kHandleBytes);
  std::unique_ptr<LogFile> log;
  try {
    log = std::make_unique<LogFile>(own_file, std::make_shared<std::atomic<std::int64_t>>(0));
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
  if (const int code = own->xOpen(own, name, own_file, flags, out_flags); code != SQLITE_OK) return code;
  handle->log = log.release();
  handle->base.pMethods = &kLogMethods;
  return SQLITE_OK;
}

/// Null: the database has no log, or another VFS.
LogFile* find_log(sqlite3* database) noexcept {
  sqlite3_file* file = nullptr;  // of a journal, where there is no log
  const int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file));
  return code == SQLITE_OK && file != nullptr && file->pMethods == &kLogMethods ? &log_of(file) : nullptr;
}

const char* make_vfs() noexcept {
  static Vfs ours;
  ours.own = sqlite3_vfs_find(nullptr);
  if (ours.own == nullptr) return nullptr;
  ours.vfs = *ours.own;
  ours.vfs.zName = "lic-log";
  ours.vfs.szOsFile += static_cast<int>(kHandleBytes);
  ours.vfs.xOpen = open_file;
  return sqlite3_vfs_register(&ours.vfs, 0) == SQLITE_OK ? ours.vfs.zName : nullptr;
}

}  // namespace

std::shared_ptr<const std::atomic<std::int64_t>> use_of_log(sqlite3* database) noexcept {
  const LogFile* log = find_log(database);
  return log == nullptr ? nullptr : log->used();
}

LogGathering::LogGathering(sqlite3* database) noexcept : log_(find_log(database)) {
  if (log_ != nullptr) log_->gather();
}

LogGathering::~LogGathering() {
  if (log_ != nullptr) log_->end_gathering();
}

const char* log_vfs() noexcept {
  static const char* const name = make_vfs();
  return name;
}

}  // namespace lic::sqlite
