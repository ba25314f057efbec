#pragma once

#include <string>

#include "base/text.hpp"

namespace lic::app {

/// Compact text of an nlohmann JSON value, safe on a terminal: what moves the cursor or
/// reorders text is escaped. What is not UTF-8 (a path may not be) becomes U+FFFD: a
/// document that cannot be read would be worse.
template <class Json>
[[nodiscard]] std::string json_text(const Json& value) {
  return printable_json(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// The same over several lines, for people as well.
template <class Json>
[[nodiscard]] std::string json_lines(const Json& value) {
  return printable_json(value.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace lic::app
