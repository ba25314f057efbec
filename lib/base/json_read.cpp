#if defined(__SSE2__) && !defined(RAPIDJSON_SSE2)
#define RAPIDJSON_SSE2  // sixteen bytes of a string at a time
#endif
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <tuple>
#include <unordered_set>

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

/// Builds the tree from the reader's events; returning false stops the reader.
class TreeBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeBuilder> {
 public:
  /// Without a "\\u" in the document, which is UTF-8, no string of it can be anything else.
  explicit TreeBuilder(bool has_code_escapes) : has_code_escapes_(has_code_escapes) {}

  // The names of these members are RapidJSON's.
  bool Null() { return put(std::monostate{}); }
  bool Bool(bool value) { return put(value); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text, text + length, value);
    if (end != text + length) return fail("a number that is not a whole number up to 2^53");
    if (fault != std::errc{} || value > kMaxInteger || value < -kMaxInteger)
      return fail(concat("an integer ", *text == '-' ? "below -" : "beyond ", "2^53"));
    return put(value);
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (has_code_escapes_ && !is_utf8({text, length})) return fail(kLoneSurrogate);
    next_value().data_.emplace<std::string>(text, length);
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view name(text, length);
    if (has_code_escapes_ && !is_utf8(name)) return fail(kLoneSurrogate);
    Container& object = open_[depth_ - 1];
    if (object.has(name)) return fail(concat("the key ", in_quotes(name), " twice"));
    object.members->emplace_back(std::piecewise_construct, std::forward_as_tuple(name), std::forward_as_tuple());
    return true;
  }
  bool StartObject() {
    if (depth_ == kMaxDepth) return fail(concat("nesting deeper than ", kMaxDepth));
    constexpr std::size_t kUsual = 8;
    Object& members = next_value().data_.emplace<Object>();
    members.reserve(kUsual);
    open_[depth_++] = {&members, nullptr, nullptr};
    return true;
  }
  bool StartArray() {
    if (depth_ == kMaxDepth) return fail(concat("nesting deeper than ", kMaxDepth));
    constexpr std::size_t kUsual = 4;
    Array& elements = next_value().data_.emplace<Array>();
    elements.reserve(kUsual);
    open_[depth_++] = {nullptr, &elements, nullptr};
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] Value take() { return std::move(root_); }

 private:
  // RapidJSON takes the escape of a low surrogate by itself, which is no character.
  static constexpr const char* kLoneSurrogate = "the escape of half a surrogate pair";

  /// Where it stands in the tree: nothing before its end moves it there.
  struct Container {
    Object* members = nullptr;  ///< one of these two
    Array* elements = nullptr;
    std::unique_ptr<std::unordered_set<std::string>> names;  ///< of the members, once they are many

    bool has(TextView name) {
      constexpr std::size_t kMany = 32;
      if (members->size() < kMany)
        return std::any_of(members->begin(), members->end(), [&](const auto& member) { return member.first == name; });
      if (!names) {
        names = std::make_unique<std::unordered_set<std::string>>();
        for (const auto& member : *members) names->insert(member.first);
      }
      return !names->emplace(name).second;
    }
  };

  bool fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }
  /// The place of the value that comes now: the root, that of the last key, or a new element.
  Value& next_value() {
    if (depth_ == 0) return root_;
    const Container& container = open_[depth_ - 1];
    return container.members != nullptr ? container.members->back().second : container.elements->emplace_back();
  }
  template <class T>
  bool put(T value) {
    next_value().data_ = value;
    return true;
  }
  bool close() {
    open_[--depth_].names.reset();
    return true;
  }

  const bool has_code_escapes_;
  std::array<Container, kMaxDepth> open_;
  std::size_t depth_ = 0;
  Value root_;
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

Result<Value> parse(std::string_view text, std::string_view what) {
  if (text.starts_with(kByteOrderMark))
    return error(Errc::invalid_input, concat(what, " begins with a byte order mark"), "save it as UTF-8 without BOM");

  // Looked for here, as RapidJSON 1.1 reading sixteen bytes at a time lets 0x1A to 0x1F pass.
  if (const std::size_t at = find_foreign_byte(text); at != std::string_view::npos)
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: it has a control character or is not UTF-8 (byte ", at, ")"));

  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
  constexpr std::size_t kPastTheEnd = 16;  // of what is read at once
  std::string buffer;
  buffer.reserve(text.size() + kPastTheEnd);
  buffer.append(text).append(kPastTheEnd, '\0');
  rapidjson::InsituStringStream stream(buffer.data());
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, Allocator> reader;
  TreeBuilder builder(text.find("\\u") != std::string_view::npos);
  const auto result = reader.Parse<kFlags>(stream, builder);
  if (!builder.fault().empty())
    return error(Errc::invalid_input, concat(what, " has ", builder.fault(), ", at byte ", result.Offset()));
  if (result.IsError())
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: ", describe(result.Code()), " (byte ", result.Offset(), ")"));
  return builder.take();
}

}  // namespace lic::json
