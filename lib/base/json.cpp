#include "base/json.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Builds the tree from the reader's events; returning false stops the reader.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  // The names of these members are RapidJSON's.
  bool Null() { return put(Value{}); }
  bool Bool(bool value) { return put(Value{value}); }
  bool Int(int value) { return put(Value{std::int64_t{value}}); }
  bool Uint(unsigned value) { return put(Value{std::int64_t{value}}); }
  bool Int64(std::int64_t value) { return value >= -kMaxInteger ? put(Value{value}) : fail("an integer below -2^53"); }
  bool Uint64(std::uint64_t value) {
    return value <= static_cast<std::uint64_t>(kMaxInteger) ? put(Value{static_cast<std::int64_t>(value)})
                                                            : fail("an integer beyond 2^53");
  }
  bool Double(double) { return fail("a number that is not a whole number up to 2^53"); }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (!is_utf8({text, length})) return fail(kLoneSurrogate);
    return put(Value{std::string(text, length)});
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    std::string name(text, length);
    if (!is_utf8(name)) return fail(kLoneSurrogate);
    if (open_.back().has(name)) return fail(concat("the key ", in_quotes(name), " twice"));
    open_.back().key = std::move(name);
    return true;
  }
  bool StartObject() { return open(true); }
  bool StartArray() { return open(false); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] Value take() { return std::move(root_); }

 private:
  // RapidJSON takes the escape of a low surrogate by itself, which is no character.
  static constexpr const char* kLoneSurrogate = "the escape of half a surrogate pair";

  struct Container {
    bool is_object;
    std::string key;
    Object members;
    Array elements;
    std::unordered_set<std::string> names;  ///< of the members, once they are many

    bool has(const std::string& name) {
      constexpr std::size_t kMany = 32;
      if (members.size() < kMany)
        return std::any_of(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
      if (names.empty())
        for (const auto& member : members) names.insert(member.first);
      return !names.insert(name).second;
    }
  };

  bool fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }
  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto& container = open_.back(); container.is_object) {
      container.members.emplace_back(std::move(container.key), std::move(value));
    } else {
      container.elements.push_back(std::move(value));
    }
    return true;
  }
  bool open(bool is_object) {
    if (open_.size() == kMaxDepth) return fail(concat("nesting deeper than ", kMaxDepth));
    open_.push_back({is_object, {}, {}, {}, {}});
    return true;
  }
  bool close() {
    Container container = std::move(open_.back());
    open_.pop_back();
    return put(container.is_object ? Value{std::move(container.members)} : Value{std::move(container.elements)});
  }

  std::vector<Container> open_;
  Value root_;
  std::string fault_;
};

std::string_view describe(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "it is empty";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the end of the document";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "a string is not UTF-8 or has a control character";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a string has a bad escape";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string does not end";
    default:  // RapidJSON's enum, not ours
      return "it breaks off or is not JSON";
  }
}

void to_nlohmann(const Value& value, nlohmann::ordered_json& out) {
  if (const auto* boolean = value.as_bool()) {
    out = *boolean;
  } else if (const auto* integer = value.as_integer()) {
    out = *integer;
  } else if (const auto* text = value.as_string()) {
    out = *text;
  } else if (const auto* array = value.as_array()) {
    out = nlohmann::ordered_json::array();
    for (const auto& element : *array) to_nlohmann(element, out.emplace_back());
  } else if (const auto* object = value.as_object()) {
    out = nlohmann::ordered_json::object();
    for (const auto& [name, member] : *object) to_nlohmann(member, out[name]);
  }
}

const Array kEmptyArray;
const Object kEmptyObject;

}  // namespace

const Value* Value::find(std::string_view name) const noexcept {
  const auto* object = as_object();
  if (object == nullptr) return nullptr;
  const auto found =
      std::find_if(object->begin(), object->end(), [&](const auto& member) { return member.first == name; });
  return found == object->end() ? nullptr : &found->second;
}

std::string_view Value::type_name() const noexcept {
  if (as_bool() != nullptr) return "a boolean";
  if (as_integer() != nullptr) return "a number";
  if (as_string() != nullptr) return "a string";
  if (as_array() != nullptr) return "a list";
  if (as_object() != nullptr) return "an object";
  return "null";
}

Result<Value> parse(std::string_view text, std::string_view what) {
  if (text.starts_with(kByteOrderMark))
    return error(Errc::invalid_input, concat(what, " begins with a byte order mark"), "save it as UTF-8 without BOM");

  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Builder builder;
  const auto result = reader.Parse<kFlags>(stream, builder);
  if (!builder.fault().empty())
    return error(Errc::invalid_input, concat(what, " has ", builder.fault(), ", at byte ", result.Offset()));
  if (result.IsError())
    return error(Errc::invalid_input,
                 concat(what, " is not valid JSON: ", describe(result.Code()), " (byte ", result.Offset(), ")"));
  // A NUL byte ends RapidJSON's stream early; here it is a trailing byte like any other.
  if (stream.Tell() != text.size())
    return error(
        Errc::invalid_input,
        concat(what, " is not valid JSON: something follows the end of the document (byte ", stream.Tell(), ")"));
  return builder.take();
}

std::string dump(const Value& value) {
  nlohmann::ordered_json out;
  to_nlohmann(value, out);
  return out.dump();
}

Error Faults::first(std::string_view what) const {
  const auto& fault = list_.front();
  std::string message = concat(what, ": ", fault.pointer.empty() ? "document" : fault.pointer, ": ", fault.message);
  if (list_.size() > 1) message += concat(" (and ", list_.size() - 1, " more)");
  return error(Errc::invalid_input, std::move(message));
}

Error Faults::all(std::string_view what) const {
  std::string message = concat(what, " has ", list_.size(), list_.size() == 1 ? " fault:" : " faults:");
  for (const auto& fault : list_)
    message += concat("\n  ", fault.pointer.empty() ? "(document)" : fault.pointer, ": ", fault.message);
  return error(Errc::invalid_input, std::move(message), "nothing was stored; mend these and try again");
}

Reader::Reader(const Value& value, std::string pointer, Faults& faults)
    : object_(value.as_object()), pointer_(std::move(pointer)), faults_(faults) {
  if (object_ == nullptr) faults_.add(pointer_, concat("must be an object, not ", value.type_name()));
}

const Value* Reader::member(std::string_view name) const noexcept {
  if (object_ == nullptr) return nullptr;
  for (const auto& [known, value] : *object_)
    if (known == name) return &value;
  return nullptr;
}

bool Reader::has(std::string_view name) const noexcept {
  const Value* value = member(name);
  return value != nullptr && !value->is_null();
}

const Value* Reader::require(std::string_view name) {
  const Value* value = member(name);
  if (value == nullptr && object_ != nullptr) fault(name, "is missing");
  return value;
}

void Reader::wrong_type(std::string_view name, std::string_view wanted, const Value& got) {
  fault(name, concat("must be ", wanted, ", not ", got.type_name()));
}

std::string Reader::string(std::string_view name) {
  const Value* value = require(name);
  if (value == nullptr) return {};
  if (const auto* text = value->as_string()) return *text;
  wrong_type(name, "a string", *value);
  return {};
}

std::string Reader::string_or(std::string_view name, std::string fallback) {
  return has(name) ? string(name) : std::move(fallback);
}

std::int64_t Reader::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  const Value* value = require(name);
  if (value == nullptr) return low;
  const auto* number = value->as_integer();
  if (number == nullptr) {
    wrong_type(name, "a whole number", *value);
    return low;
  }
  if (*number < low || *number > high) {
    fault(name, concat("must be from ", low, " to ", high, ", not ", *number));
    return low;
  }
  return *number;
}

std::int64_t Reader::integer_or(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t fallback) {
  return has(name) ? integer(name, low, high) : fallback;
}

bool Reader::boolean_or(std::string_view name, bool fallback) {
  if (!has(name)) return fallback;
  const Value& value = *member(name);
  if (const auto* boolean = value.as_bool()) return *boolean;
  wrong_type(name, "true or false", value);
  return fallback;
}

Time Reader::time(std::string_view name) {
  const Value* value = require(name);
  if (value == nullptr) return {};
  const auto* text = value->as_string();
  const auto time = text == nullptr ? std::nullopt : parse_timestamp(*text);
  if (!time) fault(name, "must be a time in UTC such as \"2026-11-22T10:00:00Z\"");
  return time.value_or(Time{});
}

std::optional<Time> Reader::optional_time(std::string_view name) {
  if (!has(name)) return std::nullopt;
  return time(name);
}

std::vector<std::string> Reader::strings_or_empty(std::string_view name) {
  std::vector<std::string> out;
  const Array& elements = array_or_empty(name);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (const auto* text = elements[i].as_string()) {
      out.push_back(*text);
    } else {
      faults_.add(child(pointer_to(name), i), concat("must be a string, not ", elements[i].type_name()));
    }
  }
  return out;
}

const Array& Reader::array(std::string_view name) {
  const Value* value = require(name);
  if (value == nullptr) return kEmptyArray;
  if (const auto* array = value->as_array()) return *array;
  wrong_type(name, "a list", *value);
  return kEmptyArray;
}

const Array& Reader::array_or_empty(std::string_view name) { return has(name) ? array(name) : kEmptyArray; }

const Object& Reader::object_or_empty(std::string_view name) {
  if (!has(name)) return kEmptyObject;
  const Value& value = *member(name);
  if (const auto* object = value.as_object()) return *object;
  wrong_type(name, "an object", value);
  return kEmptyObject;
}

std::string Reader::pointer_to(std::string_view name) const { return child(pointer_, name); }

void Reader::fault(std::string_view name, std::string message) { faults_.add(pointer_to(name), std::move(message)); }

std::string child(std::string_view pointer, std::string_view name) {
  std::string out = concat(pointer, '/');
  for (const char c : printable(name)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string child(std::string_view pointer, std::size_t index) { return concat(pointer, '/', index); }

}  // namespace lic::json
