#include "desk/carried_product.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "license/envelope.hpp"

namespace lic {
namespace {

/// The id of the key that signed, as our own compact documents have it.
std::string_view signer_in(std::string_view document) {
  constexpr std::string_view kBefore = "\"keyid\":\"";
  const std::size_t at = document.rfind(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = document.substr(at + kBefore.size());
  return rest.substr(0, rest.find('"'));
}

}  // namespace

Result<CarriedProduct> CarriedProduct::of(Ledger& ledger) {
  CarriedProduct carried;
  LIC_TRY_ASSIGN(const std::string newest, ledger.product_file());
  LIC_TRY_ASSIGN(const ProductFile product, ProductFile::open(view_bytes(newest), "the ledger's product file"));
  if (product.version() == 1) return carried;
  LIC_TRY_ASSIGN(const std::string text, ledger.product_file_of(1));
  LIC_TRY_ASSIGN(const ProductFile first, ProductFile::open(view_bytes(text), "the ledger's first product file"));
  for (const TrustedKey& key : first.keys())
    if (key.may(Role::license)) carried.first_keys_.push_back(key.key.id().hex());
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(product.bytes(), "the ledger's product file"));
  carried.whole_ = envelope.to_json();
  carried.bare_ = envelope.bare().to_json();
  return carried;
}

std::string CarriedProduct::with(std::string_view document) const {
  if (nothing()) return std::string(document);
  const std::string_view signer = signer_in(document);
  const bool known = std::find(first_keys_.begin(), first_keys_.end(), signer) != first_keys_.end();
  if (known || !document.ends_with('}')) return std::string(document);
  for (const std::string& product : {whole_, bare_}) {
    std::string both = concat(document.substr(0, document.size() - 1), ",\"product\":", product, "}");
    if (both.size() < kMaxDocument) return both;  // a file has a line feed more
  }
  return std::string(document);
}

}  // namespace lic
