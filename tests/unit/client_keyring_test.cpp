#include <sys/stat.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "support/desk.hpp"
#include "support/fake_keyring.hpp"

using namespace lic;
using nlohmann::ordered_json;
using test::Desk;
using test::FakeKeyring;

namespace {

/// A desk with a keyring, and a license active.
struct Seat {
  explicit Seat(const char* number = "11") : desk("ticketzero", number) {
    desk.keyring = keyring;
    desk.must_activate(terms);
  }
  Result<Change> keep(KeyPlace place) const { return desk.open().keep_state_key(place); }
  void must_keep(KeyPlace place) const {
    const auto change = keep(place);
    if (!change) FAIL(change.error().message);
    CHECK(change->changed);
  }
  [[nodiscard]] bool has_file() const { return std::filesystem::exists(desk.state() / "state.key"); }
  [[nodiscard]] ordered_json sealed() const { return ordered_json::parse(desk.read_data()).at("sealed"); }

  std::shared_ptr<FakeKeyring> keyring = std::make_shared<FakeKeyring>();
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("keyring: nobody is asked unless the key was moved there", "[client][keyring]") {
  const Seat seat;
  CHECK(seat.desk.reason() == Reason::valid);
  CHECK(seat.desk.open().deactivate()->changed);
  CHECK(seat.desk.open().start_trial()->changed);
  CHECK(seat.keep(KeyPlace::file)->changed == false);
  CHECK(seat.keyring->asked == 0);
  CHECK(seat.sealed()["v"] == 1);
  CHECK_FALSE(seat.sealed().contains("keyring"));
}

TEST_CASE("keyring: there and back", "[client][keyring]") {
  const Seat seat;
  const auto file_key = read_file(seat.desk.state() / "state.key", "key").value();
  CHECK(seat.desk.open().state_key_place() == KeyPlace::file);
  seat.must_keep(KeyPlace::keyring);
  CHECK_FALSE(seat.has_file());
  CHECK(seat.sealed()["v"] == 2);
  REQUIRE(seat.keyring->secrets.size() == 1);
  const auto& [name, secret] = *seat.keyring->secrets.begin();
  CHECK(seat.sealed()["keyring"] == name);
  CHECK(secret.size() == 32);
  CHECK(secret != file_key);  // one that was never in a file
  CHECK(seat.keyring->labels == std::vector<std::string>{"License state of TicketZero AI"});
  CHECK(seat.desk.open().state_key_place() == KeyPlace::keyring);
  CHECK(seat.desk.reason() == Reason::valid);
  CHECK(seat.desk.open().status().license_key == seat.terms.key);
  CHECK(seat.keep(KeyPlace::keyring)->changed == false);
  CHECK(seat.keyring->secrets.size() == 1);

  // Changes are written with that key, and nothing leaves one in a file.
  CHECK(seat.desk.open().deactivate()->changed);
  CHECK(seat.desk.open().activate(seat.terms.key)->changed);
  CHECK_FALSE(seat.has_file());
  CHECK(seat.sealed()["keyring"] == name);

  seat.must_keep(KeyPlace::file);
  CHECK(seat.keyring->secrets.empty());
  REQUIRE(seat.has_file());
  struct stat info {};
  REQUIRE(::stat((seat.desk.state() / "state.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(seat.sealed()["v"] == 1);
  const int asked = seat.keyring->asked;
  CHECK(seat.desk.reason() == Reason::valid);
  CHECK(seat.keyring->asked == asked);
}

TEST_CASE("keyring: before anything is activated", "[client][keyring]") {
  Desk desk;
  const auto keyring = std::make_shared<FakeKeyring>();
  desk.keyring = keyring;
  REQUIRE(desk.open().keep_state_key(KeyPlace::keyring));
  desk.must_activate(desk.vendor.terms("starter"));
  CHECK(keyring->secrets.size() == 1);
  CHECK_FALSE(std::filesystem::exists(desk.state() / "state.key"));
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("keyring: one that does not open leaves the state as it is", "[client][keyring]") {
  const Seat seat;
  seat.must_keep(KeyPlace::keyring);
  auto running = seat.desk.open();
  const std::string before = seat.desk.read_data();
  const bool locked = GENERATE(true, false);
  (locked ? seat.keyring->locked : seat.keyring->gone) = true;

  const auto opened = seat.desk.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == (locked ? Errc::denied : Errc::unavailable));
  CHECK(has(opened.error().message, "the license state cannot be opened: its key is in the keyring, and "));
  CHECK(has(opened.error().hint, "move license_data.json away and activate again"));
  CHECK(seat.desk.read_data() == before);
  CHECK(seat.desk.set_aside().empty());
  CHECK_FALSE(seat.has_file());

  // What is open goes on, changes included: it has the key.
  CHECK(running.decision().allowed());
  CHECK(running.refresh());
  CHECK(running.decision().allowed());
  CHECK(running.deactivate()->changed);

  (locked ? seat.keyring->locked : seat.keyring->gone) = false;
  CHECK(seat.desk.reason() == Reason::no_license);
  CHECK(seat.desk.open().activate(seat.terms.key)->changed);
}

TEST_CASE("keyring: one that was wiped loses no state until the next change", "[client][keyring]") {
  const Seat seat;
  seat.must_keep(KeyPlace::keyring);
  const auto kept = seat.keyring->secrets;
  seat.keyring->secrets.clear();
  const auto manager = seat.desk.open();
  CHECK(manager.decision().reason == Reason::no_license);
  REQUIRE(manager.status().warnings.size() == 1);
  CHECK(has(manager.status().warnings[0], "the key of license_data.json is in the keyring no more"));
  CHECK(seat.desk.set_aside().empty());
  seat.keyring->secrets = kept;  // a keyring brought back
  CHECK(seat.desk.reason() == Reason::valid);

  seat.keyring->secrets.clear();
  CHECK(seat.desk.open().activate(seat.terms.key)->changed);  // with its signed file, which stayed
  CHECK(seat.desk.set_aside().size() == 1);
  CHECK(seat.desk.reason() == Reason::valid);
  CHECK(seat.has_file());  // anew, with the choice to make again
}

TEST_CASE("keyring: a key that cannot be moved stays where it is", "[client][keyring]") {
  const Seat seat;
  const std::string before = seat.desk.read_data();
  const auto still_there = [&] {
    CHECK(seat.desk.read_data() == before);
    CHECK(seat.has_file());
    CHECK(seat.desk.reason() == Reason::valid);
  };
  seat.keyring->locked = true;
  CHECK(seat.keep(KeyPlace::keyring).error().code == Errc::denied);
  still_there();
  seat.keyring->locked = false;
  seat.keyring->gone = true;
  CHECK(seat.keep(KeyPlace::keyring).error().code == Errc::unavailable);
  still_there();
  seat.keyring->gone = false;
  seat.keyring->loses = true;
  CHECK_FALSE(seat.keep(KeyPlace::keyring));
  still_there();
  Desk none;
  none.must_activate(none.vendor.terms("starter"));
  CHECK(none.open().keep_state_key(KeyPlace::keyring).error().code == Errc::unavailable);
  CHECK(none.reason() == Reason::valid);
}

TEST_CASE("keyring: a state that cannot be written keeps its key", "[client][keyring]") {
  if (::geteuid() == 0) return;  // root writes anywhere
  const Seat seat;
  auto manager = seat.desk.open();
  std::filesystem::permissions(seat.desk.state(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK_FALSE(manager.keep_state_key(KeyPlace::keyring));
  std::filesystem::permissions(seat.desk.state(), std::filesystem::perms::owner_all);
  CHECK(seat.keyring->secrets.empty());
  CHECK(seat.has_file());
  CHECK(seat.desk.reason() == Reason::valid);
}

TEST_CASE("keyring: on the way back the old key stays where the keyring keeps it", "[client][keyring]") {
  const Seat seat;
  seat.must_keep(KeyPlace::keyring);
  auto manager = seat.desk.open();  // has the key
  seat.keyring->locked = true;
  const auto change = manager.keep_state_key(KeyPlace::file);
  REQUIRE(change);
  CHECK(change->changed);
  CHECK(has(change->hint, "the old key stays in the keyring"));
  CHECK(seat.desk.reason() == Reason::valid);
  CHECK(seat.sealed()["v"] == 1);
}

TEST_CASE("keyring: what was used goes along", "[client][keyring][usage]") {
  const Seat seat;
  const auto used = [&] { return seat.desk.open().consume("tickets", 1)->usage.used; };
  const auto usage_sealed = [&] {
    const auto text = read_file(seat.desk.state() / "usage_data.json", "usage", {.limit = 1 << 20}).value();
    return ordered_json::parse(to_text(text)).at("sealed");
  };
  CHECK(used() == 1);
  const auto key = read_file(seat.desk.state() / "state.key", "key").value();
  const auto usage = read_file(seat.desk.state() / "usage_data.json", "usage", {.limit = 1 << 20}).value();
  seat.must_keep(KeyPlace::keyring);
  CHECK(usage_sealed()["v"] == 2);
  CHECK(usage_sealed()["keyring"] == seat.sealed()["keyring"]);
  CHECK(seat.desk.open().status().warnings.empty());
  CHECK(used() == 2);
  CHECK_FALSE(seat.has_file());

  // Cut short before usage_data.json was sealed anew: its old key is there still, until it is.
  REQUIRE(write_file(seat.desk.state() / "state.key", key));
  REQUIRE(write_file(seat.desk.state() / "usage_data.json", usage));
  CHECK(seat.desk.open().status().warnings.size() == 1);  // an older copy; the state remembers
  CHECK(used() == 3);
  CHECK(usage_sealed()["v"] == 2);
  CHECK_FALSE(seat.has_file());

  seat.must_keep(KeyPlace::file);
  CHECK(usage_sealed()["v"] == 1);
  CHECK(seat.keyring->secrets.empty());
  CHECK(seat.desk.open().status().warnings.empty());
  CHECK(used() == 4);

  // With the state begun anew because its keyring is gone, what was used there is set aside.
  seat.must_keep(KeyPlace::keyring);
  seat.keyring->gone = true;
  std::filesystem::remove(seat.desk.data());
  REQUIRE(seat.desk.open().activate(seat.terms.key)->changed);
  CHECK(has(seat.desk.open().status().warnings.at(0), "usage_data.json does not open"));
  CHECK(used() == 1);
  CHECK(seat.desk.set_aside().size() == 1);
  CHECK(usage_sealed()["v"] == 1);
}

TEST_CASE("keyring: a state that was edited is not moved", "[client][keyring]") {
  const Seat seat;
  ordered_json edited = ordered_json::parse(seat.desk.read_data());
  edited["expires"] = "2099-01-01T00:00:00Z";
  seat.desk.write_data(edited.dump());
  CHECK(seat.keep(KeyPlace::keyring).error().code == Errc::untrusted);
  CHECK(seat.keyring->secrets.empty());
  CHECK(seat.desk.reason() == Reason::untrusted);
}

TEST_CASE("keyring: a copied directory is foreign, whatever keyring is there", "[client][keyring]") {
  const Seat seat;
  seat.must_keep(KeyPlace::keyring);
  Desk other("ticketzero", "22");
  std::filesystem::create_directories(other.state().parent_path());
  std::filesystem::copy(seat.desk.state(), other.state());
  const auto keyring = std::make_shared<FakeKeyring>();
  const int how = GENERATE(0, 1, 2, 3);
  if (how > 0) other.keyring = keyring;
  keyring->locked = how == 1;
  keyring->gone = how == 2;
  CHECK(other.reason() == Reason::wrong_machine);
  CHECK(other.open().activate(seat.terms.key)->changed);
  CHECK(other.reason() == Reason::valid);
}

TEST_CASE("keyring: what the state says of its key is read with care", "[client][keyring]") {
  const Seat seat;
  seat.must_keep(KeyPlace::keyring);
  ordered_json document = ordered_json::parse(seat.desk.read_data());
  const auto reason_with = [&](const ordered_json& version, const ordered_json& name) {
    ordered_json changed = document;
    changed["sealed"]["v"] = version;
    changed["sealed"]["keyring"] = name;
    seat.desk.write_data(changed.dump());
    return seat.desk.reason();
  };
  const std::string name = document["sealed"]["keyring"];
  CHECK(reason_with(2, name) == Reason::valid);
  CHECK(reason_with(1, name) == Reason::no_license);  // then it would be in the file
  CHECK(reason_with(2, "") == Reason::no_license);
  CHECK(reason_with(2, nullptr) == Reason::no_license);
  CHECK(reason_with(2, 7) == Reason::no_license);
  CHECK(reason_with(2, std::string(32, 'a')) == Reason::no_license);
  seat.keyring->secrets[name].pop_back();  // no key of ours
  CHECK(reason_with(2, name) == Reason::no_license);
}
