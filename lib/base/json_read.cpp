#if defined(__SSE2__) && !defined(RAPIDJSON_SSE2)
#define RAPIDJSON_SSE2  // sixteen bytes of a string at a time
#endif
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <type_traits>

#include "base/json.hpp"
#include "base/json_allocator.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// How many characters at the front of `text`, eight at a time, are neither control characters nor
/// beyond ASCII.
std::size_t plain_prefix(std::string_view text) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  const auto at = [&](std::size_t i) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, sizeof bytes);
    return bytes | (bytes - kEach * 0x20);
  };
  std::size_t size = 0;
  while (text.size() - size >= 32 && ((at(size) | at(size + 8) | at(size + 16) | at(size + 24)) & (kEach * 0x80)) == 0)
    size += 32;
  while (text.size() - size >= 8 && (at(size) & (kEach * 0x80)) == 0) size += 8;
  return size;
}

/// Where `text` has the first byte that no JSON has: a control character that is
/// no white space, or one that is not UTF-8; npos when there is none.
std::size_t find_foreign_byte(std::string_view text) noexcept {
  std::size_t at = 0;
  while ((at += plain_prefix(text.substr(at))) < text.size()) {
    // Up to eight characters, one after the other: one of them is not plain, or the text ends.
    for (const std::size_t end = std::min(at + 8, text.size()); at < end;) {
      const char c = text[at];
      const bool plain = c >= 0x20 || is_white_space(c);
      const std::size_t length = plain ? 1 : c < 0 ? utf8_length(text.substr(at)) : 0;
      if (length == 0) return at;
      at += length;
    }
  }
  return std::string_view::npos;
}

}  // namespace

/// Builds the document from the reader's events; returning false stops the reader. The text is read in a copy of it,
/// where the strings stay. Each list is put together on one stack and copied to the document's memory when it ends.
class Parser : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Parser> {
 public:
  /// Without a "\\u" in the document, which is UTF-8, no string of it can be anything else.
  Parser(Document& document, std::string_view text)
      : document_(document), has_code_escapes_(text.find("\\u") != std::string_view::npos) {
    constexpr std::size_t kPastTheEnd = 16;  // of what is read at once
    text_ = static_cast<char*>(memory(text.size() + kPastTheEnd));
    text.copy(text_, text.size());
    std::memset(text_ + text.size(), 0, kPastTheEnd);
  }

  /// Of the copy, which it changes.
  [[nodiscard]] char* text() noexcept { return text_; }

  // The names of these members are RapidJSON's.
  bool Null() {
    next();
    return true;
  }
  bool Bool(bool value) {
    new (&next()) Value(value);
    return true;
  }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text, text + length, value);
    if (end != text + length) return fail("a number that is not a whole number up to 2^53");
    if (fault != std::errc{} || value > kMaxInteger || value < -kMaxInteger)
      return fail(concat("an integer ", *text == '-' ? "below -" : "beyond ", "2^53"));
    new (&next()) Value(value);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (has_code_escapes_ && !is_utf8({text, length})) return fail(kLoneSurrogate);
    Value& value = next();
    new (&value.text_) Text(std::string_view(text, length));
    value.type_ = Value::Type::string;
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    name_ = Text(std::string_view(text, length));
    if (has_code_escapes_ && !is_utf8(name_)) return fail(kLoneSurrogate);
    if (is_known(name_)) return fail(concat("the key ", in_quotes(name_), " twice"));
    return true;
  }
  bool StartObject() { return enter(); }
  bool StartArray() { return enter(); }
  bool EndObject(rapidjson::SizeType) {
    Object members;
    open_[depth_ - 1].names.reset();
    close(members);
    new (&next()) Value(std::move(members));
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    Array elements;
    close(elements);
    new (&next()) Value(std::move(elements));
    return true;
  }

  /// After its end: the document has what was read.
  void finish() noexcept { document_.take(stack_[0].second); }
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  static_assert(std::is_trivially_copyable_v<Text> && std::is_nothrow_move_constructible_v<Value>);

  // RapidJSON takes the escape of a low surrogate by itself, which is no character.
  static constexpr const char* kLoneSurrogate = "the escape of half a surrogate pair";

  /// What is being read, from the outermost on.
  struct Container {
    std::size_t first = 0;                              ///< on the stack
    Text name;                                          ///< its own, where it is a member
    std::uint64_t marks = 0;                            ///< one for each member: whose is not there, is new
    std::unique_ptr<std::set<std::string_view>> names;  ///< of the members, once they are many
  };

  [[gnu::cold]] bool fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  bool enter() {
    if (depth_ == kMaxDepth) return fail(concat("nesting deeper than ", kMaxDepth));
    Container& container = open_[depth_++];
    container.first = size_;
    container.name = name_;
    container.marks = 0;
    return true;
  }

  /// A place on the stack for the value that was read, with its name; it holds null until the caller makes the value
  /// there, which costs less than to make it elsewhere and to move it.
  Value& next() {
    if (size_ == capacity_) grow();
    return (new (stack_ + size_++) Member{name_, Value()})->second;
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

  [[gnu::cold]] void grow() {
    auto grown = std::make_unique<Member[]>(capacity_ * 2);
    std::memcpy(static_cast<void*>(grown.get()), static_cast<const void*>(stack_), size_ * sizeof(Member));
    more_ = std::move(grown);
    stack_ = more_.get();
    capacity_ *= 2;
  }

  /// What is on the stack of the innermost container becomes the list, of values alone or of members,
  /// which may be moved by their bytes. The name is again that of the container.
  template <class Element>
  void close(List<Element>& list) {
    const Container& container = open_[--depth_];
    const std::size_t first = container.first;
    name_ = container.name;
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

  /// Whether the object that is read has a member of that name already.
  bool is_known(Text name) {
    constexpr std::size_t kMany = 32;
    Container& object = open_[depth_ - 1];
    if (size_ - object.first >= kMany) return is_among_many(name, object);
    const unsigned first = name.empty() ? 0 : static_cast<unsigned char>(name.front());
    const std::uint64_t mark = std::uint64_t{1} << ((name.size() + 3 * first) % 64);
    const bool may_be = (object.marks & mark) != 0;
    object.marks |= mark;
    return may_be &&
           std::any_of(stack_ + object.first, stack_ + size_, [&](const Member& known) { return known.first == name; });
  }
  bool is_among_many(Text name, Container& object) {
    if (!object.names) {
      object.names = std::make_unique<std::set<std::string_view>>();
      for (std::size_t i = object.first; i < size_; ++i) object.names->insert(stack_[i].first);
    }
    return !object.names->insert(name).second;
  }

  static constexpr std::size_t kUsual = 48;  // values on the stack at once

  Document& document_;
  char* free_ = nullptr;  ///< of the document's newest block
  std::size_t left_ = 0;

  char* text_ = nullptr;
  const bool has_code_escapes_;
  Text name_;  ///< of the member that comes

  std::array<Container, kMaxDepth> open_;
  std::size_t depth_ = 0;

  alignas(Member) std::array<char, kUsual * sizeof(Member)> usual_;
  Member* stack_ = reinterpret_cast<Member*>(usual_.data());  ///< nothing on it has memory of its own
  std::size_t size_ = 0;
  std::size_t capacity_ = kUsual;
  std::unique_ptr<Member[]> more_;

  std::string fault_;
};

namespace {

std::string_view describe(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "it is empty";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the end of the document";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a string has a bad escape";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string does not end or has a control character";
    default:  // RapidJSON's enum, not ours
      return "it breaks off or is not JSON";
  }
}

}  // namespace
Result<Document> parse(std::string_view text, std::string_view what) {
  if (text.starts_with(kByteOrderMark))
    return error(Errc::invalid_input, concat(what, " begins with a byte order mark"), "save it as UTF-8 without BOM");

  // Looked for here, as RapidJSON 1.1 reading sixteen bytes at a time lets 0x1A to 0x1F pass.
  if (const std::size_t at = find_foreign_byte(text); at != std::string_view::npos)
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: it has a control character or is not UTF-8 (byte ", at, ")"));

  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
  Document document;
  Parser parser(document, text);
  rapidjson::InsituStringStream stream(parser.text());
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, Allocator> reader;
  const auto result = reader.Parse<kFlags>(stream, parser);
  if (!parser.fault().empty())
    return error(Errc::invalid_input, concat(what, " has ", parser.fault(), ", at byte ", result.Offset()));
  if (result.IsError())
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: ", describe(result.Code()), " (byte ", result.Offset(), ")"));
  parser.finish();
  return document;
}

}  // namespace lic::json
