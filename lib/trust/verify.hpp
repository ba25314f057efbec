#pragma once

/// Trust: a signature by a key that may sign this kind of document, for this
/// product, at this time (docs/formats.md, 2 to 4). The only maker of a
/// VerifiedLicense.

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/keys.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "trust/product.hpp"

namespace lic {

/// License terms that a trusted key has signed, or that the product file itself
/// grants (trial, free plan). Policy takes nothing else. Copies are cheap, as they share the terms.
class LIC_INTERNAL VerifiedLicense {
 public:
  [[nodiscard]] const Terms& terms() const noexcept { return *terms_; }
  /// Who signed it; empty for terms that the product file grants.
  [[nodiscard]] const KeyId& signer() const noexcept { return signer_; }

 private:
  VerifiedLicense(Terms terms, KeyId signer)
      : terms_(std::make_shared<const Terms>(std::move(terms))), signer_(std::move(signer)) {}
  friend Result<VerifiedLicense> verify(ByteView bytes, const ProductFile& product, std::string_view what);
  friend VerifiedLicense grant(const ProductFile& product, const Plan& plan, std::string key, Customer customer,
                               Time start);

  std::shared_ptr<const Terms> terms_;
  KeyId signer_;
};

/// Parses a signed license, checks it against the product file, and only then
/// reads its terms.
/// Errors: invalid_input (malformed); untrusted (no good signature by a key with
/// role `license` that was in force at issued_at; another product; another kind
/// of document; a key whose prefix is not the product's).
[[nodiscard]] LIC_INTERNAL Result<VerifiedLicense> verify(ByteView bytes, const ProductFile& product,
                                                          std::string_view what);

/// What the product file grants by itself under `plan`, from `start`: a trial, or
/// the free plan. The plan must be one of product.catalog().plans.
[[nodiscard]] VerifiedLicense grant(const ProductFile& product, const Plan& plan, std::string key, Customer customer,
                                    Time start);

/// Errors: untrusted, when the key of that id, which `product` names, was not in
/// force at `issued_at`.
[[nodiscard]] LIC_INTERNAL Result<void> check_in_force(const ProductFile& product, const KeyId& signer, Time issued_at,
                                                       std::string_view what);

/// The id of the key with `role` that signed `envelope`. Whether it was in force
/// when the document says it was issued, check_in_force() tells.
/// Errors: untrusted, saying whether no key is known, the role is wrong, or the
/// signature is bad.
[[nodiscard]] LIC_INTERNAL Result<KeyId> signer_of(const Envelope& envelope, const ProductFile& product, Role role,
                                                   std::string_view what);

}  // namespace lic
