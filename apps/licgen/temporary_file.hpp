#pragma once

/// Files without a name, in $TMPDIR or /tmp: gone with the process.

#include <string_view>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic::app {

/// Errors: denied, failure.
[[nodiscard]] Result<Fd> nameless_file();

/// Writes all of `text`. `doing` and `name` begin the message: "cannot keep a copy of", "a.csv".
[[nodiscard]] Result<void> write_all(int fd, std::string_view text, std::string_view doing, std::string_view name);

}  // namespace lic::app
