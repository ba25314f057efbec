#pragma once

/// Documents that a command is given, as a file or on standard input.

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "lic/result.hpp"

namespace lic::app {

/// The content of `file`; `-` is standard input. Errors: those of read_file().
[[nodiscard]] Result<Bytes> read_input(const std::string& file, std::string_view what, std::size_t limit);

/// "license file 'a.json'", "the license file on standard input": for messages.
[[nodiscard]] std::string input_name(const std::string& file, std::string_view what);

}  // namespace lic::app
