#include "licgen/temporary_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {

Result<Fd> nameless_file() {
  const char* directory = std::getenv("TMPDIR");
  std::string path = concat(directory != nullptr && *directory != '\0' ? directory : "/tmp", "/licgen.XXXXXX");
  Fd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot make a temporary file", path);
  ::unlink(path.c_str());
  return fd;
}

Result<void> write_all(int fd, std::string_view text, std::string_view doing, std::string_view name) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error(errno, doing, Path(name));
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

}  // namespace lic::app
