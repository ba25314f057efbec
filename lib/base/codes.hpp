#pragma once

/// The one table of codes (docs/cli.md, "Exit codes"): what the programs exit with and the C
/// interface returns. 1 to 7: could not tell. 10 and more: a definite no.

#include <span>
#include <string_view>

#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

struct CodeRow {
  int code;
  const char* name;     ///< the stable token, as in {"error":{"code":...}}
  const char* meaning;  ///< in a sentence
};
[[nodiscard]] LIC_INTERNAL std::span<const CodeRow> code_table() noexcept;
/// Null where there is no such code.
[[nodiscard]] LIC_INTERNAL const CodeRow* find_code(int code) noexcept;

[[nodiscard]] LIC_INTERNAL int code_of(Errc code) noexcept;
/// 0 for a reason that allows.
[[nodiscard]] LIC_INTERNAL int code_of(Reason reason) noexcept;

}  // namespace lic
