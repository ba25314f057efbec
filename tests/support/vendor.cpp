#include "support/vendor.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "support/catch.hpp"

namespace lic::test {
namespace {

SigningKey key_of(int number) {
  SecretBytes seed(SigningKey::kSeedSize);
  for (std::size_t i = 0; i < seed.size(); ++i)
    seed.data()[i] = static_cast<std::uint8_t>(number * 40 + static_cast<int>(i));
  return SigningKey::from_seed(std::move(seed)).value();
}

}  // namespace

Time noon_of_tests() { return at("2026-11-22T10:00:00Z"); }
Time at(std::string_view text) { return parse_time(text).value(); }

std::string catalog_text(std::string_view name) {
  const Path path = Path(LIC_SOURCE_DIR) / "docs" / "examples" / concat(name, ".json");
  return to_text(read_file(path, "catalogue").value());
}

std::string signed_document(DocumentKind kind, std::string_view payload, const SigningKey& key) {
  const Signature signature = key.sign(pre_authentication_encoding(payload_type(kind), view_bytes(payload)));
  return Envelope::of(kind, Bytes(payload.begin(), payload.end()),
                      {{key.public_key().id(), Bytes(signature.begin(), signature.end())}})
      .to_json();
}

TestVendor::TestVendor(std::string catalog, int seed)
    : catalog_(std::move(catalog)),
      root_(key_of(2 * seed)),
      license_(key_of(2 * seed + 1)),
      lease_(key_of(100 + seed)) {}

std::string TestVendor::product_file(std::int64_t version) const {
  return product_file_with(lease_.public_key(), version);
}

std::string TestVendor::product_file_with(const PublicKey& lease_key, std::int64_t version) const {
  const std::vector<TrustedKey> keys = {{license_.public_key(), {Role::license, Role::revocations}, {}, {}},
                                        {lease_key, {Role::lease}, {}, {}}};
  const std::string payload = product_payload(catalog_, "01JD0000000000000000000000", at("2026-01-01T00:00:00Z"),
                                              version, {root_.public_key()}, 1, keys);
  return signed_document(DocumentKind::product, payload, root_);
}

ProductFile TestVendor::product(std::int64_t version) const {
  return ProductFile::open(view_bytes(product_file(version)), "product file").value();
}

Terms TestVendor::terms(std::string_view plan_id, int number) const {
  const Catalog catalog = Catalog::parse(catalog_, "catalogue").value();
  const Plan* plan = catalog.find_plan(plan_id);
  REQUIRE(plan != nullptr);
  Bytes random(13, 0);
  random[0] = static_cast<std::uint8_t>(number % 32);
  random[1] = static_cast<std::uint8_t>(number / 32 % 32);
  Terms terms;
  terms.id = concat("01JD00000000000000000000", number < 10 ? "0" : "", number);
  terms.product = catalog.id;
  terms.key = LicenseKey::make(catalog.key_prefix, plan->code, random).text();
  terms.plan = plan->id;
  terms.kind = plan->kind;
  terms.customer = {"ACME GmbH", "ops@acme.example"};
  terms.issued_at = noon_of_tests();
  terms.starts_at = noon_of_tests();
  terms.expires_at = plan_end(*plan, noon_of_tests());
  terms.grace_days = plan->grace_days;
  terms.features = plan->features;
  terms.limits = plan->limits;
  terms.seats = plan->seats;
  return terms;
}

std::string TestVendor::sign(const Terms& terms) const {
  return signed_document(DocumentKind::license, terms.to_json(), license_);
}

}  // namespace lic::test
