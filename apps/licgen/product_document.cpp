#include "licgen/product_document.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "licgen/document_output.hpp"

namespace lic::app {

Result<std::string> read_catalog_file(const std::string& file) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, "catalogue", kMaxDocument));
  return to_text(bytes);
}

Result<Envelope> sign_product(const ProductTerms& terms, std::int64_t version,
                              const std::vector<const SigningKey*>& signers, Time now) {
  UlidSource ids;
  const std::string payload =
      product_payload(terms.catalog, ids.next(now), now, version, terms.roots, terms.threshold, terms.keys);
  const Bytes message = pre_authentication_encoding(payload_type(DocumentKind::product), view_bytes(payload));
  std::vector<Envelope::SignatureEntry> signatures;
  for (const SigningKey* signer : signers) {
    const Signature signature = signer->sign(message);
    signatures.push_back({signer->public_key().id(), Bytes(signature.begin(), signature.end())});
  }
  Envelope envelope = Envelope::of(DocumentKind::product, Bytes(payload.begin(), payload.end()), std::move(signatures));
  const std::string document = envelope.to_json();
  if (document.size() > kMaxDocument)
    return error(Errc::invalid_input,
                 concat("the product file of this catalogue would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: shorten the catalogue");
  LIC_TRY(ProductProposal::parse(view_bytes(document), "the new product file"));
  return envelope;
}

Result<void> check_succession(const Catalog& current, const Catalog& next, std::string_view what) {
  if (next.id != current.id)
    return error(
        Errc::conflict,
        concat(what, " is for the product ", in_quotes(next.id), ", but this ledger is for ", in_quotes(current.id)),
        "a home is for one product: make another with licgen --home DIR init");
  if (next.key_prefix != current.key_prefix)
    return error(Errc::conflict,
                 concat(what, " changes the key prefix from ", current.key_prefix, " to ", in_quotes(next.key_prefix)),
                 "clients would refuse every license issued so far: keep the prefix");
  if (next.app != current.app)
    return error(Errc::conflict,
                 concat(what, " changes \"app\" from ", in_quotes(current.app), " to ", in_quotes(next.app)),
                 "clients would look for their licenses in another directory: keep the name");
  return {};
}

Result<SigningKey> unlock_license_key(Vendor& vendor, const ProductFile& product, Role role) {
  LIC_TRY_ASSIGN(const KeyRecord record, vendor.current_key("license"));
  LIC_TRY_ASSIGN(SigningKey key, vendor.signing_key(record));
  LIC_TRY(check_may_sign(product, key.public_key().id(), role, vendor.now()));
  return key;
}

std::string duration_text(const Plan& plan) {
  if (plan.months) return concat(*plan.months, *plan.months == 1 ? " month" : " months");
  if (plan.days) return concat(*plan.days, *plan.days == 1 ? " day" : " days");
  return "no end";
}

std::string price_text(const Plan& plan) {
  if (!plan.price) return "-";
  const std::string once = concat(plan.price->amount, ' ', plan.price->currency);
  return plan.price->per.empty() ? once : concat(once, " a ", plan.price->per);
}

std::string feature_text(const FeatureValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return concat(*number);
  if (const auto* word = std::get_if<std::string>(&value)) return *word;
  std::string joined;
  for (const auto& word : std::get<std::vector<std::string>>(value)) joined += concat(joined.empty() ? "" : ", ", word);
  return joined;
}

}  // namespace lic::app
