#pragma once

/// What is wrong with a public key that PublicKey takes: for those who are about to rely on one
/// for years. With the vendor's half, since it makes keys to compare with.

#include <string>

#include "crypto/keys.hpp"

namespace lic {

/// Why nobody should trust `key`, as the end of a sentence about it; empty: nothing speaks
/// against it. Found are keys whose private half is published or easily guessed, keys that
/// someone typed to stand for another, and keys that no key generation makes.
/// libsodium has been started.
[[nodiscard]] std::string key_fault(const PublicKey& key);

}  // namespace lic
