#include "licgen/input_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "crypto/hash.hpp"
#include "licgen/document_output.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

/// Fills `size` bytes where there are as many. Errors: failure.
Result<std::size_t> read_some(int fd, char* to, std::size_t size, const std::string& name) {
  std::size_t count = 0;
  while (count < size) {
    const ssize_t got = ::read(fd, to + count, size - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read", name);
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

Result<Fd> nameless_file() {
  const char* directory = std::getenv("TMPDIR");
  std::string path = concat(directory != nullptr && *directory != '\0' ? directory : "/tmp", "/licgen.XXXXXX");
  Fd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot make a temporary file", path);
  ::unlink(path.c_str());
  return fd;
}

/// All that comes from `from`, in a file that can be read again.
Result<Fd> copy_of(int from, const std::string& name) {
  LIC_TRY_ASSIGN(Fd copy, nameless_file());
  std::vector<char> block(kBlock);
  while (true) {
    LIC_TRY_ASSIGN(const std::size_t count, read_some(from, block.data(), block.size(), name));
    if (count == 0) return copy;
    for (std::size_t written = 0; written < count;) {
      const ssize_t done = ::write(copy.get(), block.data() + written, count - written);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return system_error(errno, "cannot keep a copy of", name);
      written += static_cast<std::size_t>(done);
    }
  }
}

bool same_time(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& file, std::string_view what) {
  if (file.empty()) return error(Errc::usage, concat("the name of the ", what, " is empty"));
  const std::string name = input_name(file, what);
  Fd fd(file == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(errno, concat("cannot open ", what), file);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error(errno, concat("cannot open ", what), file);
  if (S_ISDIR(info.st_mode)) return error(Errc::invalid_input, concat(name, " is a directory"));
  if (file == "-" || !S_ISREG(info.st_mode)) {
    LIC_TRY_ASSIGN(fd, copy_of(fd.get(), name));
  }
  InputFile input(std::move(fd), name);
  LIC_TRY(input.look_through());
  return input;
}

Result<void> InputFile::look_through() {
  if (::fstat(fd_.get(), &info_) != 0) return system_error(errno, "cannot read", name_);
  LIC_TRY(rewind());
  Bytes block(kBlock);
  std::string digests = "lic-input-v1";
  while (true) {
    LIC_TRY_ASSIGN(const std::size_t count, read(reinterpret_cast<char*>(block.data()), block.size()));
    if (count == 0) break;
    digests = concat(digest_, hex_encode(sha256(ByteView(block).first(count))));
    digest_ = hex_encode(sha256(view_bytes(digests)));
  }
  return rewind();
}

Result<void> InputFile::rewind() {
  if (::lseek(fd_.get(), 0, SEEK_SET) == 0) return {};
  return system_error(errno, "cannot read again", name_);
}

Result<std::size_t> InputFile::read(char* to, std::size_t size) { return read_some(fd_.get(), to, size, name_); }

Result<void> InputFile::check_unchanged() const {
  struct stat now {};
  if (::fstat(fd_.get(), &now) != 0) return system_error(errno, "cannot read", name_);
  if (now.st_size == info_.st_size && same_time(now.st_mtim, info_.st_mtim)) return {};
  return error(Errc::conflict, concat(name_, " was changed while it was read"), "run the command again");
}

}  // namespace lic::app
