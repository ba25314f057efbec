#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/encoding.hpp"
#include "desk/webhooks.hpp"
#include "ledger/audit_made.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"
#include "webhook/background.hpp"
#include "webhook/dispatcher.hpp"
#include "webhook/signature.hpp"

using namespace lic;
using namespace lic::test;
using namespace std::chrono_literals;
using webhook::Answer;

namespace {

/// Answers at once what it is told to, in turn, and then 200.
struct FakeSender final : webhook::Sender {
  std::deque<Answer> answers;
  std::vector<webhook::Post> posts;
  std::size_t most_at_once = 0;

  void start(std::int64_t number, webhook::Post post) override {
    posts.push_back(std::move(post));
    Answer answer{200, {}};
    if (!answers.empty()) answer = answers.front(), answers.pop_front();
    running_.emplace_back(number, answer);
    most_at_once = std::max(most_at_once, running_.size());
  }
  std::vector<std::pair<std::int64_t, Answer>> wait(std::chrono::milliseconds) override {
    return std::exchange(running_, {});
  }

 private:
  std::vector<std::pair<std::int64_t, Answer>> running_;
};

std::string page(const std::string& name) {
  std::ifstream file(LIC_SOURCE_DIR "/docs/" + name);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Webhooks : LedgerFixture {
  FakeSender* sender = nullptr;
  std::vector<std::string> told;
  webhook::Dispatcher dispatcher = make_dispatcher(*ledger);

  webhook::Dispatcher make_dispatcher(Ledger& on) {
    return {on, "widget", [this] { return now; },
            [this]() -> Result<std::unique_ptr<webhook::Sender>> {
              auto made = std::make_unique<FakeSender>();
              sender = made.get();
              return std::unique_ptr<webhook::Sender>(std::move(made));
            },
            [this](std::string_view message) { told.emplace_back(message); }};
  }

  WebhookRecord hook(const std::string& name, std::vector<std::string> events = {"license.created"}) {
    return change([&](Transaction& t) {
             return add_webhook(t, {*ledger, now, "ops"}, {name, "https://" + name + ".example/x", std::move(events)});
           })
        .value();
  }

  /// An entry of no license, of that action.
  void happen(const std::string& action = "create") {
    REQUIRE(change([&](Transaction& t) { return t.record({now, "ops", action, "", "", "{}"}); }));
  }

  /// As long as something runs.
  void work() {
    do {
      REQUIRE(dispatcher.step());
      dispatcher.wait(0ms);
    } while (dispatcher.is_running() || dispatcher.has_ended());
  }

  [[nodiscard]] std::vector<Delivery> deliveries(std::optional<DeliveryState> state = std::nullopt) const {
    return ledger->deliveries({{}, state, 1000}).value();
  }
};

}  // namespace

TEST_CASE("webhook: signatures are those of Standard Webhooks", "[webhook]") {
  // From the documentation of Svix, which wrote the specification ("Verifying webhooks manually").
  CHECK(webhook::signature_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                              Time{1614265330s}, R"({"test": 2432232314})")
            .value() == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::string secret = webhook::draw_secret();
  CHECK(secret.starts_with("whsec_"));
  CHECK(base64_decode(std::string_view(secret).substr(6))->size() == 32);
  CHECK(webhook::draw_secret() != secret);
  for (const char* none : {"", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    CHECK(webhook::signature_of(none, "id", Time{}, "").error().code == Errc::invalid_input);
}

TEST_CASE("webhook: every action of the history is an event, and docs/webhooks.md has each", "[webhook]") {
  std::set<std::string_view> actions;
  std::set<std::string_view> names;
  const std::string guide = page("webhooks.md");
  for (const auto& [action, name] : webhook::event_types()) {
    CHECK(actions.insert(action).second);
    CHECK(names.insert(name).second);
    CHECK(webhook::type_of(action) == name);
    CHECK(webhook::actions_of(name).value() == std::vector{std::string(action)});
    CHECK(guide.find("`" + std::string(name) + "`") != std::string::npos);
    CHECK(guide.find("`" + std::string(action) + "`") != std::string::npos);
  }
  CHECK(webhook::type_of("made-by-a-newer-licgen") == "ledger.made-by-a-newer-licgen");
  CHECK(webhook::actions_of("keys.*").value().size() == 5);
  CHECK(webhook::actions_of("trial.*").value() == std::vector<std::string>{"trial"});
  for (const char* none : {"", "*", ".*", "license", "license.", "licence.*", "create"})
    CHECK(webhook::actions_of(none).error().code == Errc::invalid_input);

  const auto described = nlohmann::json::parse(page("openapi.json"))["components"]["schemas"]["EventType"]["enum"];
  CHECK(described.size() == names.size() + 1);  // and webhook.test
  for (const auto& name : described)
    CHECK((name == "webhook.test" || names.contains(name.get_ref<const std::string&>())));

  // The first cells of the table of actions in docs/ledger.md.
  std::istringstream lines(page("ledger.md"));
  std::string line;
  while (std::getline(lines, line) && line != "| action | `detail` |") continue;
  int told = 0;
  while (std::getline(lines, line) && line.starts_with("|")) {
    const std::string cell = line.substr(0, line.find('|', 1));
    for (std::size_t begin = cell.find('`'); begin != std::string::npos;) {
      const std::size_t end = cell.find('`', begin + 1);
      const std::string word = cell.substr(begin + 1, end - begin - 1);
      CHECK((word == "server" || actions.contains(word)));
      ++told;
      begin = cell.find('`', end + 1);
    }
  }
  CHECK(told > 15);
}

TEST_CASE("webhook: what a message says, and what it does not", "[webhook]") {
  const DueEvent event{
      {7,
       {at("2026-12-01"), "ops", "import", "WI-KEY", "moved", R"({"id":"X","previous_key":"OLD-KEY"})"},
       std::string(64, 'a'),
       3},
      "01KC3D5Z8Q4N7W2V6B9M1X0RTA",
      0};
  const webhook::Message message = webhook::message_of(event, "widget");
  CHECK(message.id == "evt_" + std::string(32, 'a'));
  CHECK(nlohmann::json::parse(message.body) ==
        nlohmann::json::parse(R"({"type":"license.imported","timestamp":"2026-12-01T00:00:00Z","data":{"event":7,
    "product":"widget","license":"01KC3D5Z8Q4N7W2V6B9M1X0RTA","actor":"ops","reason":"moved","detail":{"id":"X"}}})"));
  DueEvent old = event;
  old.row.link.clear();  // from before there was a chain
  old.row.entry.reason.clear();
  old.license.clear();
  const webhook::Message first = webhook::message_of(old, "widget");
  CHECK(first.id.size() == message.id.size());
  CHECK(first.id != message.id);
  CHECK(nlohmann::json::parse(first.body)["data"]["license"].is_null());
  CHECK(nlohmann::json::parse(first.body)["data"]["reason"].is_null());
  CHECK(webhook::test_message("widget", at("2026-12-01")).id != webhook::test_message("widget", at("2026-12-01")).id);
}

TEST_CASE("webhook: what happens is in the outbox of those who want it, by its own transaction", "[ledger][webhook]") {
  Webhooks f;
  f.happen();
  const WebhookRecord all = f.hook("all", {});
  f.hook("some", {"license.created", "license.revoked"});
  CHECK(f.deliveries().size() == 2);  // `all`, of itself and of the other
  f.happen("create");
  f.happen("renew");
  {
    const auto lost = f.ledger->begin().value();
    REQUIRE(lost->record({f.now, "ops", "revoke", "", "", "{}"}));
  }
  REQUIRE(f.change([&](Transaction& t) -> Result<void> {
    for (int i = 0; i < 3; ++i) {
      const auto recorded = t.record({f.now, "ops", "revoke", "", "", "{}"});
      if (!recorded) return recorded;
    }
    return {};
  }));
  std::map<std::string, std::vector<std::int64_t>> events;
  for (const Delivery& one : f.deliveries()) events[one.webhook].push_back(one.event);
  CHECK(events[all.id] == std::vector<std::int64_t>{8, 7, 6, 5, 4, 3, 2});
  events.erase(all.id);
  CHECK(events.begin()->second == std::vector<std::int64_t>{8, 7, 6, 4});

  REQUIRE(f.change([&](Transaction& t) { return remove_webhook(t, {*f.ledger, f.now, "ops"}, "all", ""); }));
  f.happen();
  CHECK(f.ledger->deliveries({all.id, DeliveryState::pending, 100}).value().empty());
  CHECK(f.ledger->deliveries({all.id, DeliveryState::failed, 100}).value().size() == 7);
  CHECK(f.ledger->deliveries({all.id, std::nullopt, 2}).value().size() == 2);
}

TEST_CASE("webhook: bulk issue is told as well", "[ledger][webhook]") {
  Webhooks f;
  f.hook("all", {"license.created"});
  const Terms terms = numbered_terms(1);
  std::vector<NewLicense> many;
  for (int i = 0; i < 300; ++i)
    many.push_back({"ID-" + std::to_string(i), "KEY-" + std::to_string(i), "{}", "{}", &terms});
  REQUIRE(f.change([&](Transaction& t) { return t.add_licenses(many, {f.now, "ops", "create", "", ""}); }));
  CHECK(f.deliveries().size() == 300);
  f.work();
  CHECK(f.sender->posts.size() == 300);
  CHECK(f.sender->most_at_once == 16);
  const auto last = nlohmann::json::parse(f.sender->posts.back().body);
  CHECK(last["data"]["license"] == "ID-299");
  CHECK(f.deliveries(DeliveryState::delivered).size() == 300);
}

TEST_CASE("webhook: a delivery that fails is tried again for three days, then given up", "[ledger][webhook]") {
  Webhooks f;
  const WebhookRecord hook = f.hook("crm");
  f.happen("renew");  // which it is not told
  REQUIRE(f.dispatcher.step());
  CHECK(f.sender == nullptr);  // it is made when there is something to be sent
  f.happen();
  REQUIRE(f.dispatcher.step());
  REQUIRE(f.sender != nullptr);
  CHECK(f.deliveries().front().due_at == f.now + 60s);  // claimed
  f.dispatcher.wait(0ms);
  REQUIRE(f.dispatcher.step());
  CHECK(f.deliveries().front().state == DeliveryState::delivered);

  REQUIRE(f.change([&](Transaction& t) { return t.replay(hook.id, {false, {3}, std::nullopt}, f.now); }).value() == 1);
  const std::vector<std::chrono::seconds> waits = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  for (const std::chrono::seconds wait : waits) {
    f.sender->answers = {{500, {}}};
    f.work();
    const Delivery now = f.deliveries().front();
    CHECK(now.state == DeliveryState::pending);
    CHECK(now.due_at == f.now + wait);
    CHECK(now.trouble == "it answered 500");
    const std::size_t posts = f.sender->posts.size();
    f.work();
    CHECK(f.sender->posts.size() == posts);  // not before its time
    f.now += wait;
  }
  f.sender->answers = {{0, "no connection could be made"}};
  f.work();
  const Delivery end = f.deliveries().front();
  CHECK(end.state == DeliveryState::failed);
  CHECK(end.attempts == 10);
  CHECK(end.trouble == "no connection could be made");
  CHECK(end.status == 0);
  CHECK(f.dispatcher.tally().given_up == 1);
  CHECK(f.dispatcher.tally().failed == 9);
  f.now += std::chrono::days{2};
  f.work();
  std::set<std::string> ids;
  std::set<std::string> signatures;
  for (const webhook::Post& post : f.sender->posts) {
    ids.insert(post.headers.at(0));
    signatures.insert(post.headers.at(2));
  }
  CHECK(f.sender->posts.size() == 11);
  CHECK(ids.size() == 1);
  CHECK(signatures.size() >= 10);  // each signed anew

  REQUIRE(f.change([&](Transaction& t) { return t.replay(hook.id, {true, {}, std::nullopt}, f.now); }).value() == 1);
  f.work();
  CHECK(f.deliveries().front().state == DeliveryState::delivered);
  CHECK(f.deliveries().front().trouble.empty());
}

TEST_CASE("webhook: Retry-After is waited for, and 410 is for good", "[ledger][webhook]") {
  Webhooks f;
  f.hook("crm");
  f.happen();
  f.work();
  f.happen();
  f.sender->answers = {{429, {}, 7200s}};
  f.work();
  CHECK(f.deliveries().front().due_at == f.now + 7200s);
  f.now += 7200s;
  f.sender->answers = {{410, {}}};
  f.work();
  CHECK(f.deliveries().front().state == DeliveryState::failed);
  CHECK(f.dispatcher.tally().given_up == 1);
}

TEST_CASE("webhook: one that is down is asked now and then, and keeps no other waiting", "[ledger][webhook]") {
  Webhooks f;
  f.hook("down");
  for (int i = 0; i < 50; ++i) f.happen();
  REQUIRE(f.dispatcher.step());
  f.sender->answers = {};
  f.dispatcher.wait(0ms);  // the first is delivered
  f.sender->answers.assign(1000, {503, {}});
  f.work();
  const std::size_t posts = f.sender->posts.size();
  CHECK(posts == 3);  // two ran at once, both failed, and then it is held
  CHECK(f.deliveries(DeliveryState::pending).size() == 49);
  f.work();
  CHECK(f.sender->posts.size() == posts);
  std::vector<std::size_t> asked;
  for (int minute = 0; minute < 60; ++minute) {
    f.now += 60s;
    const std::size_t before = f.sender->posts.size();
    f.work();
    asked.push_back(f.sender->posts.size() - before);
  }
  CHECK(*std::max_element(asked.begin(), asked.end()) == 1);
  CHECK(f.sender->posts.size() - posts < 25);  // every five minutes in the end
  CHECK(f.told.size() == 1);                   // it is said once
  CHECK(f.dispatcher.lag() > 50min);

  f.sender->answers.clear();
  f.hook("up");
  f.happen();
  f.now += 5min;
  f.work();
  CHECK(f.deliveries(DeliveryState::pending).empty());
  CHECK(f.told.back().find("takes deliveries again") != std::string::npos);
}

TEST_CASE("webhook: two dispatchers share, and a claim of one that died lapses", "[ledger][webhook]") {
  Webhooks f;
  const WebhookRecord hook = f.hook("crm");
  for (int i = 0; i < 10; ++i) f.happen();
  {
    const auto other = f.open();
    std::vector<DueEvent> claimed;
    {
      const auto transaction = other->begin().value();
      claimed = transaction->claim_deliveries(hook.id, f.now, f.now + 60s, 4).value();
      REQUIRE(transaction->commit());
    }
    REQUIRE(claimed.size() == 4);
    CHECK(claimed.front().row.number == 2);
  }
  f.work();
  CHECK(f.sender->posts.size() == 6);
  f.now += 59s;
  f.work();
  CHECK(f.sender->posts.size() == 6);
  f.now += 1s;
  f.work();
  CHECK(f.sender->posts.size() == 10);
  CHECK(f.deliveries(DeliveryState::delivered).size() == 10);
}

TEST_CASE("webhook: a ledger that cannot be written is tried again, and nothing is forgotten", "[webhook]") {
  Webhooks f;
  if (!f.is_file()) return;
  f.hook("crm");
  f.happen();
  const auto impatient = f.open(0ms);
  auto dispatcher = f.make_dispatcher(*impatient);
  REQUIRE(dispatcher.step());
  dispatcher.wait(0ms);
  REQUIRE(dispatcher.has_ended());
  {
    const auto held = f.ledger->begin().value();
    CHECK(dispatcher.step().error().code == Errc::unavailable);
    CHECK(dispatcher.has_ended());
  }
  REQUIRE(dispatcher.step());
  CHECK(!dispatcher.has_ended());
  CHECK(f.deliveries(DeliveryState::delivered).size() == 1);
}

TEST_CASE("webhook: a month after its end a delivery is forgotten", "[ledger][webhook]") {
  Webhooks f;
  f.hook("crm");
  f.happen();
  f.work();
  CHECK(f.deliveries().size() == 1);
  f.now += std::chrono::days{31};
  f.happen();
  f.work();
  CHECK(f.deliveries().size() == 1);
  CHECK(f.deliveries().front().event == 3);
}

TEST_CASE("webhook: what may be asked for, and what guards the tables", "[ledger][webhook]") {
  Webhooks f;
  const auto add = [&](const WebhookRequest& request) {
    const auto transaction = f.ledger->begin().value();
    auto made = add_webhook(*transaction, {*f.ledger, f.now, "ops"}, request);
    if (made) REQUIRE(transaction->commit());
    return made;
  };
  for (const char* url :
       {"", "x", "ftp://a.example", "https://", "https:///x", "https://a b", "https://a@b.example",
        "https://a.example/#x", "http://a.example", "http://127.0.0.1.example", "http://localhost.example"})
    CHECK(add({"a", url, {}}).error().code == Errc::invalid_input);
  for (const char* url : {"http://localhost:1/x", "http://127.0.0.1", "http://[::1]:8080/", "https://a.example?x=1"})
    CHECK(add({url, url, {}}));
  CHECK(add({"plain", "http://a.example", {}, true}));
  CHECK(add({"plain", "https://b.example", {}}).error().code == Errc::conflict);
  for (int i = 5; i < 20; ++i) CHECK(add({"n" + std::to_string(i), "https://a.example", {}}));
  const auto many = add({"more", "https://a.example", {}});
  CHECK(many.error().code == Errc::conflict);
  CHECK(f.raw().run("UPDATE webhooks SET url = 'https://evil.example'") != SQLITE_OK);
  CHECK(f.raw().run("UPDATE webhooks SET secret = 'x'") != SQLITE_OK);
  CHECK(f.raw().run("UPDATE webhooks SET actions = 'x'") != SQLITE_OK);
  CHECK(f.raw().run("DELETE FROM webhooks") != SQLITE_OK);
  const WebhookRecord first = find_webhook(*f.ledger, "plain").value();
  CHECK(find_webhook(*f.ledger, first.id).value().url == "http://a.example");
  REQUIRE(f.change([&](Transaction& t) { return t.remove_webhook(first.id, f.now); }).value());
  CHECK(!f.change([&](Transaction& t) { return t.remove_webhook(first.id, f.now); }).value());
  CHECK(find_webhook(*f.ledger, "plain").error().code == Errc::not_found);
  CHECK(f.raw().run("UPDATE webhooks SET removed_at = NULL") != SQLITE_OK);
  CHECK(add({"plain", "https://b.example", {}}));
}

TEST_CASE("webhook: a thread of its own delivers, and ends", "[webhook]") {
  Webhooks f;
  if (!f.is_file()) return;
  f.hook("crm");
  for (int i = 0; i < 5; ++i) f.happen();
  std::atomic<std::int64_t> delivered{0};
  {
    webhook::Background background(
        f.open(), "widget", [now = f.now] { return now; },
        [] { return Result<std::unique_ptr<webhook::Sender>>(std::make_unique<FakeSender>()); },
        [](std::string_view) {},
        [&](const webhook::Tally& tally, std::chrono::seconds, const Ledger&) { delivered = tally.delivered; });
    for (int i = 0; i < 2000 && delivered < 5; ++i) std::this_thread::sleep_for(5ms);
  }
  CHECK(delivered == 5);
  CHECK(f.deliveries(DeliveryState::delivered).size() == 5);
}

TEST_CASE("webhook: the thread sees that the ledger became one of a newer version, and sends nothing", "[webhook]") {
  Webhooks f;
  if (!f.is_file()) return;
  f.hook("crm");
  f.happen();
  auto ledger = f.open();
  REQUIRE(f.raw().run("PRAGMA user_version = 99") == SQLITE_OK);
  std::atomic<bool> outdated{false};
  std::atomic<int> troubles{0};
  {
    webhook::Background background(
        std::move(ledger), "widget", [now = f.now] { return now; },
        [] { return Result<std::unique_ptr<webhook::Sender>>(std::make_unique<FakeSender>()); },
        [&](std::string_view) { ++troubles; },
        [&](const webhook::Tally&, std::chrono::seconds, const Ledger& own) {
          if (own.outdated()) outdated = true;
        });
    for (int i = 0; i < 2000 && !outdated; ++i) std::this_thread::sleep_for(5ms);
  }
  CHECK(outdated);
  CHECK(troubles == 1);
  CHECK(f.deliveries(DeliveryState::pending).size() == 1);
}
