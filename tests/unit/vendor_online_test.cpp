#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "http/ask.hpp"
#include "issue/lifecycle.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/service.hpp"
#include "support/catch.hpp"
#include "support/desk.hpp"
#include "support/file_size_limit.hpp"
#include "support/ledger_fixture.hpp"

// The client and the licensing server with each other, the network left out.

using namespace lic;
using namespace lic::test;

namespace {

constexpr std::string_view kServer = "https://licenses.example.com";

/// A server, and what a network can do to what it says.
struct Server : LedgerFixture {
  explicit Server(const TestVendor& of) : vendor(of) { publish(1); }

  void publish(std::int64_t version) {
    documents =
        ServiceDocuments::make(vendor.product_file(version), {}, copy(vendor.lease_key()), noon_of_tests()).value();
  }
  static SigningKey copy(const SigningKey& key) {
    return SigningKey::from_seed(SecretBytes(key.seed().view())).value();
  }

  Terms add_license(std::int64_t seats = 1, int number = 1) {
    Terms terms = vendor.terms("professional", number);
    terms.seats = seats;
    REQUIRE(change([&](Transaction& t) -> Result<void> {
      if (auto added = t.add_license(terms, vendor.sign(terms), "", ""); !added) return added;
      return t.record({terms.issued_at, "vendor", "create", terms.key, "", R"({"serial":1})"});
    }));
    return terms;
  }

  /// One of so many seats that float: for 10 minutes, 7 days to be borrowed.
  Terms add_floating(std::int64_t seats = 1) {
    Terms terms = vendor.terms("professional");
    terms.seats = seats;
    terms.floating = Floating{10, 7};
    REQUIRE(change([&](Transaction& t) -> Result<void> {
      if (auto added = t.add_license(terms, vendor.sign(terms), "", ""); !added) return added;
      return t.record({terms.issued_at, "vendor", "create", terms.key, "", R"({"serial":1})"});
    }));
    return terms;
  }

  void reissue(Terms& terms, const std::function<void(Terms&)>& alter) {
    ++terms.serial;
    terms.issued_at = *clock;
    alter(terms);
    REQUIRE(change([&](Transaction& t) { return t.reissue(terms, vendor.sign(terms)); }));
  }

  Result<http::Reply> answer(const http::Call& call) {
    calls.push_back(call.url);
    if (!reachable) return Error{Errc::unavailable, "no connection could be made", {}};
    const std::string route = call.url.substr(kServer.size());
    std::string body;
    if (route == kProductPath) {
      body = documents->product_text();
    } else {
      const auto action = action_of_path(route);
      REQUIRE(action);
      const auto request = OnlineRequest::parse(*action, view_bytes(call.body), "request");
      if (!request) FAIL(request.error().message);
      const Outcome outcome =
          Service(*ledger, policy).decide(std::vector{ServiceRequest(*request)}, *documents, *clock).front();
      if (outcome.fault) FAIL(outcome.fault->message);
      body = seal(outcome, documents->key());
    }
    http::Reply reply{200, true, std::move(body), std::nullopt};
    if (meddle) meddle(reply);
    if (loses_answers) return Error{Errc::unavailable, "the connection was cut off", {}};
    return reply;
  }

  /// For Desk::ask.
  Ask ask() {
    return [this](const ServerQuestion& question) {
      return std::make_shared<const Asked>(
          http::ask(question, [this](const http::Call& call) { return answer(call); }));
    };
  }

  std::int64_t live(const Terms& terms) { return ledger->find(key_of(terms), *clock)->summary.activations; }
  std::int64_t clones(const Terms& terms) {
    std::int64_t sum = 0;
    const auto all = ledger->activations(terms.key).value();
    for (const auto& one : all)
      if (one.lease) sum += one.lease->clones;
    return sum;
  }
  LicenseKey key_of(const Terms& terms) const { return LicenseKey::parse(terms.key).value(); }

  const TestVendor& vendor;
  LeasePolicy policy{};
  std::shared_ptr<const ServiceDocuments> documents;
  const Time* clock = nullptr;
  bool reachable = true;
  bool loses_answers = false;
  std::function<void(http::Reply&)> meddle;
  std::vector<std::string> calls;
};

/// A desk with a server in reach.
struct Online {
  explicit Online(const char* number = "11") : desk("ticketzero", number) {
    server.clock = &desk.now;
    desk.ask = server.ask();
  }
  [[nodiscard]] static OpenOptions options() {
    OpenOptions options;
    options.server = kServer;
    return options;
  }
  [[nodiscard]] LicenseManager open() const { return desk.open(options()); }
  [[nodiscard]] Reason reason() const { return open().decision().reason; }
  Confirmation confirm() const {
    auto confirmed = open().confirm();
    if (!confirmed) FAIL(confirmed.error().message);
    return *std::move(confirmed);
  }
  void activate(const Terms& terms) const {
    const auto change = open().activate(terms.key);
    if (!change) FAIL(change.error().message);
    REQUIRE(change->changed);
  }

  Desk desk;
  Server server{desk.vendor};
};

}  // namespace

TEST_CASE("online: a key alone takes a seat, and the license with it", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  const Status status = at_home.open().status();
  CHECK(status.decision.reason == Reason::valid);
  CHECK(status.source == Source::online);
  REQUIRE(status.lease);
  CHECK(status.lease->server == kServer);
  CHECK(status.lease->granted_at == at_home.desk.now);
  CHECK(status.lease->refresh_at == at_home.desk.now + at_home.server.policy.refresh);
  CHECK(status.lease->expires_at == at_home.desk.now + at_home.server.policy.lease);
  CHECK(at_home.server.live(terms) == 1);
  CHECK(read_file(at_home.desk.state() / (terms.key + ".json"), "license file"));
  at_home.activate(terms);  // again: the same seat
  CHECK(at_home.server.live(terms) == 1);

  Desk other("ticketzero", "22");
  other.now = at_home.desk.now;
  other.ask = at_home.desk.ask;
  const auto refused = other.open(Online::options()).activate(terms.key);
  REQUIRE(refused);
  CHECK_FALSE(refused->changed);
  CHECK(refused->decision.reason == Reason::no_seat_left);
  CHECK(refused->message.find("no seat left before 2026-12-15T12:00:00Z") != std::string::npos);
  CHECK(other.reason() == Reason::no_license);
}

TEST_CASE("online: a key that the server does not know, and one that is none", "[online]") {
  Online at_home;
  const auto unknown = at_home.open().activate(at_home.desk.vendor.terms("professional", 9).key);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::not_found);
  CHECK(unknown.error().message.find("is not known there") != std::string::npos);
  CHECK(at_home.open().activate("TZ-PRO-0000").error().code == Errc::invalid_input);
  CHECK(at_home.server.calls.size() == 1);
  CHECK(at_home.reason() == Reason::no_license);
}

TEST_CASE("online: a server that is away is no answer; the lease holds to its end and the days of grace", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  const Time granted = at_home.desk.now;
  at_home.server.reachable = false;
  at_home.desk.now = granted + std::chrono::days{13};
  Confirmation confirmed = at_home.confirm();
  CHECK(confirmed.decision.reason == Reason::valid);
  CHECK(confirmed.by == CheckedBy::lease);
  CHECK(confirmed.message == "licenses.example.com: no connection could be made");
  CHECK(at_home.open().status().warnings.size() == 1);
  at_home.desk.now = granted + at_home.server.policy.lease;
  CHECK(at_home.reason() == Reason::valid);
  CHECK(at_home.open().status().warnings.front().find("counts until 2026-12-22T12:00:00Z") != std::string::npos);
  at_home.desk.now += std::chrono::days{terms.grace_days} - std::chrono::seconds{1};
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now += std::chrono::seconds{1};
  CHECK(at_home.reason() == Reason::lease_expired);
  CHECK(at_home.open().status().next.action == "verify");
  // Its own file does not get around that, and nothing is lost.
  CHECK(at_home.desk.activate(at_home.desk.vendor.sign(terms))->decision.reason == Reason::lease_expired);
  at_home.server.reachable = true;
  confirmed = at_home.confirm();
  CHECK(confirmed.by == CheckedBy::server);
  CHECK(confirmed.decision.reason == Reason::valid);
  CHECK(at_home.reason() == Reason::valid);
  CHECK(at_home.server.live(terms) == 1);
}

TEST_CASE("online: a lease is refreshed when it is due, and an answer that gets lost does no harm", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  at_home.desk.now += std::chrono::hours{1};
  CHECK(at_home.confirm().by == CheckedBy::server);
  CHECK(at_home.server.calls.back().ends_with("/v1/validate"));
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.size() == 2);  // not due
  at_home.desk.now += at_home.server.policy.refresh;
  at_home.server.loses_answers = true;
  CHECK(at_home.confirm().by == CheckedBy::lease);
  CHECK(at_home.server.calls.back().ends_with("/v1/refresh"));
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.size() == 3);  // asked in vain a moment ago
  at_home.server.loses_answers = false;
  at_home.desk.now += std::chrono::minutes{16};
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.size() == 4);
  CHECK(at_home.open().status().lease->granted_at == at_home.desk.now);
  for (int day = 0; day < 3; ++day) {
    at_home.desk.now += at_home.server.policy.refresh;
    CHECK(at_home.confirm().by == CheckedBy::server);
  }
  CHECK(at_home.server.clones(terms) == 0);
  CHECK(at_home.server.live(terms) == 1);
}

TEST_CASE("online: two machines that go on from one state are seen", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  const std::string before = at_home.desk.read_data();
  at_home.desk.now += at_home.server.policy.refresh;
  at_home.confirm();
  at_home.desk.now += at_home.server.policy.refresh;
  at_home.confirm();
  at_home.desk.write_data(before);  // a backup
  CHECK(at_home.confirm().decision.reason == Reason::valid);
  CHECK(at_home.server.clones(terms) == 1);
  at_home.desk.now += at_home.server.policy.refresh;
  at_home.confirm();
  CHECK(at_home.server.clones(terms) == 1);
}

TEST_CASE("online: a signed no is final, and remembered where there is no server", "[online]") {
  Online at_home;
  Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  at_home.desk.now += std::chrono::days{2};
  SECTION("revoked: for good") {
    REQUIRE(at_home.server.change(
        [&](Transaction& t) { return t.revoke(at_home.server.key_of(terms), "refund", at_home.desk.now); }));
    const Confirmation confirmed = at_home.confirm();
    CHECK(confirmed.by == CheckedBy::server);
    CHECK(confirmed.decision.reason == Reason::revoked);
    at_home.server.reachable = false;
    CHECK(at_home.desk.reason() == Reason::revoked);
    CHECK(at_home.open().status().denied->reason == Reason::revoked);
    Terms later = terms;
    later.serial = 9;
    later.issued_at = at_home.desk.now + std::chrono::hours{1};
    at_home.desk.now += std::chrono::hours{2};
    CHECK(at_home.desk.activate(at_home.desk.vendor.sign(later))->decision.reason == Reason::revoked);
  }
  SECTION("suspended: until the server says yes") {
    at_home.server.reissue(terms, [&](Terms& t) { t.suspended_at = at_home.desk.now; });
    CHECK(at_home.confirm().decision.reason == Reason::suspended);
    CHECK(at_home.desk.reason() == Reason::suspended);
    at_home.desk.now += std::chrono::hours{1};
    at_home.server.reissue(terms, [](Terms& t) { t.suspended_at.reset(); });
    CHECK(at_home.confirm().decision.reason == Reason::valid);
    CHECK(at_home.open().status().serial == 3);
    CHECK_FALSE(at_home.open().status().denied);
  }
  SECTION("suspended: until a newer signed license is there") {
    at_home.server.reissue(terms, [&](Terms& t) { t.suspended_at = at_home.desk.now; });
    CHECK(at_home.confirm().decision.reason == Reason::suspended);
    at_home.desk.now += std::chrono::hours{1};
    at_home.server.reissue(terms, [](Terms& t) { t.suspended_at.reset(); });
    CHECK(at_home.desk.activate(at_home.desk.vendor.sign(terms))->changed);
    CHECK(at_home.desk.reason() == Reason::valid);
  }
  SECTION("the seat was released by the vendor") {
    const std::string request = at_home.server.ledger->activations(terms.key)->front().request;
    REQUIRE(at_home.server.change(
        [&](Transaction& t) { return t.end_activation(request, kEndedByVendor, at_home.desk.now); }));
    CHECK(at_home.confirm().decision.reason == Reason::no_seat_left);
    CHECK(at_home.desk.reason() == Reason::no_seat_left);
    CHECK(at_home.confirm().decision.reason == Reason::no_seat_left);  // a look takes no other seat
    CHECK(at_home.server.live(terms) == 0);
    at_home.activate(terms);
    CHECK(at_home.desk.reason() == Reason::valid);
  }
}

TEST_CASE("online: a state that cannot be written is confirmed and denied all the same", "[online]") {
  Online at_home;
  Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  at_home.desk.now += at_home.server.policy.refresh;
  LicenseManager manager = at_home.open();
  const auto confirmed_without_a_disk = [&] {
    const FileSizeLimit full(0);
    return manager.confirm();
  };
  auto confirmed = confirmed_without_a_disk();
  REQUIRE(confirmed);
  CHECK(confirmed->by == CheckedBy::server);
  CHECK(confirmed->decision.reason == Reason::valid);
  CHECK(at_home.server.calls.back().ends_with("/v1/validate"));
  const Time before = at_home.desk.now;
  at_home.server.clock = &before;
  at_home.server.reissue(terms, [&](Terms& t) { t.suspended_at = before; });
  confirmed = confirmed_without_a_disk();
  REQUIRE(confirmed);
  CHECK(confirmed->decision.reason == Reason::suspended);
  CHECK(confirmed->message.find("could not be kept for later") != std::string::npos);
}

TEST_CASE("online: a renewal comes with the next refresh", "[online]") {
  Online at_home;
  Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  at_home.desk.now += at_home.server.policy.refresh;
  at_home.server.reissue(terms, [](Terms& t) { t.expires_at = at("2030-01-01"); });
  CHECK(at_home.confirm().decision.reason == Reason::valid);
  CHECK(at_home.open().status().expires == at("2030-01-01"));
}

TEST_CASE("online: whatever is no signed answer changes nothing", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  const std::string before = at_home.desk.read_data();
  const std::string old = [&] {
    std::string body;
    at_home.server.meddle = [&](http::Reply& reply) { body = reply.body; };
    at_home.confirm();
    return body;
  }();
  const TestVendor stranger(catalog_text("ticketzero"), 77);
  struct Case {
    const char* what;
    std::function<void(http::Reply&)> meddle;
  };
  const Case cases[] = {
      {"a fault of the server", [](http::Reply& r) { r.status = 500; }},
      {"an unsigned no",
       [](http::Reply& r) {
         r = {403, true, R"({"error":{"code":"revoked","message":"no"}})", {}};
       }},
      {"to be left alone",
       [](http::Reply& r) {
         r = {429, true, "{}", std::chrono::seconds{5}};
       }},
      {"elsewhere",
       [](http::Reply& r) {
         r = {302, false, "", {}};
       }},
      {"a page",
       [](http::Reply& r) {
         r = {200, false, "<html>please log in</html>", {}};
       }},
      {"a page that says it is JSON", [](http::Reply& r) { r.body = "<html>please log in</html>"; }},
      {"nothing", [](http::Reply& r) { r.body.clear(); }},
      {"an answer from before", [&](http::Reply& r) { r.body = old; }},
      {"half an answer", [](http::Reply& r) { r.body.resize(r.body.size() / 2); }},
      {"an answer of a stranger's",
       [&](http::Reply& r) {
         const auto reply = OnlineReply::parse(view_bytes(r.body), "reply");
         if (!reply) return;  // the product file, which it looks at then
         const auto answer = Envelope::parse(view_bytes(reply->answer), "answer");
         REQUIRE(answer);
         r.body = reply_json(signed_document(DocumentKind::lease, view_text(answer->payload()), stranger.lease_key()),
                             reply->license);
       }},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    at_home.server.meddle = one.meddle;
    const Confirmation confirmed = at_home.confirm();
    CHECK(confirmed.by == CheckedBy::lease);
    CHECK(confirmed.decision.reason == Reason::valid);
    CHECK(confirmed.message.starts_with("licenses.example.com: "));
    at_home.desk.now += std::chrono::seconds{10};  // 429 asked for 5
    const auto other = at_home.open().activate(terms.key);
    REQUIRE(other);  // by its file
    CHECK(other->changed);
    CHECK(other->hint.find("the licensing server did not confirm it") != std::string::npos);
    CHECK(at_home.open().status().source == Source::online);
  }
}

TEST_CASE("online: without a server's answer a signed file activates, and without both nothing does", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.server.reachable = false;
  const auto nothing = at_home.open().activate(terms.key);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::unavailable);
  CHECK(nothing.error().hint.find(terms.key) != std::string::npos);
  CHECK(at_home.reason() == Reason::no_license);
  const std::string document = at_home.desk.vendor.sign(terms);
  const auto by_file = at_home.open().activate_document(view_bytes(document), "license.json");
  REQUIRE(by_file);
  CHECK(by_file->changed);
  CHECK(at_home.open().status().source == Source::offline);
  at_home.server.reachable = true;  // and is confirmed later
  CHECK(at_home.confirm().by == CheckedBy::server);
  CHECK(at_home.open().status().source == Source::online);
  CHECK(at_home.server.live(terms) == 1);
}

TEST_CASE("online: a file that the server denies is not activated", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  REQUIRE(at_home.server.change(
      [&](Transaction& t) { return t.revoke(at_home.server.key_of(terms), "refund", at_home.desk.now); }));
  const auto refused = at_home.open().activate_document(view_bytes(at_home.desk.vendor.sign(terms)), "license.json");
  REQUIRE(refused);
  CHECK(refused->decision.reason == Reason::revoked);
  CHECK(at_home.reason() == Reason::no_license);
}

TEST_CASE("online: deactivating gives the seat back, now or as soon as the server hears of it", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  SECTION("now") {
    const auto left = at_home.open().deactivate();
    REQUIRE(left);
    CHECK(left->changed);
    CHECK(left->hint.find("not given back") == std::string::npos);
    CHECK(at_home.server.live(terms) == 0);
    CHECK_FALSE(at_home.open().deactivate()->changed);
  }
  SECTION("after an answer to a refresh got lost") {
    at_home.desk.now += at_home.server.policy.refresh;
    at_home.server.loses_answers = true;
    at_home.confirm();
    at_home.server.loses_answers = false;
    CHECK(at_home.open().deactivate()->changed);
    CHECK(at_home.server.live(terms) == 0);
  }
  SECTION("later") {
    at_home.server.reachable = false;
    const auto left = at_home.open().deactivate();
    CHECK(left->changed);
    CHECK(left->hint.find("its seat is not given back yet") != std::string::npos);
    CHECK(at_home.reason() == Reason::no_license);
    CHECK_FALSE(at_home.open().deactivate()->changed);
    at_home.server.reachable = true;
    const auto given = at_home.open().deactivate();
    CHECK(given->changed);
    CHECK(given->message == "gave back the seat of " + terms.key);
    CHECK(at_home.server.live(terms) == 0);
  }
  at_home.activate(terms);
  CHECK(at_home.server.live(terms) == 1);
}

TEST_CASE("online: a trial is the machine's once, whatever is deleted here", "[online]") {
  Online at_home;
  REQUIRE(at_home.open().start_trial()->changed);
  const Status begun = at_home.open().status();
  CHECK(begun.decision.reason == Reason::trial);
  at_home.desk.now += std::chrono::days{5};
  std::filesystem::remove_all(at_home.desk.home());
  REQUIRE(at_home.open().start_trial()->changed);  // the same one
  const Status again = at_home.open().status();
  CHECK(again.license_key == begun.license_key);
  CHECK(again.expires == begun.expires);
  at_home.desk.now = *begun.expires + std::chrono::days{1};
  std::filesystem::remove_all(at_home.desk.home());
  const auto over = at_home.open().start_trial();
  REQUIRE(over);
  CHECK_FALSE(over->changed);
  CHECK(over->decision.reason == Reason::trial_not_available);
}

TEST_CASE("online: a trial begun without the server is the server's once it is asked", "[online]") {
  Online at_home;
  REQUIRE(at_home.open().start_trial()->changed);
  const Time begun = *at_home.open().status().starts;
  std::filesystem::remove_all(at_home.desk.home());
  at_home.desk.now += std::chrono::days{3};
  at_home.server.reachable = false;
  REQUIRE(at_home.open().start_trial()->changed);
  CHECK(at_home.open().status().starts == at_home.desk.now);
  at_home.server.reachable = true;
  CHECK(at_home.confirm().decision.reason == Reason::trial);
  CHECK(at_home.open().status().starts == begun);
}

TEST_CASE("online: an answer under a newer product file brings that along, if it is a rightful one", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  const TestVendor stranger(catalog_text("ticketzero"), 77);
  const auto theirs =
      ServiceDocuments::make(stranger.product_file(2), {}, Server::copy(stranger.lease_key()), noon_of_tests());
  at_home.server.documents = theirs.value();
  CHECK(at_home.confirm().by == CheckedBy::lease);
  CHECK(at_home.server.calls.back().ends_with("/v1/product"));
  CHECK(at_home.open().product().version == 1);

  at_home.server.documents =
      ServiceDocuments::make(at_home.desk.vendor.product_file_with(stranger.lease_key().public_key(), 2), {},
                             Server::copy(stranger.lease_key()), noon_of_tests())
          .value();
  at_home.desk.now += at_home.server.policy.refresh;
  CHECK(at_home.confirm().by == CheckedBy::server);
  CHECK(at_home.open().product().version == 2);
  const std::size_t asked = at_home.server.calls.size();
  CHECK(at_home.confirm().by == CheckedBy::server);
  CHECK(at_home.server.calls.size() == asked + 1);  // it is known now
}

TEST_CASE("online: nobody is asked offline, without a server, or of a file that is judged", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.desk.must_activate(terms);
  OpenOptions options = Online::options();
  options.offline = true;
  CHECK(at_home.desk.open(options).confirm()->by == CheckedBy::documents);
  CHECK(at_home.desk.open().confirm()->by == CheckedBy::documents);
  const Path file = at_home.desk.files / "license.json";
  REQUIRE(write_file(file, view_bytes(at_home.desk.vendor.sign(terms))));
  options = Online::options();
  options.license_file = file.native();
  CHECK(at_home.desk.open(options).confirm()->by == CheckedBy::documents);
  CHECK(at_home.server.calls.empty());
}

TEST_CASE("online: an address that is none, or not safe, is not asked", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  for (const char* url :
       {"licenses.example.com", "ftp://licenses.example.com", "https://", "http://licenses.example.com",
        "http://127.evil.example", "https://user@licenses.example.com", "https://licenses example.com"}) {
    INFO(url);
    OpenOptions options;
    options.server = url;
    const auto refused = at_home.desk.open(options).activate(terms.key);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
  }
  CHECK(at_home.server.calls.empty());
}

TEST_CASE("online: after 429 it asks no earlier than it was told", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  at_home.activate(terms);
  at_home.server.meddle = [](http::Reply& r) { r = {429, true, "{}", std::chrono::seconds{600}}; };
  CHECK(at_home.confirm().by == CheckedBy::lease);
  const std::size_t asked = at_home.server.calls.size();
  at_home.server.meddle = nullptr;
  CHECK(at_home.confirm().message.find("wants no question before") != std::string::npos);
  CHECK(at_home.server.calls.size() == asked);
  at_home.desk.now += std::chrono::seconds{600};
  CHECK(at_home.confirm().by == CheckedBy::server);
}

TEST_CASE("online: the times of the server are times seen", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_license();
  const Time ahead = at_home.desk.now + std::chrono::hours{30};
  at_home.server.clock = &ahead;
  at_home.activate(terms);
  CHECK(at_home.reason() == Reason::clock_moved_back);
}

TEST_CASE("online: a license that floats counts while its lease runs, and no longer", "[online][floating]") {
  Online at_home;
  Terms terms = at_home.server.add_floating();
  at_home.activate(terms);
  const Time checked_out = at_home.desk.now;
  Status status = at_home.open().status();
  CHECK(status.decision.reason == Reason::valid);
  CHECK(status.floating == terms.floating);
  REQUIRE(status.lease);
  CHECK(status.lease->expires_at == checked_out + std::chrono::minutes{10});
  at_home.server.reachable = false;
  at_home.desk.now = checked_out + std::chrono::minutes{9};
  CHECK(at_home.confirm().by == CheckedBy::lease);
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now = checked_out + std::chrono::minutes{10};
  CHECK(at_home.reason() == Reason::lease_expired);  // no days of grace
  CHECK(at_home.open().status().next.action == "check-out");
  CHECK(at_home.open().check_feature("custom-workflows").reason == Reason::lease_expired);
  at_home.server.reachable = true;
  CHECK(at_home.confirm().decision.reason == Reason::valid);
  CHECK(at_home.reason() == Reason::valid);
  CHECK(at_home.server.live(terms) == 1);

  // By its file alone it is nothing.
  Desk alone("ticketzero", "22");
  const auto refused = alone.activate(alone.vendor.sign(terms));
  REQUIRE(refused);
  CHECK(refused->decision.reason == Reason::lease_expired);
  CHECK(refused->message.find("counts only with a seat that the licensing server lends") != std::string::npos);
}

TEST_CASE("online: heartbeats prolong a lease without its document, and learn of a newer one", "[online][floating]") {
  Online at_home;
  Terms terms = at_home.server.add_floating();
  at_home.activate(terms);
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.size() == 1);  // not due
  for (int i = 0; i < 3; ++i) {
    at_home.desk.now += std::chrono::minutes{5};
    REQUIRE(at_home.open().refresh_lease());
    CHECK(at_home.server.calls.back().ends_with("/v1/lease"));
    CHECK(at_home.open().status().lease->expires_at == at_home.desk.now + std::chrono::minutes{10});
  }
  at_home.desk.now += std::chrono::minutes{5};
  at_home.server.loses_answers = true;
  REQUIRE(at_home.open().refresh_lease());
  at_home.server.loses_answers = false;
  REQUIRE(at_home.open().refresh_lease());  // asked in vain a moment ago
  CHECK(at_home.server.calls.size() == 5);
  at_home.desk.now += std::chrono::minutes{2};
  at_home.server.reissue(terms, [](Terms& next) { next.seats = 2; });
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.back().ends_with("/v1/lease"));
  CHECK(at_home.open().status().seats == 1);
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.back().ends_with("/v1/refresh"));
  CHECK(at_home.open().status().seats == 2);
  CHECK(at_home.server.clones(terms) == 0);
  CHECK(at_home.server.ledger->history(terms.key)->size() == 2);  // created, activated
}

TEST_CASE("online: minutes are measured by a clock that is wrong, too", "[online][floating]") {
  Online at_home;
  const Terms terms = at_home.server.add_floating();
  const std::chrono::hours off{GENERATE(-1, 1)};
  Time by_server = at_home.desk.now;
  at_home.server.clock = &by_server;
  at_home.desk.now += off;
  const auto pass = [&](std::chrono::seconds time) {
    by_server += time;
    at_home.desk.now += time;
  };
  at_home.activate(terms);
  CHECK(at_home.reason() == Reason::valid);
  REQUIRE(at_home.open().refresh_lease());
  CHECK(at_home.server.calls.size() == 1);
  for (int i = 0; i < 3; ++i) {
    pass(std::chrono::minutes{5});
    REQUIRE(at_home.open().refresh_lease());
    CHECK(at_home.server.calls.size() == static_cast<std::size_t>(i) + 2);
    CHECK(at_home.reason() == Reason::valid);
  }
  CHECK(at_home.server.live(terms) == 1);
  pass(std::chrono::minutes{10});
  CHECK(at_home.reason() == Reason::lease_expired);
}

TEST_CASE("online: a machine that nobody could know again asks no server", "[online]") {
  Online at_home;
  const Terms terms = at_home.server.add_floating();
  std::filesystem::remove_all(at_home.desk.machine.path());  // all that tells it from others
  std::filesystem::create_directories(at_home.desk.machine.path());
  const auto told = at_home.desk.open(Online::options()).activate(terms.key);
  REQUIRE(!told);
  CHECK(told.error().message.find("cannot be told from others") != std::string::npos);
  CHECK(told.error().hint.find("systemd-machine-id-setup") != std::string::npos);
  CHECK(at_home.server.calls.empty());
}

TEST_CASE("online: who sets the clock back does not keep a seat that floats", "[online][floating]") {
  Online at_home;
  const Terms terms = at_home.server.add_floating();
  const std::chrono::hours ahead{GENERATE(0, 1, 23)};
  Time by_server = at_home.desk.now;
  at_home.server.clock = &by_server;
  at_home.desk.now += ahead;
  at_home.activate(terms);
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now -= std::chrono::minutes{1};  // as a clock that is set right by itself does
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now -= std::chrono::minutes{30};
  CHECK(at_home.reason() == Reason::lease_expired);
  const std::size_t calls = at_home.server.calls.size();
  REQUIRE(at_home.open().refresh_lease());  // it is due at once, and counts by the clock as it is now
  CHECK(at_home.server.calls.size() == calls + 1);
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now += std::chrono::minutes{10};
  CHECK(at_home.reason() == Reason::lease_expired);
  REQUIRE(at_home.open().consume("tickets", 1));  // that it has ended is seen, and written down
  at_home.desk.now -= std::chrono::minutes{5};
  CHECK(at_home.reason() == Reason::lease_expired);
}

TEST_CASE("online: who waits for a seat that floats is told its place", "[online][floating]") {
  Online at_home;
  const Terms terms = at_home.server.add_floating();
  at_home.activate(terms);
  Desk other("ticketzero", "22");
  other.now = at_home.desk.now;
  other.ask = at_home.desk.ask;
  const auto waits = other.open(Online::options()).activate(terms.key);
  REQUIRE(waits);
  CHECK_FALSE(waits->changed);
  CHECK(waits->decision.reason == Reason::no_seat_left);
  CHECK(waits->queue == 1);
  CHECK(waits->retry_at == other.now + std::chrono::minutes{1});
  CHECK(waits->message.find("no seat left before 2026-12-01T12:01:00Z; place 1 of those that wait") !=
        std::string::npos);
  CHECK(waits->hint.starts_with("ask again then"));

  REQUIRE(at_home.open().check_in()->changed);
  CHECK(at_home.reason() == Reason::lease_expired);
  CHECK(at_home.server.live(terms) == 0);
  CHECK_FALSE(at_home.open().check_in()->changed);
  const Confirmation confirmed = at_home.confirm();  // the other one is first
  CHECK(confirmed.decision.reason == Reason::no_seat_left);
  CHECK(confirmed.queue == 2);
  REQUIRE(other.open(Online::options()).activate(terms.key)->changed);
  CHECK(at_home.confirm().queue == 1);
  REQUIRE(other.open(Online::options()).deactivate()->changed);
  CHECK(at_home.confirm().decision.reason == Reason::valid);
  CHECK(at_home.reason() == Reason::valid);
}

TEST_CASE("online: a seat is borrowed, used without a server, and given back early", "[online][floating]") {
  Online at_home;
  const Terms terms = at_home.server.add_floating();
  const Time begun = at_home.desk.now;
  CHECK(at_home.open().borrow(begun + std::chrono::days{3}).error().code == Errc::not_found);
  at_home.activate(terms);
  CHECK(at_home.open().borrow(begun).error().code == Errc::invalid_input);
  const auto borrowed = at_home.open().borrow(begun + std::chrono::days{3});
  REQUIRE(borrowed);
  CHECK(borrowed->changed);
  CHECK(borrowed->message.ends_with(", with a seat until 2026-12-04T12:00:00Z"));
  CHECK(borrowed->hint.empty());
  at_home.server.reachable = false;
  CHECK(at_home.open().borrow(begun + std::chrono::days{4}).error().code == Errc::unavailable);
  CHECK(at_home.open().check_in().error().code == Errc::unavailable);
  at_home.desk.now = begun + std::chrono::days{3} - std::chrono::seconds{1};
  CHECK(at_home.reason() == Reason::valid);
  at_home.desk.now += std::chrono::seconds{1};
  CHECK(at_home.reason() == Reason::lease_expired);
  at_home.server.reachable = true;
  const auto anew = at_home.open().borrow(at_home.desk.now + std::chrono::days{30});
  REQUIRE(anew);
  CHECK(anew->hint == "that is for as long as the license allows");
  CHECK(at_home.open().status().lease->expires_at == at_home.desk.now + std::chrono::days{7});
  CHECK(at_home.open().deactivate()->changed);
  CHECK(at_home.server.live(terms) == 0);

  Online with_another("22");
  const Terms fixed = with_another.server.add_license();
  with_another.activate(fixed);
  CHECK(with_another.open().borrow(begun + std::chrono::days{3}).error().code == Errc::conflict);
  CHECK(with_another.open().check_in().error().code == Errc::conflict);
}

TEST_CASE("background: what is to be done once in a long while is done sooner where it must", "[client]") {
  std::atomic<int> done{0};
  BackgroundThread thread;
  thread.hurry(std::chrono::seconds{0});  // nothing is done yet
  REQUIRE(thread.start(std::chrono::hours{1}, [&] {
    ++done;
    if (done == 1) thread.hurry(std::chrono::seconds{0});
  }));
  thread.hurry(std::chrono::hours{2});
  CHECK(done == 0);
  thread.hurry(std::chrono::seconds{0});
  for (int i = 0; i < 500 && done < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  CHECK(done == 2);
}
