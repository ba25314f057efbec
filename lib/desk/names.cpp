#include "desk/names.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "issue/issuer.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestName = 100;

}  // namespace

Result<void> check_name(std::string_view noun, std::string_view name) {
  if (name.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return error(Errc::invalid_input, concat("the name of the ", noun, " is empty"));
  if (name.size() > kLongestName || !is_utf8(name))
    return error(Errc::invalid_input, concat("the name of a ", noun, " is UTF-8 text of at most ", kLongestName,
                                             " bytes: ", in_quotes(name)));
  if (is_ulid(to_upper(name)))
    return error(Errc::invalid_input, concat("the name ", in_quotes(name), " looks like the id of a ", noun),
                 "choose one that cannot be mistaken for an id");
  return {};
}

}  // namespace lic
