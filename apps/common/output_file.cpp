#include "common/output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

}  // namespace

Error exists_already(const std::string& file) {
  return error(Errc::conflict, concat(in_quotes(file), " exists already"), "--force replaces it");
}

bool holds(const Path& path, std::string_view content) {
  ReadOptions options;
  options.follow_symlink = false;
  options.limit = std::max(content.size(), std::size_t{1});
  const auto bytes = read_file(path, "file", options);
  return bytes && view_text(*bytes) == content;
}

Result<void> check_output_file(const std::string& file, bool force) {
  if (file.empty()) return error(Errc::usage, "the name of the output file is empty");
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return error(Errc::conflict, concat(in_quotes(file), " is a directory"));
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
      return error(Errc::conflict, concat(in_quotes(file), " is not a regular file"), "- stands for standard output");
    if (!force) return exists_already(file);
  } else if (errno != ENOENT) {
    return system_error(errno, "cannot write", file);
  }
  const Path directory = directory_of(file);
  if (::access(directory.c_str(), W_OK | X_OK) != 0) return system_error(errno, "cannot write to directory", directory);
  return {};
}

Result<void> check_output_file(const std::string& file, std::string_view content, bool force) {
  return holds(file, content) ? Result<void>() : check_output_file(file, force);
}

Result<void> write_output_file(const std::string& file, std::string_view content, mode_t mode, bool force) {
  remove_abandoned_temporaries_of(file);
  if (holds(file, content)) return {};
  LIC_TRY(check_output_file(file, force));
  return write_file(file, view_bytes(content), mode,
                    force ? AtomicFile::Existing::replace : AtomicFile::Existing::refuse);
}

}  // namespace lic::app
