#pragma once

/// The one door to the file system: bounded reads, whole-file writes, locks.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "base/path.hpp"
#include "lic/result.hpp"

namespace lic {

/// A file descriptor that closes itself. -1: none.
class LIC_INTERNAL Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;

 private:
  int fd_ = -1;
};

struct ReadOptions {
  std::size_t limit = 64 * 1024;  ///< more bytes than this: Errc::invalid_input
  bool follow_symlink = true;     ///< false: a symbolic link is Errc::denied
  bool must_be_ours = false;      ///< owned by the calling user, else Errc::denied
  bool must_be_private = false;   ///< no permission for group and others, else Errc::denied
  std::optional<std::chrono::sys_seconds>* modified_at = nullptr;  ///< gets when it was last written
};

/// The whole content of a regular file.
/// Errors: not_found; denied (permission, and as ReadOptions says);
/// invalid_input (a directory, device, FIFO or socket: never waited for; too
/// large); failure (I/O). `what` begins the message ("license file").
[[nodiscard]] LIC_INTERNAL Result<Bytes> read_file(const Path& path, std::string_view what,
                                                   const ReadOptions& options = {});

/// The same from an open descriptor, which may be a pipe (standard input).
[[nodiscard]] LIC_INTERNAL Result<Bytes> read_stream(int fd, std::string_view what, std::size_t limit);

/// A file written whole or not at all: a temporary file beside it, then fsync,
/// rename and fsync of the directory. Destroyed without commit(), the old file
/// stays as it was. Mode 0600 unless told.
class LIC_INTERNAL AtomicFile {
 public:
  enum class Existing { replace, refuse };

  /// Errors: not_found (no such directory), denied, failure.
  static Result<AtomicFile> create(const Path& path, mode_t mode = 0600);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  Result<void> write(ByteView bytes);
  /// The file as long as it is not committed, for what writes by name.
  [[nodiscard]] const Path& temporary() const noexcept { return temporary_; }
  /// After success the content is on disk under its name. With
  /// Existing::refuse, a file of that name is Errc::conflict and left alone.
  /// After a failure the old file is as it was, unless the message says that the new one
  /// is written and a power failure could undo that.
  Result<void> commit(Existing existing = Existing::replace);

 private:
  AtomicFile(Path path, Path temporary, Fd fd);

  Path path_;
  Path temporary_;
  Fd fd_;
};

/// Removes what killed processes left of files that they were writing in `directory`:
/// of the file `name`, or in a directory that is licgen's or licctl's own (empty name)
/// of any. Other programs name theirs in the same way. Files of living writers stay.
LIC_INTERNAL void remove_abandoned_temporaries(const Path& directory, std::string_view name = {}) noexcept;
/// The same for the one file, before it is written anew. Looks through its directory.
LIC_INTERNAL void remove_abandoned_temporaries_of(const Path& file);

/// AtomicFile in one call.
Result<void> LIC_INTERNAL write_file(const Path& path, ByteView bytes, mode_t mode = 0600,
                                     AtomicFile::Existing existing = AtomicFile::Existing::replace);

/// Makes the name of a file that was just made last: it is there after a power failure. Where that fails, the file has
/// the name all the same. Errors: failure.
Result<void> sync_name(const Path& path);

/// Makes the directory and its missing parents with mode 0700.
/// Errors: conflict (something else has that name), denied, failure.
Result<void> LIC_INTERNAL make_private_directory(const Path& path);

/// An exclusive lock between processes (flock): held until destroyed, and gone
/// with the process that held it, however that ended. A child that is forked meanwhile
/// does not hold it longer.
class LIC_INTERNAL FileLock {
 public:
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

  /// Waits at most `patience`. Errors: unavailable (not had in time), denied,
  /// failure. Makes the lock file (0600) where there is none; never removes it.
  static Result<FileLock> acquire(const Path& path, std::chrono::milliseconds patience);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// What changes when the file of that name is written or replaced, as a word; empty when
/// there is no regular file of that name (a symbolic link is none).
[[nodiscard]] std::string file_stamp(const Path& path);
/// When what has that name, a directory too, was last written; absent when nothing has.
[[nodiscard]] std::optional<std::chrono::sys_seconds> modified_at(const Path& path) noexcept;

/// An Error for the system call that just failed with `number` (errno).
[[nodiscard]] LIC_INTERNAL Error system_error(int number, std::string_view doing, const Path& path);

}  // namespace lic
