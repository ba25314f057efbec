#include <nlohmann/json.hpp>

#include <filesystem>

#include "base/file.hpp"
#include "client/state.hpp"
#include "machine/identity.hpp"
#include "support/catch.hpp"
#include "support/desk.hpp"

// Which product file counts, and what of it is checked when (docs/security.md, "Which vendor").

using namespace lic;
using nlohmann::ordered_json;
using test::Desk;

namespace {

/// As an application does that has `product` compiled in.
Result<LicenseManager> open_embedded(const Desk& desk, const std::string& product, const Path& given = {}) {
  std::filesystem::create_directories(desk.home());
  OpenOptions options;
  options.embedded_product = view_bytes(product);
  options.product_file = given.native();
  auto impl = LicenseManager::Impl::open(
      options, Environment{desk.home(), desk.machine.path(), [&desk] { return desk.now; }, nullptr});
  if (!impl) return Error(impl.error());
  return LicenseManager(std::move(impl).value());
}

/// The product file with a signature that is none, over what was signed before.
std::string with_bad_signature(const std::string& product) {
  auto document = ordered_json::parse(product);
  auto text = document["signatures"][0]["sig"].get<std::string>();
  text[0] = text[0] == 'A' ? 'B' : 'A';
  document["signatures"][0]["sig"] = text;
  return document.dump();
}

}  // namespace

TEST_CASE("product: a state that another vendor's file made counts for nothing beside an embedded one", "[client]") {
  const Desk desk;
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  auto document = ordered_json::parse(impostor.sign(impostor.terms("starter")));
  desk.install(impostor.product_file(2));
  document["product"] = ordered_json::parse(impostor.product_file(3));
  REQUIRE(desk.activate(document.dump())->changed);
  REQUIRE(desk.reason() == Reason::valid);

  const auto opened = open_embedded(desk, desk.vendor.product_file());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::untrusted);
}

TEST_CASE("product: what the built-in roots have signed succeeds the built-in file", "[client]") {
  const Desk desk;
  auto document = ordered_json::parse(desk.vendor.sign(desk.vendor.terms("starter")));
  document["product"] = ordered_json::parse(desk.vendor.product_file(3));
  REQUIRE(desk.activate(document.dump())->changed);
  const auto opened = open_embedded(desk, desk.vendor.product_file());
  REQUIRE(opened);
  CHECK(opened->product().version == 3);
  CHECK(opened->decision().reason == Reason::valid);
}

TEST_CASE("product: the signatures of the pinned file are not looked at again, those of any other are", "[client]") {
  const Desk desk;
  const std::string genuine = desk.vendor.product_file();
  const std::string unsigned_one = with_bad_signature(genuine);
  desk.install(unsigned_one);
  CHECK(desk.try_open().error().code == Errc::untrusted);  // nothing is pinned yet
  CHECK(open_embedded(desk, unsigned_one).error().code == Errc::untrusted);
  desk.install(genuine);
  desk.must_activate(desk.vendor.terms("starter"));

  desk.install(unsigned_one);  // the very bytes that were signed
  CHECK(desk.reason() == Reason::valid);
  CHECK(open_embedded(desk, unsigned_one)->decision().reason == Reason::valid);
  desk.install(with_bad_signature(desk.vendor.product_file(2)));
  CHECK(desk.try_open().error().code == Errc::untrusted);
  CHECK(open_embedded(desk, genuine, desk.product()).error().code == Errc::untrusted);  // given beside a built-in one
  auto altered = ordered_json::parse(genuine);
  auto payload = altered["payload"].get<std::string>();
  payload[payload.size() / 2] = payload[payload.size() / 2] == 'A' ? 'B' : 'A';
  altered["payload"] = payload;
  desk.install(altered.dump());
  CHECK_FALSE(desk.try_open());
}

TEST_CASE("product: without its state nothing vouches for a file", "[client]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  desk.install(with_bad_signature(desk.vendor.product_file()));
  REQUIRE(desk.reason() == Reason::valid);
  SECTION("gone") { std::filesystem::remove(desk.data()); }
  SECTION("damaged") { desk.write_data(desk.read_data().substr(0, 200)); }
  SECTION("its key gone") { std::filesystem::remove(desk.state() / "state.key"); }
  SECTION("of another machine") { test::fill(desk.machine, "22"); }
  CHECK(desk.try_open().error().code == Errc::untrusted);
}

TEST_CASE("product: an older file than the pinned one does not come back", "[client]") {
  const Desk desk;
  desk.install(desk.vendor.product_file(2));
  desk.must_activate(desk.vendor.terms("starter"));
  CHECK(open_embedded(desk, desk.vendor.product_file(1))->product().version == 2);
  std::filesystem::remove(desk.state() / "product.json");
  CHECK(open_embedded(desk, desk.vendor.product_file(1)).error().code == Errc::not_found);
}

TEST_CASE("product: a state sealed by a user of his own makes no paid license", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const StateStore store(desk.state(), "ticketzero");
  const auto machine = MachineIdentity::of(read_machine_facts(desk.machine.path()), "ticketzero");
  ClientState state = store.load(machine).value().state;
  state.license.reset();
  state.grant = LocalGrant{"professional", "TZ-TRIAL-AAAA", "", desk.now};
  REQUIRE(store.save(state, json::Value(json::Object{}), machine));
  std::filesystem::remove(store.license_file(terms.key));
  CHECK(desk.reason() == Reason::no_license);
  CHECK_FALSE(desk.open().check_feature("custom-workflows").allowed());
}
