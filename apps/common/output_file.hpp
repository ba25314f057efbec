#pragma once

/// A file that a command writes by the name that a person gave.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic::app {

/// Whether a file may be written there: nothing of that name, or `force` and a
/// regular file. Errors: conflict, not_found (no such directory), usage (empty).
[[nodiscard]] Result<void> check_output_file(const std::string& file, bool force);

/// The same; a file that holds just `content` is no hindrance either: a command that is
/// run again finds what it wrote.
[[nodiscard]] Result<void> check_output_file(const std::string& file, std::string_view content, bool force);

/// Writes it, unless the file holds it already.
/// Errors: those of check_output_file(); denied, failure.
[[nodiscard]] Result<void> write_output_file(const std::string& file, std::string_view content, mode_t mode,
                                             bool force);

/// Whether the file is there and holds just `content`.
[[nodiscard]] bool holds(const Path& path, std::string_view content);

/// Errors: conflict.
[[nodiscard]] Error exists_already(const std::string& file);

}  // namespace lic::app
