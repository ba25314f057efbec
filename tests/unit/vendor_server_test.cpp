#include <future>

#include "base/json.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/frontend.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"

using namespace lic;
using namespace lic::test;
using std::chrono::seconds;

namespace {

const TestVendor& ticketzero() {
  static const TestVendor vendor(catalog_text("ticketzero"));
  return vendor;
}

std::shared_ptr<const ServiceDocuments> documents() {
  auto key = SigningKey::from_seed(SecretBytes(ticketzero().lease_key().seed().view())).value();
  return ServiceDocuments::make(ticketzero().product_file(), {}, std::move(key), noon_of_tests()).value();
}

struct Front : LedgerFixture {
  explicit Front(FrontendOptions options = {0, 0, false})
      : decider(open(), {}, documents(), metrics, noon_of_tests, [this](std::string_view text) { trouble = text; }),
        reader(open(), decider, noon_of_tests, VendorReaders::kMostBrief),
        frontend(decider, {reader, reader}, metrics, options) {}

  HttpReply fault(const HttpHead& head) {
    auto step = frontend.begin(head);
    REQUIRE(std::holds_alternative<HttpReply>(step));
    return std::get<HttpReply>(std::move(step));
  }

  HttpReply answer(OnlineAction action, const std::string& body) {
    std::promise<std::function<HttpReply()>> promise;
    frontend.answer(action, body, [&](std::function<HttpReply()> make) { promise.set_value(std::move(make)); });
    return promise.get_future().get()();
  }

  std::string trouble;
  Metrics metrics;
  Decider decider;
  VendorReader reader;
  Frontend frontend;
};

HttpHead post(std::string path) { return {"POST", std::move(path), "application/json", "192.0.2.1", false}; }
HttpHead get(std::string path) { return {"GET", std::move(path), "", "192.0.2.1", false}; }

std::string body_for(const std::string& key) {
  OnlineRequest request;
  request.action = OnlineAction::activate;
  request.nonce = random_request_id();
  request.product = "ticketzero";
  request.key = key;
  request.facts = {{"machine-id", {"445f97e0d64ee743"}}};
  request.next_hash = receipt_hash_of(std::string(64, 'a'));
  return request.to_json();
}

}  // namespace

TEST_CASE("limiter: half a minute's worth at once, then as the time goes", "[server]") {
  RateLimiter limiter(60);
  RateLimiter::Moment now{};
  for (int i = 0; i < 30; ++i) CHECK(!limiter.take("a", now));
  CHECK(limiter.take("a", now) == 1);
  CHECK(!limiter.take("b", now));
  CHECK(!limiter.take("a", now + seconds{1}));
  CHECK(limiter.take("a", now + seconds{1}) == 1);
  for (int i = 0; i < 30; ++i) CHECK(!limiter.take("a", now + seconds{3600}));
  CHECK(limiter.take("a", now + seconds{3600}) == 1);
  CHECK(limiter.take("a", now) == 1);  // a clock that goes back gives nothing
  RateLimiter slow(2);
  CHECK(!slow.take("a", now));
  CHECK(slow.take("a", now) == 30);
  RateLimiter none(0);
  for (int i = 0; i < 1000; ++i) CHECK(!none.take("a", now));
  CHECK(none.size() == 0);
}

TEST_CASE("limiter: it remembers no more names than it may", "[server]") {
  RateLimiter limiter(60);
  const RateLimiter::Moment now{};
  for (std::size_t i = 0; i < 2 * RateLimiter::kMostNames + 10; ++i) (void)limiter.take(std::to_string(i), now);
  CHECK(limiter.size() <= RateLimiter::kMostNames);
}

TEST_CASE("metrics: as Prometheus reads them", "[server]") {
  Metrics metrics;
  metrics.count_request("/v1/activate", 200, std::chrono::microseconds{1500});
  metrics.count_request("/v1/activate", 200, std::chrono::seconds{60});
  metrics.count_answer("activate", "granted");
  metrics.count_round(7, std::chrono::milliseconds{1});
  metrics.connection_opened();
  const std::string text = metrics.text();
  for (const char* line :
       {"\nlic_connections 1\n", "\nlic_requests_total{route=\"/v1/activate\",status=\"200\"} 2\n",
        "\nlic_answers_total{action=\"activate\",outcome=\"granted\"} 1\n", "\nlic_round_requests_total 7\n",
        "\nlic_request_duration_seconds_bucket{le=\"0.001\"} 0\n",
        "\nlic_request_duration_seconds_bucket{le=\"0.0025\"} 1\n",
        "\nlic_request_duration_seconds_bucket{le=\"+Inf\"} 2\n", "\nlic_request_duration_seconds_sum 60.0015\n",
        "\nlic_round_duration_seconds_bucket{le=\"0.001\"} 1\n"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("frontend: routes, methods and types", "[server]") {
  Front f;
  CHECK(f.fault(post("/v1/nothing")).status == 404);
  CHECK(f.fault(get("")).status == 404);
  CHECK(f.fault(get("/v1/activate")).status == 405);
  CHECK(f.fault(get("/v1/activate")).allow == "POST");
  CHECK(f.fault(post("/v1/product")).allow == "GET");
  CHECK(f.fault({"PUT", "/v1/activate", "application/json", "a", false}).status == 405);
  CHECK(f.fault({"POST", "/v1/activate", "text/plain", "a", false}).status == 415);
  CHECK(f.fault({"POST", "/v1/activate", "", "a", false}).status == 415);
  CHECK(f.fault({"POST", "/v1/activate", "application/jsonx", "a", false}).status == 415);
  CHECK(std::holds_alternative<BodyWanted>(
      f.frontend.begin({"POST", "/v1/usage", "Application/JSON; charset=utf-8", "a", false})));
  CHECK(f.fault(get("/v1/product")).body == ticketzero().product_file());
  CHECK(f.fault(get("/v1/revocations")).status == 404);
  CHECK(f.fault(get("/metrics")).status == 404);
  CHECK(f.fault({"GET", "/metrics", "", "127.0.0.1", true}).status == 200);
  CHECK(json::parse(f.fault(get("/openapi.json")).body, "openapi"));
  CHECK(f.fault(post("/v1/nothing")).route == "other");
}

TEST_CASE("frontend: a server whose ledger became one of a newer version says so and decides nothing", "[server]") {
  Front f;
  const std::string key = numbered_terms(1).key;
  CHECK(f.answer(OnlineAction::activate, body_for(key)).status == 200);
  REQUIRE(f.raw().run(f.is_file() ? "PRAGMA user_version = 99" : "UPDATE ledger SET version = 99") == SQLITE_OK);
  CHECK(f.fault(get("/readyz")).status == 200);  // it has not looked
  CHECK(f.answer(OnlineAction::activate, body_for(key)).status == 500);
  CHECK(f.trouble.find("version 99") != std::string::npos);
  CHECK(f.fault(get("/readyz")).status == 503);
  CHECK(f.fault(get("/healthz")).status == 200);
  REQUIRE(f.raw().run(f.is_file() ? "PRAGMA user_version = 12" : "UPDATE ledger SET version = 12") == SQLITE_OK);
  f.trouble.clear();
  CHECK(f.answer(OnlineAction::validate, body_for(key)).status == 500);  // until it is started again
  CHECK(f.trouble.empty());                                              // it was told
}

TEST_CASE("frontend: who drains is not ready, and answers what has come", "[server]") {
  Front f;
  CHECK(f.fault(get("/readyz")).status == 200);
  f.frontend.drain();
  CHECK(f.fault(get("/readyz")).status == 503);
  CHECK(f.fault(get("/healthz")).status == 200);
  CHECK(std::holds_alternative<BodyWanted>(f.frontend.begin(post("/v1/activate"))));
}

TEST_CASE("frontend: limits by address and by license", "[server]") {
  Front f({4, 2, false});
  CHECK(f.fault(get("/v1/product")).status == 200);
  CHECK(f.fault(get("/v1/product")).status == 200);
  const HttpReply refused = f.fault(get("/v1/product"));
  CHECK(refused.status == 429);
  CHECK(refused.retry_after == 15);
  HttpHead other = get("/v1/product");
  other.address = "192.0.2.2";
  CHECK(f.fault(other).status == 200);
  CHECK(f.fault(get("/healthz")).status == 200);  // a probe is no guest
  CHECK(f.answer(OnlineAction::activate, body_for("x")).status == 200);
  CHECK(f.answer(OnlineAction::activate, body_for("x")).status == 429);
  CHECK(f.answer(OnlineAction::activate, body_for("y")).status == 200);
}

TEST_CASE("frontend: a body is answered, or refused in words", "[server]") {
  Front f;
  const HttpReply answered = f.answer(OnlineAction::activate, body_for("x"));
  CHECK(answered.status == 200);
  CHECK(answered.remark == "unknown-license");
  CHECK(answered.route == "/v1/activate");
  const HttpReply refused = f.answer(OnlineAction::activate, "{}");
  CHECK(refused.status == 400);
  CHECK(refused.remark == "bad-request");
  CHECK(f.metrics.text().find("outcome=\"unknown-license\"} 1") != std::string::npos);
}

TEST_CASE("decider: when it has nothing to do, the log goes into the ledger", "[server]") {
  Front f;
  if (!f.is_file()) return;
  const Path file = f.place.address().path();
  const auto content = [&] { return read_file(file, "ledger", ReadOptions{.limit = std::size_t{1} << 24}).value(); };
  Decider decider(open_sqlite_ledger(file, kLedgerPatience, LedgerUse::serving).value(), {}, documents(), f.metrics,
                  noon_of_tests, [&](std::string_view text) { f.trouble = text; });
  f.add(numbered_terms(1));  // it is in the log
  const Bytes before = content();
  const auto request = OnlineRequest::parse(OnlineAction::activate, view_bytes(body_for("x")), "request").value();
  std::promise<void> decided;
  REQUIRE(decider.submit(request,
                         [&](const Outcome&, const std::shared_ptr<const ServiceDocuments>&) { decided.set_value(); }));
  decided.get_future().get();
  CHECK(content() == before);
  for (int i = 0; i < 1000 && content() == before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  CHECK(content() != before);
  CHECK(f.trouble.empty());
}

TEST_CASE("decider: after its end it takes nothing, and what waited was decided", "[server]") {
  Front f;
  std::atomic<int> decided{0};
  const auto request = OnlineRequest::parse(OnlineAction::activate, view_bytes(body_for("x")), "request").value();
  for (int i = 0; i < 50; ++i)
    REQUIRE(
        f.decider.submit(request, [&](const Outcome&, const std::shared_ptr<const ServiceDocuments>&) { ++decided; }));
  f.decider.end();
  CHECK(decided == 50);
  CHECK(!f.decider.submit(request, [](const Outcome&, const std::shared_ptr<const ServiceDocuments>&) {}));
  CHECK(f.answer(OnlineAction::activate, body_for("x")).status == 503);
}
