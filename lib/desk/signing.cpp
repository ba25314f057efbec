#include "desk/signing.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "trust/verify.hpp"

namespace lic {

std::string short_id(const KeyId& id) {
  constexpr std::size_t kDigits = 16;
  return id.hex().substr(0, kDigits);
}

Result<void> check_may_sign(const ProductFile& product, const KeyId& id, Role role, Time now) {
  const TrustedKey* trusted = product.find_key(id);
  const bool in_force = trusted != nullptr && (!trusted->not_before || now >= *trusted->not_before) &&
                        (!trusted->not_after || now < *trusted->not_after);
  if (!in_force)
    return error(Errc::conflict,
                 concat("the product file does not name the license key ", id.hex(), " as one in force"),
                 "clients would not trust what it signs");
  if (!trusted->may(role))
    return error(Errc::conflict,
                 concat("the product file does not let the license key ", id.hex(), " sign ", token(role)));
  return {};
}

Result<void> check_still_current(Ledger& ledger, const ProductFile& product) {
  LIC_TRY_ASSIGN(const std::string text, ledger.product_file());
  if (text == view_text(product.bytes())) return {};
  LIC_TRY_ASSIGN(const ProductFile now, ProductFile::open(view_bytes(text), "the ledger's product file"));
  const auto same = [](const TrustedKey& a, const TrustedKey& b) {
    return a.key == b.key && a.roles == b.roles && a.not_before == b.not_before && a.not_after == b.not_after;
  };
  if (std::equal(now.keys().begin(), now.keys().end(), product.keys().begin(), product.keys().end(), same)) return {};
  return error(Errc::conflict, "the signing keys were changed while this command ran", "run it again");
}

Result<std::unique_ptr<Transaction>> begin_signing(Ledger& ledger, const Signer& signer) {
  LIC_TRY_ASSIGN(auto transaction, ledger.begin());
  LIC_TRY(check_still_current(ledger, signer.product));
  return transaction;
}

Result<std::string> sign_license(const Terms& terms, const SigningKey& key, const ProductFile& product) {
  std::string document = sign_document(DocumentKind::license, terms.to_json(), key).to_json();
  if (document.size() > kMaxDocument)
    return error(Errc::invalid_input, concat("the license would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: leave out features, machines or metadata");
  const auto verified = verify(view_bytes(document), product, "the license");
  if (!verified) return error(Errc::conflict, concat("clients would refuse the license: ", verified.error().message));
  return document;
}

}  // namespace lic
