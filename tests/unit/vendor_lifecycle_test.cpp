#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "issue/issuer.hpp"
#include "issue/lifecycle.hpp"
#include "ledger/audit.hpp"
#include "ledger/history_chain.hpp"
#include "ledger/inclusion.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"
#include "support/vendor.hpp"

using namespace lic;
using test::at;

namespace {

const Catalog& catalog() {
  static const Catalog ticketzero = Catalog::parse(test::catalog_text("ticketzero"), "catalogue").value();
  return ticketzero;
}

Terms license(std::string_view plan, const char* start, const char* end) {
  const test::TestVendor vendor(test::catalog_text("ticketzero"));
  Terms terms = vendor.terms(plan);
  terms.issued_at = terms.starts_at = at(start);
  terms.expires_at = end == nullptr ? std::nullopt : std::optional(at(end));
  return terms;
}

std::optional<Time> renewed_by(const Terms& terms, std::int64_t months, const char* now) {
  return renewed(terms, catalog(), {months, std::nullopt}, at(now)).value().expires_at;
}

}  // namespace

TEST_CASE("lifecycle: a renewal goes on from the end, or from today", "[issue]") {
  const Terms terms = license("professional", "2025-11-22", "2026-11-22");
  const Terms next = renewed(terms, catalog(), {}, at("2026-10-01")).value();
  CHECK(next.expires_at == at("2027-11-22"));
  CHECK(next.serial == terms.serial + 1);
  CHECK(next.issued_at == at("2026-10-01"));
  CHECK(next.id == terms.id);
  CHECK(next.key == terms.key);
  CHECK(renewed_by(terms, 12, "2026-11-22") == at("2027-11-22"));
  CHECK(renewed_by(terms, 12, "2026-12-24") == at("2027-12-24"));
  CHECK(renewed(terms, catalog(), {{}, at("2026-11-22")}, at("2026-10-01")).error().code == Errc::invalid_input);
  CHECK(renewed(terms, catalog(), {{}, at("2028-01-01")}, at("2026-10-01"))->expires_at == at("2028-01-01"));
  CHECK(renewed(terms, catalog(), {1, at("2028-01-01")}, at("2026-10-01")).error().code == Errc::usage);
  CHECK(renewed(terms, catalog(), {1200 * 90, {}}, at("2026-10-01")).error().code == Errc::invalid_input);
}

TEST_CASE("lifecycle: months keep the day on which it began", "[issue]") {
  CHECK(renewed_by(license("starter", "2026-01-31", "2026-02-28"), 1, "2026-02-01") == at("2026-03-31"));
  CHECK(renewed_by(license("starter", "2028-01-31", "2028-02-29"), 12, "2028-02-01") == at("2029-02-28"));
  CHECK(renewed_by(license("starter", "2024-02-29", "2025-02-28"), 36, "2025-01-01") == at("2028-02-29"));
  CHECK(renewed_by(license("starter", "2026-01-15", "2026-02-20"), 1, "2026-02-01") == at("2026-03-20"));
}

TEST_CASE("lifecycle: what never ends is renewed in its maintenance", "[issue]") {
  Terms terms = license("professional", "2025-11-22", nullptr);
  terms.kind = Kind::perpetual;
  CHECK(renewed(terms, catalog(), {12, {}}, at("2026-01-01")).error().code == Errc::invalid_input);
  terms.maintenance_until = at("2026-11-22");
  const Terms next = renewed(terms, catalog(), {12, {}}, at("2026-01-01")).value();
  CHECK(next.maintenance_until == at("2027-11-22"));
  CHECK_FALSE(next.expires_at);
  CHECK(renewed(terms, catalog(), {}, at("2026-01-01")).error().code == Errc::invalid_input);  // the plan says nothing
}

TEST_CASE("lifecycle: another plan brings its terms, the end stays", "[issue]") {
  const Terms terms = license("professional", "2026-01-01", "2027-01-01");
  ChangeRequest request;
  request.plan = "enterprise";
  const Terms next = changed(terms, catalog(), request, at("2026-06-01")).value();
  const Plan& plan = *catalog().find_plan("enterprise");
  CHECK(next.plan == "enterprise");
  CHECK(next.features == plan.features);
  CHECK(next.seats == plan.seats);
  CHECK(next.expires_at == terms.expires_at);
  Terms trial = license("trial", "2026-01-01", "2026-01-31");
  request.plan = "professional";
  CHECK(changed(trial, catalog(), request, at("2026-01-10"))->expires_at == at("2027-01-10"));
  request.plan = "profesional";
  CHECK(changed(terms, catalog(), request, at("2026-06-01")).error().code == Errc::not_found);
  ChangeRequest few;
  few.seats = 0;
  CHECK(changed(terms, catalog(), few, at("2026-06-01")).error().code == Errc::invalid_input);
  ChangeRequest ever;
  ever.perpetual = true;
  ever.maintenance_until = at("2028-01-01");
  const Terms perpetual = changed(terms, catalog(), ever, at("2026-06-01")).value();
  CHECK(perpetual.kind == Kind::perpetual);
  CHECK(perpetual.maintenance_until == at("2028-01-01"));
  ever.perpetual = false;
  CHECK(changed(terms, catalog(), ever, at("2026-06-01")).error().code == Errc::invalid_input);
}

TEST_CASE("lifecycle: what differs is named", "[issue]") {
  const Terms terms = license("professional", "2026-01-01", "2027-01-01");
  CHECK(differences(terms, terms).empty());
  CHECK(differences(terms, reinstated(suspended(terms, at("2026-02-01")), at("2026-03-01"))).empty());
  Terms next = terms;
  next.seats = 9;
  next.expires_at.reset();
  next.features.emplace_back("sso", true);
  const auto changes = differences(terms, next);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].member == "expires_at");
  CHECK(changes[0].after == "never");
  CHECK(changes[1].before == concat(terms.seats));
  CHECK(changes[2].member == "features/sso");
  CHECK(changes[2].before.empty());
}

TEST_CASE("history: proofs that a document was issued, in a ledger of every size", "[ledger]") {
  const test::LedgerPlace place;
  const auto ledger = place.make();
  const auto digest = [](int number) { return hex_encode(sha256(view_bytes(concat("document ", number)))); };
  for (int number = 1; number <= 20; ++number) {
    const auto transaction = ledger->begin().value();
    const std::string detail =
        number % 3 == 0 ? std::string() : concat(R"({"serial":1,"sha256":")", digest(number), "\"}");
    REQUIRE(transaction->record({test::at("2026-01-01"), "root", "create", concat("key ", number % 2), "", detail}));
    REQUIRE(transaction->commit());
  }
  for (std::int64_t size = 1; size <= 20; ++size) {
    CAPTURE(size);
    Checkpoint checkpoint{"id", "ticketzero", test::at("2026-01-02"), size, history_root(*ledger, size).value()};
    for (int number = 1; number <= 20; ++number) {
      CAPTURE(number);
      const auto proof = prove_inclusion(*ledger, "ticketzero", {digest(number), ""}, size);
      if (number > size || number % 3 == 0) {
        CHECK(proof.error().code == Errc::not_found);
        continue;
      }
      REQUIRE(proof);
      CHECK(proof->number == number);
      CHECK(proof->check(checkpoint, digest(number), "proof"));
      CHECK(proof->check(checkpoint, digest(number + 1), "proof").error().code == Errc::untrusted);
    }
  }
  CHECK(prove_inclusion(*ledger, "ticketzero", {"", "key 0"}, 20)->number == 20);
  CHECK(prove_inclusion(*ledger, "ticketzero", {"", "key 1"}, 20)->number == 19);
  CHECK(prove_inclusion(*ledger, "ticketzero", {"", "key 1"}, 18)->number == 17);
  CHECK(prove_inclusion(*ledger, "ticketzero", {"", "key 2"}, 20).error().code == Errc::not_found);
  CHECK(prove_inclusion(*ledger, "ticketzero", {digest(1), ""}, 21).error().code == Errc::invalid_input);
}

TEST_CASE("history: the Merkle tree is that of RFC 6962", "[ledger]") {
  // The inputs and heads of the certificate-transparency project's merkletree tests.
  const std::array<std::string, 8> leaves = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const std::array<std::string_view, 9> heads = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                                 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                                 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                                 "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                                 "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                                 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                                 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                                 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleTree tree;
  CHECK(hex_encode(tree.root()) == heads[0]);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    tree.add(to_text(hex_decode(leaves[i]).value()));
    CHECK(hex_encode(tree.root()) == heads[i + 1]);
  }
  CHECK(tree.size() == 8);
}
