#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/export.hpp"
#include "base/file.hpp"
#include "client/keyring.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "protocol/question.hpp"

namespace lic {

/// What the client takes from the machine it runs on. The shipped programs use
/// system_environment(); tests make their own.
struct Environment {
  Path home;                                   ///< the user's home directory; empty when not known
  Path machine_root = "/";                     ///< where machine facts are read
  std::function<Time()> now;                   ///< the clock
  std::shared_ptr<Keyring> keyring = nullptr;  ///< null: there is none
  /// When a file was last written, by that clock; none: nothing is asked of files.
  std::function<std::optional<Time>(const Path&)> modified_at = nullptr;
  Ask ask = nullptr;  ///< a licensing server; none: nobody can be asked
};

[[nodiscard]] Environment system_environment();

}  // namespace lic
