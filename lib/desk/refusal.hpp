#pragma once

#include <string>

#include "lic/types.hpp"

namespace lic {

/// A definite no to what was asked for. It is no error: nothing has failed here.
struct Refusal {
  Reason why = Reason::no_license;
  std::string message;
  std::string hint;
};

}  // namespace lic
