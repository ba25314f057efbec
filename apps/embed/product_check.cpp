#include "embed/product_check.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/key_check.hpp"

namespace lic::embed {
namespace {

constexpr const char* kWayOut = "embed the file that `licgen product export` writes, with keys that `licgen init` made";

Result<void> check_key(const PublicKey& key, std::string_view list, std::size_t index, std::string_view what) {
  const std::string fault = key_fault(key);
  if (fault.empty()) return {};
  return error(Errc::untrusted, concat(what, ": /", list, '/', index, "/public: the key ", fault), kWayOut);
}

}  // namespace

Result<ProductFile> open_to_embed(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(ProductFile product, ProductFile::open(bytes, what));
  for (std::size_t i = 0; i < product.roots().size(); ++i) LIC_TRY(check_key(product.roots()[i], "roots", i, what));
  for (std::size_t i = 0; i < product.keys().size(); ++i) LIC_TRY(check_key(product.keys()[i].key, "keys", i, what));
  const auto& keys = product.keys();
  if (std::none_of(keys.begin(), keys.end(), [](const TrustedKey& key) { return key.may(Role::license); }))
    return error(Errc::untrusted, concat(what, " names no key that may sign licenses: none would ever hold"), kWayOut);
  return product;
}

}  // namespace lic::embed
