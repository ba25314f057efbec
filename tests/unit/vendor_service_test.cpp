#include <algorithm>
#include <atomic>
#include <thread>

#include "crypto/device_key.hpp"
#include "issue/lifecycle.hpp"
#include "ledger/audit.hpp"
#include "ledger/postgres_schema.hpp"
#include "ledger/sqlite_schema.hpp"
#include "protocol/offline_exchange.hpp"
#include "protocol/usage_statement.hpp"
#include "server/service.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"
#include "support/raw_ledger.hpp"

using namespace lic;
using namespace lic::test;

namespace {

const TestVendor& ticketzero() {
  static const TestVendor vendor(catalog_text("ticketzero"));
  return vendor;
}

std::string digest_of_number(int number) {
  std::string digits = std::to_string(number);
  return std::string(16 - digits.size(), '0') + digits;
}

/// A machine of three facts.
FactDigests machine(int number) {
  return {{"cpu", {"00000000000000ff"}},
          {"machine-id", {digest_of_number(number)}},
          {"product-uuid", {digest_of_number(number + 1000)}}};
}

std::string secret(char digit) { return std::string(64, digit); }

/// A server at a ledger, and a client that takes nothing on trust.
struct Server : LedgerFixture {
  Server() { now = noon_of_tests() + std::chrono::hours{1}; }

  LeasePolicy policy{};
  std::shared_ptr<const ServiceDocuments> documents =
      ServiceDocuments::make(ticketzero().product_file(), {}, copy(ticketzero().lease_key()), noon_of_tests()).value();

  static SigningKey copy(const SigningKey& key) {
    return SigningKey::from_seed(SecretBytes(key.seed().view())).value();
  }

  Terms add_license(std::int64_t seats, int number = 1) {
    Terms terms = ticketzero().terms("professional", number);
    terms.seats = seats;
    return add_terms(terms);
  }

  Terms add_terms(const Terms& terms) {
    REQUIRE(change([&](Transaction& t) -> Result<void> {
      if (auto added = t.add_license(terms, ticketzero().sign(terms), "", ""); !added) return added;
      return t.record({terms.issued_at, "vendor", "create", terms.key, "", R"({"serial":1})"});
    }));
    return terms;
  }

  OnlineRequest request(OnlineAction action, const Terms& terms, int on) const {
    OnlineRequest request;
    request.action = action;
    request.nonce = random_request_id();
    request.product = "ticketzero";
    request.key = terms.key;
    request.facts = machine(on);
    request.next_hash = receipt_hash_of(secret('a'));
    return request;
  }

  Outcome decide(const OnlineRequest& request) {
    return Service(*ledger, policy).decide(std::vector{ServiceRequest(request)}, *documents, now).front();
  }

  /// What a client makes of the answer.
  ServerAnswer ask(const OnlineRequest& request) {
    const Outcome outcome = decide(request);
    if (outcome.fault) FAIL(outcome.fault->message);
    const auto reply = OnlineReply::parse(view_bytes(seal(outcome, documents->key())), "reply");
    REQUIRE(reply);
    const auto answer = open_reply(*reply, request, ticketzero().product(), "reply");
    if (!answer) FAIL(answer.error().message);
    CHECK(answer->issued_at == now);
    return *answer;
  }

  ServerAnswer activate(const Terms& terms, int on) { return ask(request(OnlineAction::activate, terms, on)); }

  ServerAnswer refresh(const Terms& terms, int on, char shown, char next) {
    OnlineRequest asked = request(OnlineAction::refresh, terms, on);
    asked.secret = secret(shown);
    asked.next_hash = receipt_hash_of(secret(next));
    return ask(asked);
  }

  ServerAnswer deactivate(const Terms& terms, int on, char shown) {
    OnlineRequest asked = request(OnlineAction::deactivate, terms, on);
    asked.secret = secret(shown);
    return ask(asked);
  }

  /// A license of so many seats that floats: for 10 minutes, 7 days to be borrowed.
  Terms add_floating(std::int64_t seats) {
    Terms terms = ticketzero().terms("professional");
    terms.seats = seats;
    terms.floating = Floating{10, 7};
    return add_terms(terms);
  }

  ServerAnswer beat(const Terms& terms, int on, char shown, char next) {
    OnlineRequest asked = request(OnlineAction::lease, terms, on);
    asked.secret = secret(shown);
    asked.next_hash = receipt_hash_of(secret(next));
    return ask(asked);
  }

  ServerAnswer borrow(const Terms& terms, int on, Time until) {
    OnlineRequest asked = request(OnlineAction::activate, terms, on);
    asked.borrow_until = until;
    return ask(asked);
  }

  std::size_t live(const Terms& terms) {
    const auto all = ledger->activations(terms.key).value();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const Activation& one) { return one.lease && one.lease->expires_at > now; }));
  }

  void check_audit() {
    const auto report = audit(*ledger, ticketzero().product(), now);
    REQUIRE(report);
    for (const auto& finding : report->findings)
      if (!finding.key.empty()) FAIL(finding.message);
  }
};

DenialReason reason_of(const ServerAnswer& answer) {
  REQUIRE(answer.verdict == Verdict::denied);
  return answer.denial->reason;
}

}  // namespace

TEST_CASE("service: a seat is the machine's, and the same one however often it asks", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  const ServerAnswer first = s.activate(terms, 1);
  REQUIRE(first.lease);
  CHECK(first.lease->license == terms.id);
  CHECK(first.lease->expires_at == s.now + s.policy.lease);
  CHECK(first.lease->refresh_at == s.now + s.policy.refresh);
  CHECK(s.activate(terms, 1).lease->id == first.lease->id);
  const ServerAnswer other = s.activate(terms, 2);
  CHECK(reason_of(other) == DenialReason::no_seat_left);
  CHECK(other.denial->retry_at == first.lease->expires_at);
  CHECK(s.live(terms) == 1);
  CHECK(s.ledger->find(key_of(terms), s.now)->summary.activations == 1);

  OnlineRequest changed = s.request(OnlineAction::activate, terms, 1);  // one fact of three is another
  changed.facts["cpu"] = {"00000000000000ee"};
  CHECK(s.ask(changed).lease->id == first.lease->id);
  s.check_audit();
}

TEST_CASE("service: an activation that is sent again leaves no second trace", "[server]") {
  Server s;
  const Terms terms = s.add_license(2);
  const OnlineRequest asked = s.request(OnlineAction::activate, terms, 1);
  const ServerAnswer first = s.ask(asked);
  const std::size_t entries = s.ledger->history(terms.key)->size();
  CHECK(s.ask(asked).lease == first.lease);
  CHECK(s.ledger->history(terms.key)->size() == entries);
  OnlineRequest anew = asked;  // its state was lost: another secret
  anew.next_hash = receipt_hash_of(secret('c'));
  CHECK(s.ask(anew).lease == first.lease);
  CHECK(s.ledger->history(terms.key)->back().action == "reactivate");
  s.check_audit();
}

TEST_CASE("service: a seat comes back when its lease ends", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  s.activate(terms, 1);
  s.now += s.policy.lease - std::chrono::seconds{1};
  CHECK(reason_of(s.activate(terms, 2)) == DenialReason::no_seat_left);
  s.now += std::chrono::seconds{1};
  CHECK(s.ledger->find(key_of(terms), s.now)->summary.activations == 0);
  CHECK(reason_of(s.refresh(terms, 1, 'a', 'b')) == DenialReason::not_activated);
  CHECK(s.activate(terms, 2).lease);
  const auto all = s.ledger->activations(terms.key).value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].ended_by == kEndedByLease);
  CHECK(reason_of(s.activate(terms, 1)) == DenialReason::no_seat_left);
  s.check_audit();
}

TEST_CASE("service: a lease ends no later than its license with its grace", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  s.now = *terms.expires_at;  // grace begins
  const Time end = *end_of_license(terms);
  const ServerAnswer answer = s.activate(terms, 1);
  REQUIRE(answer.lease);
  CHECK(answer.lease->expires_at == end);
  CHECK(answer.lease->refresh_at <= end);
  s.now = end;
  CHECK(reason_of(s.refresh(terms, 1, 'a', 'b')) == DenialReason::expired);
  CHECK(reason_of(s.activate(terms, 2)) == DenialReason::expired);
}

TEST_CASE("service: unknown and malformed keys are answered alike", "[server]") {
  Server s;
  Terms nobody = numbered_terms(7);
  const ServerAnswer unknown = s.activate(nobody, 1);
  CHECK(reason_of(unknown) == DenialReason::unknown_license);
  for (const char* key : {"", "TZ-PRO-7K3M-9QXA-R2VD-5R29", "TP-PRO-0000-0000-0000-0000", "x"}) {
    nobody.key = key;
    const ServerAnswer malformed = s.activate(nobody, 1);
    CHECK(malformed.denial == unknown.denial);
  }
}

TEST_CASE("service: a license that does not hold says why, and a lease of it is not refreshed", "[server]") {
  Server s;
  const Terms terms = s.add_license(2);
  s.activate(terms, 1);
  SECTION("revoked") {
    REQUIRE(s.change([&](Transaction& t) { return t.revoke(key_of(terms), "refund", s.now); }));
    for (const OnlineAction action : {OnlineAction::activate, OnlineAction::validate, OnlineAction::refresh}) {
      OnlineRequest asked = s.request(action, terms, 1);
      asked.secret = secret('a');
      CHECK(reason_of(s.ask(asked)) == DenialReason::revoked);
    }
    CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);
  }
  SECTION("suspended") {
    const Terms next = suspended(terms, s.now);
    REQUIRE(s.change([&](Transaction& t) { return t.reissue(next, ticketzero().sign(next)); }));
    CHECK(reason_of(s.refresh(terms, 1, 'a', 'b')) == DenialReason::suspended);
    CHECK(reason_of(s.activate(terms, 2)) == DenialReason::suspended);
  }
  SECTION("not begun") {
    Terms later = ticketzero().terms("professional", 2);
    later.starts_at = s.now + std::chrono::hours{5};
    s.add_terms(later);
    const ServerAnswer answer = s.activate(later, 1);
    CHECK(reason_of(answer) == DenialReason::not_yet_valid);
    CHECK(answer.denial->retry_at == later.starts_at);
  }
  SECTION("renewed: the newest document comes along") {
    Terms next = terms;
    next.serial = 2;
    *next.expires_at += std::chrono::hours{24 * 365};
    REQUIRE(s.change([&](Transaction& t) { return t.reissue(next, ticketzero().sign(next)); }));
    CHECK(s.refresh(terms, 1, 'a', 'b').lease->serial == 2);
  }
}

TEST_CASE("service: the secret goes on, and who goes on from an old one is noted", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  s.activate(terms, 1);  // next is a
  const auto clones = [&] { return s.ledger->activations(terms.key)->front().lease->clones; };
  REQUIRE(s.refresh(terms, 1, 'a', 'b').lease);
  REQUIRE(s.refresh(terms, 1, 'a', 'b').lease);  // the answer was lost, twice
  REQUIRE(s.refresh(terms, 1, 'a', 'b').lease);
  CHECK(clones() == 0);
  REQUIRE(s.refresh(terms, 1, 'b', 'c').lease);
  CHECK(clones() == 0);
  REQUIRE(s.refresh(terms, 1, 'b', 'd').lease);  // somebody else with the secret b
  CHECK(clones() == 1);
  CHECK(s.ledger->history(terms.key)->back().action == "clone");
  REQUIRE(s.refresh(terms, 1, 'c', 'e').lease);  // the first one again
  CHECK(clones() == 2);
  REQUIRE(s.refresh(terms, 1, 'e', 'f').lease);
  CHECK(clones() == 2);
  s.check_audit();
}

TEST_CASE("service: validating changes nothing", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  CHECK(reason_of(s.ask(s.request(OnlineAction::validate, terms, 1))) == DenialReason::not_activated);
  const ServerAnswer first = s.activate(terms, 1);
  const std::string before = s.raw().get("SELECT refreshed_at || secret_hash FROM activations");
  CHECK(!before.empty());
  s.now += std::chrono::hours{48};
  CHECK(s.ask(s.request(OnlineAction::validate, terms, 1)).lease->expires_at == first.lease->expires_at);
  CHECK(s.raw().get("SELECT refreshed_at || secret_hash FROM activations") == before);
}

TEST_CASE("service: a seat is given back by its machine alone, once", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  s.activate(terms, 1);
  CHECK(reason_of(s.deactivate(terms, 1, 'f')) == DenialReason::wrong_secret);
  CHECK(reason_of(s.deactivate(terms, 2, 'a')) == DenialReason::not_activated);
  REQUIRE(s.refresh(terms, 1, 'a', 'b').lease);
  CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);  // the one before: the answer was lost
  CHECK(reason_of(s.deactivate(terms, 1, 'a')) == DenialReason::not_activated);
  CHECK(s.live(terms) == 0);
  CHECK(s.activate(terms, 2).lease);
  s.check_audit();
}

TEST_CASE("service: no more machines in a period than seats and transfers", "[server]") {
  Server s;
  Terms terms = ticketzero().terms("professional");
  s.now = at("2026-12-05");
  terms.seats = 2;
  terms.transfers = TransferAllowance{1, Period::month};
  s.add_terms(terms);
  s.activate(terms, 1);
  CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);
  CHECK(s.activate(terms, 2).lease);  // the second seat, which nobody has had
  CHECK(s.activate(terms, 1).lease);  // the same machine again is no transfer
  CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);
  CHECK(s.deactivate(terms, 2, 'a').verdict == Verdict::released);
  CHECK(s.activate(terms, 3).lease);  // the one transfer
  const ServerAnswer fourth = s.activate(terms, 4);
  CHECK(reason_of(fourth) == DenialReason::transfers_used_up);
  CHECK(fourth.denial->retry_at == at("2027-01-01"));
  CHECK_FALSE(fourth.denial->queue);

  OnlineRequest changed = s.request(OnlineAction::activate, terms, 1);  // another fact: the same machine all the same
  changed.facts["cpu"] = {"00000000000000ee"};
  CHECK(s.ask(changed).lease);
  CHECK(reason_of(s.activate(terms, 4)) == DenialReason::no_seat_left);
  s.now = at("2027-01-01");
  CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);
  CHECK(s.activate(terms, 4).lease);
  s.check_audit();
}

TEST_CASE("service: what the vendor releases, and what ends by itself, is no transfer", "[server]") {
  Server s;
  Terms terms = ticketzero().terms("professional");
  terms.transfers = TransferAllowance{0, Period::year};
  terms.seats = 1;
  s.add_terms(terms);
  const std::string id = s.activate(terms, 1).lease->id;
  REQUIRE(s.change([&](Transaction& t) -> Result<void> {
    if (auto ended = t.end_activation(id, kEndedByVendor, s.now); !ended) return ended;
    return t.record({s.now, "vendor", "release", terms.key, "", R"({"ended":[")" + id + R"("],"ended_by":"release"})"});
  }));
  CHECK(s.activate(terms, 2).lease);
  s.now += s.policy.lease;
  CHECK(s.activate(terms, 3).lease);
  CHECK(s.deactivate(terms, 3, 'a').verdict == Verdict::released);
  const ServerAnswer answer = s.activate(terms, 4);
  CHECK(reason_of(answer) == DenialReason::transfers_used_up);
  CHECK(answer.denial->retry_at == at("2027-01-01"));
  s.check_audit();
}

TEST_CASE("service: of a license that names its machines these alone have the seats", "[server]") {
  Server s;
  Terms terms = ticketzero().terms("professional");
  terms.seats = 1;
  terms.machines = {MachineBinding{2, machine(1)}};
  s.add_terms(terms);
  const ServerAnswer first = s.activate(terms, 1);
  REQUIRE(first.lease);
  CHECK(reason_of(s.activate(terms, 2)) == DenialReason::wrong_machine);
  OnlineRequest changed = s.request(OnlineAction::activate, terms, 1);
  changed.facts["cpu"] = {"00000000000000ee"};
  REQUIRE(s.ask(changed).lease);
  OnlineRequest more = s.request(OnlineAction::activate, terms, 1);  // near the license, not near that lease
  more.facts["machine-id"] = {"00000000000000dd"};
  CHECK(s.ask(more).lease->id != first.lease->id);
  CHECK(s.live(terms) == 1);
  s.check_audit();
}

TEST_CASE("service: a machine gets one trial", "[server]") {
  Server s;
  const Terms none;
  const auto ask = [&](int on) { return s.ask(s.request(OnlineAction::trial, none, on)); };
  const ServerAnswer first = ask(1);
  REQUIRE(first.trial);
  CHECK(first.trial->plan == "trial");
  CHECK(first.trial->starts_at == s.now);
  const Time begun = s.now;
  s.now += std::chrono::hours{24};
  CHECK(ask(1).trial == first.trial);
  CHECK(ask(2).trial->key != first.trial->key);
  OnlineRequest changed = s.request(OnlineAction::trial, none, 1);
  changed.facts["cpu"] = {"00000000000000ee"};
  CHECK(s.ask(changed).trial == first.trial);
  const Catalog catalog = ticketzero().product().catalog();
  s.now = *plan_end(*catalog.plan_of_kind(Kind::trial), begun);
  CHECK(reason_of(ask(1)) == DenialReason::trial_not_available);
  CHECK(s.raw().run("DELETE FROM trials") != SQLITE_OK);
  CHECK(s.raw().run("UPDATE trials SET started_at = 0") != SQLITE_OK);
}

TEST_CASE("service: faults are no answers", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  OnlineRequest other = s.request(OnlineAction::activate, terms, 1);
  other.product = "tensorpack";
  CHECK(s.decide(other).fault->status == 422);
  OnlineRequest weak = s.request(OnlineAction::activate, terms, 1);
  weak.facts = {{"cpu", {"00000000000000ff"}}};
  CHECK(s.decide(weak).fault->status == 400);
  weak.facts = {{"shoe-size", {"00000000000000ff"}}};
  CHECK(s.decide(weak).fault->status == 400);
  CHECK(s.live(terms) == 0);
  const auto patient = s.open(std::chrono::milliseconds{1});
  const auto busy = s.ledger->begin();
  const OnlineRequest request = s.request(OnlineAction::activate, terms, 1);
  CHECK(Service(*patient, s.policy)
            .decide(std::vector{ServiceRequest(request)}, *s.documents, s.now)
            .front()
            .fault->status == 503);
}

TEST_CASE("service: what it signs with must be a lease key in force", "[server]") {
  const auto make = [](const SigningKey& key, std::string product) {
    return ServiceDocuments::make(std::move(product), {}, Server::copy(key), noon_of_tests());
  };
  CHECK(make(ticketzero().lease_key(), ticketzero().product_file()));
  CHECK(make(ticketzero().license_key(), ticketzero().product_file()).error().code == Errc::conflict);
  CHECK(make(ticketzero().root(), ticketzero().product_file()).error().code == Errc::conflict);
  CHECK(make(ticketzero().lease_key(), "{}").error().code == Errc::invalid_input);
  CHECK(
      ServiceDocuments::make(ticketzero().product_file(), "{}", Server::copy(ticketzero().lease_key()), noon_of_tests())
          .error()
          .code == Errc::invalid_input);
}

TEST_CASE("service: a round is one transaction, each with its own answer", "[server]") {
  Server s;
  const Terms terms = s.add_license(3);
  std::vector<ServiceRequest> requests;
  for (int i = 0; i < 8; ++i) requests.emplace_back(s.request(OnlineAction::activate, terms, i));
  const auto outcomes = Service(*s.ledger, s.policy).decide(requests, *s.documents, s.now);
  REQUIRE(outcomes.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(outcomes[i].answer.nonce == requests[i].request.nonce);
    CHECK((outcomes[i].answer.verdict == Verdict::granted) == (i < 3));
  }
  CHECK(s.live(terms) == 3);
  s.check_audit();
}

TEST_CASE("service: what fails by itself leaves the others of its round alone", "[server]") {
  Server s;
  const Terms good = s.add_license(1, 1);
  const Terms broken = ticketzero().terms("professional", 2);
  REQUIRE(s.change([&](Transaction& t) { return t.add_license(broken, "no document", "", ""); }));
  const std::vector<ServiceRequest> requests = {ServiceRequest(s.request(OnlineAction::activate, good, 1)),
                                                ServiceRequest(s.request(OnlineAction::activate, broken, 1)),
                                                ServiceRequest(s.request(OnlineAction::activate, good, 2))};
  const auto outcomes = Service(*s.ledger, s.policy).decide(requests, *s.documents, s.now);
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].answer.verdict == Verdict::granted);
  REQUIRE(outcomes[1].fault);
  CHECK(outcomes[1].fault->status == 500);
  CHECK(outcomes[1].fault->cause.find("a document of the ledger") != std::string::npos);
  CHECK(outcomes[1].fault->message.find("document") == std::string::npos);
  CHECK(outcomes[2].answer.denial->reason == DenialReason::no_seat_left);
  CHECK(s.live(good) == 1);
}

TEST_CASE("service: no seat too many, whoever races", "[server]") {
  Server s;
  constexpr int kThreads = 8;
  constexpr int kRounds = 12;
  const Terms terms = s.add_license(5);
  std::atomic<int> granted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      const auto ledger = s.open();
      Service service(*ledger, s.policy);
      for (int i = 0; i < kRounds; ++i) {
        const OnlineRequest request = s.request(OnlineAction::activate, terms, (t * kRounds + i) % 16);
        const auto outcome = service.decide(std::vector{ServiceRequest(request)}, *s.documents, s.now).front();
        if (outcome.fault) continue;
        ++(outcome.answer.verdict == Verdict::granted ? granted : refused);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(s.live(terms) == 5);
  CHECK(granted + refused == kThreads * kRounds);
  CHECK(granted >= 5);
  CHECK(refused > 0);
  s.check_audit();
}

TEST_CASE("service: a seat that floats is held for minutes, and by asking in time", "[server][floating]") {
  using std::chrono::minutes;
  Server s;
  const Terms terms = s.add_floating(1);
  const ServerAnswer first = s.activate(terms, 1);
  REQUIRE(first.lease);
  CHECK(first.lease->expires_at == s.now + minutes{10});
  CHECK(first.lease->refresh_at == s.now + minutes{5});
  s.now += minutes{5};
  const Outcome light = s.decide([&] {
    OnlineRequest asked = s.request(OnlineAction::lease, terms, 1);
    asked.secret = secret('a');
    asked.next_hash = receipt_hash_of(secret('b'));
    return asked;
  }());
  CHECK(light.license == nullptr);
  CHECK(light.answer.lease->id == first.lease->id);
  CHECK(light.answer.lease->expires_at == s.now + minutes{10});
  CHECK(s.beat(terms, 1, 'a', 'b').lease);  // the answer was lost
  CHECK(s.beat(terms, 1, 'b', 'c').lease);
  CHECK(s.ledger->activations(terms.key)->front().lease->clones == 0);
  CHECK(reason_of(s.beat(terms, 2, 'a', 'b')) == DenialReason::not_activated);
  s.now += minutes{10};
  CHECK(reason_of(s.beat(terms, 1, 'c', 'd')) == DenialReason::not_activated);
  CHECK(s.ledger->find(key_of(terms), s.now)->summary.activations == 0);
  CHECK(s.activate(terms, 1).lease->id == first.lease->id);  // its own again
  s.check_audit();
}

TEST_CASE("service: of seats that float the history tells who had one, not how often", "[server][floating]") {
  Server s;
  const Terms terms = s.add_floating(1);
  for (int day = 0; day < 3; ++day)
    for (int on = 1; on <= 2; ++on) {
      s.now += std::chrono::hours{1};
      REQUIRE(s.activate(terms, on).lease);
      if (on == 1) CHECK(s.deactivate(terms, on, 'a').verdict == Verdict::released);
      CHECK(s.live(terms) == (on == 1 ? 0U : 1U));
    }
  CHECK(s.ledger->history(terms.key)->size() == 3);  // created, and twice activated
  s.now += std::chrono::hours{1};
  CHECK(reason_of(s.deactivate(terms, 1, 'a')) == DenialReason::not_activated);
  OnlineRequest clone = s.request(OnlineAction::refresh, terms, 1);
  REQUIRE(s.activate(terms, 1).lease);
  for (const char shown : {'e', 'f', 'e', 'f'}) CHECK(s.beat(terms, 1, shown, 'd').lease);
  CHECK(s.ledger->history(terms.key)->size() == 4);  // that it was cloned, once
  CHECK(s.deactivate(terms, 1, 'd').verdict == Verdict::released);
  s.now += std::chrono::days{31};
  REQUIRE(s.activate(terms, 3).lease);
  CHECK(s.ledger->history(terms.key)->size() == 6);  // those that were long gone are ended, in one entry
  s.check_audit();
}

TEST_CASE("service: who finds no seat that floats waits, in the order of asking", "[server][floating]") {
  using std::chrono::seconds;
  Server s;
  const Terms terms = s.add_floating(1);
  REQUIRE(s.activate(terms, 1).lease);
  const auto place_of = [&](int on) {
    const ServerAnswer answer = s.activate(terms, on);
    CHECK(reason_of(answer) == DenialReason::no_seat_left);
    CHECK(answer.denial->retry_at == s.now + seconds{60});
    return answer.denial->queue.value_or(0);
  };
  CHECK(place_of(2) == 1);
  CHECK(place_of(3) == 2);
  CHECK(place_of(2) == 1);
  CHECK(place_of(4) == 3);
  REQUIRE(s.deactivate(terms, 1, 'a').verdict == Verdict::released);
  CHECK(place_of(3) == 2);  // it is kept for the first
  CHECK(place_of(5) == 4);
  CHECK(place_of(1) == 5);  // who gave it back, too
  s.now += seconds{60};
  CHECK(s.activate(terms, 2).lease);
  CHECK(s.live(terms) == 1);
  CHECK(place_of(3) == 1);
  REQUIRE(s.deactivate(terms, 2, 'a').verdict == Verdict::released);
  SECTION("who does not come for it is passed over") {
    CHECK(place_of(4) == 2);
    s.now += seconds{89};
    CHECK(place_of(4) == 2);
    s.now += seconds{1};
    CHECK(s.activate(terms, 4).lease);
    CHECK(place_of(3) == 3);  // behind those that waited meanwhile
  }
  SECTION("who does not ask for long waits no longer") {
    s.now += std::chrono::minutes{15};
    CHECK(s.activate(terms, 9).lease);
    CHECK(s.ledger->waiting(terms.key)->empty());
  }
  s.check_audit();
}

TEST_CASE("service: a seat that floats may be taken along", "[server][floating]") {
  using std::chrono::days, std::chrono::minutes;
  Server s;
  const Terms terms = s.add_floating(1);
  const Time until = s.now + days{3};
  const ServerAnswer away = s.borrow(terms, 1, until);
  REQUIRE(away.lease);
  CHECK(away.lease->expires_at == until);
  CHECK(away.lease->refresh_at == until - minutes{5});
  CHECK(s.refresh(terms, 1, 'a', 'b').lease->expires_at == until);  // nothing is taken back of it
  s.now += days{2};
  CHECK(reason_of(s.activate(terms, 2)) == DenialReason::no_seat_left);
  CHECK(s.borrow(terms, 1, s.now + days{30}).lease->expires_at == s.now + days{7});
  CHECK(s.deactivate(terms, 1, 'a').verdict == Verdict::released);  // back early
  s.now += minutes{2};                                              // who waited has not come
  CHECK(s.activate(terms, 3).denial);
  s.now += minutes{2};
  CHECK(s.activate(terms, 3).lease);

  const Terms other = s.add_license(1, 2);  // it does not float: nothing to borrow
  CHECK(s.borrow(other, 1, s.now + days{300}).lease->expires_at == s.now + s.policy.lease);
  Terms ending = ticketzero().terms("professional", 3);
  ending.floating = Floating{10, 365};
  ending.starts_at = ending.issued_at = s.now;
  ending.expires_at = s.now + days{5};
  ending.grace_days = 0;
  s.add_terms(ending);
  CHECK(s.borrow(ending, 1, s.now + days{30}).lease->expires_at == *ending.expires_at);
  s.check_audit();
}

TEST_CASE("service: threads that race for seats that float never have more than there are", "[server][floating]") {
  Server s;
  const Terms terms = s.add_floating(3);
  constexpr int kThreads = 4;
  constexpr int kRounds = 40;
  std::atomic<int> granted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      const auto ledger = s.open(std::chrono::seconds{30});
      Service service(*ledger, s.policy);
      for (int i = 0; i < kRounds; ++i) {
        OnlineRequest request =
            s.request(i % 3 == 2 ? OnlineAction::deactivate : OnlineAction::activate, terms, (t * kRounds + i / 3) % 8);
        request.secret = secret('a');
        const auto outcome = service.decide(std::vector{ServiceRequest(request)}, *s.documents, s.now).front();
        if (!outcome.fault && outcome.answer.verdict == Verdict::granted) ++granted;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(s.live(terms) <= 3);
  CHECK(granted >= 3);
  s.check_audit();
}

TEST_CASE("ledger: a lease that ran out runs again only where a seat is left", "[ledger][floating]") {
  Server s;
  const Terms terms = s.add_floating(1);
  const std::string id = s.activate(terms, 1).lease->id;
  LeaseState lease = *s.ledger->find_activation(id).value()->lease;
  const auto again = [&] {
    auto transaction = s.ledger->begin().value();
    lease.refreshed_at = s.now;
    lease.expires_at = s.now + std::chrono::minutes{10};
    const auto taken = transaction->take_seat_again(id, lease);
    REQUIRE(transaction->commit());
    return taken.value();
  };
  CHECK_FALSE(again());  // it runs
  s.now += std::chrono::minutes{10};
  CHECK(again());
  s.now += std::chrono::minutes{10};
  REQUIRE(s.activate(terms, 2).lease);
  CHECK_FALSE(again());
  CHECK(s.change([&](Transaction& t) -> Result<void> {
           const auto taken = t.take_seat_again("nobody", lease);
           return taken ? Result<void>() : taken.error();
         })
            .error()
            .code == Errc::not_found);
}

TEST_CASE("ledger: a lease is of a live activation, once for a machine, and ends with it", "[ledger]") {
  Server s;
  const Terms terms = s.add_license(2);
  const Terms other = s.add_license(2, 2);
  const std::string id = s.activate(terms, 1).lease->id;
  RawDatabase raw = s.raw();
  for (const char* sql :
       {"UPDATE activations SET ended_at = 5, ended_by = 'lease'", "UPDATE activations SET license = license + 1",
        "UPDATE activations SET number = number + 1", "UPDATE activations SET clones = clones - 1",
        "UPDATE activations SET expires_at = NULL", "UPDATE activations SET secret_hash = NULL",
        "UPDATE activations SET lease_machine = NULL, marks = NULL, refreshed_at = NULL, expires_at = NULL, "
        "secret_hash = NULL, previous_hash = NULL, clones = NULL",
        "INSERT INTO activations (number, license, request, request_digest, receipt_hash, machine, serial, answer, "
        "activated_at, lease_machine, marks, refreshed_at, expires_at, secret_hash, clones) "
        "SELECT number + 1, license, 'r', '', '', 'm', 1, 'an answer', 1, 'm', marks, 1, 2, 'x', 0 FROM activations"}) {
    INFO(sql);
    CHECK(raw.run(sql) != SQLITE_OK);
  }
  const auto seat = s.ledger->find_activation(id).value();
  REQUIRE(seat);
  CHECK(seat->online());
  const auto take = [&](const std::string& request, const std::string& key, const std::string& machine) {
    auto transaction = s.ledger->begin().value();
    Activation activation = *seat;
    activation.request = request;
    activation.key = key;
    activation.lease->machine = machine;
    return transaction->take_seat(activation, false);
  };
  CHECK(take("r2", other.key, seat->holder()).value());
  CHECK(take("r2", terms.key, "another machine").value());
  CHECK(take("r2", terms.key, seat->holder()).error().code == Errc::conflict);
  CHECK(take(id, terms.key, "another machine").error().code == Errc::conflict);
  CHECK(s.change([&](Transaction& t) { return t.renew_lease("r9", *seat->lease); }).error().code == Errc::not_found);
  REQUIRE(s.change([&](Transaction& t) { return t.end_activation(id, kEndedByVendor, s.now); }));
  CHECK(raw.get("SELECT count(*) FROM activations WHERE expires_at IS NOT NULL AND license = "
                "(SELECT number FROM licenses WHERE key = '" +
                terms.key + "')") == "0");
  CHECK(raw.get("SELECT count(*) FROM machine_marks") == "0");
}

TEST_CASE("ledger: leases of the version before theirs were in the rows of activations are there afterwards",
          "[ledger]") {
  constexpr std::int64_t kBefore = 10;
  const bool by_the_next = GENERATE(false, true);  // by a licgen that knew version 11 and no more
  const LedgerPlace place;
  RawDatabase raw(place.address());
  if (place.address().is_file()) {
    for (const char* migration : sqlite::ledger_migrations().first(kBefore)) REQUIRE(raw.run(migration) == SQLITE_OK);
    REQUIRE(raw.run(concat("PRAGMA application_id = ", sqlite::kApplicationId)) == SQLITE_OK);
    REQUIRE(raw.run(concat("PRAGMA user_version = ", kBefore)) == SQLITE_OK);
  } else {
    constexpr auto kOlder = static_cast<std::size_t>(kBefore - postgres::kFirstVersion + 1);
    for (const char* migration : postgres::ledger_migrations().first(kOlder)) REQUIRE(raw.run(migration) == SQLITE_OK);
    REQUIRE(raw.run(concat("UPDATE ledger SET version = ", kBefore)) == SQLITE_OK);
  }
  const Terms one = numbered_terms(1);
  const Terms two = numbered_terms(2);
  for (const auto* terms : {&one, &two})
    REQUIRE(raw.run(concat("INSERT INTO licenses (number, key, id, serial, product, plan, kind, customer, issued_at, "
                           "starts_at, grace_days, seats, created_at) VALUES (",
                           terms == &one ? 1 : 2, ", '", terms->key, "', '", terms->id,
                           "', 1, 'ticketzero', 'p', 'perpetual', 'ACME', 0, 0, 0, 3, 0)")) == SQLITE_OK);
  for (const char* row :
       {"1, 1, 'r1', '', '', 'm1', 1, '', 100, NULL, NULL",
        "2, 1, 'r2', '', '', 'm2', 1, '', 110, 120, "
        "'deactivate'",
        "3, 1, 'r3', 'd', 'h', 'm3', 1, 'answer', 130, NULL, NULL", "4, 2, 'r4', '', '', 'm4', 1, '', 140, NULL, NULL"})
    REQUIRE(raw.run(concat("INSERT INTO activations (number, license, request, request_digest, receipt_hash, machine, "
                           "serial, answer, activated_at, ended_at, ended_by) VALUES (",
                           row, ")")) == SQLITE_OK);
  const LeaseState first{
      "m1", {"a:0123456789abcdef", "b:fedcba9889abcdef"}, at("2026-12-01"), at("2026-12-05"), "x", "", 0};
  const LeaseState changed{"m4, later", {"a:00000000000000aa"}, at("2026-12-01"), at("2026-12-02"), "y", "z", 2};
  const auto insert = [&](int activation, int license, const LeaseState& lease) {
    std::string marks;
    for (const std::string& mark : lease.marks) {
      marks += concat(marks.empty() ? "" : " ", mark);
      REQUIRE(raw.run(concat("INSERT INTO lease_marks (license, mark, activation) VALUES (", license, ", '", mark,
                             "', ", activation, ")")) == SQLITE_OK);
    }
    const std::string previous = lease.previous_hash.empty() ? "NULL" : concat("'", lease.previous_hash, "'");
    REQUIRE(
        raw.run(concat("INSERT INTO leases (activation, license, machine, marks, refreshed_at, expires_at, "
                       "secret_hash, previous_hash, clones) VALUES (",
                       activation, ", ", license, ", '", lease.machine, "', '", marks, "', ",
                       lease.refreshed_at.time_since_epoch().count(), ", ", lease.expires_at.time_since_epoch().count(),
                       ", '", lease.secret_hash, "', ", previous, ", ", lease.clones, ")")) == SQLITE_OK);
  };
  insert(1, 1, first);
  insert(4, 2, changed);
  if (by_the_next && place.address().is_file()) {
    REQUIRE(raw.run(sqlite::ledger_migrations()[kBefore]) == SQLITE_OK);
    REQUIRE(raw.run(concat("PRAGMA user_version = ", kBefore + 1)) == SQLITE_OK);
    REQUIRE(raw.get("SELECT count(*) FROM seat_marks WHERE mark = '=m1'") == "1");
  } else if (by_the_next) {
    REQUIRE(raw.run(postgres::ledger_migrations()[kBefore - postgres::kFirstVersion + 1]) == SQLITE_OK);
    REQUIRE(raw.run(concat("UPDATE ledger SET version = ", kBefore + 1)) == SQLITE_OK);
  }

  const auto ledger = open_ledger(place.address()).value();
  const auto of_one = ledger->activations(one.key).value();
  REQUIRE(of_one.size() == 3);
  CHECK(of_one[0].lease == first);
  CHECK((!of_one[1].lease && !of_one[1].live() && of_one[1].ended_by == kEndedByMachine));
  CHECK((!of_one[2].lease && of_one[2].live() && of_one[2].answer == "answer"));
  CHECK(ledger->find_activation("r4").value()->lease == changed);
  CHECK(ledger->running_leases(one.key, at("2026-12-03")).value() == 1);
  CHECK(ledger->running_leases(two.key, at("2026-12-03")).value() == 0);
  CHECK(ledger->lapsed_leases(two.key, at("2026-12-03")).value() == std::vector<std::string>{"r4"});
  CHECK(ledger->next_lease_end(one.key, at("2026-12-03")).value() == at("2026-12-05"));
  CHECK(ledger->machines_that_left(one.key, Time(std::chrono::seconds{120})).value() == std::vector<std::string>{"m2"});
  for (const std::string& mark : first.marks) {
    const auto alike = ledger->leases_like(one.key, std::vector{mark}).value();
    REQUIRE(alike.size() == 1);
    CHECK(alike[0].request == "r1");
  }
  CHECK(ledger->leases_like(two.key, first.marks).value().empty());
  const auto transaction = ledger->begin().value();
  REQUIRE(transaction->end_activation("r1", kEndedByVendor, at("2026-12-03")));
  REQUIRE(transaction->commit());
  CHECK(raw.get("SELECT count(*) FROM machine_marks") == "2");  // its mark, and the machine itself
  CHECK(raw.get("SELECT count(*) FROM machine_marks WHERE license = 2 AND mark < 0 AND activation = 0") == "1");
  CHECK(raw.run("INSERT INTO machine_marks SELECT license, mark, activation FROM machine_marks WHERE mark < 0") !=
        SQLITE_OK);
}

TEST_CASE("ledger: a lease that becomes one of another lease's machine spoils the change it is in", "[ledger]") {
  Server s;
  const Terms terms = s.add_license(3);
  s.activate(terms, 1);
  s.activate(terms, 2);
  const auto seats = s.ledger->activations(terms.key).value();
  LeaseState lease = *seats[1].lease;
  lease.machine = seats[0].lease->machine;
  for (const bool again : {false, true}) {
    if (again) lease.refreshed_at = lease.expires_at;  // it has run out
    lease.expires_at += std::chrono::hours(24);
    const auto transaction = s.ledger->begin().value();
    const auto code = again ? transaction->take_seat_again(seats[1].request, lease).error().code
                            : transaction->renew_lease(seats[1].request, lease).error().code;
    CHECK(code == Errc::conflict);
    CHECK(transaction->commit().error().code == Errc::failure);
  }
  CHECK(s.ledger->activations(terms.key).value()[1].lease == seats[1].lease);
  CHECK(s.ledger->leases_like(terms.key, seats[1].lease->marks).value().size() == 1);
}

TEST_CASE("ledger: a machine is found by the whole of a mark", "[ledger]") {
  Server s;
  const Terms terms = s.add_license(3);
  s.activate(terms, 1);
  Activation activation = s.ledger->activations(terms.key).value().front();
  activation.request = "r2";
  activation.lease->machine = "of two marks with one end";
  activation.lease->marks = {"a:0123456789abcdef", "b:fedcba9889abcdef"};
  REQUIRE(s.change([&](Transaction& t) { return t.take_seat(activation, false); }).value());
  const auto found = [&](const std::string& mark) {
    const auto alike = s.ledger->leases_like(terms.key, std::vector{mark}).value();
    return alike.size() == 1 && alike.front().request == "r2";
  };
  CHECK(found("a:0123456789abcdef"));
  CHECK(found("b:fedcba9889abcdef"));
  CHECK(s.ledger->leases_like(terms.key, activation.lease->marks).value().size() == 1);
  CHECK_FALSE(found("a:fedcba9889abcdef"));
  CHECK_FALSE(found("c:0123456789abcdef"));
  LeaseState lease = *activation.lease;
  lease.marks = {"b:fedcba9889abcdef", "d:1111111111111111"};
  REQUIRE(s.change([&](Transaction& t) { return t.renew_lease("r2", lease); }));
  CHECK_FALSE(found("a:0123456789abcdef"));
  CHECK(found("b:fedcba9889abcdef"));
  CHECK(found("d:1111111111111111"));
  REQUIRE(s.change([&](Transaction& t) { return t.end_activation("r2", kEndedByVendor, s.now); }));
  CHECK(s.raw().get("SELECT count(*) FROM machine_marks") == "3");
}

TEST_CASE("ledger: the server's connection, too, lets the last seat be taken once, by one machine", "[ledger]") {
  Server s;
  if (!s.is_file()) return;  // of SQLite's triggers, which rest there
  const Terms terms = s.add_license(2);
  s.ledger = open_ledger(s.place.address(), kLedgerPatience, LedgerUse::serving).value();
  s.activate(terms, 1);
  Activation activation = s.ledger->activations(terms.key).value().front();
  const auto take = [&](const std::string& request) {
    activation.request = request;
    return s.ledger->begin().value()->take_seat(activation, false);
  };
  CHECK(take("r2").error().code == Errc::conflict);
  activation.lease->machine = "another";
  CHECK(take(s.ledger->activations(terms.key).value().front().request).error().code == Errc::conflict);
  CHECK(take("r2").value());
  s.activate(terms, 2);
  CHECK_FALSE(take("r2").value());
  s.check_audit();
}

TEST_CASE("audit: a lease that was lost, or is of another's machine, is found", "[ledger]") {
  Server s;
  const Terms terms = s.add_license(2);
  s.activate(terms, 1);
  s.activate(terms, 2);
  const auto findings = [&] {
    const auto report = audit(*s.ledger, ticketzero().product(), s.now).value();
    std::string text;
    for (const auto& finding : report.findings) text += finding.message + "; ";
    return text;
  };
  CHECK(findings().find("its activation") == std::string::npos);
  CHECK(findings().find("find machines") == std::string::npos);
  CHECK(findings().find("its machines") == std::string::npos);
  RawDatabase raw = s.raw();
  REQUIRE(raw.run("INSERT INTO machine_marks VALUES (99, 1, 1)") == SQLITE_OK);
  CHECK(findings().find("find machines of licenses without leases: 1;") != std::string::npos);
  REQUIRE(raw.run("DELETE FROM machine_marks WHERE license = 99") == SQLITE_OK);
  REQUIRE(
      raw.run("UPDATE machine_marks SET mark = mark + 1 WHERE activation = (SELECT max(number) FROM activations)") ==
      SQLITE_OK);
  CHECK(findings().find("its machines are not found by what their leases say") != std::string::npos);
  REQUIRE(raw.run(s.is_file() ? "DROP TRIGGER activations_only_end"
                              : "DROP TRIGGER activations_only_end ON activations") == SQLITE_OK);
  REQUIRE(raw.run("UPDATE activations SET lease_machine = (SELECT min(lease_machine) FROM activations)") == SQLITE_OK);
  CHECK(findings().find("is a second one of its machine") != std::string::npos);
  REQUIRE(raw.run("UPDATE activations SET lease_machine = NULL, marks = NULL, refreshed_at = NULL, expires_at = NULL, "
                  "secret_hash = NULL, previous_hash = NULL, clones = NULL") == SQLITE_OK);
  CHECK(findings().find("has lost its lease") != std::string::npos);
}

TEST_CASE("service: a machine that changes bit by bit keeps its seat", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  const ServerAnswer first = s.activate(terms, 1);
  OnlineRequest asked = s.request(OnlineAction::refresh, terms, 1);
  const auto refresh = [&](char shown, char next) {
    asked.nonce = random_request_id();
    asked.secret = secret(shown);
    asked.next_hash = receipt_hash_of(secret(next));
    return s.ask(asked);
  };
  asked.facts["cpu"] = {"00000000000000c1"};
  CHECK(refresh('a', 'b').lease->id == first.lease->id);
  asked.facts["machine-id"] = {"00000000000000d1"};
  CHECK(refresh('b', 'c').lease->id == first.lease->id);
  asked.facts["product-uuid"] = {"00000000000000e1"};  // nothing is left of what was activated
  CHECK(refresh('c', 'd').lease->id == first.lease->id);
  CHECK(reason_of(s.activate(terms, 1)) == DenialReason::no_seat_left);
  CHECK(s.live(terms) == 1);
  s.check_audit();
}

TEST_CASE("service: usage statements are taken in their order", "[server]") {
  Server s;
  const Terms terms = s.add_license(1);
  const DeviceKey device = DeviceKey::generate();
  const auto statement = [&](std::int64_t seq, const std::string& previous) {
    UsageStatement made{random_statement_id(),
                        "ticketzero",
                        s.now,
                        terms.id,
                        terms.key,
                        1,
                        terms.plan,
                        device.public_key(),
                        machine(1),
                        seq,
                        previous,
                        noon_of_tests(),
                        s.now,
                        {},
                        {},
                        {}};
    const std::string payload = made.to_json();
    const Signature signature = device.sign_usage(view_bytes(payload));
    return std::pair(usage_document(payload, device.public_key().id(), signature), usage_payload_digest(payload));
  };
  const auto tell = [&](const std::string& document) {
    OnlineRequest asked = s.request(OnlineAction::usage, terms, 1);
    asked.statement = document;
    return s.ask(asked);
  };
  const auto [first, digest] = statement(1, "");
  const auto [second, digest2] = statement(2, digest);
  const ServerAnswer early = tell(second);
  CHECK(reason_of(early) == DenialReason::usage_missing);
  CHECK(early.usage_seq == 0);
  CHECK(tell(first).usage_seq == 1);
  CHECK(tell(first).usage_seq == 1);  // once more
  CHECK(tell(second).usage_seq == 2);
  CHECK(reason_of(tell(statement(2, digest).first)) == DenialReason::usage_refused);  // another one: a fork
  CHECK(reason_of(tell(statement(3, digest).first)) == DenialReason::usage_refused);
  CHECK(s.ledger->usage_count().value() == 2);
  OnlineRequest forged = s.request(OnlineAction::usage, terms, 1);
  forged.statement = R"({"payloadType":"application/vnd.lic.usage.v1+json","payload":"","signatures":[]})";
  CHECK(s.decide(forged).fault->status == 400);
  s.check_audit();
}
