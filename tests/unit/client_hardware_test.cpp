#include <filesystem>
#include <functional>

#include "base/text.hpp"
#include "common/exit_codes.hpp"
#include "protocol/offline_exchange.hpp"
#include "support/desk.hpp"

using namespace lic;
using test::at;
using test::Desk;
using test::FakeRoot;

namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

MachineIdentity identity(const FakeRoot& root) {
  return MachineIdentity::of(read_machine_facts(root.path()), "ticketzero");
}

// --- machines, as their users see them

void all_facts(const FakeRoot&) {}
void read_by_a_user(const FakeRoot& root) { root.remove("sys/devices/virtual/dmi/id"); }
void virtual_machine(const FakeRoot& root) {
  read_by_a_user(root);
  root.network_card("eth0", "52:54:00:12:34:56");
  root.remove("sys/class/net/wlan0");
}
void small_virtual_machine(const FakeRoot& root) {
  virtual_machine(root);
  root.remove("proc/self/mountinfo");
}
void container_of_root(const FakeRoot& root) {
  root.remove("etc/machine-id");
  root.remove("proc/self/mountinfo");
  root.remove("sys/class/net");
}
void container_with_an_id(const FakeRoot& root) {
  container_of_root(root);
  read_by_a_user(root);
  root.write("etc/machine-id", "4f1c0d6e9a8b47e3b2a15c7d8e9f0a11\n");
}
void bare_container(const FakeRoot& root) {
  container_of_root(root);
  read_by_a_user(root);
}

// --- what may happen to them

void network_card(const FakeRoot& root) {
  root.remove("sys/class/net/wlan0");
  root.network_card("eth0", "00:1a:2b:77:77:77");
}
void second_card(const FakeRoot& root) { root.network_card("usb0", "00:1a:2b:55:55:55"); }
void disk(const FakeRoot& root) { root.nvme_root("NEWDISK12345678"); }
void system_anew(const FakeRoot& root) { root.write("etc/machine-id", "ffffffffffffffff0000000000000000\n"); }
void host(const FakeRoot& root) {
  root.write("etc/hostname", "other\n");
  root.write("proc/sys/kernel/hostname", "other\n");
}
void memory(const FakeRoot& root) { root.write("proc/meminfo", "MemTotal: 16326428 kB\n"); }
void processor(const FakeRoot& root) {
  root.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: ACME Processor 9900\n");
}
void board(const FakeRoot& root) {
  root.write("sys/devices/virtual/dmi/id/product_uuid", "00112233-4455-6677-8899-aabbccddeeff\n");
  root.write("sys/devices/virtual/dmi/id/board_serial", "ZZ9Y8X7W6V\n");
  network_card(root);
}
void rebuilt(const FakeRoot& root) {  // a container from a newer image, under another name
  host(root);
  root.write("etc/debian_version", "13.1\n");
  root.write(".dockerenv", "");
}

using Step = void (*)(const FakeRoot&);

struct Row {
  const char* name;
  Step machine;
  std::vector<Step> changes;  ///< all before the license is asked again
  bool same;                  ///< whether state and bound license hold
  const char* told;           ///< part of what the user is told where they do not
};

const Row kRows[] = {
    {"desktop: network card", read_by_a_user, {network_card}, true, ""},
    {"desktop: one card more", read_by_a_user, {second_card}, true, ""},
    {"desktop: disk", read_by_a_user, {disk}, true, ""},
    {"desktop: system installed anew", read_by_a_user, {system_anew}, true, ""},
    {"desktop: processor", read_by_a_user, {processor}, true, ""},
    {"desktop: host name and memory", read_by_a_user, {host, memory}, true, ""},
    {"desktop: network card and processor",
     read_by_a_user,
     {network_card, processor},
     false,
     "(machine-id and root-disk agree; mac and cpu do not; 3 must)"},
    {"desktop: disk, with the system anew", read_by_a_user, {disk, system_anew}, false, "another machine"},
    {"desktop: disk and network card",
     read_by_a_user,
     {disk, network_card},
     false,
     "(machine-id and cpu agree; root-disk and mac do not; 3 must)"},
    {"desktop of root: board", all_facts, {board}, true, ""},
    {"desktop of root: disk, with the system anew", all_facts, {disk, system_anew}, true, ""},
    {"desktop of root: board and processor",
     all_facts,
     {board, processor},
     false,
     "(machine-id and root-disk agree; product-uuid, board-serial, mac and cpu do not; 3 must)"},
    {"desktop of root: disk, system and network card", all_facts, {disk, system_anew, network_card}, true, ""},
    {"desktop of root: all but the board",
     all_facts,
     {disk, system_anew, network_card, processor},
     false,
     "(product-uuid and board-serial agree; machine-id, root-disk, mac and cpu do not; 3 must)"},
    {"virtual machine: to a host of another processor", virtual_machine, {processor}, true, ""},
    {"virtual machine: a larger disk", virtual_machine, {disk}, true, ""},
    {"virtual machine: system anew", virtual_machine, {system_anew}, true, ""},
    {"virtual machine: disk, with the system anew", virtual_machine, {disk, system_anew}, false, "another machine"},
    {"virtual machine: disk and processor",
     virtual_machine,
     {disk, processor},
     false,
     "(machine-id agrees; root-disk and cpu do not; 2 must)"},
    {"small virtual machine: memory", small_virtual_machine, {memory}, true, ""},
    {"small virtual machine: processor",
     small_virtual_machine,
     {processor},
     false,
     "(machine-id agrees; cpu does not; 2 must)"},
    {"container of root: rebuilt", container_of_root, {rebuilt}, true, ""},
    {"container of root: to a host of another processor alone", container_of_root, {processor}, true, ""},
    {"container with an id: rebuilt", container_with_an_id, {rebuilt}, true, ""},
    {"container with an id: rebuilt without", container_with_an_id, {rebuilt, system_anew}, false, "another machine"},
};

}  // namespace

TEST_CASE("hardware: a bound license after a change", "[client][hardware]") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const Desk desk;
    row.machine(desk.machine);
    Terms terms = desk.vendor.terms("professional");
    terms.machines = {identity(desk.machine).binding().value()};
    desk.must_activate(terms);
    for (const Step change : row.changes) change(desk.machine);
    const Status status = desk.open().status();
    CHECK(status.decision.reason == (row.same ? Reason::valid : Reason::wrong_machine));
    CHECK(identity(desk.machine).matches(terms.machines[0]) == row.same);
    CHECK(std::filesystem::exists(desk.data()));
    CHECK(desk.set_aside().empty());
    if (row.same) {
      CHECK(status.warnings.empty());
      continue;
    }
    CHECK(app::exit_code(status.decision.reason) == app::ExitCode::wrong_machine);
    // The state is another machine's as well; what to do is to activate, and there the license says why not.
    REQUIRE(status.warnings.size() == 1);
    CHECK(has(status.warnings[0], "it does not count here: activate the license on this machine"));
    CHECK(has(status.warnings[0], row.told));
    const auto again = desk.open().activate(terms.key);
    REQUIRE(again);
    CHECK_FALSE(again->changed);
    CHECK(again->decision.reason == Reason::wrong_machine);
    CHECK(has(again->message, "is bound to another machine"));
    CHECK(has(again->message, row.told));
    CHECK(has(again->hint, "to move it here; key "));
    CHECK(has(again->hint, identity(desk.machine).fingerprint()));
  }
}

TEST_CASE("hardware: an unbound license after a change", "[client][hardware]") {
  for (const Row& row : kRows) {
    INFO(row.name);
    const Desk desk;
    row.machine(desk.machine);
    const Terms terms = desk.vendor.terms("starter");
    desk.must_activate(terms);
    for (const Step change : row.changes) change(desk.machine);
    CHECK(desk.reason() == (row.same ? Reason::valid : Reason::wrong_machine));
    const auto again = desk.open().activate(terms.key);  // from the file that stayed
    REQUIRE(again);
    CHECK(again->changed);
    CHECK(desk.reason() == Reason::valid);
    CHECK(desk.set_aside().size() == (row.same ? 0 : 1));
  }
}

TEST_CASE("hardware: a machine that can be told from no other keeps its state by all it shows", "[client][hardware]") {
  const Desk desk;
  bare_container(desk.machine);
  CHECK_FALSE(identity(desk.machine).binding());
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  rebuilt(desk.machine);
  CHECK(desk.reason() == Reason::valid);
  processor(desk.machine);
  CHECK(desk.reason() == Reason::wrong_machine);
}

TEST_CASE("hardware: a state follows a machine whose parts are replaced one by one", "[client][hardware]") {
  const Desk desk;
  read_by_a_user(desk.machine);
  desk.must_activate(desk.vendor.terms("starter"));
  for (const Step change : {network_card, disk, system_anew, processor}) {
    change(desk.machine);
    const std::string before = desk.read_data();
    CHECK(desk.reason() == Reason::valid);
    CHECK(desk.read_data() != before);  // sealed to what is there now
    const std::string after = desk.read_data();
    CHECK(desk.reason() == Reason::valid);
    CHECK(desk.read_data() == after);  // once
    CHECK(has(after, identity(desk.machine).fingerprint()));
  }
  // What was used follows too.
  const Desk used;
  read_by_a_user(used.machine);
  used.must_activate(used.vendor.terms("starter"));
  REQUIRE(used.open().consume("tickets", 1));
  std::int64_t count = 1;
  for (const Step change : {network_card, disk, system_anew, processor}) {
    change(used.machine);
    CHECK(used.reason() == Reason::valid);
    CHECK(used.open().status().warnings.empty());
    if (count == 2) continue;  // sealed anew without having been counted as well
    CHECK(used.open().consume("tickets", 1)->usage.used == ++count);
  }

  // A bound license does not: it is the vendor's to bind it anew.
  const Desk bound;
  read_by_a_user(bound.machine);
  Terms terms = bound.vendor.terms("professional");
  terms.machines = {identity(bound.machine).binding().value()};
  bound.must_activate(terms);
  network_card(bound.machine);
  CHECK(bound.reason() == Reason::valid);
  disk(bound.machine);
  const Status status = bound.open().status();
  CHECK(status.decision.reason == Reason::wrong_machine);
  CHECK(status.obstacle == concat("license ", terms.key,
                                  " is bound to another machine, or to this one before it changed (machine-id and cpu "
                                  "agree; root-disk and mac do not; 3 must)"));
  CHECK(status.next.action == "contact-support");
  CHECK(status.warnings.empty());  // the state itself is this machine's
  // The vendor's next file binds it to what is there now, dropped into the directory.
  terms.machines = {identity(bound.machine).binding().value()};
  ++terms.serial;
  REQUIRE(write_file(bound.state() / (terms.key + ".json"), view_bytes(bound.vendor.sign(terms))));
  CHECK(bound.reason() == Reason::valid);
}

TEST_CASE("hardware: facts that do not show for a while change nothing", "[client][hardware]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  const std::string before = desk.read_data();
  read_by_a_user(desk.machine);  // as without root's rights
  desk.machine.remove("sys/class/net/wlan0");
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.read_data() == before);
}

TEST_CASE("hardware: a directory that cannot be written is no fault of a changed machine", "[client][hardware]") {
  const Desk desk;
  desk.must_activate(desk.vendor.terms("starter"));
  network_card(desk.machine);
  const FileLock other = FileLock::acquire(desk.state() / "state.lock", std::chrono::milliseconds{0}).value();
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().warnings.empty());
}

// --- backups and moves

namespace {

/// The whole home, as a backup has it.
struct Backup {
  explicit Backup(const Desk& desk) { std::filesystem::copy(desk.home(), kept / "home", kAll); }
  void restore(const Desk& desk) const {
    std::filesystem::remove_all(desk.home());
    std::filesystem::copy(kept / "home", desk.home(), kAll);
  }
  static constexpr auto kAll = std::filesystem::copy_options::recursive;
  test::TemporaryDirectory kept;
};

}  // namespace

TEST_CASE("restored: the state of before on the same machine", "[client][restored]") {
  Desk desk;
  const Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const Backup backup(desk);

  desk.now += std::chrono::hours{24 * 30};
  CHECK(desk.reason() == Reason::valid);
  backup.restore(desk);
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().warnings.empty());

  // Lost altogether, and brought back.
  std::filesystem::remove_all(desk.home());
  CHECK(desk.reason() == Reason::no_license);
  backup.restore(desk);
  CHECK(desk.reason() == Reason::valid);

  // Restored onto a machine of which the disk was replaced: what a backup is for.
  disk(desk.machine);
  backup.restore(desk);
  CHECK(desk.reason() == Reason::valid);

  // An end is an end: the backup knows no other time than the clock.
  desk.now = *terms.expires_at + std::chrono::hours{24 * (terms.grace_days + 1)};
  backup.restore(desk);
  CHECK(desk.reason() == Reason::expired);
}

TEST_CASE("restored: a newer license is found again beside an older state", "[client][restored]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("starter");
  desk.must_activate(terms);
  const Backup backup(desk);
  ++terms.serial;
  terms.expires_at = *terms.expires_at + std::chrono::hours{24 * 365};
  desk.must_activate(terms);
  const std::string renewed = desk.vendor.sign(terms);
  backup.restore(desk);
  CHECK(desk.open().status().serial == 1);
  REQUIRE(write_file(desk.state() / (terms.key + ".json"), view_bytes(renewed)));
  CHECK(desk.open().status().serial == 2);
}

TEST_CASE("restored: only the directory of the state brings back no trial", "[client][restored]") {
  Desk desk;
  std::filesystem::create_directories(desk.state());
  const Path kept = desk.files / "kept";
  std::filesystem::copy(desk.state(), kept);
  REQUIRE(desk.open().start_trial()->changed);
  std::filesystem::remove_all(desk.state());
  std::filesystem::copy(kept, desk.state());
  CHECK(desk.reason() == Reason::no_license);
  const auto again = desk.open().start_trial();
  REQUIRE(again);
  CHECK(again->decision.reason == Reason::trial_not_available);
  CHECK(app::exit_code(again->decision.reason) == app::ExitCode::trial_not_available);
  CHECK(has(again->message, "was used on this machine before, from 2026-12-01T12:00:00Z"));
}

TEST_CASE("moved: what is said on the next machine, and what to do there", "[client][restored]") {
  const Desk old;
  Terms unbound = old.vendor.terms("starter");
  old.must_activate(unbound);
  const Backup backup(old);

  const Desk next("ticketzero", "22");
  backup.restore(next);
  const Status status = next.open().status();
  CHECK(status.decision.reason == Reason::wrong_machine);
  CHECK(app::exit_code(status.decision.reason) == app::ExitCode::wrong_machine);
  CHECK(status.license_key.empty());
  CHECK(status.limits.at(0).second.max == 1);  // what everybody has
  CHECK(status.next.action == "activate");
  REQUIRE(status.warnings.size() == 1);
  CHECK(status.warnings[0] ==
        "license_data.json was sealed on another machine and copied here; it does not count here: activate the license "
        "on "
        "this machine");
  auto manager = next.open();
  REQUIRE(manager.activate(unbound.key)->changed);
  CHECK(next.reason() == Reason::valid);
  CHECK(next.set_aside().size() == 1);  // the other machine's, kept
  REQUIRE(manager.status().warnings.size() == 1);
  CHECK(manager.status().warnings[0] ==
        concat("license_data.json was sealed on another machine and copied here; it is kept as ", next.set_aside()[0]));
  CHECK(old.reason() == Reason::valid);  // unbound: it goes on there as well
}

TEST_CASE("moved: a bound license goes by the vendor", "[client][restored]") {
  const Desk old;
  Terms terms = old.vendor.terms("professional");
  terms.machines = {identity(old.machine).binding().value()};
  old.must_activate(terms);
  const Backup backup(old);
  const Desk next("ticketzero", "22");
  backup.restore(next);
  CHECK(next.reason() == Reason::wrong_machine);
  const auto refused = next.open().activate(terms.key);
  REQUIRE(refused);
  CHECK(refused->decision.reason == Reason::wrong_machine);
  CHECK(refused->message == concat("license ", terms.key, " is bound to another machine"));
  CHECK(has(refused->hint, next.open().machine_id()));
  ++terms.serial;
  terms.machines = {identity(next.machine).binding().value()};
  CHECK(next.activate(next.vendor.sign(terms))->changed);
  CHECK(next.reason() == Reason::valid);
  // Once the old machine sees that file, it is not for it any more.
  REQUIRE(write_file(old.state() / (terms.key + ".json"), view_bytes(old.vendor.sign(terms))));
  CHECK(old.reason() == Reason::wrong_machine);
}
