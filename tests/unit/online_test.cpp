#include <functional>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "protocol/offline_exchange.hpp"
#include "protocol/online.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"
#include "trust/lease.hpp"
#include "trust/verify.hpp"

using namespace lic;
using Json = nlohmann::ordered_json;

namespace {

constexpr OnlineAction kActions[] = {OnlineAction::activate, OnlineAction::validate,   OnlineAction::refresh,
                                     OnlineAction::lease,    OnlineAction::deactivate, OnlineAction::trial,
                                     OnlineAction::usage};
constexpr std::string_view kNonce = "00112233445566778899aabbccddeeff";
const std::string kKey = "TZ-PRO-0123-4567-89AB-CK41";
const FactDigests kFacts = {{"mac", {"0011223344556677", "8899aabbccddeeff"}}, {"machine-id", {"445f97e0d64ee743"}}};

const test::TestVendor& ticketzero() {
  static const test::TestVendor vendor(test::catalog_text("ticketzero"));
  return vendor;
}

OnlineRequest request_to(OnlineAction action) {
  OnlineRequest request;
  request.action = action;
  request.nonce = kNonce;
  request.product = "ticketzero";
  request.key = ticketzero().terms("professional").key;
  request.facts = kFacts;
  request.secret = std::string(64, 'b');
  request.next_hash = receipt_hash_of(std::string(64, 'a'));
  request.email = "ops@acme.example";
  request.statement = R"({"payloadType":"x","payload":"","signatures":[]})";
  return request;
}

/// What a server that keeps the rules grants to request_to(activate).
ServerAnswer granted() {
  const Terms terms = ticketzero().terms("professional");
  ServerAnswer answer;
  answer.id = "8c1f0d5e6b7a49c2a3f4e5d6c7b8a990";
  answer.product = "ticketzero";
  answer.issued_at = test::noon_of_tests();
  answer.action = "activate";
  answer.nonce = kNonce;
  answer.key_hash = online_key_hash(terms.key);
  answer.machine = MachineBinding{2, kFacts};
  answer.verdict = Verdict::granted;
  answer.lease = Lease{"ffeeddccbbaa99887766554433221100", terms.id, 1, test::at("2026-11-23T10:00:00Z"),
                       test::at("2026-12-06T10:00:00Z")};
  return answer;
}

ServerAnswer denied(DenialReason reason) {
  ServerAnswer answer = granted();
  answer.verdict = Verdict::denied;
  answer.lease.reset();
  answer.denial = Denial{reason, {}};
  return answer;
}

std::string signed_by(const ServerAnswer& answer, const SigningKey& key) {
  return test::signed_document(DocumentKind::lease, answer.to_json(), key);
}

std::string signed_text(const Json& payload) {
  return test::signed_document(DocumentKind::lease, payload.dump(), ticketzero().lease_key());
}

Result<ServerAnswer> opened(const std::string& document) {
  return ServerAnswer::open(view_bytes(document), ticketzero().product(), "answer");
}

/// What a client makes of `answer` with the license of `terms` to `request`.
Result<ServerAnswer> replied(const ServerAnswer& answer, const OnlineRequest& request, const Terms& terms) {
  const OnlineReply reply{signed_by(answer, ticketzero().lease_key()), ticketzero().sign(terms)};
  return open_reply(reply, request, ticketzero().product(), "answer");
}

template <class T>
Errc fault(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

}  // namespace

TEST_CASE("online: a request of each kind reads as it was written, and has what its kind has", "[online]") {
  for (const OnlineAction action : kActions) {
    const std::string text = request_to(action).to_json();
    const auto read = OnlineRequest::parse(action, view_bytes(text), "request");
    REQUIRE(read);
    CHECK(read->to_json() == text);
    CHECK(action_of_path(path_of(action)) == action);
    const Json all = Json::parse(text);
    for (const auto& [name, member] : all.items()) {
      if (name == "email") continue;
      Json without = all;
      without.erase(name);
      INFO(token(action) << " without " << name);
      CHECK(fault(OnlineRequest::parse(action, view_bytes(without.dump()), "request")) == Errc::invalid_input);
      Json wrong = all;
      wrong[name] = Json::array({1});
      CHECK(fault(OnlineRequest::parse(action, view_bytes(wrong.dump()), "request")) == Errc::invalid_input);
    }
    for (std::size_t length = 0; length < text.size(); ++length)
      CHECK_FALSE(OnlineRequest::parse(action, view_bytes(text.substr(0, length)), "request"));
  }
  for (const OnlineAction action : kActions) {
    OnlineRequest borrowing = request_to(action);
    borrowing.borrow_until = test::at("2026-12-24");
    const bool borrows = action == OnlineAction::activate || action == OnlineAction::refresh;
    const std::string text = borrowing.to_json();
    CHECK(Json::parse(text).contains("borrow_until") == borrows);
    const auto read = OnlineRequest::parse(action, view_bytes(text), "request");
    REQUIRE(read);
    CHECK(read->borrow_until.has_value() == borrows);
  }
  CHECK(Json::parse(request_to(OnlineAction::trial).to_json()).contains("email"));
  CHECK_FALSE(Json::parse(request_to(OnlineAction::activate).to_json()).contains("secret"));
  CHECK_FALSE(Json::parse(request_to(OnlineAction::validate).to_json()).contains("next_hash"));
  CHECK_FALSE(Json::parse(request_to(OnlineAction::usage).to_json()).contains("facts"));
}

TEST_CASE("online: paths are taken as they are spelled", "[online]") {
  for (const char* path : {"", "/", "/v1/", "/v1", "v1/activate", "/v1/Activate", "/v1/activate/", "//v1/activate",
                           "/v1/../v1/activate", "/v1/activate?key=x", "/v2/activate", "/v1/product"})
    CHECK_FALSE(action_of_path(path));
}

TEST_CASE("online: what is too much or malformed in a request is refused, a key that is none is not", "[online]") {
  const Json good = Json::parse(request_to(OnlineAction::refresh).to_json());
  const auto with = [&](const char* name, const Json& value) {
    Json changed = good;
    changed[name] = value;
    return OnlineRequest::parse(OnlineAction::refresh, view_bytes(changed.dump()), "request");
  };
  CHECK(with("key", "no key at all"));
  CHECK(with("key", ""));
  CHECK(with("unknown", 1));
  CHECK(fault(with("key", std::string(129, 'A'))) == Errc::invalid_input);
  CHECK(fault(with("nonce", std::string(32, 'A'))) == Errc::invalid_input);
  CHECK(fault(with("nonce", std::string(34, 'a'))) == Errc::invalid_input);
  CHECK(fault(with("secret", std::string(62, 'a'))) == Errc::invalid_input);
  CHECK(fault(with("next_hash", "")) == Errc::invalid_input);
  CHECK(fault(with("facts", Json::object())) == Errc::invalid_input);
  CHECK(fault(with("v", 2)) == Errc::invalid_input);
  CHECK(fault(with("crit", Json::array({"x"}))) == Errc::invalid_input);
  CHECK(fault(with("pad", std::string(kMaxOnlineRequest, 'x'))) == Errc::invalid_input);
}

TEST_CASE("online: known answers", "[online]") {
  CHECK(online_key_hash(kKey) == "2bc0db22b45d350b0a48cc7c649188fd3a0d569a478472b791fbd8e81a1ea359");
  CHECK(receipt_hash_of(std::string(64, 'a')) == "e0e77a507412b120f6ede61f62295b1a7b2ff19d3dcc8f7253e51663470c888e");
  CHECK(payload_type(DocumentKind::lease) == "application/vnd.lic.lease.v1+json");
}

TEST_CASE("online: an answer of each verdict reads as it was written", "[online]") {
  ServerAnswer trial = granted();
  trial.verdict = Verdict::trial;
  trial.lease.reset();
  trial.trial = TrialGrant{"TZ-TRIAL-4G8TNKDP", "trial", test::noon_of_tests()};
  ServerAnswer released = granted();
  released.verdict = Verdict::released;
  released.lease.reset();
  ServerAnswer recorded = released;
  recorded.verdict = Verdict::recorded;
  recorded.machine.reset();
  recorded.usage_seq = 4;
  ServerAnswer full = denied(DenialReason::no_seat_left);
  full.denial->retry_at = test::at("2026-12-01");
  for (const ServerAnswer& answer : {granted(), trial, released, recorded, full}) {
    const auto read = opened(signed_by(answer, ticketzero().lease_key()));
    if (!read) FAIL(read.error().message);
    CHECK(read->to_json() == answer.to_json());
    CHECK(read->verdict == answer.verdict);
    CHECK(read->lease == answer.lease);
    CHECK(read->trial == answer.trial);
    CHECK(read->denial == answer.denial);
    CHECK(read->machine == answer.machine);
  }
}

TEST_CASE("online: only a lease key signs an answer, and it signs nothing else", "[online]") {
  CHECK(opened(signed_by(granted(), ticketzero().lease_key())));
  CHECK(fault(opened(signed_by(granted(), ticketzero().license_key()))) == Errc::untrusted);
  CHECK(fault(opened(signed_by(granted(), ticketzero().root()))) == Errc::untrusted);
  CHECK(fault(opened(test::signed_document(DocumentKind::usage, granted().to_json(), ticketzero().lease_key()))) ==
        Errc::untrusted);
  const std::string forged = test::signed_document(DocumentKind::license, ticketzero().terms("professional").to_json(),
                                                   ticketzero().lease_key());
  CHECK(fault(verify(view_bytes(forged), ticketzero().product(), "license")) == Errc::untrusted);
  ServerAnswer other = granted();
  other.product = "tensorpack";
  CHECK(fault(opened(signed_by(other, ticketzero().lease_key()))) == Errc::untrusted);
}

TEST_CASE("online: with any byte changed an answer says nothing", "[online]") {
  const std::string good = signed_by(granted(), ticketzero().lease_key());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string altered = good;
    altered[i] = static_cast<char>(altered[i] ^ 0x01);
    if (opened(altered)) FAIL("accepted with byte " << i << " changed");
    if (opened(good.substr(0, i))) FAIL("accepted cut off after " << i);
  }
}

TEST_CASE("online: a verdict has what goes with it and nothing else", "[online]") {
  const Json good = Json::parse(granted().to_json());
  const auto with = [&](const std::function<void(Json&)>& change) {
    Json changed = good;
    change(changed);
    return opened(signed_text(changed));
  };
  REQUIRE(with([](Json& answer) { answer["unknown"] = 1; }));
  for (const char* member :
       {"v", "id", "product", "issued_at", "action", "nonce", "key_hash", "machine", "verdict", "lease"}) {
    INFO(member);
    CHECK(fault(with([&](Json& answer) { answer.erase(member); })) == Errc::invalid_input);
    CHECK(fault(with([&](Json& answer) { answer[member] = Json::array(); })) == Errc::invalid_input);
  }
  for (const char* member : {"id", "license", "serial", "refresh_at", "expires_at"})
    CHECK(fault(with([&](Json& answer) { answer["lease"].erase(member); })) == Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["verdict"] = "perhaps"; })) == Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["verdict"] = "released"; })) == Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["denial"] = {{"reason", "revoked"}}; })) == Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["machine"]["facts"] = Json::object(); })) == Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["lease"]["refresh_at"] = "2027-01-01T00:00:00Z"; })) ==
        Errc::invalid_input);
  CHECK(fault(with([](Json& answer) { answer["crit"] = {"floating"}; })) == Errc::invalid_input);
  Json no = Json::parse(denied(DenialReason::revoked).to_json());
  REQUIRE(opened(signed_text(no)));
  no["denial"]["reason"] = "mood";
  CHECK(fault(opened(signed_text(no))) == Errc::invalid_input);
}

TEST_CASE("online: an answer counts for its own request alone", "[online]") {
  const Terms terms = ticketzero().terms("professional");
  const OnlineRequest request = request_to(OnlineAction::activate);
  REQUIRE(replied(granted(), request, terms));
  REQUIRE(replied(denied(DenialReason::revoked), request, terms));
  const auto of_other = [&](const std::function<void(OnlineRequest&)>& change) {
    OnlineRequest other = request;
    change(other);
    CHECK(fault(replied(denied(DenialReason::revoked), other, terms)) == Errc::untrusted);
    return fault(replied(granted(), other, terms));
  };
  CHECK(of_other([](OnlineRequest& r) { r.nonce.back() = '0'; }) == Errc::untrusted);
  CHECK(of_other([](OnlineRequest& r) { r.action = OnlineAction::refresh; }) == Errc::untrusted);
  CHECK(of_other([](OnlineRequest& r) { r.key = kKey; }) == Errc::untrusted);
  CHECK(of_other([](OnlineRequest& r) { r.facts["mac"].pop_back(); }) == Errc::untrusted);
  ServerAnswer released = granted();
  released.verdict = Verdict::released;
  released.lease.reset();
  CHECK(fault(replied(released, request, terms)) == Errc::untrusted);
}

TEST_CASE("online: a lease comes with its license, fits it and ends no later", "[online]") {
  const OnlineRequest request = request_to(OnlineAction::activate);
  const Terms terms = ticketzero().terms("professional");
  const OnlineReply bare{signed_by(granted(), ticketzero().lease_key()), {}};
  CHECK(fault(open_reply(bare, request, ticketzero().product(), "answer")) == Errc::invalid_input);
  CHECK(fault(replied(granted(), request, ticketzero().terms("professional", 2))) == Errc::untrusted);
  Terms other = terms;
  other.id = "01JD0000000000000000000099";
  CHECK(fault(replied(granted(), request, other)) == Errc::untrusted);

  ServerAnswer answer = granted();
  answer.lease->expires_at = *end_of_license(terms);
  CHECK(end_of_license(terms) == *terms.expires_at + std::chrono::days{terms.grace_days});
  CHECK(replied(answer, request, terms));
  answer.lease->expires_at += std::chrono::seconds{1};
  CHECK(fault(replied(answer, request, terms)) == Errc::untrusted);
  Terms endless = terms;
  endless.expires_at.reset();
  CHECK(replied(answer, request, endless));
}

TEST_CASE("online: a reply is read strictly, and anything else is no reply", "[online]") {
  const OnlineReply reply{signed_by(granted(), ticketzero().lease_key()),
                          ticketzero().sign(ticketzero().terms("professional"))};
  const auto read = OnlineReply::parse(view_bytes(reply_json(reply.answer, reply.license)), "reply");
  REQUIRE(read);
  CHECK(read->answer == reply.answer);
  CHECK(read->license == reply.license);
  CHECK(open_reply(*read, request_to(OnlineAction::activate), ticketzero().product(), "reply"));
  for (const char* text : {"", "<html>", "{}", "[]", "null", R"({"answer":"x"})", R"({"answer":{},"license":[]})",
                           R"({"answer":{},"answer":{}})", R"({"error":{"code":"failure"}})"})
    CHECK(fault(OnlineReply::parse(view_bytes(text), "reply")) == Errc::invalid_input);
  const std::string large = concat(R"({"answer":{"pad":")", std::string(kMaxOnlineReply, 'x'), R"("}})");
  CHECK(fault(OnlineReply::parse(view_bytes(large), "reply")) == Errc::invalid_input);
}
