#include "common/json_text.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace lic::app {
namespace {

std::string dump(const nlohmann::ordered_json& value, int indent) {
  return printable_json(value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

std::string json_text(const nlohmann::ordered_json& value) { return dump(value, -1); }

std::string json_lines(const nlohmann::ordered_json& value) { return dump(value, 2); }

nlohmann::ordered_json parse_json(std::string_view text) { return nlohmann::ordered_json::parse(text); }

nlohmann::ordered_json json_if_any(std::string_view text) {
  return nlohmann::ordered_json::parse(text, nullptr, false);
}

nlohmann::ordered_json error_object(ExitCode code, std::string_view message, std::string_view hint) {
  nlohmann::ordered_json object;
  object["code"] = token(code);
  object["exit"] = static_cast<int>(code);
  object["message"] = message;
  object["hint"] = hint;
  return object;
}

}  // namespace lic::app
