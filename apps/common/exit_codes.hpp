#pragma once

/// The one table of exit codes of both commands (docs/cli.md, "Exit codes").
/// 1 to 7: could not tell. 10 and more: a definite no.

#include <optional>
#include <span>
#include <string_view>

#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::app {

enum class ExitCode : int {
  ok = 0,
  failure = 1,
  usage = 2,
  invalid_input = 3,
  not_found = 4,
  conflict = 5,
  denied = 6,
  unavailable = 7,
  no_license = 10,
  expired = 11,
  revoked = 12,
  suspended = 13,
  wrong_machine = 14,
  untrusted = 15,
  not_yet_valid = 16,
  clock_moved_back = 17,
  no_seat_left = 18,
  feature_not_licensed = 19,
  usage_limit_reached = 20,
  trial_not_available = 21,
  version_not_covered = 22,
};

/// One row of the table, for documentation made from it.
struct ExitCodeRow {
  ExitCode code;
  std::string_view name;  ///< the stable token, as in {"error":{"code":...}}
  std::string_view meaning;
};
[[nodiscard]] std::span<const ExitCodeRow> exit_code_table() noexcept;

[[nodiscard]] std::string_view token(ExitCode code) noexcept;
[[nodiscard]] ExitCode exit_code(Errc code) noexcept;
/// ok for a reason that allows.
[[nodiscard]] ExitCode exit_code(Reason reason) noexcept;

}  // namespace lic::app
