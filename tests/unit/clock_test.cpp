#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "license/clock_code.hpp"
#include "support/catch.hpp"
#include "support/desk.hpp"
#include "support/file_size_limit.hpp"
#include "trust/clock_reset.hpp"

using namespace lic;
using test::at;
using test::Desk;

namespace {

const Time kRight = at("2026-12-01T12:00:00Z");
const Time kWrong = at("2030-01-05T09:30:20Z");

/// A desk with a license that runs for years, whose clock once ran ahead and is right again.
struct MisledDesk : Desk {
  MisledDesk() {
    Terms terms = vendor.terms("professional");
    terms.expires_at = at("2032-01-01T00:00:00Z");
    must_activate(terms);
    now = kWrong;
    static_cast<void>(reason());
    now = kRight;
  }
};

std::string answer(const Desk& desk, const std::string& code, Time issued_at = kRight) {
  const ClockReset reset{"01JD00000000000000000000R1", "ticketzero", issued_at, desk.vendor.terms("professional").key,
                         ClockCode::parse(code).value()};
  return test::signed_document(DocumentKind::clock_reset, reset.to_json(), desk.vendor.license_key());
}

Result<Change> take_reset(const Desk& desk, const std::string& document) {
  return desk.open().apply_clock_reset(view_bytes(document), "reset.json");
}

void set_modified(const Path& path, Time time) {
  const timespec when{time.time_since_epoch().count(), 0};
  const timespec both[2] = {when, when};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), both, 0) == 0);
}

}  // namespace

TEST_CASE("clock code: says what it is made of, and is read back", "[clock]") {
  const Bytes nonce = {0, 1, 2, 3, 4, 5};
  const ClockCode code = ClockCode::make("ticketzero", "M1-TEST", nonce, kWrong);
  CHECK(code.text() == "C1-E2GH-9CPR-GH1G-0082-0C20-A0F1-M2D9-7B34");
  CHECK(code.is_of_product("ticketzero"));
  CHECK_FALSE(code.is_of_product("tensorpack"));
  CHECK(code.is_of_machine("M1-TEST"));
  CHECK_FALSE(code.is_of_machine("M1-REST"));
  CHECK(code.latest() == at("2030-01-05T09:30:00Z"));
  CHECK(ClockCode::parse(code.text()).value() == code);
  std::string loose = to_lower(code.text());
  std::replace(loose.begin(), loose.end(), '-', ' ');
  std::replace(loose.begin(), loose.end(), '0', 'o');
  CHECK(ClockCode::parse(loose).value() == code);
  CHECK_FALSE(ClockCode::make("ticketzero", "M1-TEST", kWrong) == ClockCode::make("ticketzero", "M1-TEST", kWrong));
}

TEST_CASE("clock code: every change of a symbol and every prefix is refused", "[clock]") {
  const std::string good = ClockCode::make("ticketzero", "M1-TEST", kWrong).text();
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE(ClockCode::parse(good.substr(0, size)).error().code == Errc::invalid_input);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'0', '7', 'Z', 'U', '*'}) {
      std::string typed = good;
      if (typed[i] == '-' || typed[i] == c) continue;
      typed[i] = c;
      CAPTURE(typed);
      REQUIRE_FALSE(ClockCode::parse(typed));
    }
  }
  CHECK_FALSE(ClockCode::parse(good + "0"));
  CHECK_FALSE(ClockCode::parse(std::string(100'000, '0')));
}

TEST_CASE("clock: a reset lets an honest customer go on, once", "[clock]") {
  const MisledDesk desk;
  CHECK(desk.reason() == Reason::clock_moved_back);
  CHECK(desk.open().status().latest_time == kWrong);
  const auto code = desk.open().clock_code();
  REQUIRE(code);
  CHECK(code->made);
  CHECK(code->latest_time == kWrong);
  CHECK(code->clock == kRight);
  const auto again = desk.open().clock_code();
  CHECK_FALSE(again->made);
  CHECK(again->code == code->code);
  CHECK(desk.reason() == Reason::clock_moved_back);  // asking grants nothing

  const std::string reset = answer(desk, code->code);
  const std::string before = desk.read_data();
  const auto change = take_reset(desk, reset);
  REQUIRE(change);
  CHECK(change->decision.reason == Reason::valid);
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().latest_time == kRight);

  CHECK(take_reset(desk, reset).error().code == Errc::conflict);
  CHECK(desk.open().clock_code().error().code == Errc::conflict);
  desk.write_data(before);  // a copy from before it was used
  CHECK(desk.reason() == Reason::clock_moved_back);
  CHECK(take_reset(desk, reset).error().message.find("was used here before") != std::string::npos);
  CHECK(desk.reason() == Reason::clock_moved_back);
}

TEST_CASE("clock: a reset grants no time before it was signed", "[clock]") {
  MisledDesk desk;
  const std::string code = desk.open().clock_code()->code;
  const Time signed_at = at("2026-12-04T00:00:00Z");
  const std::string reset = answer(desk, code, signed_at);
  CHECK(take_reset(desk, reset).error().code == Errc::conflict);  // the clock is three days behind the vendor's
  desk.now = at("2026-12-03T12:00:00Z");
  REQUIRE(take_reset(desk, reset));
  CHECK(desk.open().status().latest_time == signed_at);
  desk.now = at("2026-12-02T12:00:00Z");
  CHECK(desk.reason() == Reason::clock_moved_back);
}

TEST_CASE("clock: a reset of a clock that is still wrong is not spent", "[clock]") {
  MisledDesk desk;
  const std::string reset = answer(desk, desk.open().clock_code()->code);
  desk.now = at("2030-01-06T00:00:00Z");
  CHECK(take_reset(desk, reset).error().code == Errc::conflict);
  desk.now = kRight;
  CHECK(take_reset(desk, reset)->changed);
}

TEST_CASE("clock: a later time seen needs another code", "[clock]") {
  MisledDesk desk;
  const std::string first = desk.open().clock_code()->code;
  desk.now = at("2031-01-01T00:00:00Z");
  static_cast<void>(desk.reason());
  desk.now = kRight;
  const auto second = desk.open().clock_code();
  CHECK(second->made);
  CHECK(second->code != first);
  CHECK(take_reset(desk, answer(desk, first)).error().code == Errc::conflict);
  CHECK(take_reset(desk, answer(desk, second->code))->changed);
}

TEST_CASE("clock: no reset where none is needed", "[clock]") {
  const Desk desk;
  CHECK(desk.open().clock_code().error().code == Errc::conflict);
  CHECK_FALSE(std::filesystem::exists(desk.data()));
  desk.must_activate(desk.vendor.terms("professional"));
  CHECK(desk.open().clock_code().error().code == Errc::conflict);
  const std::string code = ClockCode::make("ticketzero", "M1-TEST", kWrong).text();
  CHECK(take_reset(desk, answer(desk, code)).error().code == Errc::conflict);
}

TEST_CASE("clock: the reset of one machine is none of another", "[clock]") {
  const MisledDesk desk;
  Desk other("ticketzero", "22");
  other.must_activate(other.vendor.terms("professional"));
  other.now = kWrong;
  static_cast<void>(other.reason());
  other.now = kRight;
  const std::string theirs = other.open().clock_code()->code;
  CHECK(take_reset(desk, answer(desk, theirs)).error().code == Errc::conflict);
  static_cast<void>(desk.open().clock_code());
  CHECK(take_reset(desk, answer(desk, theirs)).error().message.find("this machine waits for") != std::string::npos);
  CHECK(take_reset(other, answer(other, theirs))->changed);
}

TEST_CASE("clock: what is not the vendor's reset changes nothing", "[clock]") {
  const MisledDesk desk;
  const std::string code = desk.open().clock_code()->code;
  const std::string good = answer(desk, code);
  const std::string before = desk.read_data();
  LicenseManager manager = desk.open();
  const auto refused = [&](std::string_view bytes) {
    const auto change = manager.apply_clock_reset(view_bytes(bytes), "reset");
    return !change && (change.error().code == Errc::invalid_input || change.error().code == Errc::untrusted);
  };
  for (std::size_t size = 0; size < good.size(); ++size) REQUIRE(refused(std::string_view(good).substr(0, size)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    CAPTURE(i);
    REQUIRE(refused(flipped));
  }
  const auto payload = [&](std::string product, const std::string& text) {
    return ClockReset{"r", std::move(product), kRight, "k", ClockCode::parse(text).value()}.to_json();
  };
  const auto sign = [&](std::string_view body, DocumentKind kind = DocumentKind::clock_reset) {
    return test::signed_document(kind, body, desk.vendor.license_key());
  };
  CHECK(refused(sign(payload("tensorpack", code))));
  CHECK(refused(sign(payload("ticketzero", ClockCode::make("tensorpack", "M1-TEST", kWrong).text()))));
  CHECK(refused(sign(payload("ticketzero", code), DocumentKind::license)));
  const test::TestVendor impostor(test::catalog_text("ticketzero"), 2);
  CHECK(refused(test::signed_document(DocumentKind::clock_reset, payload("ticketzero", code), impostor.license_key())));
  CHECK(refused(test::signed_document(DocumentKind::clock_reset, payload("ticketzero", code), desk.vendor.root())));
  CHECK(desk.read_data() == before);
  CHECK(take_reset(desk, good)->changed);
}

TEST_CASE("clock: after a reset counters go on, and a trial has what was left of it", "[clock]") {
  Desk desk;
  desk.now = kWrong;
  REQUIRE(desk.open().start_trial()->changed);  // 30 days
  const Time end = *desk.open().status().expires;
  desk.now = kWrong + std::chrono::days{10};
  std::string limit;
  const Limits limits = desk.open().limits();
  for (const auto& [name, value] : limits)
    if (value.per) limit = name;
  REQUIRE_FALSE(limit.empty());
  REQUIRE(desk.open().consume(limit, 3)->decision.allowed());
  desk.now = kRight;
  CHECK(desk.reason() == Reason::clock_moved_back);
  REQUIRE(take_reset(desk, answer(desk, desk.open().clock_code()->code))->changed);
  CHECK(desk.reason() == Reason::trial);
  CHECK(*desk.open().status().expires == kRight + (end - (kWrong + std::chrono::days{10})));
  REQUIRE(desk.open().consume(limit, 2)->decision.allowed());
  const auto used = [&] {
    const Usage all = desk.open().usage().value();
    for (const auto& one : all)
      if (one.first == limit) return one.second;
    return LimitUsage{};
  };
  CHECK(used().used == 5);
  CHECK(*used().resets < at("2028-01-01T00:00:00Z"));
}

TEST_CASE("clock: a running process remembers what its clock said", "[clock]") {
  Desk desk;
  desk.must_activate(desk.vendor.terms("professional"));
  LicenseManager manager = desk.open();
  const std::string before = desk.read_data();
  desk.now += std::chrono::hours{100 * 24};
  CHECK(manager.decision().reason == Reason::valid);
  CHECK(desk.read_data() == before);  // no file
  desk.now -= std::chrono::hours{23};
  CHECK(manager.decision().reason == Reason::valid);
  desk.now -= std::chrono::hours{2};
  CHECK(manager.decision().reason == Reason::clock_moved_back);
  CHECK(manager.check_feature("custom-workflows").reason == Reason::clock_moved_back);
  CHECK(manager.status().decision.reason == Reason::clock_moved_back);
  REQUIRE(manager.refresh());
  CHECK(manager.decision().reason == Reason::clock_moved_back);
  // What works on files goes by it as well.
  CHECK(
      manager.activate_document(view_bytes(desk.vendor.sign(desk.vendor.terms("starter", 2))), "x")->decision.reason ==
      Reason::clock_moved_back);
  CHECK(desk.reason() == Reason::valid);  // another process has not seen it
}

TEST_CASE("clock: a running process takes a reset that another one was given", "[clock]") {
  Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.expires_at = at("2032-01-01T00:00:00Z");
  desk.must_activate(terms);
  desk.now = kWrong;
  LicenseManager manager = desk.open();
  CHECK(manager.decision().reason == Reason::valid);
  desk.now = kRight;
  CHECK(manager.decision().reason == Reason::clock_moved_back);
  REQUIRE(take_reset(desk, answer(desk, desk.open().clock_code()->code))->changed);
  CHECK(manager.decision().reason == Reason::clock_moved_back);
  REQUIRE(manager.refresh());
  CHECK(manager.decision().reason == Reason::valid);
  CHECK(manager.status().latest_time == kRight);

  SECTION("and one that it is given itself") {
    desk.now = kWrong;
    REQUIRE(manager.refresh());
    desk.now = kRight + std::chrono::hours{1};
    const auto code = manager.clock_code();
    REQUIRE(code);
    REQUIRE(manager.apply_clock_reset(view_bytes(answer(desk, code->code)), "r"));
    CHECK(manager.decision().reason == Reason::valid);
  }
}

TEST_CASE("clock: files from the future warn, and decide nothing", "[clock]") {
  Desk desk;
  desk.asks_files = true;
  desk.must_activate(desk.vendor.terms("professional"));
  for (const Path& path : {desk.data(), desk.state()}) set_modified(path, desk.now);
  CHECK(desk.open().status().warnings.empty());
  set_modified(desk.state(), desk.now + std::chrono::hours{24});
  CHECK(desk.open().status().warnings.empty());
  set_modified(desk.state(), desk.now + std::chrono::hours{25});
  REQUIRE(desk.open().status().warnings.size() == 1);
  CHECK(desk.open().status().warnings[0].find("2026-12-02T13:00:00Z") != std::string::npos);
  CHECK(desk.reason() == Reason::valid);
  CHECK(desk.open().status().latest_time == desk.now);
}

TEST_CASE("clock: each file of the state that is from the future warns", "[clock]") {
  Desk desk;
  desk.asks_files = true;
  desk.must_activate(desk.vendor.terms("professional"));
  REQUIRE(desk.open().consume("tickets", 1)->decision.allowed());
  const std::vector<Path> files{desk.data(), desk.state() / "usage_data.json", desk.state()};
  for (const Path& wrong : files) {
    CAPTURE(wrong.native());
    for (const Path& path : files) set_modified(path, desk.now);
    CHECK(desk.open().status().warnings.empty());
    set_modified(wrong, desk.now + std::chrono::hours{25});
    const auto warnings = desk.open().status().warnings;
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("2026-12-02T13:00:00Z") != std::string::npos);
  }
}

TEST_CASE("clock reset: one that could not be done is not used up", "[clock]") {
  const MisledDesk desk;
  const std::string code = desk.open().clock_code().value().code;
  const std::string reset = answer(desk, code);
  {
    const test::FileSizeLimit limit(1000);  // the marks can be written, the state cannot
    const auto failed = take_reset(desk, reset);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::failure);
    CHECK(failed.error().message.find("license_data.json") != std::string::npos);
    CHECK(failed.error().message.find("used up") == std::string::npos);
  }
  CHECK(desk.reason() == Reason::clock_moved_back);
  CHECK(desk.open().clock_code().value().code == code);
  REQUIRE(take_reset(desk, reset));
  CHECK(desk.reason() == Reason::valid);
}

TEST_CASE("clock code: one that was spent while its reset was interrupted is not given out again", "[clock]") {
  const MisledDesk desk;
  const std::string code = desk.open().clock_code().value().code;
  const std::string waiting = desk.read_data();
  REQUIRE(take_reset(desk, answer(desk, code)));
  desk.write_data(waiting);  // as if it was killed between the mark and the state
  CHECK(desk.reason() == Reason::clock_moved_back);
  CHECK(take_reset(desk, answer(desk, code)).error().code == Errc::conflict);
  const auto another = desk.open().clock_code().value();
  CHECK(another.made);
  CHECK(another.code != code);
  REQUIRE(take_reset(desk, answer(desk, another.code)));
  CHECK(desk.reason() == Reason::valid);
}
