#include "base/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <thread>

#include "base/free_with.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

/// Calls `call` again for as long as a signal interrupts it.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

/// When it was last written.
std::chrono::sys_seconds time_of(const struct stat& info) {
  return std::chrono::sys_seconds{std::chrono::seconds{info.st_mtim.tv_sec}};
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Result<void> check_permissions(const struct stat& info, std::string_view what, const Path& path,
                               const ReadOptions& options) {
  if (options.must_be_ours && info.st_uid != ::geteuid())
    return error(Errc::denied,
                 concat(what, " ", in_quotes(path.native()), " belongs to another user (uid ", info.st_uid, ")"),
                 "run the command as that user, or give the file back to its owner with chown");
  if (options.must_be_private && (info.st_mode & 077) != 0)
    return error(Errc::denied, concat(what, " ", in_quotes(path.native()), " can be read by others"),
                 concat("chmod 600 ", printable(path.native())));
  return {};
}

Error too_large(std::string_view what, std::size_t limit) {
  return error(Errc::invalid_input, concat(what, " is larger than ", limit / 1024, " KiB"));
}

/// `named()` is what is read, for messages.
template <class Named>
Result<Bytes> read_at_most(int fd, Named named, std::size_t limit, std::size_t expected) {
  Bytes bytes;
  bytes.reserve(expected);
  std::array<std::uint8_t, 16 * 1024> chunk;
  while (true) {
    const ssize_t count = retry([&] { return ::read(fd, chunk.data(), chunk.size()); });
    if (count < 0) {
      const int fault = errno;
      return error(Errc::failure, concat("cannot read ", named(), ": ", std::strerror(fault)));
    }
    if (count == 0) return bytes;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + count);
    if (bytes.size() > limit) return too_large(named(), limit);
    // A file that has all that it said, where more was asked for, is at its end.
    if (bytes.size() == expected && static_cast<std::size_t>(count) < chunk.size()) return bytes;
  }
}

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

/// As sync_name() below; `directory` is where it is.
Result<void> sync_name_in(const Path& path, const Path& directory) {
  const Fd fd(retry([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  // Some file systems cannot sync a directory and say so with EINVAL: the rename still stands.
  if (fd && (::fsync(fd.get()) == 0 || errno == EINVAL)) return {};
  Error fault = system_error(errno, fd ? "cannot sync directory" : "cannot open directory", directory);
  fault.message = concat(in_quotes(path.native()), " is written, but a power failure could undo that: ", fault.message);
  return fault;
}

/// ".<name>.XXXXXX" as AtomicFile makes them: for `of`, or where that is empty for any
/// name of a document, a state or a key.
bool is_temporary_name(std::string_view name, std::string_view of) noexcept {
  constexpr std::size_t kRandom = 7;
  if (!name.starts_with('.') || name.size() <= kRandom + 1 || name[name.size() - kRandom] != '.') return false;
  const std::string_view whole = name.substr(1, name.size() - 1 - kRandom);
  if (!of.empty()) return whole == of;
  return whole.ends_with(".json") || whole.ends_with(".pem") || whole.ends_with(".key");
}

/// Tries `done` until it says so, or until `give_up`; at least once.
template <class Done>
bool wait_until(std::chrono::steady_clock::time_point give_up, std::chrono::milliseconds pause, Done done) {
  while (!done()) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// Takes (F_WRLCK) or gives up (F_UNLCK) the turn of a lock file: a lock on its first byte, which
/// is nothing to flock(). A file system without such locks has no turns.
int set_turn(int fd, short type) {
  struct flock turn {};
  turn.l_type = type;
  turn.l_whence = SEEK_SET;
  turn.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &turn);
}

}  // namespace

std::string file_stamp(const Path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return concat(info.st_ino, '.', info.st_size, '.', info.st_mtim.tv_sec, '.', info.st_mtim.tv_nsec, '.',
                info.st_ctim.tv_sec, '.', info.st_ctim.tv_nsec);
}

std::optional<std::chrono::sys_seconds> modified_at(const Path& path) noexcept {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return time_of(info);
}

Error system_error(int number, std::string_view doing, const Path& path) {
  Errc code = Errc::failure;
  TextView hint;
  if (number == ENOENT || number == ENOTDIR) code = Errc::not_found;
  if (number == EACCES || number == EPERM) code = Errc::denied;
  if (number == ENOSPC || number == EDQUOT) hint = "free some space and try again";
  if (number == EROFS) hint = "the file system is read-only";
  return error(code, concat(doing, " ", in_quotes(path.native()), ": ", std::strerror(number)), hint);
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

int Fd::release() noexcept { return std::exchange(fd_, -1); }

Result<Bytes> read_file(const Path& path, std::string_view what, const ReadOptions& options) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (options.follow_symlink ? 0 : O_NOFOLLOW);
  const Fd fd(retry([&] { return ::open(path.c_str(), flags); }));
  if (!fd) {
    if (errno == ELOOP && !options.follow_symlink)
      return error(Errc::denied,
                   concat(what, " ", in_quotes(path.native()), " is a symbolic link, which is not followed here"),
                   "put the file itself in its place");
    return system_error(errno, concat("cannot open ", what), path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error(errno, concat("cannot examine ", what), path);
  if (options.modified_at != nullptr) *options.modified_at = time_of(info);
  if (!S_ISREG(info.st_mode))
    return error(Errc::invalid_input,
                 concat(what, " ", in_quotes(path.native()), " is ", kind_of(info.st_mode), ", not a file"));
  LIC_TRY(check_permissions(info, what, path, options));
  const auto named = [&] { return concat(what, " ", in_quotes(path.native())); };
  if (static_cast<std::uintmax_t>(info.st_size) > options.limit) return too_large(named(), options.limit);
  return read_at_most(fd.get(), named, options.limit, static_cast<std::size_t>(info.st_size));
}

Result<Bytes> read_stream(int fd, std::string_view what, std::size_t limit) {
  return read_at_most(
      fd, [&] { return what; }, limit, 0);
}

AtomicFile::AtomicFile(Path path, Path temporary, Fd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::move(other.temporary_)), fd_(std::move(other.fd_)) {
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const Path& path, mode_t mode) {
  std::string name = (directory_of(path) / concat(".", path.filename().native(), ".XXXXXX")).native();
  Fd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot write", path);
  AtomicFile file(path, Path(name), std::move(fd));
  ::flock(file.fd_.get(), LOCK_EX | LOCK_NB);  // tells remove_abandoned_temporaries() that somebody writes it
  if (::fchmod(file.fd_.get(), mode) != 0) return system_error(errno, "cannot set the permissions of", path);
  return file;
}

Result<void> AtomicFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = retry([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
    if (count < 0) return system_error(errno, "cannot write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> AtomicFile::commit(Existing existing) {
  const Path directory = directory_of(path_);  // now, as memory may run out: after the renaming nothing fails so
  if (::fsync(fd_.get()) != 0) return system_error(errno, "cannot write", path_);
  if (existing == Existing::replace) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return system_error(errno, "cannot write", path_);
    temporary_.clear();
  } else {
    // link() fails where the name is taken, in one step; rename() would replace it.
    if (::link(temporary_.c_str(), path_.c_str()) != 0) {
      if (errno == EEXIST) return error(Errc::conflict, concat(in_quotes(path_.native()), " exists already"));
      return system_error(errno, "cannot write", path_);
    }
    ::unlink(temporary_.c_str());
    temporary_.clear();
  }
  return sync_name_in(path_, directory);
}

void remove_abandoned_temporaries(const Path& directory, std::string_view name) noexcept {
  constexpr std::time_t kYoung = 60;  // seconds: it may not be locked yet
  const std::unique_ptr<DIR, FreeWith<closedir>> entries(::opendir(directory.c_str()));
  if (!entries) return;
  const int place = ::dirfd(entries.get());
  while (const dirent* entry = ::readdir(entries.get())) {
    if (!is_temporary_name(entry->d_name, name)) continue;
    const Fd fd(::openat(place, entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) continue;
    const bool young = std::time(nullptr) - info.st_mtime < kYoung && info.st_mtime <= std::time(nullptr);
    if (!young && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(place, entry->d_name, 0);
  }
}

void remove_abandoned_temporaries_of(const Path& file) {
  remove_abandoned_temporaries(directory_of(file), file.filename().native());
}

Result<void> write_file(const Path& path, ByteView bytes, mode_t mode, AtomicFile::Existing existing) {
  LIC_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path, mode));
  LIC_TRY(file.write(bytes));
  return file.commit(existing);
}

Result<void> make_private_directory(const Path& path) {
  if (path.empty()) return {};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return error(Errc::conflict, concat(in_quotes(path.native()), " is in the way: a directory is needed there"));
  }
  LIC_TRY(make_private_directory(path.parent_path()));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make directory", path);
  return {};
}

Result<FileLock> FileLock::acquire(const Path& path, std::chrono::milliseconds patience) {
  Fd fd(retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); }));
  if (!fd) return system_error(errno, "cannot open lock file", path);
  const auto give_up = std::chrono::steady_clock::now() + patience;
  // Whoever waits for the lock holds the turn, so that a process which lets go of the lock
  // and wants it again does not overtake the others for ever.
  const bool has_turn = wait_until(give_up, std::chrono::milliseconds{3}, [&] {
    return set_turn(fd.get(), F_WRLCK) == 0 || (errno != EAGAIN && errno != EACCES && errno != EINTR);
  });
  int number = EWOULDBLOCK;
  const bool locked = has_turn && wait_until(give_up, std::chrono::milliseconds{1}, [&] {
                        number = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
                        return number != EWOULDBLOCK && number != EINTR;
                      });
  if (has_turn) static_cast<void>(set_turn(fd.get(), F_UNLCK));
  if (!locked)
    return error(Errc::unavailable, concat("another process holds ", in_quotes(path.native())),
                 "try again in a moment");
  if (number != 0) return system_error(number, "cannot lock", path);
  return FileLock(std::move(fd));
}

// Closing would not do: a forked child has a copy of the descriptor, which keeps the lock.
FileLock::~FileLock() {
  if (fd_) static_cast<void>(::flock(fd_.get(), LOCK_UN));
}

Result<void> sync_name(const Path& path) { return sync_name_in(path, directory_of(path)); }

}  // namespace lic
