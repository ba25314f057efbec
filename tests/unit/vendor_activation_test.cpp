#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "crypto/hash.hpp"
#include "issue/lifecycle.hpp"
#include "ledger/audit.hpp"
#include "machine/identity.hpp"
#include "support/catch.hpp"
#include "support/ledger_fixture.hpp"
#include "support/raw_ledger.hpp"
#include "support/temporary_directory.hpp"

using namespace lic;
using namespace lic::test;

namespace {

struct Fixture : LedgerFixture {
  Result<void> activate(const Terms& terms, const std::string& request) {
    return change([&](Transaction& t) { return t.add_activation(activation(terms, request)); });
  }
  Activation activation(const Terms& terms, const std::string& request) const {
    return {terms.key, request, "digest", "hash", "M1-MACHINE", 2, "answer of " + request, now, std::nullopt, {}};
  }
  std::int64_t live(const Terms& terms) { return ledger->find(key_of(terms), now).value().summary.activations; }
};

const Terms kOne = numbered_terms(1);
const Terms kTwo = numbered_terms(2);

MachineBinding machine(const std::string& digest) { return {1, {{"machine-id", {digest}}}}; }

}  // namespace

TEST_CASE("an activation comes back from the ledger as it went in", "[ledger]") {
  Fixture f;
  f.add(kOne);
  f.add(kTwo);
  REQUIRE(f.activate(kOne, "r1"));
  REQUIRE(f.activate(kOne, "r2"));
  REQUIRE(f.activate(kTwo, "r3"));
  const auto found = f.ledger->find_activation("r1").value();
  REQUIRE(found);
  CHECK(activation_digest(*found) == activation_digest(f.activation(kOne, "r1")));
  CHECK(found->key == kOne.key);
  CHECK(found->at == f.now);
  CHECK(found->live());
  CHECK(!f.ledger->find_activation("r9").value());
  CHECK(f.ledger->activations(kOne.key).value().size() == 2);
  CHECK(f.ledger->activations(kTwo.key).value().size() == 1);
  CHECK(f.ledger->activations("TZ-NONE").value().empty());
  CHECK(f.ledger->activation_count().value() == 3);
  CHECK(f.live(kOne) == 2);
  CHECK(f.live(kTwo) == 1);
}

TEST_CASE("a request is answered once, and an activation ends once", "[ledger]") {
  Fixture f;
  f.add(kOne);
  REQUIRE(f.activate(kOne, "r1"));
  const auto again = f.activate(kOne, "r1");
  REQUIRE(!again);
  CHECK(again.error().code == Errc::conflict);
  const auto stranger = f.activate(kTwo, "r2");
  REQUIRE(!stranger);
  CHECK(stranger.error().code == Errc::not_found);

  const auto end = [&](const char* request) {
    return f.change([&](Transaction& t) { return t.end_activation(request, kEndedByReceipt, f.now); });
  };
  CHECK(end("r1"));
  const auto ended = f.ledger->find_activation("r1").value();
  CHECK(ended->ended_at == f.now);
  CHECK(ended->ended_by == kEndedByReceipt);
  CHECK(f.live(kOne) == 0);
  CHECK(end("r1").error().code == Errc::conflict);
  CHECK(end("r9").error().code == Errc::not_found);
}

TEST_CASE("the tables refuse to change, to lose or to revive an activation", "[ledger]") {
  Fixture f;
  f.add(kOne);
  REQUIRE(f.activate(kOne, "r1"));
  RawDatabase raw = f.raw();
  for (const char* sql : {"DELETE FROM activations", "UPDATE activations SET machine = 'x'",
                          "UPDATE activations SET request = 'x'", "UPDATE activations SET ended_at = 5",
                          "UPDATE activations SET receipt_hash = 'x', ended_at = 5, ended_by = 'x'",
                          "INSERT OR REPLACE INTO activations SELECT * FROM activations"})
    CHECK(raw.run(sql) != SQLITE_OK);
  CHECK(raw.run("UPDATE activations SET ended_at = 5, ended_by = 'receipt'") == SQLITE_OK);
  CHECK(raw.run("UPDATE activations SET ended_at = NULL, ended_by = NULL") != SQLITE_OK);
  CHECK(raw.run("UPDATE activations SET ended_at = 6") != SQLITE_OK);
}

TEST_CASE("the digest of an activation is that of a JSON array", "[ledger]") {
  Activation activation;
  activation.key = "TZ";
  activation.request = "r\"1\\";
  activation.machine = "M\xc3\xa9\n\xff";
  activation.serial = 3;
  activation.at = Time(std::chrono::seconds{0});
  CHECK(activation_digest(activation) ==
        hex_encode(sha256(view_bytes("[\"TZ\",\"r\\\"1\\\\\",\"\",\"\",\"M\xc3\xa9\\n\xef\xbf\xbd\",3,\"\","
                                     "\"1970-01-01T00:00:00Z\"]"))));
}

TEST_CASE("each member of an activation is in its digest, but for its end", "[ledger]") {
  Fixture f;
  const Activation activation = f.activation(kOne, "r1");
  const std::string digest = activation_digest(activation);
  const auto differs = [&](auto alter) {
    Activation other = activation;
    alter(other);
    return activation_digest(other) != digest;
  };
  CHECK(differs([](Activation& a) { a.key += 'x'; }));
  CHECK(differs([](Activation& a) { a.request += 'x'; }));
  CHECK(differs([](Activation& a) { a.request_digest += 'x'; }));
  CHECK(differs([](Activation& a) { a.receipt_hash += 'x'; }));
  CHECK(differs([](Activation& a) { a.machine += 'x'; }));
  CHECK(differs([](Activation& a) { ++a.serial; }));
  CHECK(differs([](Activation& a) { a.answer += 'x'; }));
  CHECK(differs([](Activation& a) { a.at += std::chrono::seconds{1}; }));
  CHECK(!differs([](Activation& a) { a.ended_at = Time{}, a.ended_by = "receipt"; }));
}

TEST_CASE("a license bound to no machine fits none", "[issue]") {
  const Terms bound = bound_to(kOne, {machine("00000000000000aa")}, kOne.issued_at);
  CHECK(bound.serial == kOne.serial + 1);
  CHECK(seat_holders(bound) == std::vector{machine("00000000000000aa")});
  const Terms empty = bound_to(bound, {}, kOne.issued_at);
  CHECK(empty.serial == bound.serial + 1);
  CHECK(seat_holders(empty).empty());
  CHECK(!empty.machines.empty());  // an empty list would be any machine
  const Terms read = Terms::parse(view_bytes(empty.to_json()), "license").value();
  CHECK(read.machines == empty.machines);
  CHECK(seat_holders(read).empty());
  const auto anyone =
      MachineIdentity::from_digests({{"machine-id", {"0000000000000000"}}, {"cpu", {"0000000000000000"}}});
  CHECK(!anyone.value().matches_any(empty.machines));
  const auto changes = differences(bound, empty);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].before == "1 machine");
  CHECK(changes[0].after == "none");
}

TEST_CASE("the mark of an answer survives, and old readers are told", "[license]") {
  Terms terms = kOne;
  CHECK(!Terms::parse(view_bytes(terms.to_json()), "license").value().activation);
  terms.activation = ActivationMark{"r1", "h1"};
  terms.suspended_at = at("2026-12-01");
  const Terms read = Terms::parse(view_bytes(terms.to_json()), "license").value();
  CHECK(read.activation == terms.activation);
  CHECK(terms.to_json().find(R"("crit":["suspended_at","activation"])") != std::string::npos);
}
