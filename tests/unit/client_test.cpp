#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "protocol/offline_exchange.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/desk.hpp"

using namespace lic;
using nlohmann::ordered_json;
using test::at;
using test::Desk;

TEST_CASE("client: a fresh machine has the free plan, or nothing", "[client]") {
  const Desk tensor("tensorpack");
  CHECK(tensor.reason() == Reason::free);
  CHECK(tensor.open().status().plan == "free");
  CHECK(tensor.open().check_feature("normalization").allowed());
  CHECK(tensor.open().check_feature("custom-transformations").reason == Reason::feature_not_licensed);

  const Desk desk;
  CHECK(desk.reason() == Reason::no_license);
  CHECK(desk.open().limits().at(0).second.max == 1);
  CHECK(desk.open().check_feature("ai-ticket-processing").reason == Reason::feature_not_licensed);
  CHECK_FALSE(std::filesystem::exists(desk.state()));  // looking leaves no trace
}

TEST_CASE("client: activated from a signed file, kept, and found again by its key", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  const Status status = desk.open().status();
  CHECK(status.decision.reason == Reason::valid);
  CHECK(status.license_key == terms.key);
  CHECK(status.plan_name == "Professional");
  CHECK(status.source == Source::offline);
  CHECK(status.activated_at == desk.now);
  CHECK(desk.open().check_feature("custom-workflows").allowed());
  CHECK_FALSE(desk.open().check_feature("white-label-branding").allowed());
  CHECK(std::filesystem::exists(desk.state() / (terms.key + ".json")));
  struct stat info {};
  REQUIRE(::stat(desk.data().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  const auto readable = ordered_json::parse(desk.read_data());
  CHECK(readable["license_type"] == "professional");
  CHECK(readable["activated"] == true);
  CHECK(readable["customer_id"] == "ops@acme.example");
  CHECK(desk.open().activate(to_lower(terms.key))->changed);
}

TEST_CASE("client: a license that does not hold now is not activated, and nothing changes", "[client]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("starter", 1));
  const std::string before = desk.read_data();
  const auto refused = [&](const Terms& terms) {
    const auto change = desk.activate(desk.vendor.sign(terms));
    REQUIRE(change);
    CHECK_FALSE(change->changed);
    CHECK_FALSE(std::filesystem::exists(desk.state() / (terms.key + ".json")));
    CHECK(desk.read_data() == before);
    return change->decision.reason;
  };
  Terms expired = desk.vendor.terms("professional", 2);
  expired.issued_at = expired.starts_at = at("2025-01-01T00:00:00Z");
  expired.expires_at = at("2025-06-01T00:00:00Z");
  CHECK(refused(expired) == Reason::expired);
  Terms later = desk.vendor.terms("professional", 3);
  later.starts_at = at("2027-01-01T00:00:00Z");
  CHECK(refused(later) == Reason::not_yet_valid);
  Terms bound = desk.vendor.terms("professional", 4);
  bound.machines = {{1, {{"machine-id", {"0011223344556677"}}}}};
  CHECK(refused(bound) == Reason::wrong_machine);
  Terms future = desk.vendor.terms("professional", 5);
  future.issued_at = at("2027-01-01T00:00:00Z");
  CHECK(refused(future) == Reason::clock_moved_back);
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: forged and foreign documents change nothing", "[client]") {
  const Desk desk;
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  CHECK(desk.activate(impostor.sign(impostor.terms("enterprise"))).error().code == Errc::untrusted);
  CHECK(desk.activate(desk.vendor.product_file()).error().code == Errc::untrusted);
  CHECK(desk.activate("{}").error().code == Errc::invalid_input);
  CHECK_FALSE(std::filesystem::exists(desk.data()));
  const std::string key = desk.vendor.terms("starter").key;
  CHECK(desk.open().activate(key).error().code == Errc::not_found);
  CHECK(desk.open().activate("nonsense").error().code == Errc::invalid_input);
  CHECK(desk.open().activate(random_license_key("TP", "PRE").text()).error().code == Errc::invalid_input);
  const std::string good = desk.vendor.sign(desk.vendor.terms("starter"));
  CHECK(desk.open().activate_document(view_bytes(good), "x", desk.vendor.terms("starter", 2).key).error().code ==
        Errc::invalid_input);
}

TEST_CASE("client: a serial never goes back, a newer dropped file is adopted", "[client]") {
  const Desk desk;
  Terms second = desk.vendor.terms("professional");
  second.serial = 2;
  desk.must_activate(second);
  Terms first = second;
  first.serial = 1;
  CHECK(desk.activate(desk.vendor.sign(first)).error().code == Errc::conflict);
  Terms third = second;
  third.serial = 3;
  third.expires_at = at("2029-01-01T00:00:00Z");
  const Path file = desk.state() / (second.key + ".json");
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(third))));
  CHECK(desk.open().status().serial == 3);
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(second))));
  CHECK(desk.open().status().serial == 3);  // it was kept
  Terms fourth = third;
  fourth.serial = 4;
  fourth.starts_at = at("2028-01-01T00:00:00Z");
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(fourth))));
  CHECK(desk.open().status().serial == 3);  // it does not hold yet, and the third does
  CHECK(desk.reason() == Reason::valid);
  REQUIRE(write_file(file, view_bytes("rubbish")));
  CHECK(desk.open().status().serial == 3);
  CHECK(desk.open().status().warnings.size() == 1);
  REQUIRE(desk.open().deactivate()->changed);
  CHECK(desk.activate(desk.vendor.sign(second)).error().code == Errc::conflict);
}

TEST_CASE("client: the trial is once per user and machine", "[client]") {
  Desk desk;
  const auto started = desk.open().start_trial();
  REQUIRE(started);
  CHECK(started->changed);
  CHECK(desk.reason() == Reason::trial);
  CHECK(desk.open().status().license_key.starts_with("TZ-TRIAL-"));
  CHECK(desk.open().start_trial()->decision.reason == Reason::trial_not_available);
  CHECK(desk.reason() == Reason::trial);

  std::filesystem::remove_all(desk.home() / ".ticketzero");
  CHECK(desk.reason() == Reason::no_license);
  CHECK(desk.open().start_trial()->decision.reason == Reason::trial_not_available);
  CHECK(desk.reason() == Reason::no_license);

  Desk other;
  REQUIRE(other.open().start_trial());
  other.now = at("2026-12-31T12:00:00Z");
  CHECK(other.reason() == Reason::expired);
  CHECK_FALSE(other.open().check_feature("basic-dashboard").allowed());
}

TEST_CASE("client: a paid license replaces a trial, a trial never a paid license", "[client]") {
  const Desk desk;
  REQUIRE(desk.open().start_trial());
  desk.must_activate(desk.vendor.terms("starter"));
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().start_trial().error().code == Errc::conflict);
  CHECK(desk.activate(desk.vendor.sign(desk.vendor.terms("trial", 2))).error().code == Errc::conflict);
  CHECK(desk.open().status().plan == "starter");
}

TEST_CASE("client: an e-mail address alone grants what the vendor chose", "[client]") {
  const Desk desk("tensorpack");
  const auto noted = desk.open().start_trial("x@ox.ac.uk");
  REQUIRE(noted);
  CHECK(desk.open().status().plan == "trial");
  CHECK(noted->hint.find("Academic") != std::string::npos);
  CHECK(desk.open().start_trial("no address").error().code == Errc::invalid_input);

  auto catalog = ordered_json::parse(test::catalog_text("tensorpack"));
  catalog["plans"][2]["grant_by_email"] = true;
  const test::TestVendor generous(catalog.dump());
  const Desk second("tensorpack", "12");
  second.install(generous.product_file());
  REQUIRE(second.open().start_trial("x@ox.ac.uk")->changed);
  CHECK(second.open().status().plan == "academic");
  CHECK(second.reason() == Reason::valid);
  const Desk third("tensorpack", "13");
  third.install(generous.product_file());
  REQUIRE(third.open().start_trial("x@fake-ac.uk")->changed);
  CHECK(third.open().status().plan == "trial");
}

TEST_CASE("client: deactivation gives up the license and keeps its file", "[client]") {
  const Desk desk;
  CHECK_FALSE(desk.open().deactivate()->changed);
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  CHECK(desk.open().deactivate()->changed);
  CHECK(desk.reason() == Reason::no_license);
  CHECK(ordered_json::parse(desk.read_data())["activated"] == false);
  CHECK(desk.open().activate(terms.key)->changed);
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: an edited summary is tampering, whatever it says", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const auto whole = ordered_json::parse(desk.read_data());
  for (const auto& [name, value] : whole.items()) {
    if (name == "sealed" || name == "product") continue;  // another product's is told apart
    auto edited = whole;
    edited[name] = "enterprise";
    CAPTURE(name);
    desk.write_data(edited.dump(2));
    CHECK(desk.reason() == Reason::untrusted);
    CHECK(desk.open().status().features.empty());
    CHECK(desk.open().status().plan == "starter");
    CHECK(desk.open().status().warnings.at(0).find("tampered") != std::string::npos);
    edited = whole;
    edited.erase(name);
    desk.write_data(edited.dump(2));
    CHECK(desk.reason() == Reason::untrusted);
  }
  desk.write_data(whole.dump());  // white space is no edit
  CHECK(desk.reason() == Reason::valid);
  auto edited = whole;
  edited["extra"] = 1;
  desk.write_data(edited.dump(2));
  CHECK(desk.reason() == Reason::untrusted);
  desk.write_data(edited.dump(2) + "\n");  // in the form that licctl writes, but for what follows "sealed"
  CHECK(desk.reason() == Reason::untrusted);
  edited["extra"] = {{"sealed", 2}};
  desk.write_data(edited.dump(2) + "\n");
  CHECK(desk.reason() == Reason::untrusted);
  CHECK(desk.open().activate(terms.key)->changed);
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: a trial whose summary was edited goes on once it is written anew", "[client]") {
  const Desk desk;
  REQUIRE(desk.open().start_trial()->changed);
  const auto expires = desk.open().status().expires;
  auto edited = ordered_json::parse(desk.read_data());
  edited["expires"] = "2099-01-01T00:00:00Z";
  desk.write_data(edited.dump(2));
  CHECK(desk.reason() == Reason::untrusted);
  CHECK(desk.open().start_trial()->changed);
  CHECK(desk.reason() == Reason::trial);
  CHECK(desk.open().status().expires == expires);
}

TEST_CASE("client: a damaged state grants nothing, is kept aside, and is recovered from", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const std::string whole = desk.read_data();
  auto wrong_types = ordered_json::parse(whole);
  wrong_types["sealed"] = 5;
  auto broken_box = ordered_json::parse(whole);
  broken_box["sealed"]["box"] = "AAAA";
  std::size_t kept = 0;
  for (const std::string& damaged :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"), std::string(5000, '\0'),
        whole.substr(0, whole.size() / 2), wrong_types.dump(), broken_box.dump()}) {
    desk.write_data(damaged);
    const LicenseManager manager = desk.open();
    CHECK(manager.decision().reason == Reason::no_license);
    REQUIRE_FALSE(manager.status().warnings.empty());
    CHECK(manager.status().warnings.back().find("corrupt-") != std::string::npos);
    CHECK(desk.set_aside().size() == ++kept);
    CHECK_FALSE(std::filesystem::exists(desk.data()));
    REQUIRE(desk.open().activate(terms.key)->changed);
    CHECK(desk.reason() == Reason::valid);
  }
}

TEST_CASE("client: a state cut off anywhere never grants", "[client]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  const std::string whole = desk.read_data();
  const auto key = read_file(desk.state() / "state.key", "key").value();
  const SecretBytes secret{ByteView(key)};
  const auto identity = MachineIdentity::of(read_machine_facts(desk.machine.path()), "ticketzero");
  REQUIRE(decode_state(whole, always(secret), identity, "ticketzero").value().condition == StateCondition::intact);
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    const auto loaded =
        decode_state(std::string_view(whole).substr(0, size), always(secret), identity, "ticketzero").value();
    REQUIRE(loaded.condition == StateCondition::damaged);
  }
  // What is not covered by the digest is the box itself, its name aside: a changed
  // byte there may leave another lock or nothing of weight, never another license.
  const std::size_t sealed_at = whole.find("\"sealed\"");
  const std::string document =
      decode_state(whole, always(secret), identity, "ticketzero").value().state.license->document;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    std::string altered = whole;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    const auto decoded = decode_state(altered, always(secret), identity, "ticketzero");
    if (!decoded) continue;  // the version or the product was altered
    const LoadedState& loaded = *decoded;
    if (loaded.condition != StateCondition::intact) continue;
    REQUIRE((i > sealed_at || whole[i] == ' '));
    REQUIRE(loaded.state.license->document == document);
  }
}

TEST_CASE("client: a lost state key is damage, not a license", "[client]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  std::filesystem::remove(desk.state() / "state.key");
  CHECK(desk.reason() == Reason::no_license);
  CHECK(desk.set_aside().size() == 1);
}

TEST_CASE("client: a copied directory is dead on another machine", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  Desk other("ticketzero", "22");
  std::filesystem::create_directories(other.state().parent_path());
  std::filesystem::copy(desk.state(), other.state());
  CHECK(other.reason() == Reason::wrong_machine);
  CHECK(other.open().limits().at(0).second.max == 1);  // what everybody has
  CHECK(other.open().status().license_key.empty());
  CHECK(std::filesystem::exists(other.data()));      // looking does not take it away
  CHECK(other.open().activate(terms.key)->changed);  // an unbound license may be activated anew
  CHECK(other.reason() == Reason::valid);
}

TEST_CASE("client: the state of another product or a newer version is left alone", "[client]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  const std::string before = desk.read_data();
  const test::TestVendor other(test::catalog_text("tensorpack"), 7);
  const Path product = desk.files / "other.json";
  REQUIRE(write_file(product, view_bytes(other.product_file())));
  OpenOptions options;
  options.product_file = product.native();
  options.state_dir = desk.state().native();
  const auto impl = LicenseManager::Impl::open(options, {desk.home(), desk.machine.path(), [&] { return desk.now; }});
  REQUIRE_FALSE(impl);
  CHECK(impl.error().code == Errc::untrusted);
  CHECK(desk.read_data() == before);

  ordered_json newer = ordered_json::parse(before);
  newer["sealed"]["v"] = 3;
  REQUIRE(write_file(desk.data(), view_bytes(newer.dump())));
  CHECK(desk.try_open().error().code == Errc::invalid_input);
  CHECK(desk.read_data() == newer.dump());
}

TEST_CASE("client: a suspension is seen, and its end", "[client]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  desk.must_activate(terms);
  const Path file = desk.state() / (terms.key + ".json");
  ++terms.serial;
  terms.suspended_at = desk.now;
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
  CHECK(desk.reason() == Reason::suspended);
  CHECK_FALSE(desk.open().check_feature("api-access").allowed());
  ++terms.serial;
  terms.suspended_at.reset();
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(terms))));
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: maintenance covers the releases up to its end", "[client]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.kind = Kind::perpetual;
  terms.expires_at.reset();
  terms.maintenance_until = at("2027-01-01");
  desk.must_activate(terms);
  const auto reason_for = [&](const char* date) {
    OpenOptions options;
    options.product_file = desk.product().native();
    options.release_date = at(date);
    auto impl = LicenseManager::Impl::open(options, {desk.home(), desk.machine.path(), [&] { return desk.now; }});
    REQUIRE(impl);
    return LicenseManager(std::move(impl).value()).decision().reason;
  };
  CHECK(reason_for("2027-01-01") == Reason::valid);
  CHECK(reason_for("2027-01-02") == Reason::version_not_covered);
  CHECK(desk.reason() == Reason::valid);  // not asked about
}

TEST_CASE("client: hardware may change in part", "[client]") {
  const Desk desk;
  Terms bound = desk.vendor.terms("professional");
  const auto identity = MachineIdentity::of(read_machine_facts(desk.machine.path()), "ticketzero");
  bound.machines = {identity.binding().value()};
  desk.must_activate(bound);
  desk.machine.network_card("eth0", "00:1a:2b:77:77:77");
  desk.machine.remove("sys/class/net/wlan0");
  CHECK(desk.reason() == Reason::valid);
  desk.machine.nvme_root("ANOTHERDISK12345");
  CHECK(desk.reason() == Reason::valid);
  desk.machine.write("etc/machine-id", "ffffffffffffffff0000000000000000\n");
  CHECK(desk.reason() == Reason::valid);  // uuid, board and cpu still agree
  desk.machine.write("sys/devices/virtual/dmi/id/product_uuid", "00112233-4455-6677-8899-aabbccddeeff\n");
  CHECK(desk.reason() == Reason::wrong_machine);
}

TEST_CASE("client: the clock", "[client]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  desk.now = at("2027-03-01T12:00:00Z");
  CHECK(desk.reason() == Reason::valid);  // and the time is kept
  desk.now = at("2027-02-28T12:00:00Z");
  CHECK(desk.reason() == Reason::valid);
  desk.now = at("2027-02-28T11:59:59Z");
  CHECK(desk.reason() == Reason::clock_moved_back);
  desk.now = at("2026-12-01T12:00:00Z");
  CHECK(desk.reason() == Reason::clock_moved_back);
  desk.now = at("2027-03-01T12:00:00Z");
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: a product file is followed forward only", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  desk.install(impostor.product_file(2));
  CHECK(desk.try_open().error().code == Errc::untrusted);
  desk.install(desk.vendor.product_file(2));
  CHECK(desk.open().product().version == 2);
  REQUIRE(desk.open().activate(terms.key)->changed);
  desk.install(desk.vendor.product_file(1));
  CHECK(desk.open().product().version == 2);  // an older file in its place changes nothing
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: a license file may bring the newer product file along", "[client]") {
  const Desk desk;
  auto document = ordered_json::parse(desk.vendor.sign(desk.vendor.terms("starter")));
  document["product"] = ordered_json::parse(desk.vendor.product_file(2));
  REQUIRE(desk.activate(document.dump())->changed);
  CHECK(desk.open().product().version == 2);  // though the installed one is still version 1
  CHECK(desk.reason() == Reason::valid);
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  document["product"] = ordered_json::parse(impostor.product_file(3));
  CHECK(desk.activate(document.dump()).error().code == Errc::untrusted);
}

TEST_CASE("client: a state that is not to be touched is not", "[client]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  const Path kept = desk.state() / "elsewhere";
  std::filesystem::rename(desk.data(), kept);
  std::filesystem::create_symlink(kept, desk.data());
  CHECK(desk.try_open().error().code == Errc::denied);
  std::filesystem::remove(desk.data());
  std::filesystem::rename(kept, desk.data());
  REQUIRE(::chmod((desk.state() / "state.key").c_str(), 0644) == 0);
  CHECK(desk.try_open().error().code == Errc::denied);
  REQUIRE(::chmod((desk.state() / "state.key").c_str(), 0600) == 0);
  CHECK(desk.reason() == Reason::valid);
  if (::geteuid() == 0) {
    REQUIRE(::chown(desk.data().c_str(), 65534, 65534) == 0);
    CHECK(desk.try_open().error().code == Errc::denied);
  }
}

TEST_CASE("client: a home that cannot be written still answers", "[client]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  desk.now = at("2027-01-01T00:00:00Z");
  REQUIRE(::chmod(desk.files.path().c_str(), 0755) == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(desk.files.path()))
    REQUIRE(::chown(entry.path().c_str(), ::geteuid() == 0 ? 65534 : ::geteuid(), static_cast<gid_t>(-1)) == 0);
  REQUIRE(::chmod(desk.state().c_str(), 0500) == 0);
  REQUIRE(::chmod(desk.machine.path().c_str(), 0755) == 0);
  CHECK(test::holds_for_ordinary_user([&] {
    const auto manager = desk.try_open();
    return manager && manager->decision().reason == Reason::valid && !manager->status().license_key.empty();
  }));
  REQUIRE(::chmod(desk.state().c_str(), 0700) == 0);
}

TEST_CASE("client: a change that could not be written is none, for the running application too", "[client]") {
  const Desk desk;
  const Terms first = desk.vendor.terms("starter", 1);
  const Terms second = desk.vendor.terms("professional", 2);
  desk.must_activate(first);
  const std::string before = desk.read_data();
  const auto with_a_full_disk = [&](auto change) {
    return test::went_well(test::start_child([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      LicenseManager manager = desk.open();
      const struct rlimit nothing {};
      if (::setrlimit(RLIMIT_FSIZE, &nothing) != 0) return false;
      const auto changed = change(manager);
      return !changed && changed.error().code == Errc::failure && manager.decision().reason == Reason::valid &&
             manager.status().license_key == first.key;
    }));
  };
  CHECK(with_a_full_disk([&](LicenseManager& manager) {
    return manager.activate_document(view_bytes(desk.vendor.sign(second)), "license.json");
  }));
  CHECK(with_a_full_disk([](LicenseManager& manager) { return manager.deactivate(); }));
  CHECK(desk.read_data() == before);
}

TEST_CASE("client: a trial that was not marked yet is marked by the next call", "[client]") {
  const Desk desk;
  REQUIRE(desk.open().start_trial());
  const Path marks = desk.home() / ".local";
  std::filesystem::remove_all(marks);  // as if killed before it
  const auto again = desk.open().start_trial();
  REQUIRE(again);
  CHECK(again->changed);
  CHECK(again->decision.reason == Reason::trial);
  CHECK(std::filesystem::exists(marks));
  CHECK(desk.open().start_trial()->decision.reason == Reason::trial_not_available);
  std::filesystem::remove_all(desk.home() / ".ticketzero");
  CHECK(desk.open().start_trial()->decision.reason == Reason::trial_not_available);
}

TEST_CASE("client: a license file can be judged without being activated", "[client]") {
  const Desk desk;
  const Path file = desk.files / "given.json";
  REQUIRE(write_file(file, view_bytes(desk.vendor.sign(desk.vendor.terms("professional")))));
  OpenOptions options;
  options.product_file = desk.product().native();
  options.license_file = file.native();
  auto impl = LicenseManager::Impl::open(options, {{}, desk.machine.path(), [&] { return desk.now; }});
  REQUIRE(impl);
  LicenseManager manager(std::move(impl).value());
  CHECK(manager.decision().reason == Reason::valid);
  CHECK(manager.deactivate().error().code == Errc::usage);
  CHECK(manager.activate("TZ-PRO-0000-0000-0000-0000").error().code == Errc::usage);
  CHECK_FALSE(std::filesystem::exists(desk.state()));
}

TEST_CASE("client: a state directory named from here stays where it is", "[client]") {
  const Desk desk;
  const Path here = std::filesystem::current_path();
  std::filesystem::current_path(desk.files.path());
  OpenOptions options;
  options.product_file = desk.product().native();
  options.state_dir = "state";
  auto impl = LicenseManager::Impl::open(options, {desk.home(), desk.machine.path(), [&] { return desk.now; }});
  std::filesystem::current_path(here);
  REQUIRE(impl);
  LicenseManager manager(std::move(impl).value());
  CHECK(manager.state_dir() == (desk.files.path() / "state").native());
  REQUIRE(manager.activate_document(view_bytes(desk.vendor.sign(desk.vendor.terms("starter"))), "a")->changed);
  CHECK(std::filesystem::exists(desk.files.path() / "state" / "license_data.json"));
}

TEST_CASE("client: a license file named from here stays where it is", "[client]") {
  const Desk desk;
  REQUIRE(write_file(desk.files / "given.json", view_bytes(desk.vendor.sign(desk.vendor.terms("professional")))));
  const Path here = std::filesystem::current_path();
  std::filesystem::current_path(desk.files.path());
  OpenOptions options;
  options.product_file = desk.product().native();
  options.license_file = "given.json";
  auto impl = LicenseManager::Impl::open(options, {{}, desk.machine.path(), [&] { return desk.now; }});
  std::filesystem::current_path(here);
  REQUIRE(impl);
  LicenseManager manager(std::move(impl).value());
  CHECK(manager.refresh());
  CHECK(manager.decision().reason == Reason::valid);
}

TEST_CASE("client: many processes on one state lose nothing", "[client][concurrent]") {
  const Desk desk;
  std::vector<pid_t> children;
  for (int i = 0; i < 12; ++i)
    children.push_back(test::start_child([&, i] {
      auto manager = desk.try_open();
      if (!manager) return false;
      const auto change =
          manager->activate_document(view_bytes(desk.vendor.sign(desk.vendor.terms("starter", i + 1))), "x");
      return change && change->changed;
    }));
  for (const pid_t child : children) CHECK(test::went_well(child));
  CHECK(desk.reason() == Reason::valid);
  for (int i = 0; i < 12; ++i)
    CHECK(std::filesystem::exists(desk.state() / (desk.vendor.terms("starter", i + 1).key + ".json")));
  CHECK(desk.set_aside().empty());
}

TEST_CASE("client: without HOME there is a clear error", "[client]") {
  const Desk desk;
  OpenOptions options;
  options.product_file = desk.product().native();
  const auto impl = LicenseManager::Impl::open(options, {{}, desk.machine.path(), [&] { return desk.now; }});
  REQUIRE_FALSE(impl);
  CHECK(impl.error().code == Errc::failure);
  CHECK(impl.error().message.find("HOME") != std::string::npos);
}

namespace {

/// What the vendor answers to a request, as `terms` with that serial.
std::string answer_to(const Desk& desk, const std::string& request_text, Terms terms) {
  const auto request = ActivationRequest::parse(view_bytes(request_text), "request").value();
  terms.machines = {MachineIdentity::from_digests(request.facts).value().binding().value()};
  terms.activation = ActivationMark{request.id, request.receipt_hash};
  return desk.vendor.sign(terms);
}

Result<Change> apply_answer(const Desk& desk, const std::string& answer) {
  return desk.open().apply_activation(view_bytes(answer), "answer.json");
}

}  // namespace

TEST_CASE("a seat given back stays given back, on that machine and by that request", "[client]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  const auto request = desk.open().request_activation(terms.key).value();
  CHECK(request.made);
  CHECK(desk.open().request_activation(terms.key).value().document == request.document);
  const std::string answer = answer_to(desk, request.document, terms);
  REQUIRE(apply_answer(desk, answer));
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().pending_request(terms.key).value().empty());

  const auto returned = desk.open().return_seat().value();
  CHECK(returned.change.changed);
  const auto receipt = ActivationReceipt::parse(view_bytes(returned.receipt), "receipt").value();
  CHECK(receipt.id == request.id);
  CHECK(receipt.hash() == ActivationRequest::parse(view_bytes(request.document), "request").value().receipt_hash);
  CHECK(desk.open().return_seat().value().receipt == returned.receipt);
  CHECK(desk.reason() == Reason::no_license);
  CHECK(apply_answer(desk, answer).error().code == Errc::conflict);

  SECTION("another machine that shares the home has a seat of its own") {
    test::fill(desk.machine, "22");
    const auto other = desk.open().request_activation(terms.key).value();
    REQUIRE(apply_answer(desk, answer_to(desk, other.document, terms)));
    CHECK(desk.reason() == Reason::valid);
    test::fill(desk.machine, "11");
    CHECK(apply_answer(desk, answer).error().code == Errc::conflict);
  }
  SECTION("another license of the product is not concerned") {
    desk.must_activate(desk.vendor.terms("professional", 2));
    CHECK(desk.reason() == Reason::valid);
    CHECK(desk.open().return_seat().error().code == Errc::conflict);
  }
  SECTION("any file of the license is refused until a later answer was applied") {
    terms.serial = 2;
    CHECK(desk.activate(desk.vendor.sign(terms)).error().code == Errc::conflict);
    const auto again = desk.open().request_activation(terms.key).value();
    CHECK(again.id != request.id);
    REQUIRE(apply_answer(desk, answer_to(desk, again.document, terms)));
    terms.serial = 3;
    desk.must_activate(terms);
    CHECK(desk.reason() == Reason::valid);
  }
}

TEST_CASE("what cannot be marked is not given back", "[client]") {
  const Desk desk;
  const Terms terms = desk.vendor.terms("professional");
  const auto request = desk.open().request_activation(terms.key).value();
  REQUIRE(apply_answer(desk, answer_to(desk, request.document, terms)));
  REQUIRE(write_file(desk.home() / ".local", view_bytes("in the way")));
  CHECK(!desk.open().return_seat());
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().returned_receipt().value().empty());
}
