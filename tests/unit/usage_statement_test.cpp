#include <sys/stat.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/month.hpp"
#include "base/time.hpp"
#include "client/usage_file.hpp"
#include "crypto/device_key.hpp"
#include "license/envelope.hpp"
#include "policy/usage.hpp"
#include "protocol/usage_statement.hpp"
#include "support/desk.hpp"

using namespace lic;
using test::at;
using test::Desk;

namespace {

using Json = nlohmann::ordered_json;

const Limit kTickets{5000, Period::month};
const LicenseName kFirst{"id1", "TZ-PRO-0123-4567-89AB-CK41", 1, "professional"};

class LicensedDesk : public Desk {
 public:
  LicensedDesk() { must_activate(vendor.terms("professional")); }
};

void use(const Desk& desk, std::string_view name, std::int64_t n) {
  const auto used = desk.open().consume(name, n);
  if (!used) FAIL(used.error().message);
  REQUIRE(used->decision.allowed());
}

UsageReport report(const Desk& desk, std::string_view key = {}, bool new_key = false) {
  auto made = desk.open().report_usage(key, new_key);
  if (!made) FAIL(made.error().message);
  return std::move(made).value();
}

UsageStatement opened(const UsageReport& report) {
  auto statement = UsageStatement::open(view_bytes(report.document), "statement");
  if (!statement) FAIL(statement.error().message);
  return std::move(statement).value();
}

std::string usage_of(const StatedCounter& counter) {
  std::string text;
  for (const auto& [month, used] : counter.months) text += concat(format_month(month), '=', used, ' ');
  return text;
}

std::string usage_of(const Meter& meter) {
  std::string text;
  for (const auto& month : meter.months) text += concat(format_month(month.start), '=', month.used, ' ');
  return text;
}

}  // namespace

TEST_CASE("statement: months are read and written as such", "[statement]") {
  CHECK(format_month(at("2026-11-22T10:00:00Z")) == "2026-11");
  CHECK(parse_month("2026-11") == at("2026-11-01"));
  for (const char* text : {"", "2026", "2026-1", "2026-13", "2026-00", "2026-11-", "2026-11-01", "1969-12", "26-11-01",
                           "2026/11", " 2026-1"})
    CHECK_FALSE(parse_month(text));
}

TEST_CASE("statement: what is counted is kept by license and month", "[statement]") {
  UsageBook book;
  meter(book, kFirst, "tickets", kTickets, 5, at("2026-12-31T23:59:59Z"));
  meter(book, kFirst, "tickets", kTickets, 7, at("2027-01-01"));
  meter(book, kFirst, "tickets", kTickets, 1, at("2026-12-01"));  // the clock was set back a little
  const auto& tickets = [&]() -> const Meter& { return find_metered(book, "id1")->meters.at("tickets"); };
  CHECK(usage_of(tickets()) == "2026-12=6 2027-01=7 ");
  CHECK(tickets().total == 13);
  CHECK(tickets().limit == kTickets);
  unmeter(book, "id1", "tickets", 6, at("2026-12-05"));
  CHECK(usage_of(tickets()) == "2027-01=7 ");
  CHECK(mark_told(book, "id1"));
  CHECK(usage_of(tickets()).empty());
  CHECK_FALSE(mark_told(book, "id1"));
  CHECK_FALSE(mark_told(book, "id2"));
  unmeter(book, "id1", "tickets", 3, at("2027-01-05"));  // after it was told
  CHECK(usage_of(tickets()) == "2027-01=-3 ");
  CHECK(tickets().total == 4);
  unmeter(book, "id2", "tickets", 3, at("2027-01-05"));
  unmeter(book, "id1", "clients", 3, at("2027-01-05"));
  CHECK(book.metered.size() == 1);
  CHECK(find_metered(book, "id2") == nullptr);
}

TEST_CASE("statement: what is kept is bounded, and nothing of it is lost in the sum", "[statement]") {
  UsageBook book;
  Time month = at("2020-01-01");
  for (int i = 0; i < 40; ++i, month = window_end(Period::month, month))
    meter(book, kFirst, "tickets", kTickets, 1, month);
  const Meter& tickets = find_metered(book, "id1")->meters.at("tickets");
  CHECK(tickets.months.size() == kMostMonths);
  CHECK(tickets.months.front().start == at("2020-01-01"));
  CHECK(tickets.months.front().used == 17);
  CHECK(tickets.months.back().start == at("2023-04-01"));
  CHECK(tickets.total == 40);
  for (int i = 2; i < 9; ++i) {
    LicenseName other = kFirst;
    other.id = concat("id", i);
    meter(book, other, "tickets", kTickets, 1, month);
    meter(book, kFirst, "tickets", kTickets, 1, month);
  }
  CHECK(book.metered.size() == kMostMetered);
  CHECK(book.metered.back().license.id == "id1");
  CHECK(book.metered.back().meters.at("tickets").total == 47);  // the one that is counted for stays
  CHECK(find_metered(book, "id2") == nullptr);
}

TEST_CASE("statement: the largest book there can be is read again", "[statement]") {
  UsageBook book;
  for (int license = 0; license < 6; ++license)
    for (std::size_t name = 0; name < kMostCounters; ++name) {
      const std::string counter = concat(std::string(60, 'n'), 1000 + name);
      Time month = at("2020-01-01");
      for (std::size_t i = 0; i < kMostMonths; ++i, month = window_end(Period::month, month))
        meter(book, {concat("id", license), kFirst.key, 1, "professional"}, counter, kTickets, json::kMaxInteger,
              month);
      count(book.counters[counter], kTickets, json::kMaxInteger);
    }
  book.seq = 1;
  REQUIRE(book.metered.size() == 1);
  const Desk desk;
  const SecretBytes secret(32);
  const auto machine = MachineIdentity::of(read_machine_facts(desk.machine.path()), "ticketzero");
  const std::string text = encode_usage(book, desk.now, secret, machine, "ticketzero");
  CHECK(text.size() < 1024 * 1024 * 3 / 4);  // room for the rest in license_data.json
  CHECK(decode_usage(text, always(secret), machine, "ticketzero").book == book);
}

TEST_CASE("statement: the key of a device signs usage statements and nothing else", "[statement]") {
  const DeviceKey key = DeviceKey::generate();
  const auto again = DeviceKey::from_seed(SecretBytes(key.seed().view()));
  REQUIRE(again);
  CHECK(again->public_key() == key.public_key());
  CHECK(DeviceKey::from_seed(SecretBytes(31)).error().code == Errc::invalid_input);
  for (const std::string_view payload : {"", "{}", "DSSEv1 1 a 1 b"}) {
    const Signature signature = key.sign_usage(view_bytes(payload));
    CHECK(key.public_key().verifies(pre_authentication_encoding(payload_type(DocumentKind::usage), view_bytes(payload)),
                                    signature));
    CHECK_FALSE(key.public_key().verifies(view_bytes(payload), signature));
    CHECK_FALSE(key.public_key().verifies(
        pre_authentication_encoding(payload_type(DocumentKind::license), view_bytes(payload)), signature));
  }
}

TEST_CASE("statement: the first one, and the next, which names it", "[statement]") {
  LicensedDesk desk;
  use(desk, "tickets", 30);
  use(desk, "clients", 4);
  desk.now = at("2026-12-20T08:00:00Z");
  const UsageReport first = report(desk);
  const UsageStatement one = opened(first);
  CHECK(one.product == "ticketzero");
  CHECK(one.seq == 1);
  CHECK(one.previous.empty());
  CHECK(one.key == desk.vendor.terms("professional").key);
  CHECK(one.license == desk.vendor.terms("professional").id);
  CHECK(one.plan == "professional");
  CHECK(one.from == at("2026-12-01T12:00:00Z"));  // its activation
  CHECK(one.to == desk.now);
  CHECK(one.issued_at == desk.now);
  CHECK(one.limits == desk.vendor.terms("professional").limits);
  CHECK(usage_of(one.counters.at("tickets")) == "2026-12=30 ");
  CHECK(one.counters.at("tickets").total == 30);
  CHECK(one.counters.at("clients").level == 4);
  CHECK(one.counters.at("clients").months.empty());
  CHECK(first.device == one.device.id().hex());
  CHECK(MachineIdentity::from_digests(one.facts)->fingerprint() == desk.open().machine_id());

  use(desk, "tickets", 5);
  desk.now = at("2027-02-03");
  use(desk, "tickets", 7);
  const UsageStatement two = opened(report(desk));
  CHECK(two.seq == 2);
  CHECK(two.previous == one.digest);
  CHECK(two.device == one.device);
  CHECK(two.from == one.to);
  CHECK(usage_of(two.counters.at("tickets")) == "2026-12=5 2027-02=7 ");
  CHECK(two.counters.at("tickets").total == 42);
  const UsageStatement three = opened(report(desk));
  CHECK(three.previous == two.digest);
  CHECK(three.counters.at("tickets").months.empty());
  CHECK(desk.open().status().warnings.empty());
  CHECK(desk.open().usage()->at(1).second.used == 7);  // what counts against the limit stays
}

TEST_CASE("statement: one that was made is given again, and is kept", "[statement]") {
  const LicensedDesk desk;
  CHECK(desk.open().reported_usage(1).error().code == Errc::not_found);
  use(desk, "tickets", 1);
  const UsageReport first = report(desk);
  report(desk);
  CHECK(desk.open().reported_usage(1)->document == first.document);
  CHECK(desk.open().reported_usage(1, first.license_key)->seq == 1);
  for (const std::int64_t seq : {0, -1, 3}) CHECK(desk.open().reported_usage(seq).error().code == Errc::not_found);
  const auto files = std::filesystem::directory_iterator(desk.state() / "statements");
  const std::vector<std::filesystem::path> kept(begin(files), end(files));
  REQUIRE(kept.size() == 2);
  struct stat info {};
  REQUIRE(::stat(kept[0].c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  for (const auto& file : kept) REQUIRE(write_file(file, view_bytes("{}")));
  CHECK(desk.open().reported_usage(1).error().code == Errc::invalid_input);
  std::filesystem::remove_all(desk.state() / "statements");
  CHECK(desk.open().reported_usage(1).error().code == Errc::not_found);
  CHECK(report(desk).seq == 3);
}

TEST_CASE("statement: what was drawn in advance and not used is not stated", "[statement]") {
  const LicensedDesk desk;
  OpenOptions options;
  options.usage_block = 100;
  LicenseManager manager = desk.open(options);
  REQUIRE(manager.consume("tickets", 3)->decision.allowed());
  CHECK(usage_of(opened(report(desk)).counters.at("tickets")) == "2026-12=100 ");  // by another process
  const auto own = manager.report_usage();
  REQUIRE(own);
  CHECK(usage_of(opened(*own).counters.at("tickets")) == "2026-12=-97 ");
  CHECK(opened(*own).counters.at("tickets").total == 3);
}

TEST_CASE("statement: usage is stated under the license that it was counted for", "[statement]") {
  LicensedDesk desk;
  const Terms first = desk.vendor.terms("professional");
  const Terms second = desk.vendor.terms("enterprise", 7);
  use(desk, "tickets", 10);
  desk.must_activate(second);
  use(desk, "tickets", 20);
  const UsageStatement now = opened(report(desk));
  CHECK(now.key == second.key);
  CHECK(now.seq == 1);
  CHECK(usage_of(now.counters.at("tickets")) == "2026-12=20 ");
  const UsageStatement before = opened(report(desk, first.key));
  CHECK(before.license == first.id);
  CHECK(before.seq == 1);
  CHECK(before.device == now.device);
  CHECK(before.from == at("2026-12-01"));
  CHECK(usage_of(before.counters.at("tickets")) == "2026-12=10 ");
  CHECK(before.limits == Limits{{"tickets", kTickets}});
  REQUIRE(desk.open().deactivate());
  CHECK(desk.open().report_usage().error().code == Errc::not_found);  // which of the two?
  CHECK(opened(report(desk, second.key)).seq == 2);
  CHECK(desk.open().report_usage("TZ-PRO-0123-4567-89AB-CK42").error().code == Errc::invalid_input);
  CHECK(desk.open().report_usage("TZ-PRO-0123-4567-89AB-CK41").error().code == Errc::not_found);
}

TEST_CASE("statement: without a license of the vendor's there is nothing to state", "[statement]") {
  const Desk desk;
  use(desk, "tickets", 10);
  CHECK(desk.open().report_usage().error().code == Errc::not_found);
  REQUIRE(desk.open().start_trial());
  use(desk, "tickets", 10);
  CHECK(desk.open().report_usage().error().code == Errc::not_found);
  desk.must_activate(desk.vendor.terms("professional"));
  use(desk, "tickets", 1);
  CHECK(usage_of(opened(report(desk)).counters.at("tickets")) == "2026-12=1 ");  // what the trial used is not billed
}

TEST_CASE("statement: a state set back to an older copy makes another chain out of the old one", "[statement]") {
  const LicensedDesk desk;
  use(desk, "tickets", 1);
  const UsageStatement one = opened(report(desk));
  const std::string backup = desk.read_data();
  use(desk, "tickets", 2);
  const UsageStatement two = opened(report(desk));
  desk.write_data(backup);
  use(desk, "tickets", 3);
  const UsageStatement other = opened(report(desk));
  CHECK(other.seq == 2);
  CHECK(other.previous == one.digest);
  CHECK(other.device == one.device);
  CHECK(other.digest != two.digest);  // which the vendor sees

  const UsageStatement anew = opened(report(desk, {}, true));
  CHECK(anew.seq == 1);
  CHECK(anew.previous.empty());
  CHECK_FALSE(anew.device == one.device);
  CHECK(anew.counters.at("tickets").months.empty());  // nothing is stated twice
  CHECK(opened(report(desk)).device == anew.device);
}

TEST_CASE("statement: killed between its two files, it counts and nothing is stated twice", "[statement]") {
  const LicensedDesk desk;
  use(desk, "tickets", 5);
  const Path usage = desk.state() / "usage_data.json";
  const Bytes before = read_file(usage, "usage").value();
  CHECK(usage_of(opened(report(desk)).counters.at("tickets")) == "2026-12=5 ");
  REQUIRE(write_file(usage, before));  // as if it had not been written yet
  CHECK(opened(report(desk)).counters.at("tickets").months.empty());
  use(desk, "tickets", 2);
  CHECK(usage_of(opened(report(desk)).counters.at("tickets")) == "2026-12=2 ");
}

TEST_CASE("statement: a state that was edited by hand signs nothing", "[statement]") {
  const LicensedDesk desk;
  use(desk, "tickets", 5);
  std::string text = desk.read_data();
  text.replace(text.find("professional"), 12, "enterprise!!");
  desk.write_data(text);
  CHECK(desk.open().report_usage().error().code == Errc::untrusted);
  CHECK_FALSE(std::filesystem::exists(desk.state() / "statements"));
}

TEST_CASE("statement: with a file judged in place of the state there is none", "[statement]") {
  const Desk desk;
  const std::string license = desk.vendor.sign(desk.vendor.terms("professional"));
  OpenOptions options;
  options.license_document = view_bytes(license);
  CHECK(desk.open(options).report_usage().error().code == Errc::usage);
  CHECK(desk.open(options).reported_usage(1).error().code == Errc::usage);
}

TEST_CASE("statement: cut short or altered anywhere it is refused", "[statement]") {
  const LicensedDesk desk;
  use(desk, "tickets", 5);
  const std::string document = report(desk).document;
  for (std::size_t size = 0; size < document.size(); ++size)
    REQUIRE_FALSE(UsageStatement::open(view_bytes(document).first(size), "statement"));
  for (std::size_t place = 0; place < document.size(); ++place) {
    std::string altered = document;
    altered[place] = static_cast<char>(altered[place] ^ 1);
    REQUIRE_FALSE(UsageStatement::open(view_bytes(altered), "statement"));
  }
  Json envelope = Json::parse(document);
  Json payload = Json::parse(to_text(base64_decode(envelope["payload"].get<std::string>()).value()));
  payload["counters"]["tickets"]["months"]["2026-12"] = 1;
  envelope["payload"] = base64_encode(view_bytes(payload.dump()));
  CHECK(UsageStatement::open(view_bytes(envelope.dump()), "statement").error().code == Errc::untrusted);
}

TEST_CASE("statement: at most 1 MiB", "[statement]") {
  const LicensedDesk desk;
  std::string document = report(desk).document;
  document.resize(kMaxUsage, ' ');
  CHECK(UsageStatement::open(view_bytes(document), "statement"));
  document += ' ';
  CHECK(UsageStatement::open(view_bytes(document), "statement").error().code == Errc::invalid_input);
}

TEST_CASE("statement: what was opened is written as it was", "[statement]") {
  const LicensedDesk desk;
  use(desk, "tickets", 5);
  const std::string document = report(desk).document;
  const Bytes payload = Envelope::parse(view_bytes(document), "statement")->payload();
  CHECK(UsageStatement::open(view_bytes(document), "statement")->to_json() == view_text(payload));
}
