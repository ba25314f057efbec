#include "desk/names.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kIdSize = 26;

bool is_like_id(std::string_view name) {
  return name.size() == kIdSize &&
         std::all_of(name.begin(), name.end(), [](char symbol) { return base32_value(symbol) >= 0; });
}

}  // namespace

Result<void> check_name(std::string_view noun, std::string_view name) {
  if (name.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return error(Errc::invalid_input, concat("the name of the ", noun, " is empty"));
  if (name.size() > kLongestName || !is_utf8(name))
    return error(Errc::invalid_input, concat("the name of a ", noun, " is UTF-8 text of at most ", kLongestName,
                                             " bytes: ", in_quotes(name)));
  if (is_like_id(name))
    return error(Errc::invalid_input, concat("the name ", in_quotes(name), " looks like the id of a ", noun),
                 "choose one that cannot be mistaken for an id");
  return {};
}

}  // namespace lic
