#pragma once

/// nlohmann JSON to text and back, for what the vendor's side tells.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lic/types.hpp"

namespace lic {

/// Compact text of a value, safe on a terminal: what moves the cursor or
/// reorders text is escaped. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string compact_json(const nlohmann::ordered_json& value);

/// The value of any text; discarded (is_discarded()), and so of no type, where
/// it is not JSON.
[[nodiscard]] nlohmann::ordered_json json_or_discarded(std::string_view text);

/// Null for an empty text, and where there is no time.
[[nodiscard]] nlohmann::ordered_json text_or_null(const std::string& text);
[[nodiscard]] nlohmann::ordered_json time_or_null(const std::optional<Time>& time);

}  // namespace lic
