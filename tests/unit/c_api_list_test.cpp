#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/c_desk.hpp"
#include "support/fake_keyring.hpp"

using namespace lic;
using test::at;
using test::Desk;
using test::Handle;
using test::LicensedDesk;
using test::sized;

namespace {

std::string taken(char* text) {
  std::string out = text == nullptr ? "(null)" : text;
  lic_free(text);
  return out;
}

std::string feature_name(lic_manager* manager, size_t index) {
  std::array<char, 80> buffer{};
  return lic_feature_name(manager, index, buffer.data(), buffer.size(), nullptr, nullptr) == LIC_OK ? buffer.data()
                                                                                                    : "";
}

std::vector<lic_license_file> license_files(lic_manager* manager) {
  size_t count = 0;
  lic_error error;
  if (lic_license_files(manager, nullptr, &count, &error) != LIC_OK) FAIL(error.message);
  std::vector<lic_license_file> files(count, sized<lic_license_file>());
  if (lic_license_files(manager, files.data(), &count, &error) != LIC_OK) FAIL(error.message);
  CHECK(count == files.size());
  return files;
}

}  // namespace

TEST_CASE("C: the features in force by their names", "[capi]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  const std::string longest(64, 'f');
  terms.features = {{"on", true}, {longest, false}};
  desk.must_activate(terms);
  const Handle handle(desk);
  CHECK(feature_name(handle, 0) == "on");
  CHECK(feature_name(handle, 1) == longest);
  std::array<char, 3> buffer{"??"};
  size_t needed = 0;
  lic_error error;
  CHECK(lic_feature_name(handle, 2, buffer.data(), buffer.size(), &needed, &error) == LIC_NOT_FOUND);
  CHECK(std::string(buffer.data()).empty());
  CHECK(needed == 0);
  CHECK(lic_feature_name(handle, 1, nullptr, 0, &needed, &error) == LIC_OK);
  CHECK(needed == 65);
  CHECK(lic_feature_name(handle, 1, buffer.data(), buffer.size(), &needed, &error) == LIC_USAGE);
}

TEST_CASE("C: the names of limits and plans fit, however long they may be", "[capi]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  const std::string longest(64, 'l');
  terms.plan = longest;
  terms.limits = {{longest, Limit{10, Period::day, 0}}};
  desk.must_activate(terms);
  const Handle handle(desk);
  auto limit = sized<lic_limit>();
  size_t count = 1;
  REQUIRE(lic_usage(handle, &limit, &count, nullptr) == LIC_OK);
  CHECK(limit.name == longest);
  CHECK(lic_consume(handle, limit.name, 1, nullptr, nullptr) == LIC_OK);
  auto status = sized<lic_status>();
  REQUIRE(lic_get_status(handle, &status, nullptr) == LIC_OK);
  CHECK(status.plan == longest);
}

TEST_CASE("C: what the user is to be warned of", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  char* text = nullptr;
  REQUIRE(lic_warnings(handle, &text, nullptr) == LIC_OK);
  CHECK(taken(text).empty());
  REQUIRE(lic_consume(handle, "tickets", 4100, nullptr, nullptr) == LIC_OK);
  REQUIRE(lic_consume(handle, "clients", 14, nullptr, nullptr) == LIC_OK);
  REQUIRE(lic_warnings(handle, &text, nullptr) == LIC_OK);
  const std::string two = taken(text);
  CHECK(std::count(two.begin(), two.end(), '\n') == 2);
  CHECK(two.find("tickets: 4100 of 5000 used") != std::string::npos);
  CHECK(two.back() == '\n');
  CHECK(lic_warnings(handle, nullptr, nullptr) == LIC_USAGE);
}

TEST_CASE("C: the plans of the product", "[capi]") {
  const Desk desk;
  const Handle handle(desk);
  lic_error error;
  size_t count = 0;
  REQUIRE(lic_plans(handle, nullptr, &count, &error) == LIC_OK);
  REQUIRE(count == 4);
  std::array<lic_plan, 4> plans{};
  CHECK(lic_plans(handle, plans.data(), &count, &error) == LIC_USAGE);
  CHECK(std::string(error.message) == "the size of the first structure is missing");
  plans[0].size = sizeof plans[0];
  count = 2;
  CHECK(lic_plans(handle, plans.data(), &count, &error) == LIC_USAGE);
  CHECK(count == 4);
  CHECK(std::string(plans[1].id) == "professional");
  CHECK(plans[2].id[0] == '\0');  // beyond the room that was given
  REQUIRE(lic_plans(handle, plans.data(), &count, &error) == LIC_OK);
  const lic_plan& professional = plans[1];
  CHECK(std::string(professional.name) == "Professional");
  CHECK(std::string(professional.kind) == "subscription");
  CHECK(std::string(professional.code) == "PRO");
  CHECK(std::string(professional.currency) == "USD");
  CHECK(professional.months == 12);
  CHECK(professional.days == 0);
  CHECK(professional.allows_virtual == 1);
  CHECK(std::string(plans[3].kind) == "trial");
  CHECK(plans[3].days > 0);
  CHECK(std::string(plans[3].price).empty());
  count = 1;
  CHECK(lic_plans(handle, nullptr, &count, &error) == LIC_USAGE);  // room without an array
  CHECK(lic_plans(handle, plans.data(), nullptr, &error) == LIC_USAGE);

  char* text = nullptr;
  REQUIRE(lic_plans_json(handle, &text, &error) == LIC_OK);
  const auto document = nlohmann::json::parse(taken(text));
  REQUIRE(document["plans"].size() == 4);
  CHECK(document["product"] == "ticketzero");
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto& one = document["plans"][i];
    CHECK(one["id"] == plans[i].id);
    CHECK(one["code"] == plans[i].code);
    CHECK(one["seats"] == plans[i].seats);
    CHECK(one["grace_days"] == plans[i].grace_days);
    if (plans[i].price[0] != '\0') CHECK(one["price"]["amount"] == plans[i].price);
  }
  CHECK(document["plans"][1]["limits"]["tickets"] == nlohmann::json{{"max", 5000}, {"per", "month"}});
  CHECK(document["plans"][1]["features"]["custom-workflows"] == true);
}

TEST_CASE("C: the license files, and which of them counts", "[capi]") {
  Desk desk;
  CHECK(license_files(Handle(desk)).empty());
  const Terms starter = desk.vendor.terms("starter", 2);
  Terms professional = desk.vendor.terms("professional", 3);
  professional.expires_at = at("2027-06-01");
  desk.must_activate(starter);
  REQUIRE(write_file(desk.state() / (professional.key + ".json"), view_bytes(desk.vendor.sign(professional))));
  const std::string key = desk.vendor.terms("enterprise", 4).key;
  REQUIRE(write_file(desk.state() / (key + ".json"), view_bytes("{}")));
  const Handle handle(desk);
  const auto files = license_files(handle);
  REQUIRE(files.size() == 3);
  CHECK(files[0].is_active == 1);
  CHECK(files[0].license_key == starter.key);
  CHECK(std::string(files[0].plan) == "starter");
  CHECK(files[0].verdict.code == LIC_OK);
  CHECK(std::string(files[0].status) == "valid");
  CHECK(files[1].is_active == 0);
  CHECK(files[1].license_key == professional.key);
  CHECK(files[1].path == (desk.state() / (professional.key + ".json")).native());
  CHECK(files[1].expires == at("2027-06-01").time_since_epoch().count());
  CHECK(files[1].serial == professional.serial);
  CHECK(std::string(files[1].kind) == "subscription");
  CHECK(files[2].path == (desk.state() / (key + ".json")).native());
  CHECK(files[2].verdict.code == LIC_UNTRUSTED);
  CHECK(std::string(files[2].status).empty());
  CHECK(std::string(files[2].problem).find("payloadType") != std::string::npos);

  // By an older program, which knows the beginning of the structure alone.
  std::array<char, 2 * offsetof(lic_license_file, kind)> room{};
  auto* const older = reinterpret_cast<lic_license_file*>(room.data());
  older->size = offsetof(lic_license_file, kind);
  size_t count = 2;
  CHECK(lic_license_files(handle, older, &count, nullptr) == LIC_USAGE);
  CHECK(count == 3);
  lic_license_file second{};
  std::memcpy(&second, room.data() + older->size, older->size);
  CHECK(second.expires == files[1].expires);
  CHECK(std::string(second.status) == "valid");
}

TEST_CASE("C: by what the machine is known, and why it is the wrong one", "[capi]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.allows_virtual = false;
  desk.must_activate(terms);
  const Handle handle(desk);
  auto status = sized<lic_status>();
  REQUIRE(lic_get_status(handle, &status, nullptr) == LIC_OK);
  CHECK(std::string(status.obstacle).empty());

  // The disk was moved into a virtual machine.
  desk.machine.write("sys/class/dmi/id/sys_vendor", "QEMU\n");
  REQUIRE(lic_refresh(handle, nullptr) == LIC_OK);
  const Handle anew(desk);
  REQUIRE(lic_get_status(anew, &status, nullptr) == LIC_OK);
  CHECK(status.verdict.code == LIC_WRONG_MACHINE);
  CHECK(std::string(status.obstacle).find("this is a virtual machine (qemu: ") != std::string::npos);

  char* text = nullptr;
  REQUIRE(lic_machine_json(anew, &text, nullptr) == LIC_OK);
  const auto document = nlohmann::json::parse(taken(text));
  std::array<char, 256> id{};
  REQUIRE(lic_machine_id(anew, id.data(), id.size(), nullptr, nullptr) == LIC_OK);
  CHECK(document["machine_id"] == id.data());
  CHECK(document["sent"]["machine_id"] == id.data());
  CHECK(document["facts"].size() > 3);
  for (const auto& fact : document["facts"])
    if (!fact["digests"].empty()) CHECK(document["sent"]["facts"][fact["name"].get<std::string>()] == fact["digests"]);
  REQUIRE(document["virtual"].size() == 1);
  CHECK(document["virtual"][0]["type"] == "virtual-machine");
  CHECK(document["virtual"][0]["kind"] == "qemu");
  CHECK(lic_machine_json(anew, nullptr, nullptr) == LIC_USAGE);
}

TEST_CASE("C: the secret of the state goes to the keyring and back", "[capi][keyring]") {
  Desk desk;
  desk.keyring = std::make_shared<test::FakeKeyring>();
  desk.must_activate(desk.vendor.terms("professional"));
  const Handle handle(desk);
  lic_error error;
  const auto place = [&] {
    int now = -1;
    CHECK(lic_state_key_place(handle, &now, nullptr) == LIC_OK);
    return now;
  };
  CHECK(place() == LIC_KEY_PLACE_FILE);
  CHECK(lic_keep_state_key(handle, 2, &error) == LIC_USAGE);
  CHECK(lic_state_key_place(handle, nullptr, &error) == LIC_USAGE);
  REQUIRE(lic_keep_state_key(handle, LIC_KEY_PLACE_KEYRING, &error) == LIC_OK);
  CHECK_FALSE(std::string(error.message).empty());
  CHECK(place() == LIC_KEY_PLACE_KEYRING);
  CHECK_FALSE(std::filesystem::exists(desk.state() / "state.key"));
  CHECK(lic_keep_state_key(handle, LIC_KEY_PLACE_KEYRING, &error) == LIC_OK);  // it is there already
  CHECK(std::string(error.message).find("already") != std::string::npos);
  REQUIRE(lic_keep_state_key(handle, LIC_KEY_PLACE_FILE, &error) == LIC_OK);
  CHECK(place() == LIC_KEY_PLACE_FILE);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_OK);
}

TEST_CASE("C: no keyring is no place for the secret", "[capi][keyring]") {
  Desk desk;
  auto keyring = std::make_shared<test::FakeKeyring>();
  desk.keyring = keyring;
  desk.must_activate(desk.vendor.terms("professional"));
  keyring->gone = true;
  const Handle handle(desk);
  lic_error error;
  CHECK(lic_keep_state_key(handle, LIC_KEY_PLACE_KEYRING, &error) == LIC_UNAVAILABLE);
  CHECK_FALSE(std::string(error.hint).empty());
  CHECK(std::filesystem::exists(desk.state() / "state.key"));
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_OK);
}
