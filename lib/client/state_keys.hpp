#pragma once

/// The secret that a license state is sealed with: 32 random bytes, in a 0600 file beside it,
/// or in the user's keyring where the user or the application chose so.

#include <memory>
#include <string>

#include "base/file.hpp"
#include "client/keyring.hpp"
#include "crypto/secret.hpp"
#include "lic/result.hpp"

namespace lic {

class StateKeys {
 public:
  /// `keyring` may be null: then there is none.
  StateKeys(Path file, std::shared_ptr<Keyring> keyring);

  /// That of the file; a key that opens nothing where the file is lost or cut off. Errors:
  /// denied (a symbolic link, another owner, permissions), failure.
  [[nodiscard]] Result<SecretBytes> in_file() const;
  /// The same, made first where there is none.
  [[nodiscard]] Result<SecretBytes> in_file_or_new() const;
  /// A new one in place of what the file had.
  [[nodiscard]] Result<void> renew_file() const;
  /// Removes the file. No error where it cannot be: what it holds opens nothing any more.
  void remove_file() const noexcept;

  /// That of the keyring under `name`. Once had, it is remembered, so that a keyring that is
  /// locked later is no matter. Errors: as Keyring::find().
  [[nodiscard]] Result<SecretBytes> in_keyring(const std::string& name);
  /// Puts a new one there, and reads it back. The name it got. Errors: as Keyring::add().
  [[nodiscard]] Result<std::string> add_to_keyring(std::string_view label);
  /// Errors: as Keyring::remove().
  [[nodiscard]] Result<void> remove_from_keyring(const std::string& name);

 private:
  [[nodiscard]] Result<SecretBytes> read_file_key(bool must_be_private) const;

  Path file_;
  std::shared_ptr<Keyring> keyring_;
  std::string known_name_;  ///< of known_
  SecretBytes known_;
};

}  // namespace lic
