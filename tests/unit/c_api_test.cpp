#include "client/c_api.hpp"

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/codes.hpp"
#include "license/clock_code.hpp"
#include "machine/identity.hpp"
#include "protocol/offline_exchange.hpp"
#include "protocol/usage_statement.hpp"
#include "support/c_desk.hpp"
#include "support/child_process.hpp"
#include "trust/clock_reset.hpp"
#include "trust/revocations.hpp"

using namespace lic;
using test::at;
using test::Desk;
using test::Handle;
using test::LicensedDesk;
using test::sized;

namespace {

lic_limit limit_now(lic_manager* manager, const char* name) {
  auto limit = sized<lic_limit>();
  lic_error error;
  if (lic_get_limit(manager, name, &limit, &error) != LIC_OK) FAIL(error.message);
  return limit;
}

/// Every function on one handle, with arguments that are good; the codes in that order.
std::vector<int> call_all(lic_manager* m, lic_error* error) {
  lic_verdict verdict;
  auto status = sized<lic_status>();
  auto product = sized<lic_product>();
  auto limit = sized<lic_limit>();
  auto plan = sized<lic_plan>();
  auto file = sized<lic_license_file>();
  auto about = sized<lic_statement>();
  int place = 0;
  std::array<char, 64> buffer{};
  size_t needed = 0;
  size_t count = 1;
  int64_t number = 0;
  char* text = nullptr;
  const auto freed = [&](int code) {
    lic_free(std::exchange(text, nullptr));
    return code;
  };
  return {
      lic_decision(m, &verdict, error),
      lic_validate(m, &verdict, error),
      lic_check_feature(m, "custom-workflows", error),
      lic_feature_value(m, "custom-workflows", buffer.data(), buffer.size(), &needed, error),
      lic_feature_number(m, "custom-workflows", &number, error),
      lic_feature_text(m, "custom-workflows", 0, buffer.data(), buffer.size(), &needed, error),
      lic_get_status(m, &status, error),
      freed(lic_status_json(m, &text, error)),
      lic_get_product(m, &product, error),
      lic_machine_id(m, buffer.data(), buffer.size(), &needed, error),
      lic_state_dir(m, buffer.data(), buffer.size(), &needed, error),
      lic_get_limit(m, "tickets", &limit, error),
      lic_usage(m, &limit, &count, error),
      lic_consume(m, "tickets", 1, &limit, error),
      lic_release(m, "clients", 1, &limit, error),
      lic_flush_usage(m, error),
      lic_activate(m, "TZ-PRO-0000-0000-0000-0000", error),
      lic_activate_document(m, "{}", 2, "x.json", nullptr, error),
      lic_activate_file(m, "/dev/null/x.json", nullptr, error),
      lic_start_trial(m, nullptr, error),
      lic_deactivate(m, error),
      lic_borrow(m, 4102444800, error),
      lic_check_in(m, error),
      lic_queue_place(m, &number, nullptr, error),
      freed(lic_request_activation(m, "TZ-PRO-0000-0000-0000-0000", 0, &text, error)),
      freed(lic_pending_request(m, "TZ-PRO-0000-0000-0000-0000", &text, error)),
      lic_apply_activation(m, "{}", 2, "x.json", error),
      freed(lic_return_seat(m, nullptr, &text, error)),
      freed(lic_returned_receipt(m, nullptr, &text, error)),
      lic_import_revocations(m, "{}", 2, "x.json", error),
      freed(lic_clock_code(m, &text, error)),
      lic_apply_clock_reset(m, "{}", 2, "x.json", error),
      freed(lic_report_usage(m, nullptr, 0, &text, &about, error)),
      freed(lic_reported_usage(m, 1, nullptr, &text, &about, error)),
      lic_feature_name(m, 0, buffer.data(), buffer.size(), &needed, error),
      freed(lic_warnings(m, &text, error)),
      lic_plans(m, &plan, &(count = 1), error),
      freed(lic_plans_json(m, &text, error)),
      lic_license_files(m, &file, &(count = 1), error),
      freed(lic_machine_json(m, &text, error)),
      lic_keep_state_key(m, LIC_KEY_PLACE_FILE, error),
      lic_state_key_place(m, &place, error),
      lic_refresh(m, error),
      lic_refresh_every(m, 0, error),
      lic_on_change(m, nullptr, nullptr, error),
  };
}

std::string feature_json_of(lic_manager* manager, const char* name) {
  std::array<char, 256> buffer{};
  lic_error error;
  if (lic_feature_value(manager, name, buffer.data(), buffer.size(), nullptr, &error) != LIC_OK) FAIL(error.message);
  return buffer.data();
}

std::string answer_to(const Desk& desk, const char* request_text, Terms terms) {
  const auto request = ActivationRequest::parse(view_bytes(request_text), "request").value();
  terms.machines = {MachineIdentity::from_digests(request.facts).value().binding().value()};
  terms.activation = ActivationMark{request.id, request.receipt_hash};
  return desk.vendor.sign(terms);
}

}  // namespace

TEST_CASE("C: codes are those of the programs, and have names", "[capi]") {
  CHECK(std::string(lic_code_name(LIC_OK)) == "ok");
  CHECK(std::string(lic_code_name(LIC_VERSION_NOT_COVERED)) == "version-not-covered");
  CHECK(std::string(lic_code_name(9)) == "unknown");
  CHECK(std::string(lic_code_name(-1)) == "unknown");
  for (const auto& row : code_table()) CHECK(std::string(lic_code_name(row.code)) == row.name);
  CHECK(std::string(lic_version()).find('.') != std::string::npos);
}

TEST_CASE("C: no manager, or a closed one, is a wrong call for every function", "[capi]") {
  lic_error error;
  const auto all_usage = [](const std::vector<int>& codes) {
    return std::all_of(codes.begin(), codes.end(), [](int code) { return code == LIC_USAGE; });
  };
  CHECK(all_usage(call_all(nullptr, &error)));
  CHECK(error.code == LIC_USAGE);
  CHECK(std::string(error.message) == "no license manager is open");
  CHECK(all_usage(call_all(nullptr, nullptr)));

  const LicensedDesk desk;
  Handle handle(desk);
  CHECK_FALSE(all_usage(call_all(handle, &error)));
  CHECK(handle.close() == LIC_OK);
  CHECK(static_cast<lic_manager*>(handle) == nullptr);
  CHECK(all_usage(call_all(handle, &error)));
  CHECK(handle.close() == LIC_OK);  // closed is closed
  CHECK(lic_close(nullptr) == LIC_USAGE);
  lic_free(nullptr);
}

TEST_CASE("C: what must be there and is not is a wrong call that changes nothing", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  lic_manager* const m = handle;
  lic_error error;
  std::array<char, 8> buffer{};
  CHECK(lic_check_feature(m, nullptr, &error) == LIC_USAGE);
  CHECK(std::string(error.message) == "the name of the feature is missing");
  CHECK(lic_check_feature(m, "", nullptr) == LIC_USAGE);
  CHECK(lic_feature_value(m, nullptr, buffer.data(), buffer.size(), nullptr, &error) == LIC_USAGE);
  CHECK(lic_feature_value(m, "custom-workflows", nullptr, 8, nullptr, &error) == LIC_USAGE);
  CHECK(lic_feature_number(m, "custom-workflows", nullptr, &error) == LIC_USAGE);
  CHECK(lic_get_status(m, nullptr, &error) == LIC_USAGE);
  lic_status unset{};
  CHECK(lic_get_status(m, &unset, &error) == LIC_USAGE);
  unset.size = static_cast<size_t>(-1);
  CHECK(lic_get_status(m, &unset, &error) == LIC_USAGE);
  CHECK(lic_status_json(m, nullptr, &error) == LIC_USAGE);
  CHECK(lic_get_limit(m, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_usage(m, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_consume(m, nullptr, 1, nullptr, &error) == LIC_USAGE);
  lic_limit no_size{};
  CHECK(lic_consume(m, "tickets", 1, &no_size, &error) == LIC_USAGE);
  CHECK(lic_consume(m, "tickets", 0, nullptr, &error) == LIC_USAGE);
  CHECK(lic_consume(m, "tickets", INT64_MAX, nullptr, &error) == LIC_USAGE);
  CHECK(lic_activate(m, nullptr, &error) == LIC_USAGE);
  CHECK(lic_activate_document(m, nullptr, 9, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_apply_activation(m, nullptr, 9, nullptr, &error) == LIC_USAGE);
  CHECK(lic_request_activation(m, "TZ-PRO", 0, nullptr, &error) == LIC_USAGE);
  CHECK(lic_return_seat(m, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_activate_file(m, "", nullptr, &error) == LIC_USAGE);
  CHECK(lic_import_revocations(m, nullptr, 0, nullptr, &error) == LIC_USAGE);
  CHECK(lic_clock_code(m, nullptr, &error) == LIC_USAGE);
  CHECK(lic_apply_clock_reset(m, nullptr, 0, nullptr, &error) == LIC_USAGE);
  CHECK(lic_report_usage(m, nullptr, 0, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_reported_usage(m, 1, nullptr, nullptr, nullptr, &error) == LIC_USAGE);
  CHECK(lic_refresh_every(m, -1, &error) == LIC_USAGE);
  CHECK(limit_now(m, "tickets").used == 0);
  CHECK(lic_decision(m, nullptr, nullptr) == LIC_OK);
}

TEST_CASE("C: options grow, and those of a later version are not silently dropped", "[capi]") {
  const Desk desk;
  const std::string state = desk.state().native();
  const std::string product = desk.product().native();
  lic_error error;
  lic_manager* manager = nullptr;
  CHECK(lic_open(nullptr, &manager, &error) == LIC_USAGE);
  lic_options options{};
  CHECK(lic_open(&options, &manager, &error) == LIC_USAGE);
  CHECK(std::string(error.hint) == "set it to sizeof(lic_options)");
  options.size = sizeof options;
  CHECK(lic_open(&options, nullptr, &error) == LIC_USAGE);
  CHECK(lic_open(&options, &manager, &error) == LIC_NOT_FOUND);  // no product
  options.product_file = product.c_str();
  options.state_dir = state.c_str();
  REQUIRE(lic_open(&options, &manager, &error) == LIC_OK);
  CHECK(lic_decision(manager, nullptr, &error) == LIC_NO_LICENSE);
  CHECK(std::string(error.message) == "nothing is activated here");
  CHECK(std::string(error.hint) == "buy at https://ticketzero.example/buy");
  CHECK(lic_close(&manager) == LIC_OK);

  struct Later {
    lic_options known;
    std::array<char, 16> more{};
  } later{options, {}};
  later.known.size = sizeof later;
  REQUIRE(lic_open(&later.known, &manager, &error) == LIC_OK);
  CHECK(lic_close(&manager) == LIC_OK);
  later.more[15] = 1;
  CHECK(lic_open(&later.known, &manager, &error) == LIC_USAGE);
  CHECK(manager == nullptr);

  options.embedded_product_size = 5;
  CHECK(lic_open(&options, &manager, &error) == LIC_USAGE);
  options.embedded_product_size = 0;
  options.usage_block = -1;
  CHECK(lic_open(&options, &manager, &error) == LIC_USAGE);
  options = {};
  options.size = sizeof options;
  const std::string embedded = desk.vendor.product_file();
  options.embedded_product = embedded.data();
  options.embedded_product_size = embedded.size();
  options.state_dir = state.c_str();
  options.usage_interval_ms = INT64_MAX;
  options.usage_block = 10;
  REQUIRE(lic_open(&options, &manager, &error) == LIC_OK);
  CHECK(lic_consume(manager, "tickets", 1, nullptr, &error) == LIC_OK);
  CHECK(lic_consume(manager, "tickets", 1, nullptr, &error) == LIC_OK);
  CHECK(lic_refresh_every(manager, INT64_MAX, &error) == LIC_OK);
  CHECK(lic_close(&manager) == LIC_OK);
  options.embedded_product = "{}";
  options.embedded_product_size = 2;
  CHECK(lic_open(&options, &manager, &error) >= LIC_INVALID_INPUT);
}

TEST_CASE("C: verdicts, features and their values", "[capi]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.features = {{"on", true},
                    {"off", false},
                    {"jobs", std::int64_t{12}},
                    {"region", std::string("e\"u")},
                    {"formats", std::vector<std::string>{"csv", "", "xlsx"}}};
  desk.must_activate(terms);
  const Handle handle(desk);
  lic_verdict verdict;
  lic_error error;
  CHECK(lic_decision(handle, &verdict, &error) == LIC_OK);
  CHECK(verdict.code == LIC_OK);
  CHECK(verdict.standing == LIC_STANDING_VALID);
  CHECK(verdict.days_left > 300);
  CHECK(error.code == LIC_OK);
  CHECK(std::string(error.message).empty());
  CHECK(lic_validate(handle, &verdict, nullptr) == LIC_OK);

  CHECK(lic_check_feature(handle, "on", nullptr) == LIC_OK);
  CHECK(lic_check_feature(handle, "off", &error) == LIC_FEATURE_NOT_LICENSED);
  CHECK(std::string(error.message) == "the plan does not include the feature: 'off'");
  CHECK(feature_json_of(handle, "on") == "true");
  CHECK(feature_json_of(handle, "jobs") == "12");
  CHECK(feature_json_of(handle, "region") == R"("e\"u")");
  CHECK(feature_json_of(handle, "formats") == R"(["csv","","xlsx"])");

  int64_t number = 0;
  CHECK(lic_feature_number(handle, "jobs", &number, &error) == LIC_OK);
  CHECK(number == 12);
  CHECK(lic_feature_number(handle, "on", &number, &error) == LIC_OK);
  CHECK(number == 1);
  CHECK(lic_feature_number(handle, "region", &number, &error) == LIC_INVALID_INPUT);
  CHECK(lic_feature_number(handle, "off", &number, &error) == LIC_FEATURE_NOT_LICENSED);
  CHECK(number == 0);

  std::array<char, 5> buffer{};
  size_t needed = 0;
  CHECK(lic_feature_text(handle, "formats", 2, nullptr, 0, &needed, &error) == LIC_OK);
  CHECK(needed == 5);
  CHECK(lic_feature_text(handle, "formats", 2, buffer.data(), 4, &needed, &error) == LIC_USAGE);
  CHECK(std::string(buffer.data()).empty());
  CHECK(lic_feature_text(handle, "formats", 2, buffer.data(), 5, nullptr, &error) == LIC_OK);
  CHECK(std::string(buffer.data()) == "xlsx");
  CHECK(lic_feature_text(handle, "formats", 3, buffer.data(), 5, &needed, &error) == LIC_NOT_FOUND);
  CHECK(lic_feature_text(handle, "region", 0, buffer.data(), 5, &needed, &error) == LIC_OK);
  CHECK(lic_feature_text(handle, "jobs", 0, buffer.data(), 5, &needed, &error) == LIC_INVALID_INPUT);

  desk.now = at("2029-01-01");
  CHECK(lic_decision(handle, &verdict, &error) == LIC_EXPIRED);
  CHECK(verdict.standing == LIC_STANDING_NONE);
  CHECK(std::string(error.hint) == "renew at https://ticketzero.example/buy");
  CHECK(lic_check_feature(handle, "on", &error) == LIC_EXPIRED);
  CHECK(lic_feature_number(handle, "on", &number, &error) == LIC_EXPIRED);
}

TEST_CASE("C: a status, for programs older and newer than the library", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  struct Later {
    lic_status known;
    std::array<char, 16> more;
  } later{};
  later.known.size = sizeof later;
  later.more.fill('x');
  REQUIRE(lic_get_status(handle, &later.known, nullptr) == LIC_OK);
  CHECK(later.known.size == sizeof later);
  CHECK(later.more == std::array<char, 16>{});
  const lic_status& all = later.known;
  CHECK(all.verdict.code == LIC_OK);
  CHECK(std::string(all.status) == "valid");
  CHECK(std::string(all.plan) == "professional");
  CHECK(std::string(all.kind) == "subscription");
  CHECK(std::string(all.source) == "offline");
  CHECK(std::string(all.license_key) == desk.vendor.terms("professional").key);
  CHECK(all.at == desk.now.time_since_epoch().count());
  CHECK(all.expires > all.at);
  CHECK(all.maintenance_until == 0);
  CHECK(all.activated_at == all.at);

  lic_status older{};
  std::memset(&older, 'x', sizeof older);
  older.size = offsetof(lic_status, starts);
  REQUIRE(lic_get_status(handle, &older, nullptr) == LIC_OK);
  CHECK(older.at == all.at);
  CHECK(older.status[0] == 'x');

  char* text = nullptr;
  REQUIRE(lic_status_json(handle, &text, nullptr) == LIC_OK);
  const auto document = nlohmann::json::parse(text);
  lic_free(text);
  CHECK(document["status"] == "valid");
  CHECK(document["limits"]["tickets"]["max"] == 5000);
  CHECK(document["features"]["custom-workflows"] == true);
  CHECK(document["maintenance_until"].is_null());

  auto product = sized<lic_product>();
  REQUIRE(lic_get_product(handle, &product, nullptr) == LIC_OK);
  CHECK(std::string(product.name) == "TicketZero AI");
  size_t needed = 0;
  CHECK(lic_machine_id(handle, nullptr, 0, &needed, nullptr) == LIC_OK);
  std::string id(needed, '\0');
  CHECK(lic_machine_id(handle, id.data(), id.size(), nullptr, nullptr) == LIC_OK);
  CHECK(document["machine_id"] == id.c_str());
}

TEST_CASE("C: limits are shown, used, refused and given back", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  lic_error error;
  auto limit = sized<lic_limit>();
  CHECK(lic_consume(handle, "tickets", 4000, &limit, &error) == LIC_OK);
  CHECK(limit.used == 4000);
  CHECK(limit.left == 1000);
  CHECK(limit.max == 5000);
  CHECK(limit.is_near == 1);
  CHECK(limit.period == LIC_PERIOD_MONTH);
  CHECK(limit.resets == at("2027-01-01").time_since_epoch().count());
  CHECK(lic_consume(handle, "tickets", 1001, &limit, &error) == LIC_USAGE_LIMIT_REACHED);
  CHECK(std::string(error.message) == "'tickets': 4000 used of 5000");
  CHECK(limit.used == 4000);
  CHECK(lic_consume(handle, "clients", 3, nullptr, nullptr) == LIC_OK);
  CHECK(lic_release(handle, "clients", 1, &limit, &error) == LIC_OK);
  CHECK(limit.used == 2);
  CHECK(limit.period == LIC_PERIOD_NONE);
  CHECK(limit.resets == 0);
  CHECK(lic_release(handle, "clients", 3, &limit, &error) == LIC_CONFLICT);
  CHECK(lic_release(handle, "tickets", 1, &limit, &error) == LIC_USAGE);
  CHECK(lic_consume(handle, "tickts", 1, &limit, &error) == LIC_NOT_FOUND);
  CHECK(std::string(error.hint) == "the limits of the plan are clients, tickets");
  CHECK(lic_get_limit(handle, "tickts", &limit, &error) == LIC_NOT_FOUND);
  CHECK(limit_now(handle, "tickets").left == 1000);

  size_t count = 0;
  CHECK(lic_usage(handle, nullptr, &count, &error) == LIC_OK);
  REQUIRE(count == 2);
  std::array<lic_limit, 2> all{sized<lic_limit>(), {}};
  CHECK(lic_usage(handle, all.data(), &count, &error) == LIC_OK);
  CHECK(std::string(all[0].name) == "clients");
  CHECK(all[1].used == 4000);
  count = 1;
  all[1] = {};
  CHECK(lic_usage(handle, all.data(), &count, &error) == LIC_USAGE);
  CHECK(count == 2);
  CHECK(all[1].max == 0);
}

TEST_CASE("C: a license that has ended says so where it is used", "[capi]") {
  LicensedDesk desk;
  const Handle handle(desk);
  CHECK(lic_consume(handle, "clients", 3, nullptr, nullptr) == LIC_OK);
  desk.now = at("2029-01-01");
  lic_error error;
  auto limit = sized<lic_limit>();
  CHECK(lic_consume(handle, "tickets", 51, &limit, &error) == LIC_EXPIRED);
  CHECK(std::string(error.message) == "the license has ended");
  CHECK(limit.max == 0);
  CHECK(lic_get_limit(handle, "tickets", &limit, &error) == LIC_OK);
  CHECK(limit.max == 50);  // what is free for everybody
  CHECK(lic_consume(handle, "tickets", 50, &limit, &error) == LIC_OK);
  CHECK(lic_release(handle, "clients", 3, &limit, &error) == LIC_OK);
  desk.now = at("2026-11-01");  // more than a day behind
  CHECK(lic_get_limit(handle, "tickets", &limit, &error) == LIC_CLOCK_MOVED_BACK);
  CHECK(lic_consume(handle, "tickets", 1, &limit, &error) == LIC_CLOCK_MOVED_BACK);
}

TEST_CASE("C: activation, trial, deactivation", "[capi]") {
  const Desk desk;
  const Handle handle(desk);
  const Terms terms = desk.vendor.terms("professional");
  const std::string document = desk.vendor.sign(terms);
  lic_error error;
  CHECK(lic_deactivate(handle, &error) == LIC_NO_LICENSE);
  CHECK(std::string(error.message) == "nothing is activated here");
  CHECK(lic_activate(handle, "TZ-PRO-1", &error) == LIC_INVALID_INPUT);
  CHECK(lic_activate(handle, terms.key.c_str(), &error) == LIC_NOT_FOUND);
  CHECK(lic_activate_document(handle, "{}", 2, nullptr, nullptr, &error) == LIC_INVALID_INPUT);
  CHECK(std::string(error.message).find("license file 'given'") == 0);
  CHECK(lic_activate_document(handle, document.data(), document.size(), nullptr,
                              desk.vendor.terms("starter", 2).key.c_str(), &error) == LIC_INVALID_INPUT);
  CHECK(lic_start_trial(handle, "nobody", &error) == LIC_INVALID_INPUT);
  CHECK(lic_start_trial(handle, nullptr, &error) == LIC_OK);
  CHECK(std::string(error.message).find("started Trial until 20") == 0);
  lic_verdict verdict;
  CHECK(lic_decision(handle, &verdict, nullptr) == LIC_OK);
  CHECK(verdict.standing == LIC_STANDING_TRIAL);
  CHECK(lic_activate_document(handle, document.data(), document.size(), "a.json", terms.key.c_str(), &error) == LIC_OK);
  CHECK(std::string(error.message).find("activated " + terms.key) == 0);
  CHECK(lic_activate(handle, terms.key.c_str(), &error) == LIC_OK);
  CHECK(lic_start_trial(handle, nullptr, &error) == LIC_CONFLICT);
  CHECK(lic_deactivate(handle, nullptr) == LIC_OK);
  CHECK(lic_start_trial(handle, nullptr, &error) == LIC_TRIAL_NOT_AVAILABLE);
  std::string forged = document;
  forged[forged.find("\"sig\"") + 12] ^= 1;
  CHECK(lic_activate_document(handle, forged.data(), forged.size(), nullptr, nullptr, &error) == LIC_UNTRUSTED);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_NO_LICENSE);
}

TEST_CASE("C: a seat asked for, taken and given back without a network", "[capi]") {
  const Desk desk;
  const Handle handle(desk);
  const Terms terms = desk.vendor.terms("professional");
  lic_error error;
  char* text = nullptr;
  CHECK(lic_return_seat(handle, nullptr, &text, &error) == LIC_NO_LICENSE);
  CHECK(text == nullptr);
  CHECK(lic_pending_request(handle, terms.key.c_str(), &text, &error) == LIC_NOT_FOUND);
  REQUIRE(lic_request_activation(handle, terms.key.c_str(), 0, &text, &error) == LIC_OK);
  const std::string request = text;
  lic_free(text);
  REQUIRE(lic_pending_request(handle, terms.key.c_str(), &text, &error) == LIC_OK);
  CHECK(request == text);
  lic_free(text);
  REQUIRE(lic_request_activation(handle, terms.key.c_str(), 1, &text, &error) == LIC_OK);
  CHECK(request != text);
  const std::string answer = answer_to(desk, text, terms);
  lic_free(text);
  CHECK(lic_apply_activation(handle, request.data(), request.size(), nullptr, &error) == LIC_INVALID_INPUT);
  REQUIRE(lic_apply_activation(handle, answer.data(), answer.size(), nullptr, &error) == LIC_OK);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_OK);
  CHECK(lic_returned_receipt(handle, nullptr, &text, &error) == LIC_NOT_FOUND);
  REQUIRE(lic_return_seat(handle, nullptr, &text, &error) == LIC_OK);
  CHECK(std::string(error.message) == "gave back the seat of " + terms.key);
  const std::string receipt = text;
  lic_free(text);
  REQUIRE(lic_returned_receipt(handle, nullptr, &text, &error) == LIC_OK);
  CHECK(receipt == text);
  lic_free(text);
  CHECK(lic_apply_activation(handle, answer.data(), answer.size(), nullptr, &error) == LIC_CONFLICT);
}

TEST_CASE("C: a list of revocations, beside a license file and by itself", "[capi]") {
  const Desk desk;
  const Handle handle(desk);
  const Terms terms = desk.vendor.terms("professional");
  const auto list_of = [&](std::int64_t seq, std::vector<Revocation> entries) {
    RevocationList list;
    list.id = "01JD00000000000000000000L1";
    list.product = "ticketzero";
    list.seq = seq;
    list.issued_at = at("2026-11-25T00:00:00Z");
    list.next_update = at("2026-12-25T00:00:00Z");
    list.entries = std::move(entries);
    return test::signed_document(DocumentKind::revocations, list.to_json(), desk.vendor.license_key());
  };
  const Path mail = desk.files / "mail";
  REQUIRE(make_private_directory(mail));
  REQUIRE(write_file(mail / "license.json", view_bytes(desk.vendor.sign(terms))));
  REQUIRE(write_file(mail / "revocations.json", view_bytes(list_of(4, {}))));
  lic_error error;
  CHECK(lic_activate_file(handle, (mail / "none.json").c_str(), nullptr, &error) == LIC_NOT_FOUND);
  CHECK(lic_activate_file(handle, (mail / "license.json").c_str(), "TZ-PRO-0000-0000-0000-0000", &error) ==
        LIC_INVALID_INPUT);
  REQUIRE(lic_activate_file(handle, (mail / "license.json").c_str(), terms.key.c_str(), &error) == LIC_OK);
  auto status = sized<lic_status>();
  REQUIRE(lic_get_status(handle, &status, nullptr) == LIC_OK);
  CHECK(status.revocations_until == at("2026-12-25T00:00:00Z").time_since_epoch().count());
  CHECK(status.latest_time > 0);
  CHECK(status.revoked_at == 0);

  const std::string revoked = list_of(5, {{terms.id, "refund", at("2026-11-24T08:00:00Z")}});
  REQUIRE(lic_import_revocations(handle, revoked.data(), revoked.size(), nullptr, &error) == LIC_OK);
  CHECK(std::string(error.message).find("took list 5") == 0);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_REVOKED);
  REQUIRE(lic_get_status(handle, &status, nullptr) == LIC_OK);
  CHECK(status.revoked_at == at("2026-11-24T08:00:00Z").time_since_epoch().count());
  CHECK(std::string(status.revoked_reason) == "refund");
  const std::string older = list_of(3, {});
  CHECK(lic_import_revocations(handle, older.data(), older.size(), "old.json", &error) == LIC_CONFLICT);
  CHECK(lic_import_revocations(handle, revoked.data(), revoked.size() - 9, "cut.json", &error) == LIC_INVALID_INPUT);
}

TEST_CASE("C: a clock that once ran ahead is set back by the vendor's word", "[capi]") {
  LicensedDesk desk;
  lic_error error;
  char* text = nullptr;
  {
    const Handle handle(desk);
    CHECK(lic_clock_code(handle, &text, &error) == LIC_CONFLICT);
    CHECK(text == nullptr);
  }
  const Time right = desk.now;
  desk.now = right + std::chrono::days{100};
  static_cast<void>(desk.reason());
  desk.now = right;
  const Handle handle(desk);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_CLOCK_MOVED_BACK);
  REQUIRE(lic_clock_code(handle, &text, &error) == LIC_OK);
  const ClockReset reset{"01JD00000000000000000000R1", "ticketzero", right, desk.vendor.terms("professional").key,
                         ClockCode::parse(text).value()};
  lic_free(text);
  const std::string answer =
      test::signed_document(DocumentKind::clock_reset, reset.to_json(), desk.vendor.license_key());
  REQUIRE(lic_apply_clock_reset(handle, answer.data(), answer.size(), nullptr, &error) == LIC_OK);
  CHECK(std::string(error.message).find("the latest time seen here was") == 0);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_OK);
  CHECK(lic_apply_clock_reset(handle, answer.data(), answer.size(), nullptr, &error) == LIC_CONFLICT);
}

TEST_CASE("C: usage is stated, and stated again", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  lic_error error;
  char* text = nullptr;
  auto about = sized<lic_statement>();
  REQUIRE(lic_consume(handle, "tickets", 7, nullptr, &error) == LIC_OK);
  CHECK(lic_reported_usage(handle, 1, nullptr, &text, nullptr, &error) == LIC_NOT_FOUND);
  REQUIRE(lic_report_usage(handle, nullptr, 0, &text, &about, &error) == LIC_OK);
  const std::string first = text;
  lic_free(text);
  const auto statement = UsageStatement::open(view_bytes(first), "statement");
  REQUIRE(statement);
  CHECK(statement->seq == 1);
  CHECK(statement->counters.at("tickets").total == 7);
  CHECK(about.seq == 1);
  CHECK(about.from == statement->from.time_since_epoch().count());
  CHECK(about.to == statement->to.time_since_epoch().count());
  CHECK(about.license_key == statement->key);
  CHECK(about.device == statement->device.id().hex());
  auto again = sized<lic_statement>();
  REQUIRE(lic_reported_usage(handle, about.seq, about.license_key, &text, &again, &error) == LIC_OK);
  CHECK(first == text);
  CHECK(std::memcmp(&again, &about, sizeof about) == 0);
  lic_free(text);
  CHECK(lic_report_usage(handle, "TZ-PRO-0000-0000-0000-0000", 0, &text, &about, &error) == LIC_INVALID_INPUT);
  CHECK(text == nullptr);
  CHECK(about.seq == 0);  // nothing of an earlier call
  lic_statement no_size{};
  CHECK(lic_report_usage(handle, nullptr, 0, &text, &no_size, &error) == LIC_USAGE);
  REQUIRE(lic_report_usage(handle, nullptr, 1, &text, nullptr, &error) == LIC_OK);
  CHECK(UsageStatement::open(view_bytes(text), "statement").value().seq == 1);  // of a new chain
  lic_free(text);
}

TEST_CASE("C: texts are cut at a character", "[capi]") {
  std::array<char, 8> room{};
  c_api::copy_text(room.data(), room.size(), "abcdef\xC3\xA9");  // 8 bytes and a zero
  CHECK(std::string(room.data()) == "abcdef");
  c_api::copy_text(room.data(), room.size(), "abcde\xC3\xA9");
  CHECK(std::string(room.data()) == "abcde\xC3\xA9");
  c_api::copy_text(room.data(), room.size(), "abcd\xF0\x9F\x98\x80");
  CHECK(std::string(room.data()) == "abcd");
  c_api::copy_text(room.data(), room.size(), "\x80\x80\x80\x80\x80\x80\x80\x80\x80");  // no UTF-8 at all
  CHECK(std::string(room.data()).empty());
  lic_error error;
  CHECK(c_api::answer(&error, LIC_FAILURE, std::string(511, 'x') + "\xE2\x82\xAC", std::string(600, 'y')) ==
        LIC_FAILURE);
  CHECK(std::string(error.message) == std::string(511, 'x'));
  CHECK(std::string(error.hint) == std::string(511, 'y'));
}

namespace {

struct Heard {
  lic_manager* manager = nullptr;
  int calls = 0;
  std::string status;
  int closed = -1;
  int refreshed = -1;
};

void listen(void* user, const lic_status* status) {
  auto& heard = *static_cast<Heard*>(user);
  ++heard.calls;
  heard.status = status->status;
  lic_manager* same = heard.manager;
  heard.closed = lic_close(&same);
  heard.refreshed = lic_refresh_every(heard.manager, 5, nullptr);
  if (lic_decision(heard.manager, nullptr, nullptr) == LIC_USAGE) heard.calls = -100;
}

}  // namespace

TEST_CASE("C: the listener hears of changes, and cannot pull the manager from under itself", "[capi]") {
  LicensedDesk desk;
  Handle handle(desk);
  Heard heard;
  heard.manager = handle;
  REQUIRE(lic_on_change(handle, listen, &heard, nullptr) == LIC_OK);
  CHECK(lic_refresh(handle, nullptr) == LIC_OK);
  CHECK(heard.calls == 0);
  CHECK(lic_deactivate(handle, nullptr) == LIC_OK);
  CHECK(heard.calls == 1);
  CHECK(heard.status == "no-license");
  CHECK(heard.closed == LIC_USAGE);
  CHECK(heard.refreshed == LIC_USAGE);
  desk.must_activate(desk.vendor.terms("starter", 2));  // another process
  CHECK(lic_validate(handle, nullptr, nullptr) == LIC_OK);
  CHECK(heard.calls == 2);
  REQUIRE(lic_on_change(handle, nullptr, nullptr, nullptr) == LIC_OK);
  CHECK(lic_deactivate(handle, nullptr) == LIC_OK);
  CHECK(heard.calls == 2);
  CHECK(handle.close() == LIC_OK);
}

TEST_CASE("C: any thread may call anything", "[capi]") {
  const LicensedDesk desk;
  OpenOptions options;
  options.usage_block = 8;
  Handle handle(desk, options);
  const std::string document = desk.vendor.sign(desk.vendor.terms("professional"));
  std::atomic<int> heard = 0;
  const lic_listener count = [](void* user, const lic_status*) { ++*static_cast<std::atomic<int>*>(user); };
  std::atomic<int> wrong = 0;
  const auto good = [&](int code) {
    if (code == LIC_USAGE || code == LIC_FAILURE) ++wrong;
  };
  const auto work = [&](int number) {
    for (int i = 0; i < 6; ++i) {
      lic_error error;
      auto limit = sized<lic_limit>();
      auto status = sized<lic_status>();
      good(lic_check_feature(handle, "custom-workflows", &error));
      good(lic_decision(handle, nullptr, &error));
      good(lic_get_status(handle, &status, &error));
      good(lic_consume(handle, "tickets", 1, &limit, &error));
      if (number == 0) good(lic_refresh_every(handle, i % 2, &error));
      if (number == 1) good(lic_on_change(handle, i % 2 == 0 ? count : nullptr, &heard, &error));
      if (number == 2)
        good(i % 2 == 0 ? lic_deactivate(handle, &error)
                        : lic_activate_document(handle, document.data(), document.size(), nullptr, nullptr, &error));
      if (number == 3) good(lic_refresh(handle, &error));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(lic_decision(handle, nullptr, nullptr) == LIC_OK);
}

#if !defined(__SANITIZE_ADDRESS__)  // its allocator locks up in the child of a fork during which a thread allocates
TEST_CASE("C: a forked child goes on with the manager, without listener and thread of its parent", "[capi]") {
  const LicensedDesk desk;
  Handle handle(desk);
  std::atomic<int> heard = 0;
  const lic_listener count = [](void* user, const lic_status*) { ++*static_cast<std::atomic<int>*>(user); };
  REQUIRE(lic_on_change(handle, count, &heard, nullptr) == LIC_OK);
  REQUIRE(lic_refresh_every(handle, 3600, nullptr) == LIC_OK);
  std::atomic<bool> stop = false;
  std::thread busy([&] {  // holds every lock there is, now and then
    while (!stop) {
      if (lic_consume(handle, "clients", 1, nullptr, nullptr) == LIC_OK)
        static_cast<void>(lic_release(handle, "clients", 1, nullptr, nullptr));
      static_cast<void>(lic_on_change(handle, count, &heard, nullptr));
    }
  });
#if defined(__SANITIZE_THREAD__)
  constexpr bool kChildMayStartThreads = false;  // ThreadSanitizer ends a forked child that starts a thread
#else
  constexpr bool kChildMayStartThreads = true;
#endif
  int good = 0;
  for (int i = 0; i < 10; ++i) {
    const pid_t child = test::start_child([&] {
      auto status = sized<lic_status>();
      lic_manager* inherited = handle;
      const bool works = lic_decision(inherited, nullptr, nullptr) == LIC_OK &&
                         lic_get_status(inherited, &status, nullptr) == LIC_OK &&
                         lic_consume(inherited, "tickets", 2, nullptr, nullptr) == LIC_OK &&
                         lic_on_change(inherited, count, &heard, nullptr) == LIC_OK &&
                         (!kChildMayStartThreads || lic_refresh_every(inherited, 3600, nullptr) == LIC_OK) &&
                         lic_refresh(inherited, nullptr) == LIC_OK;
      return works && lic_close(&inherited) == LIC_OK && inherited == nullptr;
    });
    const pid_t quiet = test::start_child([&] {  // does nothing but close
      lic_manager* inherited = handle;
      return lic_close(&inherited) == LIC_OK;
    });
    good += (test::went_well(child) ? 1 : 0) + (test::went_well(quiet) ? 1 : 0);
  }
  stop = true;
  busy.join();
  CHECK(good == 20);
  CHECK(limit_now(handle, "tickets").used == 20);
}
#endif

TEST_CASE("C: fifty processes count at once, exactly and never beyond the limit", "[capi]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.limits = {{"tickets", {120, Period::month, 0}}, {"exports", {1000, Period::day, 0}}};
  desk.must_activate(terms);
  // Fifty wait for one lock: on a slow machine longer than a call does.
  const auto patiently = [](auto call) {
    int code = call();
    while (code == LIC_UNAVAILABLE) code = call();
    return code;
  };
  std::vector<pid_t> children;
  for (int p = 0; p < 50; ++p)
    children.push_back(test::start_child([&] {
      OpenOptions options;
      options.usage_block = p % 2 == 0 ? 1 : 4;
      const Handle tickets(desk);
      const Handle exports(desk, options);
      for (int i = 0; i < 3; ++i) {
        const int code = patiently([&] { return lic_consume(tickets, "tickets", 1, nullptr, nullptr); });
        if (code == LIC_USAGE_LIMIT_REACHED) continue;
        if (code != LIC_OK) return false;
        if (patiently([&] { return lic_consume(exports, "exports", 1, nullptr, nullptr); }) != LIC_OK) return false;
      }
      return patiently([&] { return lic_flush_usage(exports, nullptr); }) == LIC_OK;
    }));
  for (const pid_t child : children) CHECK(test::went_well(child));
  const Handle handle(desk);
  CHECK(limit_now(handle, "tickets").used == 120);  // of 150 that were wanted
  CHECK(limit_now(handle, "exports").used == 120);  // one for each that was granted; what was drawn in vain is back
}

TEST_CASE("C: a state that is deleted while the manager is open is no license, and can be made anew", "[capi]") {
  const LicensedDesk desk;
  const Handle handle(desk);
  CHECK(lic_consume(handle, "tickets", 7, nullptr, nullptr) == LIC_OK);
  std::filesystem::remove_all(desk.state());
  lic_error error;
  CHECK(lic_decision(handle, nullptr, &error) == LIC_OK);  // as last read
  auto limit = sized<lic_limit>();
  CHECK(lic_consume(handle, "tickets", 51, &limit, &error) == LIC_USAGE_LIMIT_REACHED);  // of 50 without a license
  CHECK(lic_decision(handle, nullptr, &error) == LIC_NO_LICENSE);
  std::filesystem::remove_all(desk.home());
  CHECK(lic_refresh(handle, &error) == LIC_OK);
  const std::string document = desk.vendor.sign(desk.vendor.terms("professional"));
  CHECK(lic_activate_document(handle, document.data(), document.size(), nullptr, nullptr, &error) == LIC_OK);
  CHECK(lic_consume(handle, "tickets", 1, &limit, &error) == LIC_OK);
  CHECK(Handle(desk).close() == LIC_OK);
}

TEST_CASE("a reading that fails leaves the last answers, and the next one works", "[capi][client]") {
  const LicensedDesk desk;
  LicenseManager manager = desk.open();
  const std::string good = desk.read_data();
  std::filesystem::remove(desk.data());
  std::filesystem::create_symlink(desk.product(), desk.data());  // never followed
  CHECK_FALSE(manager.refresh());
  CHECK(manager.explain_machine().size() > 1);  // works on nothing that was half read
  CHECK(manager.decision().reason == Reason::valid);
  CHECK_FALSE(manager.consume("tickets"));
  CHECK(manager.decision().reason == Reason::valid);
  CHECK(manager.check_feature("custom-workflows").allowed());
  std::filesystem::remove(desk.data());
  desk.write_data(good);
  CHECK(manager.consume("tickets")->usage.used == 1);
}

TEST_CASE("a manager may be told from several threads how often to refresh", "[capi][client]") {
  const LicensedDesk desk;
  LicenseManager manager = desk.open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) static_cast<void>(manager.refresh_every(std::chrono::seconds{(i + t) % 3}));
    });
  for (auto& thread : threads) thread.join();
  CHECK(manager.refresh_every(std::chrono::seconds{0}));
}
