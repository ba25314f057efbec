#include "base/result.hpp"

#include <string>

namespace lic {

Error error(Errc code, TextView message, TextView hint) { return Error{code, std::string(message), std::string(hint)}; }

}  // namespace lic
