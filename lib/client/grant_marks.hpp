#pragma once

/// Marks of trials used, of licenses given back and of clock resets used, outside the state directory but
/// within the home, so that deleting the state gives no other trial, and a copy of it
/// brings no license back. Advisory: who deletes the marks too starts afresh
/// (docs/security.md).

#include <string>
#include <string_view>
#include <utility>

#include "base/file.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "machine/identity.hpp"

namespace lic {

class GrantMarks {
 public:
  /// Under `home`/.local/share/lic, in a file named by a hash of the product.
  GrantMarks(Path home, std::string product) : home_(std::move(home)), product_(std::move(product)) {}

  /// When `plan` was first granted on this machine; absent when it was not, or the
  /// marks cannot be read.
  [[nodiscard]] std::optional<Time> find(std::string_view plan, const MachineIdentity& machine) const;

  /// Errors: denied, failure. Marking again keeps the first time.
  [[nodiscard]] Result<void> add(std::string_view plan, const MachineIdentity& machine, Time at) const;

  /// Whether what `terms` say does not count on this machine, because the seat was
  /// given back: an answer to a request whose seat was; or any other file of the license,
  /// as long as no later answer was applied. False where the marks cannot be read.
  [[nodiscard]] bool is_given_back(const Terms& terms, const MachineIdentity& machine) const;

  /// The seat that `request` had of the license with that id is given back.
  /// Errors: denied, failure. Marking again keeps the first time.
  [[nodiscard]] Result<void> give_back(std::string_view license, std::string_view request,
                                       const MachineIdentity& machine, Time at) const;

  /// A later request of the license was answered and applied. Errors: denied, failure.
  [[nodiscard]] Result<void> take_again(std::string_view license, const MachineIdentity& machine) const;

  /// Whether the clock reset for that code was used; false where the marks cannot be read.
  [[nodiscard]] bool is_used(std::string_view clock_code) const;
  /// Errors: denied, failure.
  [[nodiscard]] Result<void> use(std::string_view clock_code, Time at) const;
  /// That it was used, after all, is not so. Errors: denied, failure.
  [[nodiscard]] Result<void> forget(std::string_view clock_code) const;

 private:
  /// Empty where there is no home.
  [[nodiscard]] Path file() const;

  Path home_;
  std::string product_;
};

}  // namespace lic
