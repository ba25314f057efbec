#pragma once

/// The keyring of the user's desktop, as far as a license state needs one: secrets by name.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/secret.hpp"
#include "lic/result.hpp"

namespace lic {

/// A keyring answers by itself or not at all: no member waits for a person, lets a question
/// appear, or takes longer than kKeyringPatience.
///
/// Errors of every member: denied (the keyring is locked, or would have to ask its user),
/// unavailable (there is none here, or it does not answer in time).
class Keyring {
 public:
  Keyring() = default;
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;
  virtual ~Keyring() = default;

  /// The secret of that name. Errors: not_found, where the keyring is open and has none.
  [[nodiscard]] virtual Result<SecretBytes> find(std::string_view name) = 0;
  /// Puts one in, under a name that is new. `label` is for people.
  [[nodiscard]] virtual Result<void> add(std::string_view name, std::string_view label, const SecretBytes& secret) = 0;
  /// Takes it out. No error where there was none.
  [[nodiscard]] virtual Result<void> remove(std::string_view name) = 0;
};

/// All that one call of a keyring may take.
inline constexpr std::chrono::milliseconds kKeyringPatience{2000};

/// The Secret Service of the session (GNOME Keyring, KWallet, KeePassXC, ...), over D-Bus.
///
/// Nothing is loaded and nobody is asked before the first call. Each call makes a connection
/// of its own to $DBUS_SESSION_BUS_ADDRESS, or $XDG_RUNTIME_DIR/bus, and closes it: no thread
/// stays behind, and a process that has forked may ask as well. No service is started.
[[nodiscard]] std::shared_ptr<Keyring> session_keyring();

}  // namespace lic
