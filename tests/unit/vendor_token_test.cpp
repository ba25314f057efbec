#include <set>

#include "base/time.hpp"
#include "desk/tokens.hpp"
#include "ledger/copy.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"

using namespace lic;
using namespace lic::test;

namespace {

struct Tokens : LedgerFixture {
  Result<NewToken> create(const TokenRequest& request) {
    auto transaction = ledger->begin().value();
    auto made = create_token(*transaction, {*ledger, now, "ops"}, request);
    if (made) REQUIRE(transaction->commit());
    return made;
  }

  NewToken make(const std::string& name, std::vector<TokenScope> scopes = {TokenScope::read}) {
    return create({name, std::move(scopes), now + std::chrono::hours{24}}).value();
  }

  Result<RevokedToken> revoke(std::string_view name) {
    auto transaction = ledger->begin().value();
    auto revoked = revoke_token(*transaction, {*ledger, now, "ops"}, name, "leaked");
    if (revoked) REQUIRE(transaction->commit());
    return revoked;
  }
};

}  // namespace

TEST_CASE("token: the text is random and checked, and the ledger has its hash alone", "[ledger][token]") {
  Tokens f;
  const NewToken made = f.make("shop", {TokenScope::issue, TokenScope::read, TokenScope::read});
  CHECK(made.text.starts_with("lic_"));
  CHECK(made.text.size() == 76);
  CHECK(hash_of_token(made.text) == made.record.hash);
  CHECK(f.make("other").text != made.text);
  const auto found = f.ledger->find_token(made.record.hash).value();
  REQUIRE(found);
  CHECK(found->id == made.record.id);
  CHECK(found->name == "shop");
  CHECK(found->scopes == std::vector{TokenScope::read, TokenScope::issue});
  CHECK(found->created_at == f.now);
  CHECK(found->expires_at == f.now + std::chrono::hours{24});
  CHECK(!found->revoked_at);
  CHECK(!found->used_at);
  CHECK(!f.ledger->find_token(std::string(64, '0')).value());
  const auto history = f.ledger->history("").value();
  for (const HistoryEntry& entry : history) {
    CHECK(entry.action == "token-create");
    CHECK(entry.detail.find(made.text) == std::string::npos);
  }
  std::set<std::string> wrong = {"", "lic_", made.text.substr(1), made.text + "0", made.text.substr(0, 75)};
  for (std::size_t i = 0; i < made.text.size(); ++i) {
    std::string flipped = made.text;
    flipped[i] = flipped[i] == '0' ? '1' : '0';
    wrong.insert(flipped);
  }
  for (const std::string& text : wrong) CHECK(!hash_of_token(text));
}

TEST_CASE("token: what may be asked for", "[ledger][token]") {
  Tokens f;
  const auto refused = [&](const TokenRequest& request) {
    const auto made = f.create(request);
    REQUIRE(!made);
    CHECK(made.error().code == Errc::invalid_input);
  };
  const Time soon = f.now + std::chrono::hours{1};
  refused({"", {TokenScope::read}, soon});
  refused({" ", {TokenScope::read}, soon});
  refused({std::string(101, 'x'), {TokenScope::read}, soon});
  refused({"\xff", {TokenScope::read}, soon});
  refused({"01KC3D5Z8Q4N7W2V6B9M1X0RTA", {TokenScope::read}, soon});
  refused({"a", {}, soon});
  refused({"a", {TokenScope::read}, f.now});
  refused({"a", {TokenScope::read}, *add_months(f.now, 12) + std::chrono::seconds{1}});
  CHECK(f.create({"a", {TokenScope::read}, *add_months(f.now, 12)}));
  CHECK(f.ledger->tokens().value().size() == 1);
}

TEST_CASE("token: scopes, and admin that has all of them", "[ledger][token]") {
  Tokens f;
  const TokenRecord reader = f.make("reader").record;
  CHECK(reader.may(TokenScope::read));
  CHECK(!reader.may(TokenScope::issue));
  CHECK(!reader.may(TokenScope::admin));
  const TokenRecord admin = f.make("admin", {TokenScope::admin}).record;
  for (const TokenScope scope : token_scopes()) {
    CHECK(admin.may(scope));
    CHECK(parse_token_scope(token(scope)) == scope);
  }
  CHECK(!parse_token_scope("write"));
  CHECK(reader.holds(f.now));
  CHECK(!reader.holds(reader.expires_at));
}

TEST_CASE("token: a name is free again once its token is revoked, which is for good", "[ledger][token]") {
  Tokens f;
  const TokenRecord first = f.make("shop").record;
  const auto again = f.create({"shop", {TokenScope::read}, f.now + std::chrono::hours{1}});
  REQUIRE(!again);
  CHECK(again.error().code == Errc::conflict);
  CHECK(f.revoke("nobody").error().code == Errc::not_found);
  CHECK(f.revoke("shop").value().changed);
  CHECK(!f.revoke("shop").value().changed);
  const TokenRecord second = f.make("shop").record;
  CHECK(!f.revoke(first.id).value().changed);
  CHECK(f.revoke("shop").value().record.id == second.id);
  CHECK(!f.ledger->find_token(first.hash).value()->holds(f.now));
  CHECK(f.raw().run("UPDATE tokens SET revoked_at = NULL") != SQLITE_OK);
  CHECK(f.raw().run("UPDATE tokens SET scopes = 'admin'") != SQLITE_OK);
  CHECK(f.raw().run("DELETE FROM tokens") != SQLITE_OK);
  CHECK(f.ledger->history("").value().size() == 4);
}

TEST_CASE("token: when it was used last", "[ledger][token]") {
  Tokens f;
  const TokenRecord record = f.make("shop").record;
  const Time used = f.now + std::chrono::hours{2};
  REQUIRE(f.change([&](Transaction& t) { return t.note_token_use(record.id, used); }));
  CHECK(f.ledger->tokens().value().front().used_at == used);
}

TEST_CASE("replies: remembered by token and key, forgotten a few at a time", "[ledger][token]") {
  Tokens f;
  const auto put = [&](const std::string& token, const std::string& key, Time at) {
    REQUIRE(f.change([&](Transaction& t) { return t.put_reply({token, key, "digest", 201, "{\"a\":1}", at}); }));
  };
  for (int i = 0; i < 5; ++i) put("t1", std::to_string(i), f.now + std::chrono::seconds{i});
  put("t2", "0", f.now + std::chrono::hours{1});
  const auto found = f.ledger->find_reply("t1", "0").value();
  REQUIRE(found);
  CHECK(found->request == "digest");
  CHECK(found->status == 201);
  CHECK(found->body == "{\"a\":1}");
  CHECK(found->at == f.now);
  CHECK(!f.ledger->find_reply("t3", "0").value());
  put("t1", "0", f.now + std::chrono::hours{1});
  CHECK(f.ledger->find_reply("t1", "0").value()->at == f.now + std::chrono::hours{1});
  REQUIRE(f.change([&](Transaction& t) { return t.forget_replies(f.now + std::chrono::seconds{4}, 2); }));
  CHECK(!f.ledger->find_reply("t1", "1").value());
  CHECK(!f.ledger->find_reply("t1", "2").value());
  CHECK(f.ledger->find_reply("t1", "3").value());
  REQUIRE(f.change([&](Transaction& t) { return t.forget_replies(f.now + std::chrono::seconds{4}, 100); }));
  CHECK(!f.ledger->find_reply("t1", "3").value());
  CHECK(f.ledger->find_reply("t1", "4").value());
}
