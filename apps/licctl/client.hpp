#pragma once

/// What an action of licctl works on.

#include <cstdint>
#include <optional>
#include <string>

#include "common/output.hpp"
#include "common/qr_code.hpp"
#include "lic/lic.hpp"

namespace lic::app {

struct ClientOptions {
  std::string value;  ///< of the action: KEY, FILE, NAME
  std::string product_file;
  std::string state_dir;
  std::string license_file;
  std::string email;
  std::string fail_if_expires_within;
  std::string release_date;
  std::string license_key;
  std::string receipt;
  std::string server;
  std::string server_ca;
  std::optional<std::int64_t> statement;
  std::optional<std::int64_t> wait;  ///< minutes
  QrOptions qr;
  bool force = false;
  bool explain = false;
  bool all = false;
  bool offline = false;
  bool new_key = false;
  bool send = false;
};

class Client {
 public:
  Client(const ClientOptions& options, Output& output) : options_(options), output_(output) {}

  [[nodiscard]] Output& output() noexcept { return output_; }
  [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }

  /// The license manager of the product that is found: built in, --product-file,
  /// $LICCTL_PRODUCT, product.json beside the program, /etc/licctl/product.json.
  /// Errors: not_found (naming these places), and those of LicenseManager::open().
  [[nodiscard]] Result<LicenseManager> open() const;
  /// The same, for an action that changes the state.
  [[nodiscard]] Result<LicenseManager> open_state() const;
  /// Tells on a terminal that the server is about to be asked, if there is one.
  void tell_asking(const LicenseManager& manager) const;

 private:
  [[nodiscard]] Result<LicenseManager> open_with(const std::string& license_file) const;

  const ClientOptions& options_;
  Output& output_;
};

}  // namespace lic::app
