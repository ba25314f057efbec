#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "machine/identity.hpp"
#include "protocol/carried_text.hpp"
#include "protocol/offline_exchange.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;

namespace {

const LicenseKey kKey = LicenseKey::parse("TZ-PRO-0123-4567-89AB-CK41").value();

ActivationRequest some_request() {
  return {"00112233445566778899aabbccddeeff",
          "ticketzero",
          test::noon_of_tests(),
          kKey,
          {{"machine-id", {"445f97e0d64ee743"}}, {"mac", {"0011223344556677", "8899aabbccddeeff"}}},
          receipt_hash_of(std::string(64, 'a'))};
}

ActivationReceipt some_receipt() {
  return {"00112233445566778899aabbccddeeff", "ticketzero", test::noon_of_tests(), kKey, std::string(64, 'a')};
}

/// The document with another check: as one who alters it on purpose would write it.
std::string with_member(const std::string& document, std::string_view name, json::Value value) {
  json::Object out;
  const auto parsed = json::parse(document, "document").value();
  for (const auto& [member, old] : *parsed.as_object())
    if (member != "check") out.emplace_back(member, member == name ? value : old);
  const Digest digest = sha256(view_bytes(json::dump(json::Value(out))));
  out.emplace_back("check", json::Value(hex_encode(ByteView(digest).first(8))));
  return json::dump(json::Value(out));
}

}  // namespace

TEST_CASE("a request and a receipt read as they were written", "[protocol]") {
  const ActivationRequest request = some_request();
  const auto read = ActivationRequest::parse(view_bytes(request.to_json()), "request");
  REQUIRE(read);
  CHECK(read->id == request.id);
  CHECK(read->product == request.product);
  CHECK(read->issued_at == request.issued_at);
  CHECK(read->key == request.key);
  CHECK(read->facts == request.facts);
  CHECK(read->receipt_hash == request.receipt_hash);
  CHECK(read->to_json() == request.to_json());

  const ActivationReceipt receipt = some_receipt();
  const auto again = ActivationReceipt::parse(view_bytes(receipt.to_json()), "receipt");
  REQUIRE(again);
  CHECK(again->id == receipt.id);
  CHECK(again->secret == receipt.secret);
  CHECK(again->hash() == request.receipt_hash);
  CHECK(again->to_json() == receipt.to_json());
}

TEST_CASE("known answers of the exchange", "[protocol]") {
  CHECK(receipt_hash_of(std::string(64, '0')) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
  CHECK(some_receipt().to_json() ==
        R"({"v":1,"type":"activation-receipt","id":"00112233445566778899aabbccddeeff","product":"ticketzero",)"
        R"("issued_at":"2026-11-22T10:00:00Z","key":"TZ-PRO-0123-4567-89AB-CK41",)"
        R"("secret":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","check":"dfb071046896dbec"})");
}

TEST_CASE("white space and the order of nothing else may change", "[protocol]") {
  std::string spaced = some_request().to_json();
  for (std::size_t at = spaced.find(','); at != std::string::npos; at = spaced.find(',', at + 3))
    spaced.insert(at + 1, "\n ");
  CHECK(ActivationRequest::parse(view_bytes(spaced), "request"));
}

TEST_CASE("every prefix and every flipped bit of a request and a receipt is refused", "[protocol]") {
  const std::string request = some_request().to_json();
  const std::string receipt = some_receipt().to_json();
  for (std::size_t size = 0; size < request.size(); ++size) {
    const auto cut = ActivationRequest::parse(view_bytes(std::string_view(request).substr(0, size)), "request");
    REQUIRE(!cut);
    CHECK(cut.error().code == Errc::invalid_input);
  }
  for (std::size_t size = 0; size < receipt.size(); ++size)
    CHECK(!ActivationReceipt::parse(view_bytes(std::string_view(receipt).substr(0, size)), "receipt"));
  for (int bit = 0; bit < 8; ++bit) {
    for (std::size_t at = 0; at < request.size(); ++at) {
      std::string flipped = request;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      if (ActivationRequest::parse(view_bytes(flipped), "request")) FAIL("taken: " << flipped);
    }
    for (std::size_t at = 0; at < receipt.size(); ++at) {
      std::string flipped = receipt;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      if (ActivationReceipt::parse(view_bytes(flipped), "receipt")) FAIL("taken: " << flipped);
    }
  }
}

TEST_CASE("a check that was made anew saves no malformed document", "[protocol]") {
  const auto refuses = [](std::string_view name, json::Value value) {
    const auto read =
        ActivationRequest::parse(view_bytes(with_member(some_request().to_json(), name, std::move(value))), "request");
    INFO(name);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::invalid_input);
    CHECK(read.error().message.find("check") == std::string::npos);
  };
  refuses("v", json::Value(std::int64_t{2}));
  refuses("type", json::Value(std::string("activation-receipt")));
  refuses("id", json::Value(std::string("00112233445566778899aabbccddee")));
  refuses("id", json::Value(std::string("00112233445566778899AABBCCDDEEFF")));
  refuses("product", json::Value(std::int64_t{1}));
  refuses("issued_at", json::Value(std::string("2026-11-22")));
  refuses("key", json::Value(std::string("tz-pro-0123-4567-89ab-ck41")));
  refuses("key", json::Value(std::string("../../etc/passwd")));
  refuses("facts", json::Value(json::Object{}));
  refuses("facts", json::Value(json::Object{{"mac", json::Value(json::Array{})}}));
  refuses("receipt_hash", json::Value(std::string("ab")));
  CHECK(
      ActivationRequest::parse(view_bytes(with_member(some_request().to_json(), "nothing", json::Value())), "request"));
  CHECK(!ActivationRequest::parse(view_bytes(some_receipt().to_json()), "request"));
  CHECK(!ActivationReceipt::parse(view_bytes(some_request().to_json()), "receipt"));
}

TEST_CASE("a document larger than any of ours is not read", "[protocol]") {
  const std::string large = concat(some_request().to_json(), std::string(kMaxExchange, ' '));
  const auto read = ActivationRequest::parse(view_bytes(large), "request");
  REQUIRE(!read);
  CHECK(read.error().message == "request is larger than 16 KiB");
}

TEST_CASE("text is carried in pieces and joined in any order", "[protocol]") {
  CHECK(pieces_of("short") == std::vector<std::string>{"short"});
  CHECK(join_pieces(view_bytes(" short\r\n"), "text").value() == "short");
  CHECK(pieces_of(std::string(kMostPieceBytes, 'x')).size() == 1);
  for (const std::size_t size : {kMostPieceBytes + 1, std::size_t{1476}, std::size_t{2953}, std::size_t{65536}}) {
    std::string document;
    for (std::size_t i = 0; i < size; ++i) document += static_cast<char>('!' + i % 90);
    auto pieces = pieces_of(document);
    CHECK(pieces.size() > 1);
    std::string carried;
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      CHECK(piece->size() <= kMostPieceBytes);
      carried += concat("  ", *piece, " \r\n\n");
    }
    CHECK(join_pieces(view_bytes(carried), "text").value() == document);
    CHECK(join_pieces(view_bytes(concat(carried, pieces.front())), "text").value() == document);
  }
}

TEST_CASE("pieces that are missing, strange or altered are told", "[protocol]") {
  const auto pieces = pieces_of(std::string(1500, 'a') + std::string(1000, 'b'));
  REQUIRE(pieces.size() == 3);
  const auto message = [](const std::string& text) {
    const auto joined = join_pieces(view_bytes(text), "text");
    REQUIRE(!joined);
    CHECK(joined.error().code == Errc::invalid_input);
    return joined.error().message;
  };
  CHECK(message(concat(pieces[0], '\n', pieces[2])) == "text lacks piece 2 of 3");
  CHECK(message(concat(pieces[0], "\nhello")).find("is no piece") != std::string::npos);
  const auto others = pieces_of(std::string(2500, 'c'));
  CHECK(message(concat(pieces[0], '\n', others[1])) == "text has pieces of two documents");
  std::string altered = pieces[1];
  altered.back() = 'X';
  CHECK(message(concat(pieces[0], '\n', altered, '\n', pieces[2])).find("do not fit") != std::string::npos);
  CHECK(message(concat(pieces[1], '\n', altered)).find("that differ") != std::string::npos);
  for (const auto* line : {"LIC:", "LIC:0/3:0011223344556677:x", "LIC:4/3:0011223344556677:x",
                           "LIC:1/1000:0011223344556677:x", "LIC:1/3:0011:x", "LIC:1/3:0011223344556677:",
                           "LIC:-1/3:0011223344556677:x", "LIC:1/99999999999999999999:0011223344556677:x"})
    CHECK(message(line).find("is no piece") != std::string::npos);
}

TEST_CASE("facts from a document make a machine only as licctl gives them", "[machine]") {
  const FactDigests good = {{"machine-id", {"445f97e0d64ee743"}}, {"mac", {"0011223344556677", "8899aabbccddeeff"}}};
  const auto machine = MachineIdentity::from_digests(good);
  REQUIRE(machine);
  CHECK(machine->facts() == good);
  CHECK(MachineIdentity::parse(machine->fingerprint()).value().facts() == good);
  for (const FactDigests& bad : std::vector<FactDigests>{
           {{"astrology", {"445f97e0d64ee743"}}},
           {{"machine-id", {}}},
           {{"machine-id", {"445f97e0d64ee7"}}},
           {{"machine-id", {"445F97E0D64EE743"}}},
           {{"mac", {"8899aabbccddeeff", "0011223344556677"}}},
           {{"mac", {"0011223344556677", "0011223344556677"}}},
           {{"mac",
             {"0000000000000001", "0000000000000002", "0000000000000003", "0000000000000004", "0000000000000005"}}}})
    CHECK(!MachineIdentity::from_digests(bad));
}
