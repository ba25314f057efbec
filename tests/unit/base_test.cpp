#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/vendor.hpp"

using namespace lic;
using test::at;

TEST_CASE("path: its parts are those of std::filesystem", "[base]") {
  for (const char* text :
       {"", "a", "a/", "a/b", "/", "/a", "//a", "/a/", "/a/b", "a//b", "/a//", "a/b/", "..", "./x"}) {
    const Path path(text);
    const std::filesystem::path standard(text);
    CAPTURE(text);
    CHECK(path.filename().native() == standard.filename().native());
    CHECK(path.parent_path().native() == standard.parent_path().native());
    CHECK(path.has_parent_path() == standard.has_parent_path());
    CHECK(path.is_absolute() == standard.is_absolute());
    for (const char* name : {"", "x", "/x", "x/y"}) CHECK((path / name).native() == (standard / name).native());
    CHECK(static_cast<std::filesystem::path>(path) == standard);
    CHECK(Path(standard) == path);
  }
}

TEST_CASE("text: what could deceive on a terminal is shown as an escape", "[base]") {
  CHECK(printable("plain äöü 漢字") == "plain äöü 漢字");
  CHECK(printable("a\x1b[31mred") == "a\\x1b[31mred");
  CHECK(printable("\u202egnp.exe") == "\\u202egnp.exe");
  CHECK(printable("\u200b\u2066\ufeff\u2028") == "\\u200b\\u2066\\ufeff\\u2028");
  CHECK(printable("\xff\xc0\xaf") == "\\xff\\xc0\\xaf");
  CHECK(printable(std::string_view("\0\x7f", 2)) == "\\x00\\x7f");
  CHECK(printable("\u0085") == "\\x85");
  CHECK(in_quotes(std::string(200, 'x')) == "'" + std::string(80, 'x') + "...'");
}

TEST_CASE("text: UTF-8 is strict", "[base]") {
  for (const char* good : {"", "a", "\u00e4", "\u20ac", "\U0001F600"}) CHECK(is_utf8(good));
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("text: integers are decimal digits and nothing else", "[base]") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-1") == -1);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  for (const char* bad : {"", "0x10", "3x", "+1", " 1", "1 ", "1.0", "9223372036854775808", "-", "1e3"})
    CHECK_FALSE(parse_integer(bad));
}

TEST_CASE("text: the nearest word, when one is near", "[base]") {
  const std::vector<std::string> words = {"professional", "starter", "enterprise"};
  CHECK(nearest("profesional", words) == "professional");
  CHECK(nearest("statrer", words) == "starter");
  CHECK(nearest("lsit", {"list", "show"}) == "list");
  CHECK(nearest("zzz", words).empty());
  CHECK(nearest(std::string(100'000, 'a'), words).empty());
}

TEST_CASE("base64 of every size, and with each digit wrong", "[base]") {
  Bytes bytes;
  for (int size = 0; size <= 100; ++size) {
    const std::string text = base64_encode(bytes);
    CHECK(base64_decode(text) == bytes);
    bytes.push_back(static_cast<std::uint8_t>(size * 151 + 7));
  }
  const std::string good = base64_encode(bytes);
  for (int c = 0; c < 256; ++c) {
    const char digit = static_cast<char>(c);
    const std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const bool is_digit = kAlphabet.find(digit) != std::string_view::npos;
    for (const std::size_t at : {0U, 5U, 15U, 16U, 31U, 100U, 120U, 125U}) {
      std::string text = good;
      text[at] = digit;
      const auto read = base64_decode(text);
      CAPTURE(c, at);
      CHECK(read.has_value() == is_digit);
      if (read) CHECK(base64_encode(*read) == text);
    }
  }
}

TEST_CASE("base64 has one text for each value", "[base]") {
  // RFC 4648, 10.
  const std::pair<const char*, const char*> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : known) {
    CHECK(base64_encode(view_bytes(plain)) == encoded);
    REQUIRE(base64_decode(encoded));
    CHECK(to_text(*base64_decode(encoded)) == plain);
  }
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm-v", "Zm_v", "=", "====", "Z===", "Zg==Zg=="})
    CHECK_FALSE(base64_decode(bad));
}

TEST_CASE("hex and base32", "[base]") {
  CHECK(hex_encode(view_bytes("\x01\xab")) == "01ab");
  CHECK(hex_decode("01ab").value() == Bytes{0x01, 0xab});
  for (const char* bad : {"0", "0g", "AB", "0x"}) CHECK_FALSE(hex_decode(bad));
  for (std::size_t size = 0; size < 12; ++size) {
    const Bytes bytes(size, 0xA7);
    CHECK(base32_decode(base32_encode(bytes)) == bytes);
    CHECK(base32_decode(to_lower(base32_encode(bytes))) == bytes);
  }
  CHECK(base32_value('O') == 0);
  CHECK(base32_value('l') == 1);
  CHECK(base32_value('U') == -1);
  CHECK(base32_value('-') == -1);
}

TEST_CASE("time: RFC 3339 in UTC, a real day of the calendar", "[base]") {
  CHECK(format_time(at("2026-11-22T10:00:00Z")) == "2026-11-22T10:00:00Z");
  CHECK(at("1970-01-01T00:00:00Z").time_since_epoch().count() == 0);
  CHECK(at("2024-02-29T23:59:59Z").time_since_epoch().count() == 1709251199);
  CHECK(format_time(at("9999-12-31T23:59:59Z")) == "9999-12-31T23:59:59Z");
  for (const char* bad :
       {"2025-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:60Z", "2025-01-01 00:00:00Z",
        "2025-01-01T00:00:00", "2025-01-01T00:00:00+01:00", "2025-01-01T00:00:00.5Z", "99999-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z", "2025-1-01T00:00:00Z", ""})
    CHECK_FALSE(parse_timestamp(bad));
  CHECK(parse_time("2026-11-22").value() == at("2026-11-22T00:00:00Z"));
  for (const char* bad : {"22.11.2026", "2026-11-31", "tomorrow", "99999-01-01", "-1"})
    CHECK(parse_time(bad).error().code == Errc::invalid_input);
}

TEST_CASE("time: months are the calendar's", "[base]") {
  CHECK(add_months(at("2027-01-31T12:00:00Z"), 1) == at("2027-02-28T12:00:00Z"));
  CHECK(add_months(at("2028-01-31T12:00:00Z"), 1) == at("2028-02-29T12:00:00Z"));
  CHECK(add_months(at("2024-02-29T00:00:00Z"), 12) == at("2025-02-28T00:00:00Z"));
  CHECK(add_months(at("2026-11-22T10:00:00Z"), 12) == at("2027-11-22T10:00:00Z"));
  CHECK(add_months(at("2026-12-31T10:00:00Z"), 2) == at("2027-02-28T10:00:00Z"));
  CHECK_FALSE(add_months(at("9999-11-22T10:00:00Z"), 12));
  CHECK_FALSE(add_months(at("2026-11-22T10:00:00Z"), INT64_MAX));
}

TEST_CASE("time: durations as a person types them", "[base]") {
  const Time start = at("2026-01-31T00:00:00Z");
  CHECK(add(start, parse_duration("30d").value()) == at("2026-03-02T00:00:00Z"));
  CHECK(add(start, parse_duration("1mo").value()) == at("2026-02-28T00:00:00Z"));
  CHECK(add(start, parse_duration("1y").value()) == at("2027-01-31T00:00:00Z"));
  CHECK(add(start, parse_duration("6h").value()) == at("2026-01-31T06:00:00Z"));
  for (const char* bad :
       {"", "d", "30", "-1d", "1.5d", "0x10d", "30 d", "1w", "99999999999999999999d", "9223372036854775807y"})
    CHECK(parse_duration(bad).error().code == Errc::invalid_input);
}

namespace {

Errc json_fault(std::string_view text) {
  const auto value = json::parse(text, "text");
  REQUIRE_FALSE(value);
  return value.error().code;
}

}  // namespace

namespace {

/// An object of so many keys, the first of which comes again at the end.
std::string many_keys(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += concat("\"k", i, "\":0,");
  return text + "\"k0\":1}";
}

}  // namespace

TEST_CASE("json: what the strict reader refuses", "[base]") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string deep_objects = [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "{\"a\":";
    return text;
  }();
  for (const std::string& bad : {std::string(),
                                 std::string("{"),
                                 std::string("{}{}"),
                                 std::string("{} x"),
                                 std::string("{}\0", 3),
                                 std::string("[1,]"),
                                 std::string("{\"a\":1,\"a\":2}"),
                                 std::string("{\"a\":1,\"\\u0061\":2}"),
                                 std::string("1.0"),
                                 std::string("1e3"),
                                 std::string("9007199254740993"),
                                 std::string("-9007199254740993"),
                                 std::string("18446744073709551616"),
                                 std::string("\"\xff\""),
                                 std::string("\"\\ud800\""),
                                 std::string("\"\\udc00\""),
                                 std::string("\"\n\""),
                                 std::string("\"a"),
                                 std::string("'a'"),
                                 many_keys(31),
                                 many_keys(32),
                                 many_keys(33),
                                 many_keys(500),
                                 std::string("NaN"),
                                 std::string("01"),
                                 std::string("+1"),
                                 std::string("// x\n1"),
                                 std::string("\xEF\xBB\xBF{}"),
                                 deep,
                                 deep_objects}) {
    CAPTURE(bad.substr(0, 40));
    CHECK(json_fault(bad) == Errc::invalid_input);
  }
}

TEST_CASE("json: a foreign byte is found wherever it stands in a string", "[base]") {
  std::vector<std::string> foreign = {"\x80", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"};
  for (char control = 0; control < 0x20; ++control) foreign.emplace_back(1, control);
  for (const std::string& bytes : foreign) {
    for (std::size_t at = 0; at <= 40; ++at) {
      std::string text = "\"" + std::string(40, 'x') + "\"";
      text.insert(1 + at, bytes);
      CAPTURE(bytes, at);
      CHECK(json_fault(text) == Errc::invalid_input);
    }
  }
  for (std::size_t at = 0; at <= 40; ++at) {
    std::string plain(40, 'x');
    plain.insert(at, "ä\x7F€");
    CHECK(json::parse(concat('"', plain, '"'), "text").value() == json::Value(plain));
  }
}

TEST_CASE("json: what it reads, and writes again", "[base]") {
  const std::string text =
      R"({"z":[1,-2,9007199254740992,true,false,null],"a":{"b":"\"\\\u0000ä\u202e"},"e":{},"l":[]})";
  const auto value = json::parse(text, "text");
  REQUIRE(value);
  CHECK(json::parse(json::dump(*value), "text").value() == *value);
  CHECK(*value->find("z")->as_array()->begin()[2].as_integer() == json::kMaxInteger);
  CHECK(value->as_object()->front().first == "z");
  const std::string sixteen = std::string(16, '[') + std::string(16, ']');
  CHECK(json::parse(sixteen, "text"));
  CHECK(json_fault("[" + sixteen + "]") == Errc::invalid_input);
}

TEST_CASE("json: an object put together is read back as it was", "[base]") {
  json::ObjectBuilder nested;
  nested.boolean("on", true).boolean("off", false);
  json::ObjectBuilder builder;
  builder.string("text", "a \"quoted\" \n line, \u00e4").string_or_null("none", "").string_or_null("some", "x");
  builder.integer("least", -json::kMaxInteger).integer("most", json::kMaxInteger);
  builder.time("then", parse_time("2026-11-22T10:00:00Z").value()).time_or_null("never", std::nullopt);
  builder.strings("list", {"a", "b"}).strings("empty", {}).value("nested", nested.take());
  const json::Value made = builder.take();
  const std::string text = json::dump(made);
  CHECK(text ==
        "{\"text\":\"a \\\"quoted\\\" \\n line, \u00e4\",\"none\":null,\"some\":\"x\",\"least\":-9007199254740992,"
        "\"most\":9007199254740992,\"then\":\"2026-11-22T10:00:00Z\",\"never\":null,\"list\":[\"a\",\"b\"],"
        "\"empty\":[],\"nested\":{\"on\":true,\"off\":false}}");
  CHECK(json::parse(text, "text").value() == made);
  CHECK(json::parse(json::dump_indented(made), "text").value() == made);

  CHECK(json::dump(builder.take()) == "{}");  // taken once
  json::ObjectBuilder more(json::parse("{\"a\":1}", "text").value());
  CHECK(json::dump(more.integer("b", 2).take()) == "{\"a\":1,\"b\":2}");
  CHECK(json::dump(json::ObjectBuilder(json::Value(std::string("no object"))).take()) == "{}");
}

TEST_CASE("json: every control character is escaped wherever it stands", "[base]") {
  for (int c = 0; c < 0x20; ++c) {
    for (std::size_t at = 0; at <= 40; ++at) {
      std::string text(40, 'x');
      text.insert(at, 1, static_cast<char>(c));
      const json::Value value(text);
      const std::string written = json::dump(value);
      CAPTURE(c, at, written);
      CHECK(written.find(static_cast<char>(c)) == std::string::npos);
      CHECK(json::parse(written, "text").value() == value);
    }
  }
}

TEST_CASE("json: what is wrong is told, and where", "[base]") {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "is not valid JSON: it is empty (byte 0)"},
      {" \n", "is not valid JSON: it is empty (byte 2)"},
      {"{} x", "is not valid JSON: something follows the end of the document (byte 3)"},
      {"{\"a\":1", "is not valid JSON: it breaks off or is not JSON (byte 6)"},
      {"[1,]", "is not valid JSON: it breaks off or is not JSON (byte 3)"},
      {"[truth]", "is not valid JSON: it breaks off or is not JSON (byte 4)"},
      {"[\"a\\x\"]", "is not valid JSON: a string has a bad escape (byte 3)"},
      {"[\"a\\ud800\\n\"]", "is not valid JSON: a string has a bad escape (byte 3)"},
      {"[\"a\n\"]", "is not valid JSON: a string has a bad escape (byte 3)"},
      {"[\"a", "is not valid JSON: a string does not end or has a control character (byte 3)"},
      {"[1]\x01", "is not valid JSON: it has a control character or is not UTF-8 (byte 3)"},
      {"[x,\"\xff\"]", "is not valid JSON: it has a control character or is not UTF-8 (byte 4)"},
      {"[\"\\udc00\"]", "has the escape of half a surrogate pair, at byte 9"},
      {"{\"a\":1,\"a\":2}", "has the key 'a' twice, at byte 10"},
      {"[1.5]", "has a number that is not a whole number up to 2^53, at byte 1"},
      {"[1.]", "is not valid JSON: it breaks off or is not JSON (byte 3)"},
      {"[9007199254740993]", "has an integer beyond 2^53, at byte 1"},
      {"[-9007199254740993]", "has an integer below -2^53, at byte 1"},
      {std::string(17, '['), "has nesting deeper than 16, at byte 17"},
  };
  for (const auto& [text, message] : faults) {
    const auto value = json::parse(text, "text");
    CAPTURE(text);
    REQUIRE_FALSE(value);
    CHECK(value.error().message == concat("text ", message));
  }
}

TEST_CASE("json: escapes are read wherever they stand in a string", "[base]") {
  const std::vector<std::pair<std::string, std::string>> escapes = {
      {"\\n", "\n"},           {"\\/", "/"},
      {"\\u00e9", "é"},        {"\\u20AC", "€"},
      {"\\ud83d\\ude00", "😀"}, {"\\u0000", std::string(1, '\0')}};
  for (const auto& [escape, meaning] : escapes) {
    for (std::size_t at = 0; at <= 40; ++at) {
      std::string text(40, 'x');
      std::string meant = text;
      text.insert(at, escape + escape);
      meant.insert(at, meaning + meaning);
      const auto value = json::parse(concat("{\"", text, "\":[\"", text, "\"]}"), "text");
      CAPTURE(escape, at);
      REQUIRE(value);
      CHECK(value->as_object()->front().first == meant);
      CHECK(*value->find(meant)->as_array()->front().as_string() == meant);
    }
  }
}

TEST_CASE("json: a copy needs its document no more", "[base]") {
  std::string text = "{\"text\":\"word\",\"flags\":[true,null,-7],\"many\":[";
  for (int i = 0; i < 1000; ++i) text += concat("{\"number\":", i, ",\"inside\":[[\"a\"],{}]},");
  text += "0]}";
  json::Value copy;
  {
    auto document = json::parse(text, "text").value();
    json::Document moved = std::move(document);
    document = json::parse("[1]", "other").value();
    CHECK(moved.find("many")->as_array()->size() == 1001);
    copy = moved;
    json::Value second(moved);
    second = copy;
    CHECK(second == moved);
  }
  CHECK(json::dump(copy) == text);
  const json::Value taken = std::move(copy);
  CHECK(*taken.find("many")->as_array()->begin()[999].find("number")->as_integer() == 999);
  CHECK(taken != json::Value(json::Array{json::Value(true), json::Value(std::int64_t{1})}));
}

TEST_CASE("json: a reader finds members in any order", "[base]") {
  const auto value = json::parse(R"({"a":1,"b":2,"c":null,"":4,"abc":5,"abd":6})", "text").value();
  json::Faults faults;
  json::Reader reader(value, faults);
  for (int round = 0; round < 2; ++round) {
    for (const auto& [name, number] : std::vector<std::pair<std::string, int>>{
             {"abd", 6}, {"abd", 6}, {"a", 1}, {"abc", 5}, {"", 4}, {"b", 2}, {"b", 2}})
      CHECK(reader.integer(name, 0, 9) == number);
    CHECK_FALSE(reader.has("c"));
    CHECK_FALSE(reader.has("abx"));
    CHECK(reader.integer_or("c", 0, 9, 8) == 8);
    CHECK(reader.member("c") != nullptr);
    CHECK(reader.member("d") == nullptr);
  }
  CHECK(faults.empty());
}

TEST_CASE("json: every prefix of a document is refused", "[base]") {
  const std::string text = R"({"a":[1,2,{"b":"c"}],"d":null})";
  for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(json::parse(text.substr(0, size), "text"));
}

TEST_CASE("json: a reader names every fault by its pointer", "[base]") {
  const auto value = json::parse(R"({"top":[0,{"a":1,"b/c":"x","t":"2025-02-30T00:00:00Z","n":5}]})", "text").value();
  json::Faults faults;
  json::Reader document(value, faults);
  json::Reader reader(document.array("top")[1], document, "top", 1);
  CHECK(reader.string("a").empty());
  CHECK(reader.integer("b/c", 0, 9) == 0);
  static_cast<void>(reader.time("t"));
  CHECK(reader.integer("n", 6, 9) == 6);
  static_cast<void>(reader.string("missing"));
  REQUIRE(faults.list().size() == 5);
  CHECK(faults.list()[0].pointer == "/top/1/a");
  CHECK(faults.list()[1].pointer == "/top/1/b~1c");
  CHECK(faults.list()[4].pointer == "/top/1/missing");
  CHECK(faults.all("file").message.find("5 faults") != std::string::npos);
}

TEST_CASE("file: reading never waits, never follows where it should not", "[base]") {
  const test::TemporaryDirectory directory;
  const Path file = directory / "file";
  REQUIRE(write_file(file, view_bytes("content")));
  CHECK(to_text(read_file(file, "file").value()) == "content");
  CHECK(read_file(directory / "none", "file").error().code == Errc::not_found);
  CHECK(read_file(directory.path(), "file").error().code == Errc::invalid_input);
  CHECK(read_file("/dev/zero", "file").error().code == Errc::invalid_input);
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK(read_file(directory / "pipe", "file").error().code == Errc::invalid_input);
  CHECK(read_file(file, "file", {.limit = 6}).error().code == Errc::invalid_input);
  CHECK(read_file(file, "file", {.limit = 7}));
  std::filesystem::create_symlink(file, directory / "link");
  CHECK(read_file(directory / "link", "file"));
  CHECK(read_file(directory / "link", "file", {.follow_symlink = false}).error().code == Errc::denied);
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  CHECK(read_file(file, "file", {.must_be_private = true}).error().code == Errc::denied);
  REQUIRE(::truncate(file.c_str(), off_t{1} << 30) == 0);
  CHECK(read_file(file, "file").error().code == Errc::invalid_input);
}

TEST_CASE("JSON text safe to show is the same document", "[base]") {
  const std::string plain = R"({"a":"b\\n"})";
  CHECK(printable_json(plain) == plain);
  const std::string text = "{\"n\":\"\u202e\u009b\x7f ä \U000E0041\"}";
  const std::string shown = printable_json(text);
  CHECK(shown == R"({"n":"\u202e\u009b\u007f ä \udb40\udc41"})");
  CHECK(json::parse(shown, "shown").value() == json::parse(text, "text").value());
}

TEST_CASE("file: what a killed writer left is removed, a living one's is not", "[base]") {
  const test::TemporaryDirectory directory;
  for (const char* name : {".a.json.abc123", ".state.key.abc123", ".a.json.swp", "a.json", ".profile.abc123"}) {
    REQUIRE(write_file(directory / name, view_bytes("x")));
    const timespec old[2] = {{1, 0}, {1, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (directory / name).c_str(), old, 0) == 0);
  }
  auto living = AtomicFile::create(directory / "b.json");
  REQUIRE(living);
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    const timespec old[2] = {{1, 0}, {1, 0}};
    REQUIRE(::utimensat(AT_FDCWD, entry.path().c_str(), old, 0) == 0);
  }
  remove_abandoned_temporaries(directory.path());
  CHECK_FALSE(std::filesystem::exists(directory / ".a.json.abc123"));
  CHECK_FALSE(std::filesystem::exists(directory / ".state.key.abc123"));
  for (const char* name : {".a.json.swp", "a.json", ".profile.abc123"})
    CHECK(std::filesystem::exists(directory / name));
  REQUIRE(living->commit());
  CHECK(std::filesystem::exists(directory / "b.json"));
}

TEST_CASE("file: permission counts", "[base]") {
  const test::TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  REQUIRE(write_file(directory / "closed", view_bytes("x"), 0000));
  CHECK(test::holds_for_ordinary_user(
      [&] { return read_file(directory / "closed", "file").error().code == Errc::denied; }));
  CHECK(test::holds_for_ordinary_user([&] { return write_file(directory / "new", {}).error().code == Errc::denied; }));
}

TEST_CASE("file: written whole or not at all", "[base]") {
  const test::TemporaryDirectory directory;
  const Path file = directory / "file";
  REQUIRE(write_file(file, view_bytes("old")));
  {
    auto unfinished = AtomicFile::create(file);
    REQUIRE(unfinished);
    REQUIRE(unfinished->write(view_bytes("new")));
  }
  CHECK(to_text(read_file(file, "file").value()) == "old");
  CHECK(write_file(file, view_bytes("new"), 0600, AtomicFile::Existing::refuse).error().code == Errc::conflict);
  CHECK(to_text(read_file(file, "file").value()) == "old");
  REQUIRE(write_file(file, view_bytes("new"), 0640));
  CHECK(to_text(read_file(file, "file").value()) == "new");
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  CHECK(write_file(directory / "none" / "file", {}).error().code == Errc::not_found);
  const auto files = std::distance(std::filesystem::directory_iterator(directory.path()), {});
  CHECK(files == 1);  // no temporary file was left
}

TEST_CASE("file: writing replaces a symbolic link, never what it points to", "[base]") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file(directory / "target", view_bytes("precious")));
  std::filesystem::create_symlink(directory / "target", directory / "link");
  REQUIRE(write_file(directory / "link", view_bytes("new")));
  CHECK(to_text(read_file(directory / "target", "file").value()) == "precious");
  CHECK_FALSE(std::filesystem::is_symlink(directory / "link"));
}

TEST_CASE("file: a lock excludes, is waited for, and ends with its process", "[base][concurrent]") {
  using std::chrono::milliseconds;
  const test::TemporaryDirectory directory;
  const Path path = directory / "lock";
  {
    const auto lock = FileLock::acquire(path, milliseconds(0));
    REQUIRE(lock);
    CHECK(FileLock::acquire(path, milliseconds(20)).error().code == Errc::unavailable);
  }
  CHECK(FileLock::acquire(path, milliseconds(0)));
  const pid_t child = test::start_child([&] {
    const auto lock = FileLock::acquire(path, milliseconds(0));
    return lock.has_value();
  });
  REQUIRE(test::went_well(child));
  CHECK(FileLock::acquire(path, milliseconds(1000)));
}
