#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <type_traits>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kAtOnce = 16;  // bytes of a string

constexpr bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

/// Where `text` has the first byte that no JSON has: a control character that is
/// no white space, or one that is not UTF-8; npos when there is none.
std::size_t find_foreign_byte(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_control(c) && !is_white_space(c)) return at;
    const std::size_t length = is_ascii(c) ? 1 : utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

/// The first character of a string, from `at` on, that does not just stand for itself: a quotation
/// mark, a backslash, a control character or one beyond ASCII. There is one, and kAtOnce
/// characters after it can be read.
char* plain_end(char* at) noexcept {
#if defined(__SSE2__)
  const __m128i quotes = _mm_set1_epi8('"');
  const __m128i backslashes = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  for (;; at += kAtOnce) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i others = _mm_cmplt_epi8(text, space);  // with a sign: those beyond ASCII are below 0
    const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(text, quotes), _mm_cmpeq_epi8(text, backslashes));
    const int found = _mm_movemask_epi8(_mm_or_si128(others, marks));
    if (found != 0) return at + std::countr_zero(static_cast<unsigned>(found));
  }
#else
  while (is_ascii(*at) && !is_control(*at) && *at != '"' && *at != '\\') ++at;
  return at;
#endif
}

}  // namespace

/// Reads one document in a copy of its text: strings stay where they are, escapes are replaced
/// there. Each list is put together on one stack and copied to the document's memory when it ends.
class Parser {
 public:
  Parser(Document& document, std::string_view text) : document_(document) {
    begin_ = static_cast<char*>(memory(text.size() + kAtOnce));
    text.copy(begin_, text.size());
    std::memset(begin_ + text.size(), 0, kAtOnce);
    at_ = begin_;
    end_ = begin_ + text.size();
  }

  /// Whether it is JSON, which `document` then has.
  bool read() {
    skip_white_space();
    if (at_ == end_) return broken("it is empty");
    const std::size_t root = push({});
    if (!read_value(root)) return false;
    skip_white_space();
    if (at_ != end_) return broken("something follows the end of the document");
    document_.take(stack_[root].second);
    return true;
  }

  /// Why it is none.
  [[nodiscard]] Error error(std::string_view what) const {
    const auto place = at_ - begin_;
    if (!refused_.empty()) return lic::error(Errc::invalid_input, concat(what, " has ", refused_, ", at byte ", place));
    return lic::error(Errc::invalid_input, concat(what, " is not valid JSON: ", broken_, " (byte ", place, ")"));
  }

 private:
  static_assert(std::is_trivially_copyable_v<Text> && std::is_nothrow_move_constructible_v<Value>);

  [[gnu::cold]] bool broken(std::string_view how) {
    broken_ = how;
    return false;
  }
  bool broken() { return broken("it breaks off or is not JSON"); }
  [[gnu::cold]] bool refuse(std::string what) {
    refused_ = std::move(what);
    return false;
  }

  /// Of the document: it is given back with it.
  void* memory(std::size_t size) {
    constexpr std::size_t kLeast = 4096;
    size = (size + alignof(Member) - 1) / alignof(Member) * alignof(Member);
    if (size > left_) {
      const std::size_t wanted = sizeof(Document::Block) + size + std::max(kLeast, size / 2);
      auto* block = new (::operator new(wanted)) Document::Block{document_.blocks_};
      document_.blocks_ = block;
      free_ = reinterpret_cast<char*>(block + 1);
      left_ = wanted - sizeof(Document::Block);
    }
    left_ -= size;
    return std::exchange(free_, free_ + size);
  }

  /// A place on the stack for a value, which anything that is pushed may move.
  std::size_t push(Text name) {
    if (size_ == capacity_) grow();
    new (stack_ + size_) Member{name, {}};
    return size_++;
  }

  [[gnu::cold]] void grow() {
    auto grown = std::make_unique<Member[]>(capacity_ * 2);
    std::memcpy(static_cast<void*>(grown.get()), stack_, size_ * sizeof(Member));
    more_ = std::move(grown);
    stack_ = more_.get();
    capacity_ *= 2;
  }

  /// The stack from `first` on becomes the list, of values alone or of members, which may be moved
  /// by their bytes.
  template <class Element>
  void close(std::size_t first, List<Element>& list) {
    const std::size_t count = size_ - first;
    size_ = first;
    list.size_ = static_cast<std::uint32_t>(count);
    if (count == 0) return;
    void* const place = memory(count * sizeof(Element));
    list.data_ = static_cast<Element*>(place);
    if constexpr (std::is_same_v<Element, Member>) {
      std::memcpy(place, static_cast<const void*>(stack_ + first), count * sizeof(Member));
    } else {
      for (std::size_t i = 0; i < count; ++i)
        std::memcpy(static_cast<char*>(place) + i * sizeof(Value), static_cast<const void*>(&stack_[first + i].second),
                    sizeof(Value));
    }
  }

  void skip_white_space() noexcept {
    while (is_white_space(*at_)) ++at_;
  }
  bool accept(char c) noexcept {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }

  bool read_value(std::size_t place) {
    switch (*at_) {
      case '"':
        return read_text_value(place);
      case '{':
        return read_object(place);
      case '[':
        return read_array(place);
      case 't':
        return read_word("true") && set_boolean(place, true);
      case 'f':
        return read_word("false") && set_boolean(place, false);
      case 'n':
        return read_word("null");
      default:
        return read_number(place);
    }
  }

  bool read_word(std::string_view word) {
    for (const char c : word)
      if (!accept(c)) return broken();
    return true;
  }
  bool set_boolean(std::size_t place, bool boolean) {
    new (&stack_[place].second) Value(boolean);
    return true;
  }

  bool read_number(std::size_t place) {
    char* const start = at_;
    const bool negative = accept('-');
    if (!is_digit(*at_)) return broken();
    std::int64_t number = 0;
    if (!accept('0'))
      for (; is_digit(*at_); ++at_)
        if (number <= kMaxInteger) number = number * 10 + (*at_ - '0');
    if (*at_ == '.' || *at_ == 'e' || *at_ == 'E') return refuse_fraction(start);
    if (number > kMaxInteger) {
      at_ = start;
      return refuse(concat("an integer ", negative ? "below -" : "beyond ", "2^53"));
    }
    new (&stack_[place].second) Value(negative ? -number : number);
    return true;
  }
  bool refuse_fraction(char* start) {
    if (accept('.') && !skip_digits()) return broken();
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      if (!skip_digits()) return broken();
    }
    at_ = start;
    return refuse("a number that is not a whole number up to 2^53");
  }
  bool skip_digits() noexcept {
    const char* const start = at_;
    while (is_digit(*at_)) ++at_;
    return at_ != start;
  }

  bool read_text_value(std::size_t place) {
    if (!read_string()) return false;
    Value& value = stack_[place].second;
    new (&value.text_) Text(text_);
    value.type_ = Value::Type::string;
    return true;
  }

  /// To `text_`.
  [[gnu::always_inline]] bool read_string() {
    char* const start = ++at_;
    at_ = plain_end(at_);
    if (*at_ != '"') return read_string_from(start);
    text_ = Text(std::string_view(start, static_cast<std::size_t>(at_ - start)));
    ++at_;
    return true;
  }

  /// Of a string that began at `start`, from the first character on that may not stand for itself.
  [[gnu::noinline]] bool read_string_from(char* start) {
    char* end = at_;
    if (!read_rest_of_string(end)) return false;
    ++at_;
    text_ = Text(std::string_view(start, static_cast<std::size_t>(end - start)));
    return !has_half_pair_ || refuse("the escape of half a surrogate pair");
  }

  /// `end` moves to the end of what is read.
  bool read_rest_of_string(char*& end) {
    while (*at_ != '"') {
      if (*at_ == '\\') {
        if (!read_escape(end)) return false;
        continue;
      }
      char* next = at_;
      if (!is_ascii(*at_)) {
        next += utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
      } else if (!is_control(*at_)) {
        next = plain_end(at_);
      }
      if (next == at_) return broken(at_ == end_ ? kUnended : kBadEscape);
      const auto size = static_cast<std::size_t>(next - at_);
      std::memmove(end, at_, size);
      end += size;
      at_ = next;
    }
    return true;
  }

  bool read_escape(char*& end) {
    char* const start = at_++;
    if (const char meaning = meaning_of(*at_); meaning != 0) {
      *end++ = meaning;
      ++at_;
      return true;
    }
    unsigned code = 0;
    if (!accept('u') || !read_four_digits(code)) return bad_escape(start);
    if (code >= 0xD800 && code <= 0xDBFF) {
      unsigned low = 0;
      if (!accept('\\') || !accept('u') || !read_four_digits(low) || low < 0xDC00 || low > 0xDFFF)
        return bad_escape(start);
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      has_half_pair_ = true;  // told where the string ends, unless something else is wrong before
    }
    append_utf8(end, code);
    return true;
  }
  /// Of the escape of one character; 0: that is none.
  static char meaning_of(char letter) noexcept {
    switch (letter) {
      case '"':
      case '\\':
      case '/':
        return letter;
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      default:
        return 0;
    }
  }
  bool bad_escape(char* start) {
    at_ = start;
    return broken(kBadEscape);
  }
  bool read_four_digits(unsigned& code) noexcept {
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      code = code << 4 | static_cast<unsigned>(digit);
    }
    return true;
  }
  static void append_utf8(char*& end, unsigned code) noexcept {
    const auto add = [&](unsigned byte) { *end++ = static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
      add(0xC0 | code >> 6);
    } else if (code < 0x10000) {
      add(0xE0 | code >> 12);
      add(0x80 | (code >> 6 & 0x3F));
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
      add(0x80 | (code >> 6 & 0x3F));
    }
    add(0x80 | (code & 0x3F));
  }

  bool enter() {
    ++at_;
    if (depth_ == kMaxDepth) return refuse(concat("nesting deeper than ", kMaxDepth));
    ++depth_;
    return true;
  }

  bool read_array(std::size_t place) {
    if (!enter()) return false;
    const std::size_t first = size_;
    skip_white_space();
    if (!accept(']')) {
      while (true) {
        if (!read_value(push({}))) return false;
        skip_white_space();
        if (accept(']')) break;
        if (!accept(',')) return broken();
        skip_white_space();
      }
    }
    --depth_;
    Value& value = stack_[place].second;
    new (&value.array_) Array();
    value.type_ = Value::Type::array;
    close(first, value.array_);
    return true;
  }

  bool read_object(std::size_t place) {
    if (!enter()) return false;
    const std::size_t first = size_;
    Names names;
    skip_white_space();
    if (!accept('}')) {
      while (true) {
        if (!read_member(first, names)) return false;
        skip_white_space();
        if (accept('}')) break;
        if (!accept(',')) return broken();
        skip_white_space();
      }
    }
    --depth_;
    Value& value = stack_[place].second;
    new (&value.object_) Object();
    value.type_ = Value::Type::object;
    close(first, value.object_);
    return true;
  }

  /// Those of the members of one object.
  struct Names {
    std::uint64_t marks = 0;                          ///< one for each: whose is not there, is new
    std::unique_ptr<std::set<std::string_view>> all;  ///< once they are many
  };

  bool read_member(std::size_t first, Names& names) {
    if (*at_ != '"') return broken();
    if (!read_string()) return false;
    const Text name = text_;
    if (is_known(name, first, names)) return refuse(concat("the key ", in_quotes(name), " twice"));
    skip_white_space();
    if (!accept(':')) return broken();
    skip_white_space();
    return read_value(push(name));
  }

  /// Whether a member of the object, those from `first` on, has that name already.
  bool is_known(Text name, std::size_t first, Names& names) {
    constexpr std::size_t kMany = 32;
    if (size_ - first >= kMany) return is_among_many(name, first, names);
    // A quotation mark ends the name, so that an empty one has a first character as well.
    const std::uint64_t mark = std::uint64_t{1} << ((name.size() + 3 * static_cast<unsigned char>(*name.data())) % 64);
    const bool may_be = (names.marks & mark) != 0;
    names.marks |= mark;
    return may_be &&
           std::any_of(stack_ + first, stack_ + size_, [&](const Member& known) { return known.first == name; });
  }
  bool is_among_many(Text name, std::size_t first, Names& names) {
    if (!names.all) {
      names.all = std::make_unique<std::set<std::string_view>>();
      for (std::size_t i = first; i < size_; ++i) names.all->insert(stack_[i].first);
    }
    return !names.all->insert(name).second;
  }

  static constexpr std::string_view kBadEscape = "a string has a bad escape";
  static constexpr std::string_view kUnended = "a string does not end or has a control character";
  static constexpr std::size_t kUsual = 48;  // values on the stack at once

  Document& document_;
  char* free_ = nullptr;  ///< of the document's newest block
  std::size_t left_ = 0;

  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;  ///< zeros follow
  std::size_t depth_ = 0;
  Text text_;  ///< the string that was read last
  bool has_half_pair_ = false;

  alignas(Member) std::array<char, kUsual * sizeof(Member)> usual_;
  Member* stack_ = reinterpret_cast<Member*>(usual_.data());  ///< nothing on it has memory of its own
  std::size_t size_ = 0;
  std::size_t capacity_ = kUsual;
  std::unique_ptr<Member[]> more_;

  std::string_view broken_;
  std::string refused_;
};

Result<Document> parse(std::string_view text, std::string_view what) {
  if (text.starts_with(kByteOrderMark))
    return error(Errc::invalid_input, concat(what, " begins with a byte order mark"), "save it as UTF-8 without BOM");
  Document document;
  Parser parser(document, text);
  if (parser.read()) return document;
  if (const std::size_t at = find_foreign_byte(text); at != std::string_view::npos)
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: it has a control character or is not UTF-8 (byte ", at, ")"));
  return parser.error(what);
}

}  // namespace lic::json
