#include "csv/reader.hpp"

#include <csv.h>

#include <algorithm>
#include <array>
#include <deque>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::csv {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
constexpr std::string_view kSaveAsUtf8 = "save the file as \"CSV UTF-8\", or convert it: iconv -f CHARSET -t UTF-8";

/// libcsv would drop white space around fields.
int is_never_space(unsigned char) { return 0; }

/// The separator that stands first in the first line that is not empty, outside quotes.
char separator_of(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == ',' || c == ';' || c == '\t') return c;
    if (c == '\n' || c == '\r') break;
  }
  return ',';
}

/// Names what is wrong with the bytes of a field, and moves its line to there.
void check_bytes(Field& field) {
  std::string_view rest = field.text;
  std::int64_t line = field.line;
  char before = '\0';
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    if (length != 0 && rest.front() != '\0') {
      if (rest.front() == '\r' || (rest.front() == '\n' && before != '\r')) ++line;
      before = rest.front();
      rest.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(rest.front());
    field.fault = byte == 0 ? std::string("holds a NUL byte: this is no text")
                            : concat("is not UTF-8: byte 0x", hex_encode(ByteView(&byte, 1)), " (", kSaveAsUtf8, ")");
    field.line = line;
    return;
  }
}

}  // namespace

/// libcsv splits, but does not tell where it is. So it is given the text in pieces that
/// end with a separator or a line end: each ends no more than one field.
class Reader::Parser {
 public:
  explicit Parser(Source source) : source_(std::move(source)) {
    started_ = csv_init(&csv_, CSV_STRICT | CSV_STRICT_FINI) == 0;
    csv_set_space_func(&csv_, is_never_space);
    csv_set_blk_size(&csv_, 4096);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { csv_free(&csv_); }

  Result<bool> next(Row& row) {
    if (!started_) return error(Errc::failure, "no memory for a CSV parser");
    while (ready_.empty()) {
      if (ended_) return false;
      LIC_TRY(step());
    }
    row = std::move(ready_.front());
    ready_.pop_front();
    return true;
  }

  [[nodiscard]] char separator() const noexcept { return static_cast<char>(csv_.delim_char); }

 private:
  Result<void> step() {
    if (at_ == size_) {
      LIC_TRY(fill());
      if (size_ == 0) return finish();
    }
    const std::string_view left(buffer_.data() + at_, size_ - at_);
    const char ends[] = {separator(), '\r', '\n'};
    const std::size_t end = left.find_first_of(std::string_view(ends, sizeof ends));
    const std::string_view piece = left.substr(0, end == std::string_view::npos ? end : end + 1);
    LIC_TRY(take(piece));
    at_ += piece.size();
    count_lines(piece);
    return {};
  }

  Result<void> fill() {
    at_ = 0;
    size_ = 0;
    // The first bytes tell the encoding, so they must be there together.
    do {
      LIC_TRY_ASSIGN(const std::size_t count, source_(buffer_.data() + size_, kBuffer - size_));
      size_ += count;
      if (count == 0) break;
    } while (!begun_ && size_ < kBuffer);
    if (begun_ || size_ == 0) return {};
    begun_ = true;
    return begin();
  }

  Result<void> begin() {
    const std::string_view text(buffer_.data(), size_);
    const bool marked = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
    const bool wide = text.size() > 1 && (text[0] == '\0') != (text[1] == '\0');
    if (marked || wide) return error(Errc::invalid_input, "the text is UTF-16, not UTF-8", std::string(kSaveAsUtf8));
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (text.starts_with(kMark)) at_ = kMark.size();
    csv_set_delim(&csv_, static_cast<unsigned char>(separator_of(text.substr(at_))));
    return {};
  }

  Result<void> take(std::string_view piece) {
    const bool line_end = piece == "\r" || piece == "\n";
    if (at_field_start_) {
      field_line_ = line_;
      pending_ = 0;
      if (line_end && row_.fields.empty()) return {};  // an empty line, or the LF of CRLF
    }
    pending_ += piece.size();
    if (pending_ > kLongestField + 3)  // two quotes and what ends it
      return fault(concat("a field is longer than ", kLongestField / 1024, " KiB"),
                   "is the quote missing that should end it?");
    if (row_.fields.size() >= kMostFields) return fault(concat("a row has more than ", kMostFields, " fields"));
    at_field_start_ = false;
    const std::size_t used = csv_parse(&csv_, piece.data(), piece.size(), &Parser::on_field, &Parser::on_row, this);
    if (used == piece.size()) return {};
    if (csv_error(&csv_) != CSV_EPARSE) return error(Errc::failure, csv_strerror(csv_error(&csv_)));
    return fault("a quote stands where none may be",
                 "a field with quotes is put into quotes, and each quote in it is doubled: \"say \"\"hi\"\"\"");
  }

  Result<void> finish() {
    ended_ = true;
    if (at_field_start_) field_line_ = line_;
    if (csv_fini(&csv_, &Parser::on_field, &Parser::on_row, this) == 0) return {};
    return fault("a field begins with a quote and has none at its end");
  }

  Error fault(std::string_view message, std::string_view hint = {}) {
    ended_ = true;
    const std::string lines =
        field_line_ == line_ ? concat("line ", line_) : concat("lines ", field_line_, " to ", line_);
    return error(Errc::invalid_input, concat(lines, ", column ", row_.fields.size() + 1, ": ", message),
                 std::string(hint));
  }

  void count_lines(std::string_view piece) {
    const bool second_of_crlf = after_cr_ && piece == "\n";
    after_cr_ = piece.back() == '\r';
    if (after_cr_ || (piece.back() == '\n' && !second_of_crlf)) ++line_;
  }

  static void on_field(void* text, std::size_t size, void* self) {
    auto& parser = *static_cast<Parser*>(self);
    if (parser.row_.fields.empty()) parser.row_.line = parser.field_line_;
    Field field{std::string(static_cast<const char*>(text), size), parser.field_line_, {}};
    check_bytes(field);
    parser.row_.fields.push_back(std::move(field));
    parser.at_field_start_ = true;
  }

  static void on_row(int, void* self) {
    auto& parser = *static_cast<Parser*>(self);
    parser.ready_.push_back(std::move(parser.row_));
    parser.row_ = {};
    parser.at_field_start_ = true;
  }

  Source source_;
  csv_parser csv_{};
  bool started_ = false;
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  std::int64_t line_ = 1;
  bool after_cr_ = false;
  std::int64_t field_line_ = 1;
  bool at_field_start_ = true;
  std::size_t pending_ = 0;  // bytes of the field that is being read
  Row row_;
  std::deque<Row> ready_;
};

Reader::Reader(Source source) : parser_(std::make_unique<Parser>(std::move(source))) {}
Reader::Reader(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<bool> Reader::next(Row& row) { return parser_->next(row); }

char Reader::separator() const noexcept { return parser_->separator(); }

}  // namespace lic::csv
