#pragma once

/// Marks of trials used, outside the state directory but within the home, so
/// that deleting the state does not give another trial. Advisory: who deletes
/// the marks too starts afresh (docs/security.md).

#include <string_view>

#include "base/file.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "machine/identity.hpp"

namespace lic {

class GrantMarks {
 public:
  /// Under `home`/.local/share/lic, in a file named by a hash of the product.
  GrantMarks(const Path& home, std::string_view product);

  /// When `plan` was first granted on this machine; absent when it was not, or the
  /// marks cannot be read.
  [[nodiscard]] std::optional<Time> find(std::string_view plan, const MachineIdentity& machine) const;

  /// Errors: denied, failure. Marking again keeps the first time.
  [[nodiscard]] Result<void> add(std::string_view plan, const MachineIdentity& machine, Time at) const;

 private:
  Path file_;
};

}  // namespace lic
