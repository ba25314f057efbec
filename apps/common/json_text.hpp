#pragma once

/// nlohmann JSON to text and back, compiled once.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/exit_codes.hpp"

namespace lic::app {

/// Compact text of a value, safe on a terminal: what moves the cursor or reorders text
/// is escaped. What is not UTF-8 (a path may not be) becomes U+FFFD: a document that
/// cannot be read would be worse.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value);

/// The same over several lines, for people as well.
[[nodiscard]] std::string json_lines(const nlohmann::ordered_json& value);

/// The value of a text that this program made or has checked before. Throws
/// nlohmann::json::parse_error, which ends the program as an internal fault.
[[nodiscard]] nlohmann::ordered_json parse_json(std::string_view text);

/// The value of any text; discarded (is_discarded()), and so of no type, where it is not JSON.
[[nodiscard]] nlohmann::ordered_json json_if_any(std::string_view text);

/// The member "error" of a document (docs/cli.md, "JSON").
[[nodiscard]] nlohmann::ordered_json error_object(ExitCode code, std::string_view message, std::string_view hint);

}  // namespace lic::app
