#pragma once

/// A large input that is read more than once: first to see that all of it is good.

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic::app {

class InputFile {
 public:
  /// Opens `file`. Standard input (`-`) and what is no regular file is copied to a
  /// temporary file that has no name, in $TMPDIR or /tmp. `what`: "CSV file".
  /// Errors: not_found, denied, invalid_input (a directory), failure.
  static Result<InputFile> open(const std::string& file, std::string_view what);

  /// "CSV file 'a.csv'", "the CSV file on standard input": for messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Names the content: equal for equal files, and for others never. Reads all of it.
  /// Errors: failure.
  [[nodiscard]] Result<std::string> digest();

  /// Reads from the beginning again. Errors: failure.
  [[nodiscard]] Result<void> rewind();
  /// The next bytes, at most `size`; 0 at the end. Errors: failure.
  [[nodiscard]] Result<std::size_t> read(char* to, std::size_t size);
  /// Whether the file is still the one that was opened. Errors: conflict.
  [[nodiscard]] Result<void> check_unchanged() const;

 private:
  InputFile(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Fd fd_;
  std::string name_;
  struct stat info_ {};
};

}  // namespace lic::app
