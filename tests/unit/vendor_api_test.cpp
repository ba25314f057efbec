#include <future>
#include <nlohmann/json.hpp>

#include "desk/tokens.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/frontend.hpp"
#include "server/vendor_body.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"

using namespace lic;
using namespace lic::test;
using Json = nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

const TestVendor& ticketzero() {
  static const TestVendor vendor(catalog_text("ticketzero"));
  return vendor;
}

SigningKey copy(const SigningKey& key) { return SigningKey::from_seed(SecretBytes(key.seed().view())).value(); }

std::shared_ptr<const ServiceDocuments> documents(bool can_issue) {
  std::optional<SigningKey> license_key;
  if (can_issue) license_key = copy(ticketzero().license_key());
  return ServiceDocuments::make(ticketzero().product_file(), {}, copy(ticketzero().lease_key()), noon_of_tests(),
                                std::move(license_key))
      .value();
}

/// A ledger with a product, and a service at it.
struct Api : LedgerFixture {
  Api() {
    now = noon_of_tests() + hours{1};
    REQUIRE(change([&](Transaction& t) {
      return t.put_product(1, catalog_text("ticketzero"), ticketzero().product_file(), noon_of_tests());
    }));
    admin = token("admin", {TokenScope::admin});
  }

  /// Of a new token, its hash.
  std::string token(const std::string& name, std::vector<TokenScope> scopes) {
    return change([&](Transaction& t) {
             return create_token(t, {*ledger, now, "ops"}, {name, std::move(scopes), now + hours{24 * 90}});
           })
        .value()
        .record.hash;
  }

  VendorRequest request(const std::string& method, const std::string& path, const std::string& body = {}) {
    const auto found = vendor_place(path);
    REQUIRE(found);
    REQUIRE(found->route->method == method);
    return {found->route, std::string(found->license), admin, {}, body};
  }

  VendorOutcome decide(const VendorRequest& asked, bool can_issue = true) {
    const auto with = documents(can_issue);
    if (asked.route->changes) return service.change(asked, *with, now);
    Looked looked = service.look(asked, *with, now, never);
    if (!looked.token.empty()) REQUIRE(service.note_use(looked.token, now));
    return looked.outcome;
  }

  VendorOutcome post(const std::string& path, const std::string& body, const std::string& key = {}) {
    VendorRequest asked = request("POST", path, body);
    asked.idempotency_key = key;
    return decide(asked);
  }

  /// Issues one; its id.
  std::string create() {
    const VendorOutcome made = post("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})");
    REQUIRE(made.status == 201);
    return Json::parse(made.body)["licenses"][0]["id"];
  }

  std::size_t licenses() {
    std::size_t count = 0;
    REQUIRE(ledger->list({}, now, [&](const LicenseSummary&) {
      ++count;
      return Result<void>();
    }));
    return count;
  }

  std::string admin;
  VendorService service{*ledger};
  std::atomic<bool> never{false};
};

/// A decider and its readers, as licgen serve has them.
struct Running {
  Running(Api& api, bool can_issue, std::vector<std::shared_ptr<Flusher>> flushers = {}, std::size_t most = 64)
      : decider(
            api.open(), {}, documents(can_issue), metrics, [&api] { return api.now; }, [](std::string_view) {},
            std::move(flushers)),
        brief(
            api.open(), decider, [&api] { return api.now; }, most),
        thorough(
            api.open(), decider, [&api] { return api.now; }, most) {}

  Metrics metrics;
  Decider decider;
  VendorReader brief;
  VendorReader thorough;
};

/// A disk that writes when it is told to.
class SlowDisk final : public Flusher {
 public:
  Result<void> flush() override {
    std::unique_lock lock(mutex_);
    ++waiting_;
    wake_.notify_all();
    wake_.wait(lock, [this] { return open_; });
    return fails_ ? Result<void>(Error{Errc::failure, "the disk is gone", {}}) : Result<void>();
  }
  void await() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return waiting_ > 0; });
  }
  [[nodiscard]] int waiting() {
    const std::scoped_lock lock(mutex_);
    return waiting_;
  }
  void let_go(bool fails) {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    fails_ = fails;
    wake_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  int waiting_ = 0;
  bool open_ = false;
  bool fails_ = false;
};

std::string code_of(const VendorOutcome& outcome) { return Json::parse(outcome.body)["error"]["code"]; }

}  // namespace

TEST_CASE("vendor API: each path is one route, and what is like one is none", "[server]") {
  const std::string id = "01KC3D5Z8Q4N7W2V6B9M1X0RTA";
  for (const std::string& path :
       {"/v1/vendor/licenses/" + id, "/v1/vendor/licenses/" + id + "/renew", std::string("/v1/vendor/licenses"),
        std::string("/v1/vendor/licenses/list"), std::string("/v1/vendor/token")}) {
    INFO(path);
    const auto place = vendor_place(path);
    REQUIRE(place);
    CHECK(place->license == (path.find(id) == std::string::npos ? "" : id));
    CHECK(!vendor_place(path + "/"));
    CHECK(!vendor_place(path + "?a=b"));
    CHECK(!vendor_place(path.substr(1)));
  }
  CHECK(vendor_place("/v1/vendor/licenses/list")->route->action == VendorAction::list);
  CHECK(vendor_place("/v1/vendor/licenses/" + id)->route->action == VendorAction::show);
  for (const std::string& path :
       {std::string("/v1/vendor/"), "/v1/vendor/licenses/" + id.substr(1), "/v1/vendor/licenses/" + id + "0",
        "/v1/vendor/licenses/" + id + "/nothing", std::string("/v1/vendor/licenses/TZ-PRO-7K3M-9QXA-R2VD-5R28"),
        "/v1/vendor/licenses/" + id.substr(0, 25) + "i"})
    CHECK(!vendor_place(path));
}

TEST_CASE("vendor API: the token of a header", "[server]") {
  const Api f;
  const std::string text = "lic_" + std::string(72, 'a');
  CHECK(!bearer_hash(""));
  CHECK(!bearer_hash("Bearer"));
  CHECK(!bearer_hash("Bearer "));
  CHECK(!bearer_hash("Bearer " + text));  // the checksum
  CHECK(is_idempotency_key("a"));
  CHECK(is_idempotency_key(std::string(128, '~')));
  for (const std::string& key : {std::string(), std::string(129, 'a'), std::string("a b"), std::string("\x7f"),
                                 std::string("\xc3\xa4"), std::string(1, '\0')})
    CHECK(!is_idempotency_key(key));
}

TEST_CASE("vendor API: a body is read whole, or the member at fault is named", "[server]") {
  const Time now = noon_of_tests();
  const auto fault = [&](const std::string& body) {
    const auto read = read_create(body, now);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::usage);
    return read.error().message;
  };
  const auto read =
      read_create(R"({"plan":"p","customer":"c","starts":"1d","expires":"2d","count":100,"machines":["none"],
      "limits":{"n":{"max":null}},"features":{"a":["x"]},"metadata":{"k":"v"},"virtual":false,"perpetual":false})",
                  now);
  REQUIRE(read);
  CHECK(read->license.starts_at == now + hours{24});
  CHECK(read->license.expires_at == now + hours{72});
  CHECK(read->count == 100);
  CHECK(read->license.machines.size() == 1);
  CHECK(read->license.allows_virtual == false);
  CHECK(!read->license.fresh_revocations);
  CHECK(fault("").find("/plan: is missing") != std::string::npos);
  CHECK(fault(R"({"plan":"p","customer":"c","cuont":2})").find("/cuont") != std::string::npos);
  CHECK(fault(R"({"plan":"p","customer":"c","count":0})").find("/count") != std::string::npos);
  CHECK(fault(R"({"plan":"p","customer":"c","metadata":{"k":1}})").find("/metadata") != std::string::npos);
  CHECK(fault(R"({"plan":"p","customer":")" + std::string(1001, 'x') + "\"}").find("/customer") != std::string::npos);
  CHECK(fault("[]").find("object") != std::string::npos);
  const std::string good = R"({"plan":"p","customer":"c","expires":"2030-01-01","seats":3})";
  for (std::size_t size = 1; size < good.size(); ++size) CHECK(!read_create(good.substr(0, size), now));
  // The same change is the same text, whatever its reason.
  CHECK(read_change(R"({"seats":3,"reason":"a"})", now)->asked ==
        read_change(R"({"seats":3,"order":"b"})", now)->asked);
  CHECK(!read_change(R"({"reason":"a"})", now));
  CHECK(!read_renew(R"({"expires":"2020-01-01"})", now));
  CHECK(read_reason("", false).value().empty());
  CHECK(!read_reason("", true));
  CHECK(!read_customer("{}"));
  CHECK(!read_customer(R"({"email":"a@b.example","customer":"c"})"));
  CHECK(read_list("{}", now, 1000)->limit == 100);
  CHECK(!read_list(R"({"limit":1001})", now, 1000));
}

TEST_CASE("vendor API: a token is looked at each time, and its scope", "[server]") {
  Api f;
  VendorRequest asked = f.request("GET", "/v1/vendor/token");
  CHECK(f.decide(asked).status == 200);
  asked.token_hash = std::string(64, '0');
  CHECK(f.decide(asked).status == 401);
  asked = f.request("POST", "/v1/vendor/licenses/list", "not even JSON");
  asked.token_hash = f.token("issuer", {TokenScope::issue, TokenScope::change, TokenScope::revoke});
  CHECK(f.decide(asked).status == 403);  // before the body is looked at
  asked.token_hash = f.admin;
  CHECK(f.decide(asked).status == 400);
  f.now += hours{24 * 90};
  CHECK(f.decide(asked).status == 401);
}

TEST_CASE("vendor API: without the license key nothing is signed, and nothing stored", "[server]") {
  Api f;
  const std::string id = f.create();
  const auto no = [&](const std::string& path, const std::string& body) {
    const VendorOutcome outcome = f.decide(f.request("POST", path, body), false);
    CHECK(outcome.status == 403);
    CHECK(code_of(outcome) == "cannot-issue");
  };
  no("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})");
  for (const char* what : {"renew", "suspend", "reinstate"}) no("/v1/vendor/licenses/" + id + "/" + what, "{}");
  no("/v1/vendor/licenses/" + id + "/change", R"({"seats":9})");
  no("/v1/vendor/licenses/" + id + "/transfer", R"({"customer":"B"})");
  CHECK(f.licenses() == 1);
  CHECK(f.decide(f.request("POST", "/v1/vendor/licenses/" + id + "/revoke", R"({"reason":"r"})"), false).status == 200);
  CHECK(f.decide(f.request("GET", "/v1/vendor/licenses/" + id), false).status == 200);
}

TEST_CASE("vendor API: with signing keys that are others by now nothing is issued", "[server]") {
  Api f;
  REQUIRE(f.change([&](Transaction& t) {
    const std::string next =
        ticketzero().product_file_with(TestVendor(catalog_text("ticketzero"), 9).lease_key().public_key(), 2);
    return t.put_product(2, catalog_text("ticketzero"), next, f.now);
  }));
  const VendorOutcome outcome = f.post("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})");
  CHECK(outcome.status == 403);
  CHECK(code_of(outcome) == "cannot-issue");
  CHECK(outcome.body.find("SIGHUP") != std::string::npos);
}

TEST_CASE("vendor API: a request is done once for its key, for a day", "[server]") {
  Api f;
  const std::string path = "/v1/vendor/licenses";
  const std::string body = R"({"plan":"starter","customer":"ACME","count":3})";
  const VendorOutcome first = f.post(path, body, "k");
  REQUIRE(first.status == 201);
  f.now += hours{24} - seconds{1};
  CHECK(f.post(path, body, "k").body == first.body);
  CHECK(f.post(path, body, "k").code == "repeated");
  CHECK(f.licenses() == 3);
  const VendorOutcome other = f.post(path, body + " ", "k");
  CHECK(other.status == 422);
  CHECK(code_of(other) == "idempotency-conflict");
  VendorRequest of_another = f.request("POST", path, body);
  of_another.token_hash = f.token("other", {TokenScope::issue});
  of_another.idempotency_key = "k";
  CHECK(f.decide(of_another).body != first.body);
  CHECK(f.licenses() == 6);
  // What was refused is not remembered.
  CHECK(f.post(path, R"({"plan":"none","customer":"ACME"})", "n").status == 422);
  CHECK(f.post(path, R"({"plan":"starter","customer":"ACME"})", "n").status == 201);
  f.now += seconds{1};
  CHECK(f.post(path, body, "k").body != first.body);
  CHECK(f.licenses() == 10);
}

TEST_CASE("vendor API: answers that are a day old are forgotten with later changes", "[server]") {
  Api f;
  const auto kept = [&] { return f.raw().get("SELECT count(*) FROM idempotency"); };
  for (int i = 0; i < 20; ++i)
    REQUIRE(f.post("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})", "k" + std::to_string(i)).status ==
            201);
  CHECK(kept() == "20");
  f.now += hours{25};
  REQUIRE(f.post("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})", "x").status == 201);
  CHECK(kept() == "5");
  REQUIRE(f.post("/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME"})", "y").status == 201);
  CHECK(kept() == "2");
}

TEST_CASE("vendor API: the use of a token is noted once an hour", "[server]") {
  Api f;
  const auto used = [&] { return f.ledger->find_token(f.admin).value()->used_at; };
  CHECK(!used());
  const Time first = f.now;
  CHECK(f.decide(f.request("GET", "/v1/vendor/token")).status == 200);
  CHECK(used() == first);
  f.now += hours{1} - seconds{1};
  CHECK(f.decide(f.request("GET", "/v1/vendor/token")).status == 200);
  CHECK(used() == first);
  f.now += seconds{1};
  f.create();
  CHECK(used() == f.now);
}

TEST_CASE("vendor API: what is refused has changed nothing", "[server]") {
  Api f;
  const std::string id = f.create();
  const std::string path = "/v1/vendor/licenses/" + id;
  const std::string before = f.decide(f.request("GET", path)).body;
  const auto number = f.ledger->newest_history_number().value();
  CHECK(f.post(path + "/change", R"({"plan":"gold"})").status == 422);
  CHECK(f.post(path + "/change", R"({"months":1,"perpetual":true})").status == 400);
  CHECK(f.post(path + "/release", R"({"machine":"M1-0525Z-JQKMM"})").status == 404);
  CHECK(f.post(path + "/renew", R"({"months":1200,"order":"o"})").status == 200);
  CHECK(f.post(path + "/renew", R"({"months":2,"order":"o"})").status == 409);
  CHECK(f.ledger->newest_history_number().value() == number + 1);
  CHECK(f.decide(f.request("GET", path)).body != before);
}

TEST_CASE("vendor API: a ledger that is busy is 503, and the cause is the operator's", "[server]") {
  Api f;
  if (!f.is_file()) return;  // there a writer waits for its turn
  const auto impatient = f.open(std::chrono::milliseconds{50});
  VendorService service(*impatient);
  const auto other = f.ledger->begin().value();
  const VendorOutcome outcome = service.change(
      f.request("POST", "/v1/vendor/licenses", R"({"plan":"starter","customer":"A"})"), *documents(true), f.now);
  CHECK(outcome.status == 503);
  CHECK(code_of(outcome) == "unavailable");
  CHECK(!outcome.cause.empty());
  CHECK(outcome.body.find(outcome.cause) == std::string::npos);
}

TEST_CASE("frontend: the vendor API, its tokens and its listener", "[server]") {
  Api f;
  const NewToken made =
      f.change([&](Transaction& t) {
         return create_token(t, {*f.ledger, f.now, "ops"}, {"front", {TokenScope::read}, f.now + hours{1}});
       }).value();
  Running running(f, false);
  FrontendOptions options{0, 0, false};
  options.token_limit = 4;
  Frontend frontend(running.decider, {running.brief, running.thorough}, running.metrics, options);
  const HttpHead get{"GET", "/v1/vendor/token", "", "192.0.2.1", false, false, "Bearer " + made.text};
  const auto refused = [](Frontend& front, const HttpHead& head) {
    auto step = front.begin(head);
    REQUIRE(std::holds_alternative<HttpReply>(step));
    return std::get<HttpReply>(std::move(step));
  };
  HttpHead bad = get;
  bad.authorization.pop_back();
  const HttpReply challenged = refused(frontend, bad);
  CHECK(challenged.status == 401);
  CHECK(challenged.challenge);
  CHECK(challenged.route == "/v1/vendor/token");
  auto step = frontend.begin(get);
  REQUIRE(std::holds_alternative<VendorRequest>(step));
  std::promise<std::function<HttpReply()>> promise;
  frontend.answer(std::get<VendorRequest>(std::move(step)),
                  [&](std::function<HttpReply()> make) { promise.set_value(std::move(make)); });
  const HttpReply answered = promise.get_future().get()();
  CHECK(answered.status == 200);
  CHECK(Json::parse(answered.body)["name"] == "front");
  CHECK(std::holds_alternative<VendorRequest>(frontend.begin(get)));
  const HttpReply limited = refused(frontend, get);
  CHECK(limited.status == 429);
  CHECK(limited.retry_after == 15);
  HttpHead posted = get;
  posted.method = "POST";
  CHECK(refused(frontend, posted).allow == "GET");

  options.own_admin = true;
  options.token_limit = 0;
  Frontend split(running.decider, {running.brief, running.thorough}, running.metrics, options);
  CHECK(refused(split, get).status == 404);
  CHECK(refused(split, {"GET", "/metrics", "", "127.0.0.1", true}).status == 404);
  CHECK(refused(split, {"GET", "/v1/product", "", "192.0.2.1", false}).status == 200);
  HttpHead inside = get;
  inside.admin = true;
  CHECK(std::holds_alternative<VendorRequest>(split.begin(inside)));
  inside.target = "/metrics";
  CHECK(refused(split, inside).status == 200);
  inside.target = "/v1/product";
  CHECK(refused(split, inside).status == 404);
}

TEST_CASE("decider: requests of the vendor's and of machines take turns, and all are answered", "[server]") {
  Api f;
  Metrics metrics;
  Decider decider(
      f.open(), {}, documents(true), metrics, [&] { return f.now; }, [](std::string_view) {});
  std::atomic<int> machines{0};
  std::atomic<int> vendors{0};
  OnlineRequest machine;
  machine.action = OnlineAction::validate;
  machine.nonce = random_request_id();
  machine.product = "ticketzero";
  machine.key = "x";
  machine.facts = {{"machine-id", {"445f97e0d64ee743"}}};
  for (int i = 0; i < 40; ++i) {
    VendorRequest asked = f.request("POST", "/v1/vendor/licenses", R"({"plan":"starter","customer":"ACME","count":5})");
    REQUIRE(decider.submit(std::move(asked), [&](const VendorOutcome& outcome) { vendors += outcome.status == 201; }));
    REQUIRE(decider.submit(machine, [&](const Outcome& outcome, const std::shared_ptr<const ServiceDocuments>&) {
      machines += !outcome.fault;
    }));
  }
  decider.end();
  CHECK(vendors == 40);
  CHECK(machines == 40);
  CHECK(f.licenses() == 200);
  CHECK(!decider.submit(f.request("POST", "/v1/vendor/licenses", "{}"), [](const VendorOutcome&) {}));
}

TEST_CASE("reader: what was answered is seen, and what waits is answered at the end", "[server]") {
  Api f;
  Running running(f, true);
  std::atomic<int> seen{0};
  std::atomic<int> asked{0};
  for (int i = 0; i < 20; ++i) {
    std::promise<VendorOutcome> made;
    REQUIRE(running.decider.submit(f.request("POST", "/v1/vendor/licenses", R"({"plan":"starter","customer":"A"})"),
                                   [&](VendorOutcome outcome) { made.set_value(std::move(outcome)); }));
    const std::string id = Json::parse(made.get_future().get().body)["licenses"][0]["id"];
    if (running.brief.submit(f.request("GET", "/v1/vendor/licenses/" + id),
                             [&](const VendorOutcome& outcome) { seen += outcome.status == 200; }))
      ++asked;
  }
  running.brief.end();
  running.decider.end();
  CHECK(asked == 20);
  CHECK(seen == 20);
  CHECK(f.ledger->find_token(f.admin).value()->used_at == f.now);
  CHECK(!running.brief.submit(f.request("GET", "/v1/vendor/token"), [](const VendorOutcome&) {}));
}

TEST_CASE("reader: nobody is told what is not on the disk yet", "[server]") {
  for (const bool fails : {false, true}) {
    INFO(fails);
    Api f;
    f.create();  // notes the use of the token
    const auto disk = std::make_shared<SlowDisk>();
    Running running(f, true, {disk});
    std::atomic<bool> flushed{false};
    std::promise<std::pair<bool, VendorOutcome>> changed;
    std::promise<std::pair<bool, VendorOutcome>> read;
    const auto to = [&](auto& promise) {
      return [&](VendorOutcome outcome) { promise.set_value({flushed.load(), std::move(outcome)}); };
    };
    REQUIRE(running.decider.submit(f.request("POST", "/v1/vendor/licenses", R"({"plan":"starter","customer":"B"})"),
                                   to(changed)));
    disk->await();  // committed, so that everybody can read it
    CHECK(f.licenses() == 2);
    REQUIRE(running.brief.submit(f.request("POST", "/v1/vendor/licenses/list", "{}"), to(read)));
    auto told = read.get_future();
    CHECK(told.wait_for(std::chrono::milliseconds{100}) == std::future_status::timeout);
    flushed = true;
    disk->let_go(fails);
    const auto [after_flush, outcome] = told.get();
    CHECK(after_flush);
    CHECK(outcome.status == (fails ? 500 : 200));
    if (!fails) CHECK(Json::parse(outcome.body)["licenses"].size() == 2);
    CHECK(changed.get_future().get().second.status == (fails ? 500 : 201));
    // Then there is nothing to wait for.
    std::promise<std::pair<bool, VendorOutcome>> later;
    REQUIRE(running.brief.submit(f.request("GET", "/v1/vendor/token"), to(later)));
    CHECK(later.get_future().get().second.status == (fails ? 500 : 200));
  }
}

TEST_CASE("reader: it sees that the ledger became one of a newer version, and so does the decider", "[server]") {
  for (const bool thorough : {false, true}) {
    INFO(thorough);
    Api f;
    Running running(f, true);
    REQUIRE(f.raw().run(f.is_file() ? "PRAGMA user_version = 99" : "UPDATE ledger SET version = 99") == SQLITE_OK);
    CHECK(!running.decider.lost());
    std::promise<int> status;
    VendorReader& reader = thorough ? running.thorough : running.brief;
    REQUIRE(reader.submit(f.request("POST", thorough ? "/v1/vendor/report" : "/v1/vendor/licenses/list", "{}"),
                          [&](const VendorOutcome& outcome) { status.set_value(outcome.status); }));
    CHECK(status.get_future().get() == 500);
    REQUIRE(running.decider.lost());
    CHECK(running.decider.lost()->code == Errc::invalid_input);
  }
}

TEST_CASE("decider: an answer that only reads waits for a flush while another one is going on", "[server]") {
  for (const bool fails : {false, true}) {
    INFO(fails);
    Api f;
    f.create();
    const std::vector<std::shared_ptr<SlowDisk>> disks = {std::make_shared<SlowDisk>(), std::make_shared<SlowDisk>()};
    Running running(f, true, {disks[0], disks[1]});
    const auto waiting = [&] { return disks[0]->waiting() + disks[1]->waiting(); };
    std::promise<VendorOutcome> changed;
    REQUIRE(running.decider.submit(f.request("POST", "/v1/vendor/licenses", R"({"plan":"starter","customer":"B"})"),
                                   [&](VendorOutcome outcome) { changed.set_value(std::move(outcome)); }));
    while (waiting() < 1) std::this_thread::yield();  // committed
    OnlineRequest machine;
    machine.action = OnlineAction::validate;
    machine.product = "ticketzero";
    machine.facts = {{"machine-id", {"0123456789abcdef"}}};
    std::promise<Outcome> read;
    REQUIRE(running.decider.submit(machine, [&](Outcome outcome, const std::shared_ptr<const ServiceDocuments>&) {
      read.set_value(std::move(outcome));
    }));
    auto told = read.get_future();
    while (waiting() < 2) std::this_thread::yield();  // it has a flush of its own
    CHECK(told.wait_for(std::chrono::milliseconds{50}) == std::future_status::timeout);
    for (const auto& disk : disks) disk->let_go(fails);
    CHECK(told.get().fault.has_value() == fails);
    CHECK(changed.get_future().get().status == (fails ? 500 : 201));
    // What only reads needs no flush when none is going on.
    const int before = waiting();
    std::promise<Outcome> later;
    REQUIRE(running.decider.submit(machine, [&](Outcome outcome, const std::shared_ptr<const ServiceDocuments>&) {
      later.set_value(std::move(outcome));
    }));
    CHECK(later.get_future().get().fault.has_value() == fails);
    CHECK(waiting() == before);
  }
}

TEST_CASE("reader: no more wait than may", "[server]") {
  Api f;
  f.create();
  const auto disk = std::make_shared<SlowDisk>();
  Running running(f, true, {disk}, 2);
  std::promise<void> go;
  const auto held = go.get_future().share();
  std::atomic<int> told{0};
  const auto slow = [&](const VendorOutcome&) {
    held.wait();
    ++told;
  };
  // One is being told, on the reader's thread, since nothing is to be flushed; two wait.
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += running.brief.submit(f.request("GET", "/v1/vendor/token"), slow) ? 1 : 0;
  CHECK(taken >= 2);
  CHECK(taken <= 3);
  go.set_value();
  running.brief.end();
  CHECK(told == taken);
}

TEST_CASE("reader: what is thorough is given up when it ends", "[server]") {
  Api f;
  f.create();
  Running running(f, true);
  std::promise<void> go;
  const auto held = go.get_future().share();
  std::promise<int> first;
  REQUIRE(running.thorough.submit(f.request("POST", "/v1/vendor/report", "{}"), [&](const VendorOutcome& outcome) {
    first.set_value(outcome.status);
    held.wait();
  }));
  CHECK(first.get_future().get() == 200);
  std::atomic<int> given_up{0};
  std::atomic<int> told{0};
  const auto count = [&](const VendorOutcome& outcome) {
    given_up += outcome.status == 503;
    ++told;
  };
  int taken = 0;
  taken += running.thorough.submit(f.request("POST", "/v1/vendor/report", "{}"), count) ? 1 : 0;
  std::thread ending([&] { running.thorough.end(); });
  while (running.thorough.submit(f.request("POST", "/v1/vendor/report", "{}"), count)) {
    ++taken;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  go.set_value();
  ending.join();
  CHECK(told == taken);
  CHECK(given_up == taken);
}

TEST_CASE("vendor API: rows are issued all or none, and each fault names its row", "[server]") {
  Api f;
  const std::string path = "/v1/vendor/licenses/batch";
  const auto faults = [&](const std::string& body, int status) {
    const VendorOutcome outcome = f.post(path, body);
    CHECK(outcome.status == status);
    std::vector<std::pair<int, std::string>> found;
    const Json answer = Json::parse(outcome.body);
    for (const Json& fault : answer["error"]["faults"])
      found.emplace_back(fault["row"], fault["member"].is_null() ? "" : fault["member"]);
    return found;
  };
  using Found = std::vector<std::pair<int, std::string>>;
  const std::string good = R"({"plan":"starter","customer":"A"})";
  CHECK(faults(R"({"rows":[)" + good + R"(,{"plan":"starter","count":1001},[]]})", 400) ==
        Found{{1, "/customer"}, {1, "/count"}, {2, ""}});
  CHECK(faults(
            R"({"rows":[{"plan":"starter","customer":"A","order":"o"},{"plan":"starter","customer":"B","order":"o"}]})",
            422) == Found{{1, "/order"}});
  CHECK(f.licenses() == 0);
  const std::string body =
      R"({"batch":"b","rows":[{"plan":"starter","customer":"A","order":"o","expires":"30d"},)" + good + "]}";
  const VendorOutcome first = f.post(path, body);
  REQUIRE(first.status == 201);
  CHECK(f.licenses() == 2);
  CHECK(faults(R"({"rows":[{"plan":"starter","customer":"C","order":"o"}]})", 409) == Found{{0, "/order"}});
  // The same rows at another time, when "30d" is another day.
  f.now += hours{48};
  const VendorOutcome again = f.post(path, body);
  CHECK(again.status == 201);
  CHECK(Json::parse(again.body)["licenses"] == Json::parse(first.body)["licenses"]);
  CHECK(Json::parse(again.body)["issued"] == 0);
  CHECK(f.post(path, R"({"batch":"b","rows":[)" + good + "]}").status == 409);
  CHECK(f.licenses() == 2);
}

TEST_CASE("vendor API: documents come as JSON, as text, and with no other members", "[server]") {
  CHECK(read_document(R"({"request":{"a": 1}})", "request").value() == R"({"a":1})");
  CHECK(read_document(R"({"request":"{\"a\": 1}"})", "request").value() == R"({"a": 1})");
  CHECK(read_document("{}", "request").error().code == Errc::usage);
  CHECK(read_document(R"({"request":{},"x":1})", "request").error().code == Errc::usage);
  CHECK(read_usage_body(R"({"statements":["a",{"b":1}],"new_key":true})").value().statements.size() == 2);
  CHECK(!read_usage_body(R"({"statements":[]})"));
  CHECK(read_report("").value().top == 20);
  CHECK(!read_report(R"({"from":"30d"})"));
  const auto create = [](const std::string& member) {
    return read_create(R"({"plan":"p","customer":"c",)" + member + "}", noon_of_tests());
  };
  CHECK(create(R"("floating":{"minutes":10})")->license.floating.value().value().minutes == 10);
  CHECK(!create(R"("floating":false)")->license.floating.value());
  CHECK(!create(R"("floating":null)")->license.floating);
  CHECK(!create(R"("floating":true)"));
  CHECK(!create(R"("transfers":{"max":1})"));
}

TEST_CASE("vendor API: a body that was cut short is refused, and one that was altered harms nothing", "[server]") {
  const Time now = noon_of_tests();
  const auto hold = [](const std::string& good, const auto& read) {
    INFO(good);
    CHECK(read(good));
    for (std::size_t size = 1; size < good.size(); ++size) CHECK(!read(good.substr(0, size)));
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (const int bit : {1, 4, 32, 128}) {
        std::string altered = good;
        altered[at] = static_cast<char>(altered[at] ^ bit);
        const auto result = read(altered);
        if (!result) CHECK(result.error().code == Errc::usage);
      }
    }
  };
  hold(
      R"({"batch":"b","rows":[{"plan":"p","customer":"c","count":2,"floating":{"minutes":5},"order":"o"},{"plan":"p"}]})",
      [&](const std::string& body) {
        std::vector<RowFault> faults;
        return read_rows(body, now, faults);
      });
  hold(R"({"statements":[{"payload":"x"},"y"],"expect_keys":["ab"],"new_key":true,"any_machine":false})",
       [](const std::string& body) { return read_usage_body(body); });
  hold(R"({"by":"month","from":"2026-01-01","to":"2027-01-01T00:00:00Z","top":3})",
       [](const std::string& body) { return read_report(body); });
  hold(R"({"receipt":{"id":"x"},"reason":"r"})", [](const std::string& body) { return read_receipt_body(body); });
  hold(R"({"status":"valid","month":"2026-11","customer":"a*","limit":5})",
       [&](const std::string& body) { return read_usage_list(body, now); });
}
