#include "trust/verify.hpp"

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

Error untrusted(TextView message, TextView hint = {}) { return error(Errc::untrusted, message, hint); }

Result<void> check_product(const Terms& terms, const ProductFile& product, std::string_view what) {
  const Catalog& catalog = product.catalog();
  if (terms.product != catalog.id)
    return untrusted(
        concat(what, " is for the product ", in_quotes(terms.product), ", not for ", in_quotes(catalog.id)));
  // Terms::parse() has taken the key, so it is one, in normal form: PREFIX-CODE-...
  if (std::string_view(terms.key).substr(0, terms.key.find('-')) != catalog.key_prefix)
    return untrusted(concat(what, " has the key ", terms.key, ", which is not one of ", catalog.name));
  return {};
}

}  // namespace

Result<void> check_in_force(const ProductFile& product, const KeyId& signer, Time issued_at, std::string_view what) {
  const TrustedKey* key = product.find_key(signer);
  if (key == nullptr) return untrusted(concat(what, " is signed by a key that this product does not trust"));
  if (key->not_before && issued_at < *key->not_before)
    return untrusted(concat(what, " was issued before its signing key came into force"));
  if (key->not_after && issued_at >= *key->not_after)
    return untrusted(concat(what, " was issued after its signing key was retired"), "ask the vendor for a new one");
  return {};
}

Result<KeyId> signer_of(const Envelope& envelope, const ProductFile& product, Role role, std::string_view what) {
  std::optional<Error> refusal;
  for (const auto& entry : envelope.signatures()) {
    const TrustedKey* trusted = product.find_key(entry.claimed);
    if (trusted == nullptr) continue;
    if (!trusted->may(role)) {
      refusal = untrusted(concat(what, " is signed by a key that may not sign a ", token(role), " document"));
      continue;
    }
    if (!trusted->key.verifies(envelope.signed_bytes(), entry.signature)) {
      refusal = untrusted(concat(what, " has a bad signature: it was altered or forged"),
                          "get the file again from the vendor");
      continue;
    }
    return entry.claimed;  // and found: it is that key's
  }
  if (refusal) return *std::move(refusal);
  return untrusted(concat(what, " is signed by a key that this product does not trust"),
                   "get the newest product file from the vendor, or ask whether the file is genuine");
}

Result<VerifiedLicense> verify(ByteView bytes, const ProductFile& product, std::string_view what) {
  if (bytes.size() > kMaxDocument)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxDocument / 1024, " KiB"));
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::license, what));
  LIC_TRY_ASSIGN(KeyId signer, signer_of(envelope, product, Role::license, what));
  LIC_TRY_ASSIGN(Terms terms, Terms::parse(envelope.payload(), what));
  LIC_TRY(check_product(terms, product, what));
  LIC_TRY(check_in_force(product, signer, terms.issued_at, what));
  return VerifiedLicense(std::move(terms), std::move(signer));
}

VerifiedLicense grant(const ProductFile& product, const Plan& plan, std::string key, Customer customer, Time start) {
  Terms terms;
  terms.id = key;
  terms.product = product.catalog().id;
  terms.key = std::move(key);
  terms.plan = plan.id;
  terms.kind = plan.kind;
  terms.customer = std::move(customer);
  terms.issued_at = start;
  terms.starts_at = start;
  terms.expires_at = plan_end(plan, start);
  terms.grace_days = plan.grace_days;
  terms.features = plan.features;
  terms.limits = plan.limits;
  terms.seats = plan.seats;
  terms.allows_virtual = plan.allows_virtual;
  return VerifiedLicense(std::move(terms), KeyId());
}

}  // namespace lic
