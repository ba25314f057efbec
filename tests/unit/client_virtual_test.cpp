#include <filesystem>
#include "base/text.hpp"
#include "common/exit_codes.hpp"
#include "support/desk.hpp"

using namespace lic;
using test::Desk;

namespace {

constexpr const char* kVendorFile = "sys/class/dmi/id/sys_vendor";

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Terms of a license for physical machines alone.
Terms physical(const Desk& desk) {
  Terms terms = desk.vendor.terms("professional");
  terms.allows_virtual = false;
  return terms;
}

/// A product of which the plans forbid virtual machines, the free plan and the trial too.
std::string physical_catalog(std::string_view product) {
  std::string text = test::catalog_text(product);
  for (std::size_t at = text.find("\"kind\":"); at != std::string::npos; at = text.find("\"kind\":", at + 20))
    text.insert(at, "\"virtual\": false, ");
  return text;
}

}  // namespace

TEST_CASE("client: a license may ask for a physical machine", "[client][virtual]") {
  const Desk desk;
  const Terms terms = physical(desk);
  desk.must_activate(terms);
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().obstacle.empty());

  // The disk was moved into a virtual machine: the same by its facts.
  desk.machine.write(kVendorFile, "QEMU\n");
  const Status status = desk.open().status();
  CHECK(status.decision.reason == Reason::wrong_machine);
  CHECK(app::exit_code(status.decision.reason) == app::ExitCode::wrong_machine);
  CHECK(status.license_key == terms.key);
  CHECK(status.next.action == "use-physical-machine");
  CHECK(status.obstacle == concat("license ", terms.key,
                                  " is not for virtual machines and containers, and this is a virtual machine (qemu: ",
                                  desk.machine.path().native(), "/sys/class/dmi/id/sys_vendor says 'QEMU')"));
  CHECK(status.features.empty());
  CHECK_FALSE(desk.open().check_feature("api-access").allowed());

  desk.machine.write(".dockerenv", "");
  CHECK(has(desk.open().status().obstacle, "says 'QEMU'), in it a container (docker: "));
  desk.machine.remove(kVendorFile);
  CHECK(has(desk.open().status().obstacle, "and this is a container (docker: "));
  desk.machine.remove(".dockerenv");
  CHECK(desk.reason() == Reason::valid);  // looking took nothing away
}

TEST_CASE("client: such a license is not activated in a container", "[client][virtual]") {
  const Desk desk;
  desk.machine.write("run/.containerenv", "");
  const auto change = desk.activate(desk.vendor.sign(physical(desk)));
  REQUIRE(change);
  CHECK_FALSE(change->changed);
  CHECK(change->decision.reason == Reason::wrong_machine);
  CHECK(has(change->message, "and this is a container (podman: "));
  CHECK(has(change->hint, "use it on a physical machine, or ask "));
  CHECK_FALSE(std::filesystem::exists(desk.data()));

  desk.must_activate(desk.vendor.terms("professional", 2));  // others are
  CHECK(desk.reason() == Reason::valid);
  // The vendor's newest word counts.
  Terms narrowed = desk.vendor.terms("professional", 2);
  ++narrowed.serial;
  narrowed.allows_virtual = false;
  REQUIRE(write_file(desk.state() / (narrowed.key + ".json"), view_bytes(desk.vendor.sign(narrowed))));
  CHECK(desk.reason() == Reason::wrong_machine);
  ++narrowed.serial;
  narrowed.allows_virtual = true;
  REQUIRE(write_file(desk.state() / (narrowed.key + ".json"), view_bytes(desk.vendor.sign(narrowed))));
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("client: bound to another machine is said before virtual", "[client][virtual]") {
  const Desk desk;
  Terms terms = physical(desk);
  desk.must_activate(terms);
  terms.machines = {{1, {{"machine-id", {"0011223344556677"}}}}};
  ++terms.serial;
  REQUIRE(write_file(desk.state() / (terms.key + ".json"), view_bytes(desk.vendor.sign(terms))));
  desk.machine.write(kVendorFile, "QEMU\n");
  const Status status = desk.open().status();
  CHECK(status.decision.reason == Reason::wrong_machine);
  CHECK(status.obstacle == concat("license ", terms.key, " is bound to another machine"));
  CHECK(status.next.action == "contact-support");
}

TEST_CASE("client: a file is judged by the same rule", "[client][virtual]") {
  const Desk desk;
  const std::string document = desk.vendor.sign(physical(desk));
  OpenOptions options;
  options.product_file = desk.product().native();
  options.license_document = view_bytes(document);
  const auto reason = [&] {
    auto impl = LicenseManager::Impl::open(options, {desk.home(), desk.machine.path(), [&] { return desk.now; }});
    REQUIRE(impl);
    return LicenseManager(std::move(impl).value()).decision().reason;
  };
  CHECK(reason() == Reason::valid);
  desk.machine.write(".dockerenv", "");
  CHECK(reason() == Reason::wrong_machine);
}

TEST_CASE("client: a trial and a free plan may ask for a physical machine", "[client][virtual]") {
  const test::TestVendor vendor(physical_catalog("ticketzero"));
  const Desk desk;
  desk.install(vendor.product_file());
  desk.machine.write(kVendorFile, "VMware, Inc.\n");
  auto change = desk.open().start_trial();
  REQUIRE(change);
  CHECK_FALSE(change->changed);
  CHECK(change->decision.reason == Reason::wrong_machine);
  CHECK(has(change->message,
            "the trial is not for virtual machines and containers, and this is a virtual machine (vmware"));
  desk.machine.remove(kVendorFile);
  change = desk.open().start_trial();  // the refused one was not used up
  REQUIRE(change);
  CHECK(change->changed);
  CHECK(desk.reason() == Reason::trial);
  desk.machine.write(kVendorFile, "VMware, Inc.\n");
  CHECK(desk.reason() == Reason::wrong_machine);

  const test::TestVendor tensor(physical_catalog("tensorpack"));
  const Desk free("tensorpack");
  free.install(tensor.product_file());
  CHECK(free.reason() == Reason::free);
  CHECK(free.open().status().warnings.empty());
  free.machine.write(".dockerenv", "");
  const Status status = free.open().status();
  CHECK(status.decision.reason == Reason::no_license);
  REQUIRE(status.warnings.size() == 1);
  CHECK(has(status.warnings[0], "the free plan is not for virtual machines and containers, and this is a container"));
  // A license that is for both makes the free plan no matter.
  REQUIRE(free.activate(free.vendor.sign(free.vendor.terms("premium")))->changed);
  CHECK(free.open().status().warnings.empty());
}

TEST_CASE("client: what it runs in is told without being asked for", "[client][virtual]") {
  const Desk desk;
  CHECK(desk.open().virtual_layers().empty());
  const std::string fingerprint = desk.open().machine_id();
  desk.machine.write(kVendorFile, "QEMU\n");
  desk.machine.write(".dockerenv", "");
  const auto layers = desk.open().virtual_layers();
  REQUIRE(layers.size() == 2);
  CHECK(layers[0] == VirtualLayer{false, "qemu", desk.machine.path().native() + "/" + kVendorFile, "says 'QEMU'"});
  CHECK(layers[1] == VirtualLayer{true, "docker", desk.machine.path().native() + "/.dockerenv", "is there"});
  CHECK(desk.open().machine_id() == fingerprint);
}
