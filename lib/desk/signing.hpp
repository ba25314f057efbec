#pragma once

/// Signing licenses with a key that the product file names.

#include <memory>
#include <string>

#include "crypto/signing.hpp"
#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "trust/product.hpp"

namespace lic {

/// The license key, and the product file by which clients take its signatures.
/// Both outlive it.
struct Signer {
  const SigningKey& key;
  const ProductFile& product;
};

/// The beginning of a key id, as file names and messages have it: 16 digits.
[[nodiscard]] std::string short_id(const KeyId& id);

/// Whether clients will take what the license key `id` signs at `now` in that
/// role: otherwise it would be worthless. Errors: conflict (not in the product
/// file, or not for this role, or retired).
[[nodiscard]] Result<void> check_may_sign(const ProductFile& product, const KeyId& id, Role role, Time now);

/// Within a transaction, whether `product` is still the product file by which a
/// key was unlocked: another may have been made while this command waited.
/// Errors: conflict (the license key was replaced or distrusted meanwhile).
[[nodiscard]] Result<void> check_still_current(Ledger& ledger, const ProductFile& product);

/// A transaction for licenses that `signer` signs.
/// Errors: those of Ledger::begin() and of check_still_current().
[[nodiscard]] Result<std::unique_ptr<Transaction>> begin_signing(Ledger& ledger, const Signer& signer);

/// Signs `terms`, and sees that clients will take the document.
/// Errors: invalid_input (too large), conflict.
[[nodiscard]] Result<std::string> sign_license(const Terms& terms, const SigningKey& key, const ProductFile& product);

}  // namespace lic
