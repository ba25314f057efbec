#include "desk/json_text.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace lic {

std::string compact_json(const nlohmann::ordered_json& value) {
  return printable_json(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

nlohmann::ordered_json json_or_discarded(std::string_view text) {
  return nlohmann::ordered_json::parse(text, nullptr, false);
}

}  // namespace lic
