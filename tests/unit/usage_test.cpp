#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json.hpp"
#include "client/usage_file.hpp"
#include "policy/usage.hpp"
#include "support/child_process.hpp"
#include "support/desk.hpp"
#include "support/file_size_limit.hpp"

using namespace lic;
using test::at;
using test::Desk;
using test::FileSizeLimit;

namespace {

const Limit kPerDay{3, Period::day};
const Limit kPerMonth{5000, Period::month};

std::int64_t used_after(const Counter& counter, const Limit& limit, std::string_view now) {
  return usage_of(limit, &counter, at(now)).used;
}

/// With a professional license: 15 clients, 5000 tickets a month.
class LicensedDesk : public Desk {
 public:
  LicensedDesk() { must_activate(vendor.terms("professional")); }
};

Path usage_file(const Desk& desk) { return desk.state() / "usage_data.json"; }

LimitUsage tickets(const Desk& desk) {
  const Usage all = desk.open().usage().value();
  for (const auto& [name, usage] : all)
    if (name == "tickets") return usage;
  FAIL("no limit tickets");
  return {};
}

void use(const Desk& desk, std::string_view name, std::int64_t n) {
  const auto used = desk.open().consume(name, n);
  if (!used) FAIL(used.error().message);
  REQUIRE(used->decision.allowed());
}

bool has_warning(const Desk& desk, std::string_view text) {
  for (const auto& warning : desk.open().status().warnings)
    if (warning.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("usage: windows are days, months and years of UTC", "[usage]") {
  CHECK(window_start(Period::day, at("2026-12-31T23:59:59Z")) == at("2026-12-31"));
  CHECK(window_end(Period::day, at("2026-12-31T23:59:59Z")) == at("2027-01-01"));
  CHECK(window_start(Period::month, at("2028-02-29T12:00:00Z")) == at("2028-02-01"));
  CHECK(window_end(Period::month, at("2028-02-29T12:00:00Z")) == at("2028-03-01"));
  CHECK(window_end(Period::month, at("2026-12-01")) == at("2027-01-01"));
  CHECK(window_start(Period::year, at("2026-07-04")) == at("2026-01-01"));
  CHECK(window_end(Period::year, at("2026-01-01")) == at("2027-01-01"));
}

TEST_CASE("usage: a counter starts anew with its window, and never because the clock went back", "[usage]") {
  Counter counter;
  move_on(counter, at("2026-11-30T23:00:00Z"));
  count(counter, kPerDay, 2);
  CHECK(used_after(counter, kPerDay, "2026-11-30T23:59:59Z") == 2);
  CHECK(used_after(counter, kPerDay, "2026-12-01") == 0);
  CHECK(used_after(counter, kPerMonth, "2026-12-01") == 0);
  CHECK(used_after(counter, {9, Period::year}, "2026-12-01") == 2);  // what another limit would have counted
  CHECK(used_after(counter, {9, Period::year}, "2027-01-01") == 0);
  CHECK(used_after(counter, kPerDay, "2026-11-29") == 2);
  move_on(counter, at("2026-11-29"));
  count(counter, kPerDay, 1);
  CHECK(used_after(counter, kPerDay, "2026-11-30") == 3);
  CHECK(counter.total == 3);
  uncount(counter, 1, at("2026-11-30"));
  CHECK(used_after(counter, kPerDay, "2026-11-30") == 2);
  move_on(counter, at("2026-12-01"));
  uncount(counter, 1, at("2026-11-30"));  // of a day and a month that are over
  CHECK(counter.day.used == 0);
  CHECK(counter.month.used == 0);
  CHECK(counter.year.used == 1);
}

TEST_CASE("usage: limits, overage, and the warning from 80 %", "[usage]") {
  const auto with = [](Limit limit, std::int64_t used) {
    Counter counter;
    move_on(counter, at("2026-12-01"));
    count(counter, limit, used);
    return usage_of(limit, &counter, at("2026-12-01"));
  };
  CHECK(with(kPerMonth, 4999).left == 1);
  CHECK(available(with(kPerMonth, 4999)) == 1);
  CHECK(with(kPerMonth, 3999).is_near() == false);
  CHECK(with(kPerMonth, 4000).is_near());
  CHECK(with({1, {}}, 0).is_near() == false);
  CHECK(with({1, {}}, 1).is_near());
  CHECK_FALSE(with({0, {}}, 0).is_near());
  CHECK(with({std::nullopt, Period::day}, 7).left == std::nullopt);
  CHECK(available(with({std::nullopt, Period::day}, 7)) == json::kMaxInteger - 7);
  CHECK(hard_limit({5000, Period::month, 10}) == 5500);
  CHECK(hard_limit({7, {}, 10}) == 7);  // rounded down
  CHECK(hard_limit({19, {}, 10}) == 20);
  CHECK(hard_limit({json::kMaxInteger, {}, 1000}) == json::kMaxInteger);
  CHECK(with({5000, Period::month, 10}, 5200).left == 0);
  CHECK(available(with({5000, Period::month, 10}, 5200)) == 300);
  CHECK(with({5, {}}, 3).resets == std::nullopt);
  CHECK(with(kPerMonth, 0).resets == at("2027-01-01"));
}

TEST_CASE("usage: counted, shown, refused at the limit, and anew next month", "[usage]") {
  LicensedDesk desk;
  LicenseManager manager = desk.open();
  const auto used = manager.consume("tickets", 4000);
  REQUIRE(used);
  CHECK(used->decision.reason == Reason::valid);
  CHECK(used->usage.used == 4000);
  CHECK(used->usage.left == 1000);
  CHECK(used->usage.resets == at("2027-01-01"));
  CHECK(has_warning(desk, "tickets: 4000 of 5000 used this month"));
  const auto refused = manager.consume("tickets", 1001);
  REQUIRE(refused);
  CHECK(refused->decision.reason == Reason::usage_limit_reached);
  CHECK(refused->usage.used == 4000);  // nothing was used
  CHECK(manager.consume("tickets", 1000)->decision.allowed());
  CHECK(manager.consume("tickets")->decision.reason == Reason::usage_limit_reached);
  CHECK(tickets(desk).used == 5000);
  desk.now = at("2027-01-01");
  CHECK(desk.open().consume("tickets")->usage.used == 1);

  struct stat info {};
  REQUIRE(::stat(usage_file(desk).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("usage: amounts and names that are none", "[usage]") {
  const LicensedDesk desk;
  LicenseManager manager = desk.open();
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, json::kMaxInteger + 1})
    CHECK(manager.consume("tickets", n).error().code == Errc::usage);
  const auto unknown = manager.consume("tickts");
  CHECK(unknown.error().code == Errc::not_found);
  CHECK(unknown.error().hint.find("clients, tickets") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(usage_file(desk)));
}

TEST_CASE("usage: a level is held and given back", "[usage]") {
  const LicensedDesk desk;
  LicenseManager manager = desk.open();
  CHECK(manager.consume("clients", 15)->usage.left == 0);
  CHECK(manager.consume("clients")->decision.reason == Reason::usage_limit_reached);
  CHECK(manager.release("clients", 5)->usage.used == 10);
  CHECK(manager.release("clients", 11).error().code == Errc::conflict);
  CHECK(manager.consume("clients", 5)->usage.used == 15);
  CHECK(manager.release("tickets").error().code == Errc::usage);
  CHECK(manager.release("nothing").error().code == Errc::not_found);
}

TEST_CASE("usage: without a license the product's own terms count, and again after its end", "[usage]") {
  Desk desk;
  CHECK(desk.open().consume("tickets", 50)->decision.reason == Reason::free);
  CHECK(desk.open().consume("tickets")->decision.reason == Reason::usage_limit_reached);
  desk.must_activate(desk.vendor.terms("starter", 12));
  CHECK(tickets(desk).used == 50);  // kept through activation
  CHECK(tickets(desk).limit.max == 1000);
  CHECK(desk.open().consume("clients", 3)->decision.allowed());
  desk.now = at("2028-06-01");
  CHECK(desk.open().consume("clients")->decision.reason == Reason::expired);  // 1 is free for everybody
  CHECK(desk.open().consume("tickets")->decision.reason == Reason::free);     // and 50 a month
  CHECK(desk.open().release("clients", 2)->usage.used == 1);                  // giving back is never refused
}

TEST_CASE("usage: overage that the plan allows", "[usage]") {
  const Desk desk;
  Terms terms = desk.vendor.terms("professional");
  terms.limits = {{"tickets", {100, Period::month, 10}}, {"exports", {std::nullopt, Period::day}}};
  desk.must_activate(terms);
  CHECK(desk.open().consume("tickets", 105)->decision.allowed());
  CHECK(tickets(desk).left == 0);
  CHECK(has_warning(desk, "5 over the limit"));
  CHECK(desk.open().consume("tickets", 6)->decision.reason == Reason::usage_limit_reached);
  CHECK(desk.open().consume("tickets", 5)->decision.allowed());
  CHECK(desk.open().consume("exports", 1'000'000)->usage.left == std::nullopt);
}

TEST_CASE("usage: a file that is deleted, old, damaged or edited does not give anything back", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 100);
  const Bytes old = read_file(usage_file(desk), "usage").value();
  use(desk, "tickets", 200);

  SECTION("deleted") {
    std::filesystem::remove(usage_file(desk));
    CHECK(has_warning(desk, "usage_data.json is gone"));
  }
  SECTION("an older copy") {
    REQUIRE(write_file(usage_file(desk), old));
    CHECK(has_warning(desk, "usage_data.json is an older copy"));
  }
  SECTION("damaged") {
    REQUIRE(write_file(usage_file(desk), view_bytes("{\"tickets\": 0}")));
    CHECK(has_warning(desk, "usage_data.json does not open"));
  }
  SECTION("edited") {
    auto text = to_text(read_file(usage_file(desk), "usage").value());
    text.replace(text.find("\"used\": 300"), 11, "\"used\": 1");
    REQUIRE(write_file(usage_file(desk), view_bytes(text)));
    CHECK(has_warning(desk, "usage_data.json was edited by hand"));
  }
  CHECK(tickets(desk).used == 300);
  use(desk, "tickets", 1);
  CHECK(tickets(desk).used == 301);
  CHECK(desk.open().status().warnings.empty());  // written anew
}

TEST_CASE("usage: what does not open is kept aside", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 100);
  REQUIRE(write_file(usage_file(desk), view_bytes("not ours")));
  use(desk, "tickets", 1);
  REQUIRE(desk.set_aside().size() == 1);
  CHECK(desk.set_aside().front().starts_with("usage_data.json.corrupt-20261201T"));
}

TEST_CASE("usage: an old copy of both files is believed, of the state alone it is not", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 100);
  const std::string state = desk.read_data();
  use(desk, "tickets", 200);
  desk.write_data(state);
  CHECK(tickets(desk).used == 300);
}

TEST_CASE("usage: what no other version could have written is refused", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 1);
  const SecretBytes secret(ByteView(read_file(desk.state() / "state.key", "key").value()));
  const auto machine = MachineIdentity::of(read_machine_facts(desk.machine.path()), "ticketzero");
  const std::string text = to_text(read_file(usage_file(desk), "usage").value());
  const LoadedUsage loaded = decode_usage(text, always(secret), machine, "ticketzero");
  CHECK(loaded.condition == BoxCondition::intact);
  CHECK(loaded.book.counters.at("tickets").total == 1);
  CHECK(decode_usage(text, always(secret), machine, "tensorpack").condition == BoxCondition::damaged);
  for (std::size_t size = 0; size + 1 < text.size(); ++size)  // the last byte is white space
    REQUIRE(decode_usage(std::string_view(text).substr(0, size), always(secret), machine, "ticketzero").book.seq == 0);
  UsageBook book = loaded.book;
  book.counters["tickets"].day.used = -1;
  CHECK(decode_usage(encode_usage(book, desk.now, secret, machine, "ticketzero"), always(secret), machine, "ticketzero")
            .condition == BoxCondition::damaged);
}

TEST_CASE("usage: blocks are counted first and used from memory", "[usage]") {
  LicensedDesk desk;
  OpenOptions options;
  options.usage_block = 100;
  {
    LicenseManager manager = desk.open(options);
    for (int i = 1; i <= 150; ++i) REQUIRE(manager.consume("tickets")->usage.used == i);
    CHECK(tickets(desk).used == 200);  // what another process sees: counted, whatever happens to this one
    CHECK(manager.usage()->at(1).second.used == 150);
    CHECK(manager.status().usage.at(1).second.used == 150);
    REQUIRE(manager.flush_usage());
    CHECK(tickets(desk).used == 150);
    REQUIRE(manager.consume("tickets")->decision.allowed());
  }
  CHECK(tickets(desk).used == 151);  // given back at the end
  {
    LicenseManager manager = desk.open(options);
    REQUIRE(manager.consume("tickets", 4800)->decision.allowed());  // more than a block, none over
    CHECK(tickets(desk).used == 4951);
    for (int i = 0; i < 49; ++i) REQUIRE(manager.consume("tickets")->decision.allowed());
    CHECK(manager.consume("tickets")->decision.reason == Reason::usage_limit_reached);
  }
  CHECK(tickets(desk).used == 5000);
}

TEST_CASE("usage: a block is for its day", "[usage]") {
  LicensedDesk desk;
  desk.now = at("2026-12-31T23:59:00Z");
  OpenOptions options;
  options.usage_block = 100;
  LicenseManager manager = desk.open(options);
  REQUIRE(manager.consume("tickets")->decision.allowed());
  desk.now = at("2027-01-01T00:01:00Z");
  CHECK(manager.consume("tickets")->usage.used == 1);
  const auto book = nlohmann::json::parse(to_text(read_file(usage_file(desk), "usage").value()));
  CHECK(book["counters"]["tickets"]["total"] == 101);  // the first, and the block of today
}

TEST_CASE("usage: threads and processes together are exact and never over the limit", "[usage]") {
  const LicensedDesk desk;
  const auto count_up_to = [&](std::int64_t block, std::atomic<int>& granted) {
    OpenOptions options;
    options.usage_block = block;
    LicenseManager manager = desk.open(options);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 10; ++i)
          if (manager.consume("tickets").value().decision.allowed()) ++granted;
      });
    for (auto& thread : threads) thread.join();
  };
  std::atomic<int> granted = 0;
  count_up_to(64, granted);
  CHECK(granted == 40);
  CHECK(tickets(desk).used == 40);

  std::vector<pid_t> children;
  for (int p = 0; p < 8; ++p)
    children.push_back(test::start_child([&] {
      std::atomic<int> mine = 0;
      count_up_to(p % 2 == 0 ? 1 : 16, mine);
      return mine == 40;
    }));
  for (const pid_t child : children) CHECK(test::went_well(child));
  CHECK(tickets(desk).used == 360);
}

// AddressSanitizer's allocator does not bear a fork beside a thread: a lock of it may be held for ever in the child.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("usage: a forked child counts for itself, also while threads of its parent count", "[usage]") {
  const LicensedDesk desk;
  OpenOptions options;
  options.usage_block = 10;
  LicenseManager manager = desk.open(options);
  REQUIRE(manager.consume("tickets", 3)->decision.allowed());
  std::atomic<bool> stop = false;
  std::int64_t here = 3;
  std::thread busy([&] {
    while (!stop && here < 4000) here += manager.consume("tickets").value().decision.allowed() ? 1 : 0;
  });
  int good = 0;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = test::start_child([&] {
      LicenseManager inherited = std::move(manager);
      return inherited.decision().allowed() && inherited.consume("tickets", 2)->decision.allowed() &&
             inherited.status().usage.size() == 2;
    });
    good += test::went_well(child) ? 1 : 0;
  }
  stop = true;
  busy.join();
  CHECK(good == 20);
  REQUIRE(manager.flush_usage());
  CHECK(tickets(desk).used == here + 20 * 2);
}
#endif

TEST_CASE("usage: a state that cannot be written counts nothing, and says so", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 1);
  // As with a read-only home: files of another user in directories that only that one may write.
  LicenseManager manager = desk.open();
  std::filesystem::permissions(desk.state(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(test::holds_for_ordinary_user([&] {
    const auto used = manager.consume("tickets");
    return manager.check_feature("custom-workflows").allowed() && !used && used.error().code == Errc::denied;
  }));
  std::filesystem::permissions(desk.state(), std::filesystem::perms::owner_all);
  CHECK(tickets(desk).used == 1);
}

TEST_CASE("usage: what is counted without its mark in the state is taken back", "[usage]") {
  const LicensedDesk desk;
  use(desk, "tickets", 5);
  use(desk, "clients", 3);
  const auto size = [&](const Path& file) { return static_cast<rlim_t>(std::filesystem::file_size(file)); };
  REQUIRE(size(desk.data()) > size(usage_file(desk)) + 100);
  LicenseManager manager = desk.open();
  {
    const FileSizeLimit limit(size(usage_file(desk)) + 100);  // the usage file can be written, the state cannot
    for (int again = 0; again < 2; ++again) {
      const auto used = manager.consume("tickets", 7);
      REQUIRE_FALSE(used);
      CHECK(used.error().code == Errc::failure);
      CHECK(used.error().message.find("license_data.json") != std::string::npos);
      CHECK(used.error().message.find("recorded") == std::string::npos);
      CHECK_FALSE(manager.consume("clients", 1));
      CHECK_FALSE(manager.release("clients", 1));
    }
    CHECK(tickets(desk).used == 5);
    CHECK(manager.usage().value()[1].second.used == 5);
  }
  CHECK(tickets(desk).used == 5);
  CHECK(desk.open().status().warnings.empty());
  CHECK(manager.release("clients", 3));
  CHECK(manager.consume("tickets", 1)->usage.used == 6);

  // A copy of the file of before gives nothing back.
  const Bytes old = read_file(usage_file(desk), "usage", {.limit = 1 << 20}).value();
  use(desk, "tickets", 1);
  REQUIRE(write_file(usage_file(desk), old));
  CHECK(tickets(desk).used == 7);
}
