#include <set>

#include "base/text.hpp"
#include "issue/issuer.hpp"
#include "issue/license_stamp.hpp"
#include "license/key.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"
#include "trust/verify.hpp"

using namespace lic;
using test::at;

namespace {

const Catalog& catalog(std::string_view name) {
  static const Catalog ticketzero = Catalog::parse(test::catalog_text("ticketzero"), "catalogue").value();
  static const Catalog tensorpack = Catalog::parse(test::catalog_text("tensorpack"), "catalogue").value();
  return name == "ticketzero" ? ticketzero : tensorpack;
}

LicenseRequest request(std::string plan) {
  LicenseRequest made;
  made.plan = std::move(plan);
  made.customer = {"ACME GmbH", "ops@acme.example"};
  return made;
}

Errc fault(const LicenseRequest& asked, std::string_view product = "ticketzero") {
  const auto terms = terms_for(catalog(product), asked, test::noon_of_tests());
  REQUIRE_FALSE(terms);
  return terms.error().code;
}

}  // namespace

TEST_CASE("issue: the plan gives what the request leaves open", "[issue]") {
  const Terms terms = terms_for(catalog("ticketzero"), request("professional"), test::noon_of_tests()).value();
  CHECK(terms.expires_at == at("2027-11-22T10:00:00Z"));
  CHECK(terms.grace_days == 7);
  CHECK(terms.seats == 3);
  CHECK(terms.limits.size() == 2);
  CHECK(terms.starts_at == test::noon_of_tests());
}

TEST_CASE("issue: the request changes what it names", "[issue]") {
  LicenseRequest asked = request("professional");
  asked.months = 3;
  asked.starts_at = at("2027-11-30T00:00:00Z");
  asked.seats = 7;
  asked.features = {{"api-access", true}, {"custom-workflows", false}};
  asked.limits = {{"tickets", {std::nullopt, std::nullopt}}, {"agents", {5, Period::day}}};
  const Terms terms = terms_for(catalog("ticketzero"), asked, test::noon_of_tests()).value();
  CHECK(terms.expires_at == at("2028-02-29T00:00:00Z"));
  CHECK(terms.seats == 7);
  CHECK(terms.features.size() == catalog("ticketzero").find_plan("professional")->features.size() + 1);
  CHECK(terms.limits.size() == 3);
  CHECK_FALSE(terms.limits[1].second.max);
  LicenseRequest perpetual = request("professional");
  perpetual.perpetual = true;
  CHECK(terms_for(catalog("ticketzero"), perpetual, test::noon_of_tests())->kind == Kind::perpetual);
  CHECK_FALSE(terms_for(catalog("ticketzero"), perpetual, test::noon_of_tests())->expires_at);
}

TEST_CASE("issue: what cannot be issued", "[issue]") {
  CHECK(fault(request("profesional")) == Errc::not_found);
  LicenseRequest bad = request("professional");
  bad.months = 3;
  bad.perpetual = true;
  CHECK(fault(bad) == Errc::usage);
  bad = request("professional");
  bad.expires_at = test::noon_of_tests();
  CHECK(fault(bad) == Errc::invalid_input);
  for (const std::int64_t months : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    bad = request("professional");
    bad.months = months;
    CHECK(fault(bad) == Errc::invalid_input);
    bad = request("professional");
    bad.seats = months;
    CHECK(fault(bad) == Errc::invalid_input);
  }
  bad = request("professional");
  bad.starts_at = at("9999-06-01T00:00:00Z");
  CHECK(fault(bad) == Errc::invalid_input);
  bad = request("professional");
  bad.customer.name = "\xff";
  CHECK(fault(bad) == Errc::invalid_input);
  bad.customer.name = std::string(1001, 'x');
  CHECK(fault(bad) == Errc::invalid_input);
  bad.customer.name.clear();
  CHECK(fault(bad) == Errc::invalid_input);
  bad = request("professional");
  bad.customer.email = "nobody";
  CHECK(fault(bad) == Errc::invalid_input);
  bad = request("academic");
  bad.customer.email = "x@fake-ac.uk";
  CHECK(fault(bad, "tensorpack") == Errc::invalid_input);
  bad.customer.email.clear();
  CHECK(fault(bad, "tensorpack") == Errc::invalid_input);
  bad = request("starter");
  bad.seats = 1;
  bad.machines = {{1, {{"machine-id", {"a"}}}}, {1, {{"machine-id", {"b"}}}}};
  CHECK(fault(bad) == Errc::invalid_input);
  LicenseRequest academic = request("academic");
  academic.customer.email = "x@ox.ac.uk";
  CHECK(terms_for(catalog("tensorpack"), academic, test::noon_of_tests()));
}

TEST_CASE("issue: ids are ULIDs in the order of issue", "[issue]") {
  UlidSource source;
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = source.next(test::noon_of_tests() + std::chrono::seconds(i / 1000));
    REQUIRE(id.size() == 26);
    REQUIRE(id > last);
    last = id;
  }
  // 2026-11-22T10:00:00Z is 1795341600 s; its ULID time part by the ULID text's own rule (48 bits, base32).
  std::string time;
  std::uint64_t milliseconds = 1795341600000;
  for (int i = 0; i < 10; ++i, milliseconds /= 32)
    time.insert(time.begin(), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[milliseconds % 32]);
  CHECK(UlidSource().next(test::noon_of_tests()).substr(0, 10) == time);
}

TEST_CASE("issue: a signed document is what the client verifies", "[issue]") {
  const test::TestVendor vendor(test::catalog_text("ticketzero"));
  const Terms terms = vendor.terms("professional");
  const Envelope envelope = sign_document(DocumentKind::license, terms.to_json(), vendor.license_key());
  CHECK(verify(view_bytes(envelope.to_json()), vendor.product(), "license")->terms().key == terms.key);
}

TEST_CASE("issue: a stamped license is the very text that signing it alone gives", "[issue]") {
  const test::TestVendor vendor(test::catalog_text("ticketzero"));
  Terms terms = vendor.terms("professional");
  // The names stand at every offset within a group of base64, and the payload ends at each.
  for (int length = 0; length < 9; ++length) {
    terms.customer.name = std::string(static_cast<std::size_t>(length % 3) + 1, 'n');
    terms.product = std::string(static_cast<std::size_t>(length / 3) + 1, 'p');
    const LicenseStamp stamp(terms, random_license_key("TZ", "PRO").text(), vendor.license_key());
    UlidSource ids;
    for (int n = 0; n < 3; ++n) {
      terms.id = ids.next(terms.issued_at);
      terms.key = random_license_key("TZ", "PRO").text();
      CHECK(stamp.document(terms.id, terms.key) == vendor.sign(terms));
    }
  }
}
