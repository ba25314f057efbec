#pragma once

/// The log of a run: --verbose sends it to stderr, --log-file to a file. Without
/// either nothing is set up and log_info() returns at once. License keys and
/// secrets do not belong here in full; log masked_key() of a key.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// One thing that happened in a program that runs on. Text from outside is escaped.
struct LogEvent {
  enum class Level { info, warning };
  Level level = Level::info;
  std::string_view name;                                              ///< "request", "reload": a word of ours
  std::vector<std::pair<std::string_view, std::string>> fields = {};  ///< names are words of ours
};

/// Begins the log of a program that runs on: to stderr always, and to the --log-file of start_log(), which came before.
/// `json`: one object a line with `time`, `level`, `event` and the fields, else words. Errors: those of start_log().
[[nodiscard]] Result<void> start_event_log(bool json);
/// Does nothing before start_event_log(). From any thread.
void log_event(const LogEvent& event);

}  // namespace lic::app
