#pragma once

/// The file of a key that the product file is to name.

#include <unistd.h>

#include <utility>

#include "base/file.hpp"
#include "base/result.hpp"
#include "crypto/signing.hpp"
#include "issue/key_file.hpp"
#include "ledger/ledger.hpp"

namespace lic::app {

/// A key file that goes again unless it is kept: nothing was signed with it.
class NewKeyFile {
 public:
  static Result<NewKeyFile> write(const Path& path, const SigningKey& key, const SecretBytes* passphrase) {
    LIC_TRY(write_key_file(path, key, passphrase));
    return NewKeyFile(path);
  }
  NewKeyFile(NewKeyFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  NewKeyFile& operator=(NewKeyFile&&) = delete;
  NewKeyFile(const NewKeyFile&) = delete;
  NewKeyFile& operator=(const NewKeyFile&) = delete;
  ~NewKeyFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  void keep() { path_.clear(); }

 private:
  explicit NewKeyFile(Path path) : path_(std::move(path)) {}
  Path path_;
};

/// Whether the ledger can be read and has no such key.
[[nodiscard]] bool is_unknown_key(const KeyId& id, Ledger& ledger);

}  // namespace lic::app
