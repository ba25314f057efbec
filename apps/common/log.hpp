#pragma once

/// The log of a run: --verbose sends it to stderr, --log-file to a file. Without
/// either nothing is set up and log_info() returns at once. License keys and
/// secrets do not belong here in full; log masked_key() of a key.

#include <string>
#include <string_view>

#include "common/output.hpp"
#include "lic/result.hpp"

namespace lic::app {

/// Opens the log as `options` say. The file (mode 0600 when new) is appended to,
/// each line with its time in UTC and the process id.
/// Errors: denied, not_found (no such directory), failure, all naming the file.
[[nodiscard]] Result<void> start_log(std::string_view program, const GlobalOptions& options);

/// One line; control characters are escaped.
void log_info(std::string_view text);

/// The first and the last group of a license key: `TZ-PRO-...-5R28`.
[[nodiscard]] std::string masked_key(std::string_view key);

}  // namespace lic::app
