#pragma once

/// How our own code makes and passes on errors. The types are in lic/result.hpp.

#include <utility>

#include "base/export.hpp"
#include "base/text_view.hpp"
#include "lic/result.hpp"

namespace lic {

[[nodiscard]] LIC_INTERNAL Error error(Errc code, TextView message, TextView hint = {});

}  // namespace lic

#define LIC_CONCAT_INNER(a, b) a##b
#define LIC_CONCAT(a, b) LIC_CONCAT_INNER(a, b)

/// Returns the error of `expression` from the enclosing function, if it has one.
#define LIC_TRY(expression)                                                                            \
  do {                                                                                                 \
    if (auto lic_try_result = (expression); !lic_try_result) return std::move(lic_try_result).error(); \
  } while (false)

/// `LIC_TRY_ASSIGN(auto value, expression);` assigns the value, or returns the error.
#define LIC_TRY_ASSIGN(target, expression) \
  LIC_TRY_ASSIGN_INNER(LIC_CONCAT(lic_result_, __COUNTER__), target, expression)
#define LIC_TRY_ASSIGN_INNER(result, target, expression) \
  auto result = (expression);                            \
  if (!result) return std::move(result).error();         \
  target = std::move(result).value()
