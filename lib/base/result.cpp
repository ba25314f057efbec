#include "base/result.hpp"

#include <string>

namespace lic {

Error error(Errc code, TextView message, TextView hint) {
  return Error{code, std::string(std::string_view(message)), std::string(std::string_view(hint))};
}

}  // namespace lic
