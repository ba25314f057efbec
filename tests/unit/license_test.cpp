#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "crypto/signing.hpp"
#include "license/catalog.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "support/catch.hpp"
#include "support/vendor.hpp"

using namespace lic;

namespace {

constexpr std::size_t kBodyAt = 7;  // of "TZ-PRO-"

/// Places of the body's symbols in the text of a key.
std::vector<std::size_t> symbol_places(const std::string& key) {
  std::vector<std::size_t> places;
  for (std::size_t i = kBodyAt; i < key.size(); ++i)
    if (key[i] != '-') places.push_back(i);
  return places;
}

LicenseKey some_key() { return random_license_key("TZ", "PRO"); }

}  // namespace

TEST_CASE("key: every wrong symbol is located and the right key suggested", "[license]") {
  for (int round = 0; round < 4; ++round) {
    const std::string key = some_key().text();
    REQUIRE(LicenseKey::parse(key));
    for (const std::size_t place : symbol_places(key)) {
      for (const char symbol : kBase32Alphabet) {
        if (symbol == key[place]) continue;
        std::string wrong = key;
        wrong[place] = symbol;
        const auto parsed = LicenseKey::parse(wrong);
        REQUIRE_FALSE(parsed);
        REQUIRE(parsed.error().code == Errc::invalid_input);
        REQUIRE(parsed.error().hint == concat("did you mean ", key, "?"));
      }
    }
  }
}

TEST_CASE("key: every two wrong symbols and every swap are noticed", "[license]") {
  const std::string key = some_key().text();
  const auto places = symbol_places(key);
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t j = i + 1; j < places.size(); ++j) {
      std::string swapped = key;
      std::swap(swapped[places[i]], swapped[places[j]]);
      if (swapped != key) REQUIRE_FALSE(LicenseKey::parse(swapped));
      for (int a = 1; a < 32; ++a) {
        for (int b = 1; b < 32; ++b) {
          std::string wrong = key;
          const auto change = [&](std::size_t place, int by) {
            wrong[place] = kBase32Alphabet[static_cast<std::size_t>(base32_value(wrong[place]) ^ by)];
          };
          change(places[i], a);
          change(places[j], b);
          const auto parsed = LicenseKey::parse(wrong);
          if (parsed) FAIL("accepted " << wrong << " for " << key);
          // Two wrong symbols are never taken for a single one.
          if (parsed.error().hint.find("did you mean") != std::string::npos) FAIL("suggested for " << wrong);
        }
      }
    }
  }
}

TEST_CASE("key: reading forgives how it is typed", "[license]") {
  const LicenseKey key = LicenseKey::make("TZ", "PRO", Bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 0});
  const std::string text = key.text();
  std::string bare = text;
  std::erase(bare, '-');
  std::string confused = to_lower(text);
  for (std::size_t i = kBodyAt; i < confused.size(); ++i) {
    if (confused[i] == '0') confused[i] = 'o';
    if (confused[i] == '1') confused[i] = 'l';
  }
  for (const std::string& typed :
       {text, to_lower(text), bare, "  " + text + "\t", concat("TZ - PRO-", text.substr(kBodyAt)), confused})
    CHECK(LicenseKey::parse(typed).value() == key);
  CHECK(key.prefix() == "TZ");
  CHECK(key.code() == "PRO");
}

TEST_CASE("key: without hyphens the check finds the border of prefix and code", "[license]") {
  for (const auto& [prefix, code] :
       {std::pair("TZ", "PRO"), std::pair("ABCDEFGH", "12345678"), std::pair("A1", "B2"), std::pair("TP", "TRIAL")}) {
    const LicenseKey key = random_license_key(prefix, code);
    std::string bare = key.text();
    std::erase(bare, '-');
    REQUIRE(LicenseKey::parse(bare));
    CHECK(LicenseKey::parse(bare).value() == key);
  }
}

TEST_CASE("key: a trial's key is short", "[license]") {
  const LicenseKey key = random_trial_key("TZ");
  CHECK(key.text().size() == 17);
  CHECK(key.text().starts_with("TZ-TRIAL-"));
  CHECK(LicenseKey::parse(to_lower(key.text())).value() == key);
  for (std::size_t i = 9; i < key.text().size(); ++i) {
    std::string wrong = key.text();
    wrong[i] = wrong[i] == '7' ? '8' : '7';
    CHECK(LicenseKey::parse(wrong).error().hint == concat("did you mean ", key.text(), "?"));
  }
}

TEST_CASE("key: what is no key at all", "[license]") {
  const std::string key = some_key().text();
  for (std::size_t size = 0; size < key.size(); ++size) CHECK_FALSE(LicenseKey::parse(key.substr(0, size)));
  for (const std::string& bad :
       {key + "0", "TZ-STA-" + key.substr(kBodyAt), key.substr(0, kBodyAt) + "../../etc/passwd", key + "\n",
        "TZ\xc3\x84-PRO-" + key.substr(kBodyAt), std::string(100'000, 'A'), std::string("\0", 1),
        "T-PRO-" + key.substr(kBodyAt), key.substr(0, 24) + "U" + key.substr(25)})
    CHECK_FALSE(LicenseKey::parse(bad));
}

TEST_CASE("key: 65 bits that differ each time", "[license]") {
  CHECK(some_key() != some_key());
  Bytes all_ones(13, 31);
  CHECK(LicenseKey::parse(LicenseKey::make("TZ", "PRO", all_ones).text()));
}

TEST_CASE("envelope: the known answer of docs/formats.md", "[license]") {
  Bytes seed(32);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  const SigningKey key = SigningKey::from_seed(SecretBytes(ByteView(seed))).value();
  const Bytes message = pre_authentication_encoding("application/vnd.acme.lic.license.v1+json",
                                                    view_bytes(R"({"v":1,"id":"L1","product":"p","seats":3})"));
  CHECK(hex_encode(key.sign(message)) ==
        "41f4847b28631ac06439b6e55312328c963979623d24a4e59d414b0964feb104"
        "901ccbf1ffb9a27b7a6a241afbd68ac142c2c84b2f53f1fc0948189274040b03");
  CHECK(to_text(pre_authentication_encoding("http://example.com/HelloWorld", view_bytes("hello world"))) ==
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");  // the example of the DSSE protocol text
}

TEST_CASE("envelope: reads what it writes, and refuses every prefix", "[license]") {
  const test::TestVendor vendor(test::catalog_text("ticketzero"));
  const std::string text = vendor.sign(vendor.terms("professional"));
  const auto envelope = Envelope::parse(view_bytes(text), "document");
  REQUIRE(envelope);
  CHECK(envelope->kind() == DocumentKind::license);
  CHECK(envelope->to_json() == text);
  CHECK(envelope->expect(DocumentKind::license, "document"));
  CHECK(envelope->expect(DocumentKind::product, "document").error().code == Errc::untrusted);
  for (std::size_t size = 0; size < text.size(); ++size)
    REQUIRE_FALSE(Envelope::parse(view_bytes(std::string_view(text).substr(0, size)), "document"));
}

TEST_CASE("envelope: what is refused", "[license]") {
  const auto refused = [](const std::string& text) {
    const auto envelope = Envelope::parse(view_bytes(text), "document");
    return !envelope && envelope.error().code == Errc::invalid_input;
  };
  const std::string sig = base64_encode(Bytes(64, 1));
  const auto with = [&](std::string_view type, std::string_view payload, std::string_view signatures) {
    return concat(R"({"payloadType":)", type, R"(,"payload":)", payload, R"(,"signatures":)", signatures, "}");
  };
  const std::string entry = concat(R"({"keyid":"ab","sig":")", sig, "\"}");
  const std::string good = with("\"t\"", "\"e30=\"", "[" + entry + "]");
  REQUIRE(Envelope::parse(view_bytes(good), "document"));
  CHECK_FALSE(Envelope::parse(view_bytes(good), "document")->kind());
  std::string seventeen = entry;
  for (int i = 0; i < 16; ++i) seventeen += "," + entry;
  CHECK(refused(with("\"t\"", "\"e30\"", "[" + entry + "]")));
  CHECK(refused(with("\"t\"", "\"e31=\"", "[" + entry + "]")));
  CHECK(refused(with("1", "\"e30=\"", "[" + entry + "]")));
  CHECK(refused(with("\"t\"", "\"e30=\"", "[]")));
  CHECK(refused(with("\"t\"", "\"e30=\"", "[" + seventeen + "]")));
  CHECK(refused(with("\"t\"", "\"e30=\"", R"([{"keyid":"ab","sig":"AAAA"}])")));
  CHECK(refused(with("\"t\"", "\"e30=\"", R"([{"sig":")" + sig + "\"}]")));
  CHECK(refused("[]"));
  CHECK(refused("{}"));
  CHECK(refused("\xEF\xBB\xBF" + good));
  CHECK(refused(good + "x"));
  CHECK(refused(with("\"t\"", "\"" + base64_encode(Bytes(60'000)) + "\"", "[" + entry + "]")));
}

TEST_CASE("terms: reads what it writes", "[license]") {
  const test::TestVendor vendor(test::catalog_text("tensorpack"));
  Terms terms = vendor.terms("premium");
  terms.order = "PO-1234";
  terms.metadata = {{"region", "EU \u202e"}};
  terms.machines = {{3, {{"machine-id", {"0011223344556677"}}, {"mac", {"0000000000000001", "0000000000000002"}}}}};
  terms.maintenance_until = test::at("2027-01-01T00:00:00Z");
  const Terms read = Terms::parse(view_bytes(terms.to_json()), "license").value();
  CHECK(read.to_json() == terms.to_json());
  CHECK(read.machines == terms.machines);
  CHECK(read.customer == terms.customer);
  CHECK(read.limits == terms.limits);
  CHECK(read.features == terms.features);
}

TEST_CASE("terms: what is refused", "[license]") {
  const test::TestVendor vendor(test::catalog_text("ticketzero"));
  const auto good = nlohmann::json::parse(vendor.terms("professional").to_json());
  const auto refused = [&](const char* pointer, const nlohmann::json& value) {
    auto changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    const auto terms = Terms::parse(view_bytes(changed.dump()), "license");
    return !terms && terms.error().code == Errc::invalid_input;
  };
  REQUIRE(Terms::parse(view_bytes(good.dump()), "license"));
  CHECK(refused("/v", 99));
  CHECK(refused("/v", "1"));
  CHECK(refused("/crit", {"wandering"}));
  CHECK(refused("/floating", nlohmann::json{{"minutes", 0}}));
  CHECK(refused("/floating", nlohmann::json{{"minutes", 1441}}));
  CHECK(refused("/floating", nlohmann::json{{"borrow_days", 7}}));
  CHECK(refused("/floating", nlohmann::json{{"minutes", 10}, {"borrow_days", 366}}));
  CHECK(refused("/transfers", nlohmann::json{{"max", 3}}));
  CHECK(refused("/transfers", nlohmann::json{{"max", 3}, {"per", "day"}}));
  CHECK(refused("/transfers", nlohmann::json{{"max", -1}, {"per", "year"}}));
  CHECK(refused("/kind", "lifetime"));
  CHECK(refused("/serial", 0));
  CHECK(refused("/serial", "1"));
  CHECK(refused("/seats", 0));
  CHECK(refused("/seats", -1));
  CHECK(refused("/grace_days", -1));
  CHECK(refused("/expires_at", "2025-02-30T00:00:00Z"));
  CHECK(refused("/expires_at", "2026-11-22T10:00:00Z"));  // not after the start
  CHECK(refused("/starts_at", nullptr));
  CHECK(refused("/features/x", {{"a", 1}}));
  CHECK(refused("/features/x", {1, 2}));
  CHECK(refused("/features/x y", true));
  CHECK(refused("/limits/x", 5));
  CHECK(refused("/limits/x", nlohmann::json::object()));
  CHECK(refused("/limits/x", {{"max", -1}}));
  CHECK(refused("/limits/x", {{"max", 1}, {"per", "week"}}));
  CHECK(refused("/machines", {{{"match", 3}, {"facts", nlohmann::json::object()}}}));
  CHECK(refused("/machines", {{{"match", 0}, {"facts", {{"cpu", "ab"}}}}}));
  CHECK(refused("/customer", "ACME"));
  CHECK(refused("/key", to_lower(good["key"].get<std::string>())));
  CHECK(refused("/key", "../../x"));
  auto newer = good;
  newer["crit"] = {"wandering"};
  CHECK(Terms::parse(view_bytes(newer.dump()), "license").error().message.find("newer version needed") !=
        std::string::npos);
  auto extended = good;
  extended["later"] = {{"a", 1}};
  CHECK(Terms::parse(view_bytes(extended.dump()), "license"));
}

TEST_CASE("catalogue: the examples are whole", "[license]") {
  for (const char* name : {"ticketzero", "tensorpack"}) {
    const auto catalog = Catalog::parse(test::catalog_text(name), name);
    REQUIRE(catalog);
    CHECK(catalog->plans.size() == 4);
    CHECK(catalog->find_plan("trial")->kind == Kind::trial);
  }
}

TEST_CASE("catalogue: every fault is named with its pointer", "[license]") {
  const auto catalog = Catalog::parse(
      R"({"v":1,"product":"bad name","name":"X","app":"../x","key_prefix":"t","purchase_url":"javascript:x",
    "plans":[{"id":"a","name":"A","code":"PRO","kind":"subscription","grace_day":7,"price":{"amount":"1e9","currency":"usd"}},
             {"id":"a","name":"B","code":"PRO","kind":"trial"},
             {"id":"c","name":"C","code":"CCC","kind":"perpetual","months":12,"seats":0,"features":{"f":1.5}}]})",
      "catalogue");
  REQUIRE_FALSE(catalog);
  CHECK(catalog.error().code == Errc::invalid_input);  // a fraction already fails the reader
  const auto again = Catalog::parse(
      R"({"v":1,"product":"bad name","name":"X","app":"../x","key_prefix":"t","purchase_url":"javascript:x",
    "plans":[{"id":"a","name":"A","code":"PRO","kind":"subscription","grace_day":7,"price":{"amount":"1e9","currency":"usd"}},
             {"id":"a","name":"B","code":"PRO","kind":"trial","email_domains":["a..b"]},
             {"id":"c","name":"C","code":"CCC","kind":"perpetual","months":12,"seats":0,"grant_by_email":true}]})",
      "catalogue");
  REQUIRE_FALSE(again);
  for (const char* pointer :
       {"/product:", "/app:", "/key_prefix:", "/purchase_url:", "/plans/0/grace_day:", "/plans/0/price/amount:",
        "/plans/0/price/currency:", "/plans/1/id:", "/plans/1/code:", "/plans/1/days:", "/plans/1/email_domains/0:",
        "/plans/2/kind:", "/plans/2/seats:", "/plans/2/grant_by_email:"}) {
    CAPTURE(pointer, again.error().message);
    CHECK(again.error().message.find(pointer) != std::string::npos);
  }
}

TEST_CASE("catalogue: what is no e-mail address", "[license]") {
  for (const char* yes : {"a@b.example", "first.last+tag@sub.example.org", "j\u00fcrgen@example.org"})
    CHECK(is_email(yes));
  for (const char* no : {"", "@", "a@", "@b.example", "a@@b.example", "a b@c.example", "a@b@c.example", "a\n@b.example",
                         "a\x7f@b.example", "a@-b.example", "a@b..example", "j\xfcrgen@example.org", "\xc3@example.org",
                         "a@b\xff.example"})
    CHECK_FALSE(is_email(no));
  CHECK_FALSE(is_email(std::string(250, 'a') + "@b.example"));
}

TEST_CASE("catalogue: e-mail domains match whole labels from the end", "[license]") {
  const std::vector<std::string> domains = {".ac.uk", ".edu", "uni-example.org"};
  for (const char* yes : {"x@ox.ac.uk", "x@cs.OX.AC.UK", "x@mit.edu", "x@uni-example.org", "x@cs.uni-example.org"})
    CHECK(email_matches(yes, domains));
  for (const char* no : {"x@fake-ac.uk", "x@ac.uk", "x@edu", "x@ox.ac.uk.evil.example", "x@myuni-example.org",
                         "x@ox.ac.uk.", "ox.ac.uk", "x@y@ox.ac.uk", "@ox.ac.uk", "x@", "", "x @ox.ac.uk", "x@.ac.uk",
                         "x@evil.example/.edu", "x@evil.example#.edu", "x@-.edu", "x\x1b@mit.edu"})
    CHECK_FALSE(email_matches(no, domains));
}

TEST_CASE("catalogue: how long a plan runs", "[license]") {
  Plan plan;
  CHECK_FALSE(plan_end(plan, test::noon_of_tests()));
  plan.days = 30;
  CHECK(plan_end(plan, test::at("2027-01-31T00:00:00Z")) == test::at("2027-03-02T00:00:00Z"));
  plan.days.reset();
  plan.months = 1;
  CHECK(plan_end(plan, test::at("2027-01-31T00:00:00Z")) == test::at("2027-02-28T00:00:00Z"));
}
