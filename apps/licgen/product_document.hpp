#pragma once

/// The product file that the vendor's home publishes, and the keys it names.

#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing.hpp"
#include "licgen/vendor.hpp"
#include "trust/product.hpp"

namespace lic::app {

/// The text of the catalogue in `file` (`-`: standard input).
/// Errors: those of read_input().
[[nodiscard]] Result<std::string> read_catalog_file(const std::string& file);

/// A product file of `catalog` with these keys, signed by `root` (compact JSON),
/// read back before it is given out.
/// Errors: invalid_input (too large for clients to take).
[[nodiscard]] Result<std::string> sign_product(std::string_view catalog, std::int64_t version,
                                               const std::vector<PublicKey>& roots, std::int64_t threshold,
                                               const std::vector<TrustedKey>& keys, const SigningKey& root, Time now);

/// The license key, unlocked, after seeing that clients will take its signature
/// for that role now: otherwise what is signed would be worthless.
/// Errors: those of Vendor::signing_key(); conflict (not in the product file, or
/// not for this role, or retired).
[[nodiscard]] Result<SigningKey> unlock_license_key(Vendor& vendor, const ProductFile& product, Role role);

/// "12 months", "30 days", "no end".
[[nodiscard]] std::string duration_text(const Plan& plan);
/// "4500.00 USD a year", or "-".
[[nodiscard]] std::string price_text(const Plan& plan);
/// "5000 a month", "15", "unlimited".
[[nodiscard]] std::string limit_text(const Limit& limit);
/// "true", "12", "json, csv".
[[nodiscard]] std::string feature_text(const FeatureValue& value);

}  // namespace lic::app
