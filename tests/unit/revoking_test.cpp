#include <sys/stat.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "support/desk.hpp"
#include "trust/revocations.hpp"

using namespace lic;
using test::at;
using test::Desk;

namespace {

RevocationList list_of(std::int64_t seq, std::vector<Revocation> entries = {}) {
  RevocationList list;
  list.id = "01JD00000000000000000000L1";
  list.product = "ticketzero";
  list.seq = seq;
  list.issued_at = at("2026-11-25T00:00:00Z");
  list.next_update = at("2026-12-25T00:00:00Z");
  list.entries = std::move(entries);
  return list;
}

Revocation refund(const Terms& terms) { return {terms.id, "refund \x1b[31m", at("2026-11-24T08:00:00Z")}; }

std::string sign(const Desk& desk, const RevocationList& list) {
  return test::signed_document(DocumentKind::revocations, list.to_json(), desk.vendor.license_key());
}

Result<ImportedRevocations> import(const Desk& desk, const RevocationList& list) {
  return desk.open().import_revocations(view_bytes(sign(desk, list)), "list.json");
}

Path kept(const Desk& desk) { return desk.state() / "revocations.json"; }

void drop(const Desk& desk, const RevocationList& list) {
  REQUIRE(make_private_directory(desk.state()));
  REQUIRE(write_file(kept(desk), view_bytes(sign(desk, list))));
}

bool warns_of(const Desk& desk, std::string_view text) {
  for (const auto& warning : desk.open().status().warnings)
    if (warning.find(text) != std::string::npos) return true;
  return false;
}

/// A license of a vendor whose customers must have fresh lists, a week of grace.
Terms demanding(const Desk& desk, int number = 1) {
  Terms terms = desk.vendor.terms("professional", number);
  terms.fresh_revocations = true;
  terms.grace_days = 7;
  return terms;
}

}  // namespace

TEST_CASE("revocations: an imported list revokes, and what it revoked stays so", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  const auto imported = import(desk, list_of(7, {refund(terms)}));
  REQUIRE(imported);
  CHECK(imported->change.changed);
  CHECK(imported->change.decision.reason == Reason::revoked);
  CHECK(imported->entries == 1);
  const Status status = desk.open().status();
  CHECK(status.decision.reason == Reason::revoked);
  REQUIRE(status.revoked);
  CHECK(status.revoked->at == at("2026-11-24T08:00:00Z"));
  CHECK(status.features.empty());
  CHECK(status.revocations == RevocationListInfo{7, at("2026-11-25T00:00:00Z"), at("2026-12-25T00:00:00Z")});
  CHECK_FALSE(desk.open().check_feature("custom-workflows").allowed());

  SECTION("without the file of the list") { REQUIRE(std::filesystem::remove(kept(desk))); }
  SECTION("after a later list without it") { REQUIRE(import(desk, list_of(8))); }
  SECTION("after the state was deactivated") { REQUIRE(desk.open().deactivate()); }
  const auto again = desk.activate(desk.vendor.sign(terms));
  REQUIRE(again);
  CHECK_FALSE(again->changed);
  CHECK(again->decision.reason == Reason::revoked);
  CHECK(again->message.find("was revoked by the vendor on 2026-11-24: refund \\x1b") != std::string::npos);
  Terms renewed = terms;
  renewed.serial = 2;
  CHECK(desk.activate(desk.vendor.sign(renewed))->decision.reason == Reason::revoked);
}

TEST_CASE("revocations: a license that comes later is looked up in the list at hand", "[revocations]") {
  const Desk desk;
  const Terms bad = desk.vendor.terms("professional", 1);
  const Terms good = desk.vendor.terms("professional", 2);
  REQUIRE(import(desk, list_of(7, {refund(bad)})));
  CHECK(desk.activate(desk.vendor.sign(bad))->decision.reason == Reason::revoked);
  CHECK_FALSE(std::filesystem::exists(desk.state() / (bad.key + ".json")));
  desk.must_activate(good);
  // Having been seen once, it needs no list any more.
  REQUIRE(std::filesystem::remove(kept(desk)));
  CHECK(desk.activate(desk.vendor.sign(bad))->decision.reason == Reason::revoked);
  CHECK(desk.reason() == Reason::valid);
  CHECK(warns_of(desk, "list 7 of revocations, known here, is gone"));
}

TEST_CASE("revocations: lists follow one another by their numbers", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  REQUIRE(import(desk, list_of(7)));
  const std::string before = desk.read_data();

  const auto same = import(desk, list_of(7));
  REQUIRE(same);
  CHECK_FALSE(same->change.changed);
  CHECK(desk.read_data() == before);

  const auto older = import(desk, list_of(6, {refund(terms)}));
  CHECK(older.error().code == Errc::conflict);
  CHECK(older.error().message.find("older than number 7") != std::string::npos);
  const auto rival = import(desk, list_of(7, {refund(terms)}));
  CHECK(rival.error().code == Errc::untrusted);
  CHECK(rival.error().message.find("ALARM") != std::string::npos);
  CHECK(desk.read_data() == before);
  CHECK(desk.reason() == Reason::valid);
  CHECK(import(desk, list_of(8, {refund(terms)}))->change.changed);
  CHECK(desk.reason() == Reason::revoked);
}

TEST_CASE("revocations: a file in the state directory is taken by itself", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  drop(desk, list_of(3));
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().revocations->seq == 3);

  drop(desk, list_of(2, {refund(terms)}));
  CHECK(warns_of(desk, "older than number 3"));
  CHECK(desk.reason() == Reason::valid);
  drop(desk, list_of(3, {refund(terms)}));
  CHECK(warns_of(desk, "ALARM"));
  CHECK(desk.reason() == Reason::valid);
  REQUIRE(write_file(kept(desk), view_bytes("{}")));
  CHECK(warns_of(desk, "list 3 counts"));
  drop(desk, list_of(3));
  CHECK(desk.open().status().warnings.empty());
  drop(desk, list_of(4, {refund(terms)}));
  CHECK(desk.reason() == Reason::revoked);
  REQUIRE(std::filesystem::remove(kept(desk)));
  CHECK(desk.reason() == Reason::revoked);
}

TEST_CASE("revocations: a running application sees a dropped list when it looks again", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  LicenseManager manager = desk.open();
  drop(desk, list_of(3, {refund(terms)}));
  CHECK(manager.decision().reason == Reason::valid);
  REQUIRE(manager.refresh());
  CHECK(manager.decision().reason == Reason::revoked);
}

TEST_CASE("revocations: beside a license file", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  const Path file = desk.files / "mail" / "license.json";
  std::filesystem::create_directories(file.parent_path());
  const Path beside = file.parent_path() / "revocations.json";
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
  OpenOptions judged;
  judged.license_file = file.native();

  SECTION("it counts when the file is judged, and when it is activated") {
    REQUIRE(write_file(beside, view_bytes(sign(desk, list_of(5, {refund(terms)})))));
    CHECK(desk.open(judged).decision().reason == Reason::revoked);
    CHECK_FALSE(std::filesystem::exists(desk.state()));
    const auto change = desk.open().activate_file(file.native());
    REQUIRE(change);
    CHECK(change->decision.reason == Reason::revoked);
    CHECK(std::filesystem::exists(kept(desk)));
  }
  SECTION("an older one is no news") {
    REQUIRE(import(desk, list_of(6)));
    REQUIRE(write_file(beside, view_bytes(sign(desk, list_of(5, {refund(terms)})))));
    CHECK(desk.open().activate_file(file.native())->changed);
  }
  SECTION("another of the same number is an alarm") {
    REQUIRE(import(desk, list_of(6)));
    REQUIRE(write_file(beside, view_bytes(sign(desk, list_of(6, {refund(terms)})))));
    CHECK(desk.open().activate_file(file.native()).error().code == Errc::untrusted);
    CHECK(desk.reason() == Reason::no_license);
  }
  SECTION("one that is none warns") {
    REQUIRE(write_file(beside, view_bytes("{}")));
    LicenseManager manager = desk.open();
    CHECK(manager.activate_file(file.native())->changed);
    REQUIRE(manager.status().warnings.size() == 1);
    CHECK(manager.status().warnings[0].find("it does not count") != std::string::npos);
    CHECK(desk.open(judged).status().warnings.size() == 1);
    CHECK(desk.open(judged).decision().reason == Reason::valid);
  }
}

TEST_CASE("revocations: a license that demands a fresh list", "[revocations]") {
  Desk desk;
  const Terms terms = demanding(desk);  // issued 2026-11-22T10:00:00Z
  CHECK(desk.activate(desk.vendor.sign(terms))->decision.reason == Reason::revocations_stale);
  REQUIRE(import(desk, list_of(1)));
  desk.must_activate(terms);
  CHECK(desk.open().status().warnings.empty());

  desk.now = at("2026-12-24T23:59:59Z");
  CHECK(desk.open().status().warnings.empty());
  desk.now = at("2026-12-25T00:00:00Z");
  CHECK(desk.reason() == Reason::valid);
  CHECK(warns_of(desk, "counts until 2027-01-01T00:00:00Z"));
  // The file adds nothing to what was seen of an active license.
  REQUIRE(std::filesystem::remove(kept(desk)));
  desk.now = at("2026-12-31T23:59:59Z");
  CHECK(desk.reason() == Reason::valid);
  desk.now = at("2027-01-01T00:00:00Z");
  CHECK(desk.reason() == Reason::revocations_stale);
  CHECK(desk.open().status().next.action == "import-revocations");

  RevocationList newer = list_of(2);
  newer.issued_at = at("2026-12-30T00:00:00Z");
  newer.next_update = at("2027-02-01T00:00:00Z");
  REQUIRE(import(desk, newer));
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("revocations: the vendor's own signature is as fresh as a list", "[revocations]") {
  Desk desk;
  desk.now = at("2026-11-29T09:59:59Z");
  const Terms terms = demanding(desk);
  desk.must_activate(terms);
  CHECK(warns_of(desk, "no list of revocations is known here"));
  desk.now += std::chrono::seconds{1};
  CHECK(desk.reason() == Reason::revocations_stale);
  // A license that could not be looked up, as the list is gone, has nothing else to go by.
  REQUIRE(import(desk, list_of(1)));
  CHECK(desk.reason() == Reason::valid);
  REQUIRE(std::filesystem::remove(kept(desk)));
  CHECK(desk.activate(desk.vendor.sign(demanding(desk, 2)))->decision.reason == Reason::revocations_stale);
  CHECK(desk.activate(desk.vendor.sign(desk.vendor.terms("professional", 3)))->changed);
}

TEST_CASE("revocations: a stale list warns where none is demanded", "[revocations]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  REQUIRE(import(desk, list_of(1)));
  CHECK(desk.open().status().warnings.empty());
  desk.now = at("2027-03-01T00:00:00Z");
  CHECK(desk.reason() == Reason::valid);
  CHECK(warns_of(desk, "list 1 of revocations is stale since 2026-12-25"));
}

TEST_CASE("revocations: a list is a time seen", "[revocations]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  RevocationList list = list_of(1);
  list.issued_at = at("2026-12-03T00:00:00Z");
  REQUIRE(import(desk, list));
  CHECK(desk.reason() == Reason::clock_moved_back);
  CHECK(desk.open().status().latest_time == list.issued_at);
  CHECK(desk.open().clock_code().error().code == Errc::conflict);  // no reset changes a signed date
  desk.now = at("2026-12-02T00:00:00Z");
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("revocations: what is not the vendor's list changes nothing", "[revocations]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  const std::string before = desk.read_data();
  const std::string good = sign(desk, list_of(7, {refund(terms)}));
  LicenseManager manager = desk.open();
  const auto refused = [&](std::string_view bytes) {
    const auto imported = manager.import_revocations(view_bytes(bytes), "list");
    return !imported && (imported.error().code == Errc::invalid_input || imported.error().code == Errc::untrusted);
  };
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refused(std::string_view(good).substr(0, size)));
  }
  const std::size_t key_id = good.find("keyid");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    CAPTURE(i, key_id);
    REQUIRE(refused(flipped));
  }
  RevocationList other = list_of(7, {refund(terms)});
  other.product = "tensorpack";
  CHECK(refused(sign(desk, other)));
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  CHECK(refused(test::signed_document(DocumentKind::revocations, list_of(9).to_json(), impostor.license_key())));
  CHECK(refused(test::signed_document(DocumentKind::license, list_of(9).to_json(), desk.vendor.license_key())));
  CHECK(refused(desk.vendor.sign(terms)));
  CHECK(desk.read_data() == before);
  CHECK_FALSE(std::filesystem::exists(kept(desk)));
  CHECK(manager.decision().reason == Reason::valid);
}

TEST_CASE("revocations: an edited state takes no list", "[revocations]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  std::string text = desk.read_data();
  text.replace(text.find("professional"), 12, "enterprise  ");
  desk.write_data(text);
  CHECK(import(desk, list_of(1)).error().code == Errc::untrusted);
  CHECK(desk.reason() == Reason::untrusted);
}

TEST_CASE("revocations: an old copy of the state forgets them, but not what demands a fresh list", "[revocations]") {
  Desk desk;
  const Terms terms = demanding(desk);
  REQUIRE(import(desk, list_of(1)));
  desk.must_activate(terms);
  const std::string old = desk.read_data();
  REQUIRE(import(desk, list_of(2, {refund(terms)})));
  CHECK(desk.reason() == Reason::revoked);
  REQUIRE(std::filesystem::remove(kept(desk)));
  desk.write_data(old);
  CHECK(desk.reason() == Reason::valid);  // docs/security.md says so
  desk.now = at("2027-01-01T00:00:00Z");
  CHECK(desk.reason() == Reason::revocations_stale);
}
