#include "fuzz/fuzz.hpp"
#include "support/signed.hpp"

using namespace lic;
using fuzz::require;

namespace {

void look_at(const Result<ProductFile>& product) {
  if (!product) {
    fuzz::require_message(product.error());
    return;
  }
  require(product->threshold() >= 1, "someone has signed");
  require(product->roots().size() >= static_cast<std::size_t>(product->threshold()),
          "the roots can reach the threshold");
  for (const TrustedKey& trusted : product->keys())
    require(product->find_key(trusted.key.id()) != nullptr, "a listed key is found");
  require(product->accepts(*product).has_value(), "a product file may stay in its place");
  const auto again = ProductFile::open(product->bytes(), "kept product file");
  require(again && again->version() == product->version(), "the kept bytes are the file");
}

}  // namespace

/// The bytes as a product file, and as the payload of a well-signed one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  look_at(ProductFile::open({data, size}, "product file"));
  look_at(ProductFile::open(view_bytes(test::sign(DocumentKind::product, {data, size})), "signed product file"));
  return 0;
}
