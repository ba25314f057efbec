#include "client/state_keys.hpp"

#include <unistd.h>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kNameSize = 16;

SecretBytes copy_of(const SecretBytes& secret) { return SecretBytes(secret.view()); }

Error no_keyring() { return error(Errc::unavailable, "there is no keyring here"); }

}  // namespace

StateKeys::StateKeys(Path file, std::shared_ptr<Keyring> keyring)
    : file_(std::move(file)), keyring_(std::move(keyring)) {}

/// Empty where it is lost or cut off.
Result<SecretBytes> StateKeys::read_file_key(bool must_be_private) const {
  ReadOptions options;
  options.follow_symlink = false;
  options.must_be_ours = true;
  options.must_be_private = must_be_private;
  options.limit = 4096;
  auto secret = read_file(file_, "state key", options);
  if (!secret && secret.error().code != Errc::not_found && secret.error().code != Errc::invalid_input)
    return Error(secret.error());
  return secret && secret->size() == kSecretSize ? SecretBytes(std::move(*secret)) : SecretBytes();
}

Result<SecretBytes> StateKeys::in_file() const {
  LIC_TRY_ASSIGN(SecretBytes key, read_file_key(true));
  // Lost or cut off, it opens nothing; which of damage and a copied directory it is, the decoder tells.
  return key.empty() ? SecretBytes(kSecretSize) : std::move(key);
}

Result<SecretBytes> StateKeys::in_file_or_new() const {
  LIC_TRY_ASSIGN(SecretBytes key, read_file_key(false));
  if (!key.empty()) return key;
  LIC_TRY(renew_file());
  return read_file_key(true);
}

Result<void> StateKeys::renew_file() const {
  const SecretBytes key = random_secret(kSecretSize);
  return write_file(file_, key.view());
}

void StateKeys::remove_file() const noexcept { ::unlink(file_.c_str()); }

Result<SecretBytes> StateKeys::in_keyring(const std::string& name) {
  if (name == known_name_) return copy_of(known_);
  if (!keyring_) return no_keyring();
  LIC_TRY_ASSIGN(SecretBytes secret, keyring_->find(name));
  if (secret.size() != kSecretSize)
    return error(Errc::not_found, "what the keyring has under that name is no key of a license state");
  known_ = copy_of(secret);
  known_name_ = name;
  return secret;
}

Result<std::string> StateKeys::add_to_keyring(std::string_view label) {
  if (!keyring_) return no_keyring();
  const std::string name = hex_encode(random_bytes(kNameSize));
  const SecretBytes secret = random_secret(kSecretSize);
  LIC_TRY(keyring_->add(name, label, secret));
  LIC_TRY_ASSIGN(const SecretBytes kept, in_keyring(name));
  if (kept.equals(secret)) return name;
  static_cast<void>(remove_from_keyring(name));
  return error(Errc::unavailable, "the keyring does not give back what was put in");
}

Result<void> StateKeys::remove_from_keyring(const std::string& name) {
  if (name == known_name_) {
    known_name_.clear();
    known_ = SecretBytes();
  }
  return keyring_ ? keyring_->remove(name) : no_keyring();
}

}  // namespace lic
