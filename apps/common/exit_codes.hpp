#pragma once

/// Names for the codes of base/codes.hpp, which both commands exit with.

#include <span>
#include <string_view>

#include "base/codes.hpp"
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
  revocations_stale = 23,
  lease_expired = 24,
};

/// All of them, for documentation made from it.
[[nodiscard]] std::span<const CodeRow> exit_code_table() noexcept;

[[nodiscard]] std::string_view token(ExitCode code) noexcept;
[[nodiscard]] ExitCode exit_code(Errc code) noexcept;
/// ok for a reason that allows.
[[nodiscard]] ExitCode exit_code(Reason reason) noexcept;

}  // namespace lic::app
