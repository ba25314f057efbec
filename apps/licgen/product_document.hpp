#pragma once

/// The product file that the vendor's home publishes, and the keys it names.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing.hpp"
#include "desk/signing.hpp"
#include "license/envelope.hpp"
#include "licgen/vendor.hpp"
#include "trust/product.hpp"

namespace lic::app {

/// The text of the catalogue in `file` (`-`: standard input).
/// Errors: those of read_input().
[[nodiscard]] Result<std::string> read_catalog_file(const std::string& file);

/// What a product file says.
struct ProductTerms {
  std::string catalog;  ///< as imported
  std::vector<PublicKey> roots;
  std::int64_t threshold = 1;
  std::vector<TrustedKey> keys;
};

/// A product file of that version, signed by each of `signers` (none: by nobody yet).
/// Errors: invalid_input (too large for clients to take).
[[nodiscard]] Result<Envelope> sign_product(const ProductTerms& terms, std::int64_t version,
                                            const std::vector<const SigningKey*>& signers, Time now);

/// Errors: conflict, when `next` is another product, or names what licenses and clients
/// rely on in another way (key prefix, state directory). `what` begins messages.
[[nodiscard]] Result<void> check_succession(const Catalog& current, const Catalog& next, std::string_view what);

/// The license key, unlocked, after seeing that clients will take its signature
/// for that role now: otherwise what is signed would be worthless.
/// Errors: those of Vendor::signing_key() and check_may_sign().
[[nodiscard]] Result<SigningKey> unlock_license_key(Vendor& vendor, const ProductFile& product, Role role);

/// "12 months", "30 days", "no end".
[[nodiscard]] std::string duration_text(const Plan& plan);
/// "4500.00 USD a year", or "-".
[[nodiscard]] std::string price_text(const Plan& plan);
/// "true", "12", "json, csv".
[[nodiscard]] std::string feature_text(const FeatureValue& value);

}  // namespace lic::app
