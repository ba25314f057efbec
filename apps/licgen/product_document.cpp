#include "licgen/product_document.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "licgen/document_output.hpp"

namespace lic::app {

Result<std::string> read_catalog_file(const std::string& file) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, "catalogue", kMaxDocument));
  return to_text(bytes);
}

Result<std::string> sign_product(std::string_view catalog, std::int64_t version, const std::vector<PublicKey>& roots,
                                 std::int64_t threshold, const std::vector<TrustedKey>& keys, const SigningKey& root,
                                 Time now) {
  UlidSource ids;
  const std::string payload = product_payload(catalog, ids.next(now), now, version, roots, threshold, keys);
  std::string document = sign_document(DocumentKind::product, payload, root).to_json();
  if (document.size() > kMaxDocument)
    return error(Errc::invalid_input,
                 concat("the product file of this catalogue would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: shorten the catalogue");
  LIC_TRY(ProductFile::open(view_bytes(document), "the new product file"));
  return document;
}

Result<SigningKey> unlock_license_key(Vendor& vendor, const ProductFile& product, Role role) {
  LIC_TRY_ASSIGN(SigningKey key, vendor.signing_key("license"));
  const KeyId& id = key.public_key().id();
  const TrustedKey* trusted = product.find_key(id);
  const bool in_force = trusted != nullptr && (!trusted->not_before || vendor.now() >= *trusted->not_before) &&
                        (!trusted->not_after || vendor.now() < *trusted->not_after);
  if (!in_force)
    return error(Errc::conflict,
                 concat("the product file does not name the license key ", id.hex(), " as one in force"),
                 "clients would not trust what it signs");
  if (!trusted->may(role))
    return error(Errc::conflict,
                 concat("the product file does not let the license key ", id.hex(), " sign ", token(role)));
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

std::string limit_text(const Limit& limit) {
  if (!limit.max) return "unlimited";
  return limit.per ? concat(*limit.max, " a ", token(*limit.per)) : concat(*limit.max);
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
