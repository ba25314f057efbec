#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "csv/reader.hpp"
#include "csv/text.hpp"
#include "support/catch.hpp"

using namespace lic;

namespace {

struct Read {
  std::vector<csv::Row> rows;
  std::string error;
  std::string hint;
  char separator = 0;
};

/// Reads all of `text`, which comes in pieces of at most `piece` bytes.
Read read(std::string_view text, std::size_t piece = 1 << 20) {
  csv::Reader reader([&](char* to, std::size_t size) -> Result<std::size_t> {
    const std::size_t count = std::min({size, piece, text.size()});
    std::memcpy(to, text.data(), count);
    text.remove_prefix(count);
    return count;
  });
  Read read;
  csv::Row row;
  while (true) {
    const auto found = reader.next(row);
    read.separator = reader.separator();
    if (!found) read.error = found.error().message, read.hint = found.error().hint;
    if (!found || !*found) return read;
    read.rows.push_back(row);
  }
}

/// "a|b//c": the fields of all rows, and the error behind them.
std::string texts(const Read& read) {
  std::string out;
  for (const auto& row : read.rows) {
    out += out.empty() ? "" : "//";
    for (std::size_t i = 0; i < row.fields.size(); ++i) out += (i == 0 ? "" : "|") + row.fields[i].text;
  }
  return read.error.empty() ? out : out + "!" + read.error;
}

std::vector<std::int64_t> lines(const Read& read) {
  std::vector<std::int64_t> out;
  for (const auto& row : read.rows) out.push_back(row.line);
  return out;
}

const std::string kGood = "plan,customer\r\npro,\"A, \"\"B\"\"\"\r\n\r\nstarter,\"two\nlines\"\r\nx,\xc3\xbc\r\n";

}  // namespace

TEST_CASE("CSV is split into fields", "[csv]") {
  CHECK(texts(read("a,b\n1,2\n")) == "a|b//1|2");
  CHECK(texts(read("a,b\r\n1,2\r\n")) == "a|b//1|2");
  CHECK(texts(read("a,b\r1,2\r")) == "a|b//1|2");
  CHECK(texts(read("a,b\n1,2")) == "a|b//1|2");
  CHECK(texts(read("a,b\n,\n")) == "a|b//|");
  CHECK(texts(read("a,b\n\"\",\"x\"\"y\"\n")) == "a|b//|x\"y");
  CHECK(texts(read("a,b\n\"1,2\r\n3\",\"4;\"\n")) == "a|b//1,2\r\n3|4;");
  CHECK(texts(read("a, b \n 1 ,\t2\n")) == "a| b // 1 |\t2");
  CHECK(texts(read("\n\n\r\na\n\n1\n")) == "a//1");
  CHECK(texts(read("")).empty());
  CHECK(texts(read("\xef\xbb\xbf"
                   "a,b\n")) == "a|b");
  CHECK(texts(read("\xef\xbb\xbf")).empty());
}

TEST_CASE("the first line names the separator", "[csv]") {
  CHECK(read("a;b\n1,2;3\n").separator == ';');
  CHECK(texts(read("a;b\n1,2;3\n")) == "a|b//1,2|3");
  CHECK(read("a\tb;c\n").separator == '\t');
  CHECK(texts(read("\r\n\na;b\n1;2\n")) == "a|b//1|2");
  CHECK(read("\"a;b\",c\n").separator == ',');
  CHECK(read("a\n1;2\n").separator == ',');
}

TEST_CASE("lines are counted as an editor counts them", "[csv]") {
  CHECK(lines(read(kGood)) == std::vector<std::int64_t>{1, 2, 4, 6});
  CHECK(lines(read("a\r1\r\r2\r")) == std::vector<std::int64_t>{1, 2, 4});
  CHECK(lines(read("a\rb\nc\r\nd\n\re")) == std::vector<std::int64_t>{1, 2, 3, 4, 6});
  CHECK(lines(read("a\r\n\r\n\r\n1\r\n")) == std::vector<std::int64_t>{1, 4});
  const auto fields = read("a,b\n\"x\n\ny\",z\n").rows.back().fields;
  CHECK(fields[0].line == 2);
  CHECK(fields[1].line == 4);
}

TEST_CASE("how the text comes in does not matter", "[csv]") {
  for (std::size_t piece = 1; piece < 9; ++piece) {
    CHECK(texts(read(kGood, piece)) == texts(read(kGood)));
    CHECK(lines(read(kGood, piece)) == lines(read(kGood)));
  }
  std::string large = "a,b\n";
  for (int i = 0; i < 20000; ++i) large += concat(i, ",\"q\"\"", i, "\"\r\n");
  const auto rows = read(large).rows;
  REQUIRE(rows.size() == 20001);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    REQUIRE(rows[i].line == static_cast<std::int64_t>(i) + 1);
    REQUIRE(rows[i].fields[1].text == concat("q\"", i - 1));
  }
}

TEST_CASE("what is no CSV is told, with its place", "[csv]") {
  CHECK(texts(read("a,b\n1,x\"y\n")) == "a|b!line 2, column 2: a quote stands where none may be");
  CHECK(texts(read("a,b\n\"1\"2,3\n")) == "a|b!line 2, column 1: a quote stands where none may be");
  CHECK(texts(read("a,b\n\"1\" ,3\n")) == "a|b!line 2, column 1: a quote stands where none may be");
  CHECK(texts(read("a,b\n1,\"2\n3\n")) ==
        "a|b!lines 2 to 4, column 2: a field begins with a quote and has none at its end");
  CHECK(texts(read("\"")) == "!line 1, column 1: a field begins with a quote and has none at its end");
  CHECK(read("a\n\"1\"2\n").hint.find("doubled") != std::string::npos);
  CHECK(texts(read(std::string("\xff\xfe"
                               "a\0",
                               4))) == "!the text is UTF-16, not UTF-8");
  CHECK(texts(read(std::string("\xfe\xff\0a", 4))) == "!the text is UTF-16, not UTF-8");
  CHECK(texts(read(std::string("a\0b\0", 4))) == "!the text is UTF-16, not UTF-8");
  CHECK(read(std::string("a\0b\0", 4), 1).hint.find("iconv") != std::string::npos);
}

TEST_CASE("a field that is no text has a fault, the next does not", "[csv]") {
  const auto latin = read("a,b\n1,M\xfcller\n\"x\ny\n\xe9\",ok\n");
  REQUIRE(latin.rows.size() == 3);
  CHECK(latin.rows[1].fields[0].fault.empty());
  CHECK(latin.rows[1].fields[1].fault.find("is not UTF-8: byte 0xfc") == 0);
  CHECK(latin.rows[1].fields[1].line == 2);
  CHECK(latin.rows[2].fields[0].fault.find("byte 0xe9") != std::string::npos);
  CHECK(latin.rows[2].fields[0].line == 5);
  CHECK(latin.rows[2].fields[1].fault.empty());
  CHECK(read(std::string("a,b\n1,x\0y\n", 10)).rows[1].fields[1].fault.find("NUL") != std::string::npos);
}

TEST_CASE("a field and a row have an end", "[csv]") {
  const std::string most(csv::Reader::kLongestField, 'x');
  CHECK(read("a,b\n1," + most + "\n").error.empty());
  CHECK(read("a,b\n1,\"" + most + "\"\n").error.empty());
  CHECK(read("a,b\n1," + most + "xxx\n").error == "line 2, column 2: a field is longer than 64 KiB");
  // Ten megabytes behind a quote: refused long before they are read.
  std::string open = "a,b\n1,\"";
  for (int i = 0; i < 1'000'000; ++i) open += "123456789\n";
  std::size_t given = 0;
  csv::Reader reader([&](char* to, std::size_t size) -> Result<std::size_t> {
    const std::size_t count = std::min(size, open.size() - given);
    std::memcpy(to, open.data() + given, count);
    given += count;
    return count;
  });
  csv::Row row;
  REQUIRE(reader.next(row));
  const auto found = reader.next(row);
  REQUIRE_FALSE(found);
  CHECK(found.error().message.find("column 2: a field is longer than 64 KiB") != std::string::npos);
  CHECK(found.error().hint == "is the quote missing that should end it?");
  CHECK(given < 1'000'000);
  CHECK(read(std::string(csv::Reader::kMostFields - 1, ',') + "\n").error.empty());
  CHECK(read(std::string(csv::Reader::kMostFields, ',') + "\n").error ==
        "line 1, column 1001: a row has more than 1000 fields");
}

TEST_CASE("every prefix of CSV, and CSV with every byte altered, is read or refused", "[csv]") {
  for (std::size_t length = 0; length < kGood.size(); ++length) {
    const auto part = read(kGood.substr(0, length));
    CHECK((part.error.empty() || part.error.find("line") == 0));
    CHECK(part.rows.size() <= 4);
  }
  for (std::size_t i = 0; i < kGood.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff, '"' ^ kGood[i], '\n' ^ kGood[i]}) {
      std::string altered = kGood;
      altered[i] = static_cast<char>(altered[i] ^ flip);
      const auto result = read(altered);
      CHECK(texts(result) == texts(read(altered, 1)));
      CHECK(!texts(result).empty());
    }
  }
}

TEST_CASE("what is written is read again", "[csv]") {
  const std::string values[] = {"",
                                "plain",
                                "a,b",
                                "a;b",
                                "say \"hi\"",
                                "two\r\nlines",
                                "=1+1",
                                "'=1+1",
                                "''-x",
                                "'plain",
                                "+49",
                                "\t=x",
                                " @cmd",
                                "\xef\xbc\x9d"
                                "1",
                                "\xc3\xbc"};
  for (const char separator : {',', ';'}) {
    for (const auto& value : values) {
      const std::string text =
          concat("a", std::string(1, separator), "b\nx", std::string(1, separator), csv::field(value, separator), "\n");
      const auto rows = read(text).rows;
      REQUIRE(rows.size() == 2);
      REQUIRE(rows[1].fields.size() == 2);
      CHECK(csv::unguarded(rows[1].fields[1].text) == value);
    }
  }
  CHECK(csv::field("=1+1") == "'=1+1");
  CHECK(csv::field("plain") == "plain");
  CHECK(csv::field("'plain") == "'plain");
  CHECK(csv::unguarded("'plain") == "'plain");
}
