#pragma once

/// A file of rows or lines that licgen writes: whole or not at all, for its owner alone,
/// since it holds customers.

#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic::app {

class RowFile {
 public:
  /// What to do with a file that is there already and holds the very same.
  enum class Same { refuse, keep };

  /// Errors: conflict (it exists and no `force`; with Same::keep only finish() can tell),
  /// denied, not_found, failure.
  static Result<RowFile> open(const std::string& name, bool force, Same same, char separator);

  /// One row of CSV. Errors: failure.
  [[nodiscard]] Result<void> add(const std::vector<std::string_view>& fields);
  /// One line as it is. Errors: failure.
  [[nodiscard]] Result<void> add_line(std::string_view line);
  /// Puts the file in its place. Errors: conflict (another one is there), failure.
  [[nodiscard]] Result<void> finish();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  Result<void> flush(std::size_t most);
  RowFile(std::string name, bool force, char separator, AtomicFile file)
      : name_(std::move(name)), force_(force), separator_(separator), file_(std::move(file)) {}

  std::string name_;
  bool force_;
  char separator_;
  bool keep_ = false;
  AtomicFile file_;
  std::string buffer_;
};

}  // namespace lic::app
