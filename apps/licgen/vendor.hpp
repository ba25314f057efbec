#pragma once

/// What a command of licgen works on: the vendor's home, opened as far as needed.

#include <memory>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "common/output.hpp"
#include "crypto/secret.hpp"
#include "crypto/signing.hpp"
#include "desk/carried_product.hpp"
#include "desk/desk.hpp"
#include "desk/signing.hpp"
#include "issue/key_file.hpp"
#include "ledger/address.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/catalog.hpp"
#include "trust/product.hpp"

namespace lic::app {

struct VendorOptions {
  std::string home;
  std::string ledger_url;
  std::string passphrase_file;
  std::optional<std::int64_t> passphrase_fd;
  std::string as;
};

/// The name of the file of a key that came after the first of its purpose.
[[nodiscard]] std::string key_file_name(std::string_view purpose, const KeyId& id);

class Vendor {
 public:
  Vendor(const VendorOptions& options, Output& output, Time now);

  [[nodiscard]] Output& output() noexcept { return output_; }
  /// The one moment that this command works at.
  [[nodiscard]] Time now() const noexcept { return now_; }
  /// Who is doing this, for the history: --as, else the user's login name.
  [[nodiscard]] const std::string& actor() const noexcept { return actor_; }

  /// --home, else $LICGEN_HOME, else ~/.licgen. Errors: failure (no $HOME).
  [[nodiscard]] Result<Path> home() const;
  [[nodiscard]] Result<Path> keys_directory() const;  ///< keys/
  /// Where the file of that key is looked for: keys/<purpose>-<16 digits of its id>.pem;
  /// of the first key of a purpose keys/<purpose>.pem, unless the other one is there.
  [[nodiscard]] Result<Path> key_path(const KeyRecord& record);
  /// --ledger, else ledger.db in the home.
  [[nodiscard]] Result<LedgerAddress> ledger_address() const;

  /// Opened once. Errors: not_found with "run licgen init" where there is no home.
  [[nodiscard]] Result<Ledger*> ledger();
  /// The ledger, now() and actor().
  [[nodiscard]] Result<Desk> desk();
  [[nodiscard]] Result<Catalog> catalog();
  [[nodiscard]] Result<ProductFile> product();
  [[nodiscard]] Result<CarriedProduct> carried_product();

  /// --passphrase-file, --passphrase-fd, $LICGEN_PASSPHRASE, or asked for on the
  /// terminal (without echo). Errors: denied (none of these), failure.
  [[nodiscard]] Result<SecretBytes> passphrase(std::string_view prompt) const;
  /// Whether an option names where to read it.
  [[nodiscard]] bool names_passphrase() const noexcept {
    return !options_.passphrase_file.empty() || options_.passphrase_fd;
  }
  /// Whether passphrase() asks nobody: an option or the environment has it.
  [[nodiscard]] bool is_given_passphrase() const noexcept;
  /// As passphrase(), for a new one: at a prompt it must be given twice.
  [[nodiscard]] Result<SecretBytes> new_passphrase(std::string_view prompt) const;
  /// The key of that purpose that was added last, which signs from then on. Errors: not_found.
  [[nodiscard]] Result<KeyRecord> current_key(std::string_view purpose);
  /// Unlocks the file of a key of the ledger and compares it with that.
  /// With `passphrase`, by that one. Errors: not_found, denied (wrong passphrase), conflict.
  [[nodiscard]] Result<SigningKey> signing_key(const KeyRecord& record, const SecretBytes* passphrase = nullptr);

 private:
  VendorOptions options_;
  Output& output_;
  Time now_;
  std::string actor_;
  std::unique_ptr<Ledger> ledger_;
  /// What was given or typed first: a descriptor can be read once, and a person
  /// is not asked twice.
  mutable std::optional<SecretBytes> remembered_;
};

}  // namespace lic::app
