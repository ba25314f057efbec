#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"
#include "trust/product.hpp"
#include "trust/revocations.hpp"
#include "trust/verify.hpp"

using namespace lic;
using Json = nlohmann::ordered_json;

namespace {

const test::TestVendor& ticketzero() {
  static const test::TestVendor vendor(test::catalog_text("ticketzero"));
  return vendor;
}

Errc verify_fault(std::string_view document, const ProductFile& product) {
  const auto license = verify(view_bytes(document), product, "license file");
  REQUIRE_FALSE(license);
  return license.error().code;
}

/// The payload of the vendor's product file, to be changed and signed again.
Json product_payload_json() {
  const auto envelope = Envelope::parse(view_bytes(ticketzero().product_file()), "product file").value();
  return Json::parse(envelope.payload());
}

std::string signed_by_root(const Json& payload) {
  return test::signed_document(DocumentKind::product, payload.dump(), ticketzero().root());
}

}  // namespace

TEST_CASE("verify: a license of the vendor is believed, with its terms", "[trust]") {
  const auto license =
      verify(view_bytes(ticketzero().sign(ticketzero().terms("professional"))), ticketzero().product(), "license");
  REQUIRE(license);
  CHECK(license->terms().plan == "professional");
  CHECK(license->signer() == ticketzero().license_key().public_key().id());
}

TEST_CASE("verify: with any bit flipped nothing is believed but what was signed", "[trust]") {
  const ProductFile product = ticketzero().product();
  const std::string good = ticketzero().sign(ticketzero().terms("professional"));
  const std::string terms = ticketzero().terms("professional").to_json();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bit : {0x01, 0x20, 0x80}) {
      std::string altered = good;
      altered[i] = static_cast<char>(altered[i] ^ bit);
      const auto license = verify(view_bytes(altered), product, "license");
      if (license) FAIL("accepted with byte " << i << " changed by " << bit);
    }
  }
}

TEST_CASE("verify: a good signature is not enough", "[trust]") {
  const ProductFile product = ticketzero().product();
  const Terms terms = ticketzero().terms("professional");
  const std::string payload = terms.to_json();
  const SigningKey stranger = SigningKey::generate();

  SECTION("a key that the product does not name") {
    CHECK(verify_fault(test::signed_document(DocumentKind::license, payload, stranger), product) == Errc::untrusted);
  }
  SECTION("the root key, which signs product files only") {
    CHECK(verify_fault(test::signed_document(DocumentKind::license, payload, ticketzero().root()), product) ==
          Errc::untrusted);
  }
  SECTION("another key under a trusted key's id") {
    auto forged = Json::parse(test::signed_document(DocumentKind::license, payload, stranger));
    forged["signatures"][0]["keyid"] = ticketzero().license_key().public_key().id().hex();
    CHECK(verify_fault(forged.dump(), product) == Errc::untrusted);
  }
  SECTION("another kind of document, validly signed by the license key") {
    for (const DocumentKind kind : {DocumentKind::revocations, DocumentKind::product, DocumentKind::lease})
      CHECK(verify_fault(test::signed_document(kind, payload, ticketzero().license_key()), product) == Errc::untrusted);
  }
  SECTION("another product") {
    Terms other = terms;
    other.product = "tensorpack";
    CHECK(verify_fault(ticketzero().sign(other), product) == Errc::untrusted);
  }
  SECTION("a key with another product's prefix") {
    Terms other = terms;
    other.key = random_license_key("TP", "PRO").text();
    CHECK(verify_fault(ticketzero().sign(other), product) == Errc::untrusted);
  }
  SECTION("terms that cannot be read") {
    CHECK(verify_fault(test::signed_document(DocumentKind::license, R"({"v":99})", ticketzero().license_key()),
                       product) == Errc::invalid_input);
  }
  SECTION("the vendor's own product file") {
    CHECK(verify_fault(ticketzero().product_file(), product) == Errc::untrusted);
  }
}

TEST_CASE("verify: a key signs only while it is in force", "[trust]") {
  Json payload = product_payload_json();
  const std::string license = ticketzero().sign(ticketzero().terms("starter"));  // issued 2026-11-22T10:00:00Z
  const auto verdict = [&](const char* member, const char* time) {
    Json changed = payload;
    changed["keys"][0][member] = time;
    const auto product = ProductFile::open(view_bytes(signed_by_root(changed)), "product file");
    REQUIRE(product);
    return verify(view_bytes(license), *product, "license").has_value();
  };
  CHECK(verdict("not_before", "2026-11-22T10:00:00Z"));
  CHECK_FALSE(verdict("not_before", "2026-11-22T10:00:01Z"));
  CHECK(verdict("not_after", "2026-11-22T10:00:01Z"));
  CHECK_FALSE(verdict("not_after", "2026-11-22T10:00:00Z"));
}

TEST_CASE("verify: one good signature among others is enough", "[trust]") {
  auto document = Json::parse(ticketzero().sign(ticketzero().terms("starter")));
  const Json good = document["signatures"][0];
  Json unknown = good;
  unknown["keyid"] = std::string(64, 'a');
  document["signatures"] = {unknown, good};
  CHECK(verify(view_bytes(document.dump()), ticketzero().product(), "license"));
}

TEST_CASE("product file: only with the roots' signatures", "[trust]") {
  CHECK(ProductFile::open(view_bytes(ticketzero().product_file()), "product file"));
  const Json payload = product_payload_json();
  const auto fault = [&](const std::string& text) {
    const auto product = ProductFile::open(view_bytes(text), "product file");
    REQUIRE_FALSE(product);
    return product.error().code;
  };
  CHECK(fault(test::signed_document(DocumentKind::product, payload.dump(), ticketzero().license_key())) ==
        Errc::untrusted);
  CHECK(fault(test::signed_document(DocumentKind::license, payload.dump(), ticketzero().root())) == Errc::untrusted);
  Json two = payload;
  two["threshold"] = 2;
  CHECK(fault(signed_by_root(two)) == Errc::untrusted);
  Json newer = payload;
  newer["v"] = 99;
  CHECK(fault(signed_by_root(newer)) == Errc::invalid_input);
  Json critical = payload;
  critical["crit"] = {"quorum"};
  CHECK(fault(signed_by_root(critical)) == Errc::invalid_input);
  Json lying = payload;
  lying["keys"][0]["keyid"] = std::string(64, '0');
  CHECK(fault(signed_by_root(lying)) == Errc::invalid_input);
  for (const char* list : {"roots", "keys"}) {
    lying = payload;
    lying[list][0]["keyid"] = std::string(64, '0');
    const std::string document = signed_by_root(lying);
    const auto opened = ProductFile::open(view_bytes(document), "product file");
    CHECK(opened.error().message == concat("product file: /", list, "/0/keyid: is not the id of that public key"));
    const ProductFile unchecked = ProductFile::open_unchecked(view_bytes(document), "product file").value();
    const auto checked = unchecked.check_signatures("product file");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::invalid_input);
    CHECK(checked.error().message == opened.error().message);
    lying[list][0].erase("keyid");
    CHECK_FALSE(ProductFile::open_unchecked(view_bytes(signed_by_root(lying)), "product file"));
  }
  for (const std::string& weak :
       {base64_encode(Bytes(32)), std::string("7P///////////////////////////////////////38=")}) {
    Json zero = payload;
    zero["keys"][0]["public"] = weak;
    CHECK(fault(signed_by_root(zero)) == Errc::invalid_input);
    zero = payload;
    zero["roots"][0]["public"] = weak;
    CHECK(fault(signed_by_root(zero)) == Errc::invalid_input);
  }
}

TEST_CASE("product file: only a rightful successor takes its place", "[trust]") {
  const ProductFile first = ticketzero().product(1);
  const ProductFile second = ticketzero().product(2);
  CHECK(first.accepts(first));
  CHECK(first.accepts(second));
  CHECK(second.accepts(first).error().code == Errc::untrusted);  // never back
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  CHECK(first.accepts(impostor.product(2)).error().code == Errc::untrusted);
  CHECK(first.accepts(impostor.product(1)).error().code == Errc::untrusted);
  const test::TestVendor other(test::catalog_text("tensorpack"));
  CHECK(first.accepts(other.product(2)).error().code == Errc::untrusted);
}

TEST_CASE("product file: two roots, and the number that must sign", "[trust]") {
  const SigningKey second = SigningKey::from_seed(SecretBytes(Bytes(32, 9))).value();
  Json payload = product_payload_json();
  payload["roots"].push_back({{"keyid", second.public_key().id().hex()}, {"public", second.public_key().base64()}});
  payload["threshold"] = 2;
  auto document = Json::parse(signed_by_root(payload));
  CHECK_FALSE(ProductFile::open(view_bytes(document.dump()), "product file"));
  const Json other = Json::parse(test::signed_document(DocumentKind::product, payload.dump(), second));
  Json doubled = document;
  doubled["signatures"].push_back(document["signatures"][0]);
  CHECK_FALSE(ProductFile::open(view_bytes(doubled.dump()), "product file"));  // the same root twice is one
  document["signatures"].push_back(other["signatures"][0]);
  CHECK(ProductFile::open(view_bytes(document.dump()), "product file"));
}

namespace {

SigningKey root_number(std::uint8_t number) {
  return SigningKey::from_seed(SecretBytes(Bytes(SigningKey::kSeedSize, number))).value();
}

/// A product file with those roots (by number), signed by those; proposals too.
struct Roots {
  std::vector<std::uint8_t> roots;
  std::int64_t threshold = 1;
};

std::string file_of(std::int64_t version, const Roots& roots, const std::vector<std::uint8_t>& signers) {
  Json payload = product_payload_json();
  payload["version"] = version;
  payload["threshold"] = roots.threshold;
  payload["roots"] = Json::array();
  for (const std::uint8_t number : roots.roots) {
    const PublicKey key = root_number(number).public_key();
    payload["roots"].push_back({{"keyid", key.id().hex()}, {"public", key.base64()}});
  }
  Json whole = Json::parse(test::signed_document(DocumentKind::product, payload.dump(), root_number(99)));
  whole["signatures"] = Json::array();
  for (const std::uint8_t number : signers)
    whole["signatures"].push_back(Json::parse(
        test::signed_document(DocumentKind::product, payload.dump(), root_number(number)))["signatures"][0]);
  return whole.dump();
}

/// Every set of the numbers 1 to `most`.
std::vector<std::vector<std::uint8_t>> sets_up_to(std::uint8_t most) {
  std::vector<std::vector<std::uint8_t>> sets;
  for (unsigned bits = 0; bits < (1U << most); ++bits) {
    std::vector<std::uint8_t> set;
    for (std::uint8_t i = 0; i < most; ++i)
      if ((bits >> i & 1U) == 1) set.push_back(static_cast<std::uint8_t>(i + 1));
    sets.push_back(set);
  }
  return sets;
}

std::int64_t count_in(const std::vector<std::uint8_t>& signers, const std::vector<std::uint8_t>& roots) {
  return std::count_if(signers.begin(), signers.end(), [&](std::uint8_t number) {
    return std::find(roots.begin(), roots.end(), number) != roots.end();
  });
}

}  // namespace

TEST_CASE("product file: a change of roots needs the threshold of the old and of the new, whoever else signs",
          "[trust]") {
  const std::vector<Roots> all = {{{1}, 1},       {{2}, 1},       {{1, 2}, 1}, {{1, 2}, 2},
                                  {{2, 3, 4}, 2}, {{1, 2, 3}, 3}, {{4}, 1}};
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const Roots& before : all) {
    const auto now = ProductFile::open(view_bytes(file_of(1, before, before.roots)), "product file").value();
    for (const Roots& after : all) {
      for (const auto& signers : sets_up_to(5)) {  // 5 is never a root
        const std::string text = file_of(2, after, signers);
        const auto proposal = ProductProposal::parse(view_bytes(text), "proposal");
        REQUIRE(proposal);
        const bool old_enough = count_in(signers, before.roots) >= before.threshold;
        const bool new_enough = count_in(signers, after.roots) >= after.threshold;
        bool right = proposal->is_complete(now) == (old_enough && new_enough);
        const auto next = ProductFile::open(view_bytes(text), "product file");
        right = right && next.has_value() == new_enough;
        if (next) right = right && now.accepts(*next).has_value() == old_enough;
        if (!right) FAIL("wrong about the signers of " << text);
        ++(old_enough && new_enough ? accepted : refused);
      }
    }
  }
  CHECK(accepted > 100);
  CHECK(refused > 100);
}

TEST_CASE("product file: a proposal says what it lacks, and is none to trust", "[trust]") {
  const std::string text = file_of(2, {{1, 2, 3}, 2}, {3, 5});
  CHECK(ProductFile::open(view_bytes(text), "product file").error().code == Errc::untrusted);
  const auto proposal = ProductProposal::parse(view_bytes(text), "proposal").value();
  CHECK(proposal.lacking(proposal.content().roots(), 2) == 1);
  CHECK(proposal.lacking({root_number(1).public_key()}, 1) == 1);
  CHECK(proposal.lacking({root_number(5).public_key()}, 1) == 0);
  CHECK(proposal.is_signed_by(root_number(3).public_key()));
  CHECK_FALSE(proposal.is_signed_by(root_number(1).public_key()));
  const std::string unsigned_text = file_of(2, {{1}, 1}, {});
  CHECK(ProductFile::open(view_bytes(unsigned_text), "product file").error().code == Errc::invalid_input);
  CHECK(ProductProposal::parse(view_bytes(unsigned_text), "proposal"));
  CHECK(ProductProposal::parse(view_bytes(ticketzero().sign(ticketzero().terms("professional"))), "proposal")
            .error()
            .code == Errc::untrusted);
}

TEST_CASE("product file: the steps that it carries lead a client on, and never back", "[trust]") {
  const auto open = [](const std::string& text) { return ProductFile::open(view_bytes(text), "product file").value(); };
  const auto with = [](const std::string& text, const std::vector<std::string>& steps) {
    Json whole = Json::parse(text);
    for (const std::string& step : steps) whole["before"].push_back(Json::parse(step));
    return whole.dump();
  };
  const std::string first = file_of(1, {{1}, 1}, {1});
  const std::string second = file_of(2, {{2}, 1}, {1, 2});
  const std::string third = file_of(3, {{3}, 1}, {2, 3});
  const std::string fourth = file_of(4, {{3}, 1}, {3});
  const ProductFile now = open(first);
  CHECK_FALSE(now.accepts(open(fourth)));
  CHECK(now.accepts(open(with(fourth, {second, third}))));
  CHECK_FALSE(now.accepts(open(with(fourth, {third, second}))));
  CHECK_FALSE(now.accepts(open(with(fourth, {third}))));
  CHECK(open(second).accepts(open(with(fourth, {second, third}))));
  CHECK(open(third).accepts(open(with(fourth, {second, third}))));
  CHECK_FALSE(open(fourth).accepts(open(with(third, {second}))));
  CHECK(open(with(fourth, {second, third})).digest() == open(fourth).digest());
  CHECK(open(with(fourth, {second, third})).accepts(open(fourth)));
  const std::string other = file_of(4, {{3}, 2}, {3});
  CHECK_FALSE(ProductFile::open(view_bytes(with(other, {second, third})), "product file"));
}

TEST_CASE("revocations: signed, for this product, and searched by id", "[trust]") {
  RevocationList list;
  list.id = "01JD0000000000000000000000";
  list.product = "ticketzero";
  list.seq = 7;
  list.issued_at = test::noon_of_tests();
  list.next_update = test::at("2026-11-29T10:00:00Z");
  list.entries = {{"B", "refund", test::noon_of_tests()}, {"A", "fraud", test::noon_of_tests()}};
  const std::string document =
      test::signed_document(DocumentKind::revocations, list.to_json(), ticketzero().license_key());
  const auto read = RevocationList::open(view_bytes(document), ticketzero().product(), "list");
  REQUIRE(read);
  CHECK(read->seq == 7);
  REQUIRE(read->find("A") != nullptr);
  CHECK(read->find("A")->reason == "fraud");
  CHECK(read->find("C") == nullptr);

  const auto fault = [&](const std::string& text) {
    const auto opened = RevocationList::open(view_bytes(text), ticketzero().product(), "list");
    REQUIRE_FALSE(opened);
    return opened.error().code;
  };
  CHECK(fault(test::signed_document(DocumentKind::revocations, list.to_json(), ticketzero().root())) ==
        Errc::untrusted);
  CHECK(fault(test::signed_document(DocumentKind::license, list.to_json(), ticketzero().license_key())) ==
        Errc::untrusted);
  list.product = "tensorpack";
  CHECK(fault(test::signed_document(DocumentKind::revocations, list.to_json(), ticketzero().license_key())) ==
        Errc::untrusted);
  CHECK(fault(test::signed_document(DocumentKind::revocations, R"({"v":99})", ticketzero().license_key())) ==
        Errc::invalid_input);
}

TEST_CASE("grant: what the product file gives by itself", "[trust]") {
  const ProductFile product = ticketzero().product();
  const auto trial = grant(product, *product.catalog().find_plan("trial"), "TZ-TRIAL-4G8TN2WZ", {"", "x@acme.example"},
                           test::noon_of_tests());
  CHECK(trial.terms().kind == Kind::trial);
  CHECK(trial.terms().expires_at == test::at("2026-12-22T10:00:00Z"));
  CHECK(trial.signer().hex().empty());
}
