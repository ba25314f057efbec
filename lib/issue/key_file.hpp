#pragma once

/// The vendor's private keys on disk: PKCS#8 PEM that `openssl pkey` reads,
/// encrypted with PBES2 (scrypt, AES-256-CBC) unless the vendor chose otherwise.

#include <functional>
#include <optional>

#include "base/file.hpp"
#include "crypto/secret.hpp"
#include "crypto/signing.hpp"
#include "lic/result.hpp"

namespace lic {

/// Asked only when a key file turns out to be encrypted.
using PassphraseSource = std::function<Result<SecretBytes>()>;

/// Writes `key` to a new file, mode 0600. `passphrase` null: not encrypted.
/// Errors: conflict (the file exists), invalid_input (a passphrase that is empty, longer
/// than 1000 bytes or has a zero byte in it: `openssl` could not use it), not_found (no
/// such directory), denied, failure.
[[nodiscard]] Result<void> write_key_file(const Path& path, const SigningKey& key, const SecretBytes* passphrase);

/// The same, in place of an existing file, whole or not at all.
[[nodiscard]] Result<void> replace_key_file(const Path& path, const SigningKey& key, const SecretBytes* passphrase);

/// Reads and unlocks a key and derives its public half anew. With `expected`,
/// a file that holds another key is refused.
/// Errors: not_found; denied (permissions wider than 0600, another owner, a symbolic
/// link, wrong passphrase); invalid_input (not a PKCS#8 Ed25519 key); conflict (another
/// key than expected, naming both ids); those of `passphrase`. Nothing is ever asked on
/// the terminal here.
[[nodiscard]] Result<SigningKey> read_key_file(const Path& path, const PassphraseSource& passphrase,
                                               const std::optional<KeyId>& expected);

/// Whether the file is encrypted. Errors as of read_key_file().
[[nodiscard]] Result<bool> is_key_file_encrypted(const Path& path);

}  // namespace lic
