#pragma once

/// A JSON list of texts, as long as it may be: what a little memory does not hold waits in a
/// temporary file.

#include <functional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "common/output.hpp"
#include "lic/result.hpp"

namespace lic::app {

class JsonList {
 public:
  /// Errors: failure (no room for the file).
  [[nodiscard]] Result<void> add(std::string_view text);
  /// Gives the list to `write` in pieces, compact and safe on a terminal. Errors: failure.
  [[nodiscard]] Result<void> write(const std::function<void(std::string_view)>& write) const;
  /// The same to the answer.
  [[nodiscard]] Result<void> write(Output& output) const;

 private:
  std::string text_;  // elements that follow those of file_, a comma in front of each
  Fd file_;
};

}  // namespace lic::app
