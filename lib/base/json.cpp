#include "base/json.hpp"

// Without RAPIDJSON_SSE2: in version 1.1 it leaves 0x1A to 0x1F in a long string as they are.
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <utility>

#include "base/json_allocator.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

using StringBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, Allocator>;
using Writer = rapidjson::Writer<StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, Allocator>;
using PrettyWriter = rapidjson::PrettyWriter<StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, Allocator>;

template <class AnyWriter>
void write_string(AnyWriter& writer, const std::string& text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

template <class AnyWriter>
void write(AnyWriter& writer, const Value& value);

/// All members but the one named `*left_out`, unless that is null.
template <class AnyWriter>
void write_object(AnyWriter& writer, const Object& object, const std::string_view* left_out) {
  writer.StartObject();
  for (const auto& [name, member] : object) {
    if (left_out != nullptr && name == *left_out) continue;
    write_string(writer, name);
    write(writer, member);
  }
  writer.EndObject();
}

template <class AnyWriter>
void write(AnyWriter& writer, const Value& value) {
  if (const auto* boolean = value.as_bool()) {
    writer.Bool(*boolean);
  } else if (const auto* integer = value.as_integer()) {
    writer.Int64(*integer);
  } else if (const auto* text = value.as_string()) {
    write_string(writer, *text);
  } else if (const auto* array = value.as_array()) {
    writer.StartArray();
    for (const auto& element : *array) write(writer, element);
    writer.EndArray();
  } else if (const auto* object = value.as_object()) {
    write_object(writer, *object, nullptr);
  } else {
    writer.Null();
  }
}

}  // namespace

std::string_view Value::type_name() const noexcept {
  if (as_bool() != nullptr) return "a boolean";
  if (as_integer() != nullptr) return "a number";
  if (as_string() != nullptr) return "a string";
  if (as_array() != nullptr) return "a list";
  if (as_object() != nullptr) return "an object";
  return "null";
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value time_or_null(const std::optional<Time>& time) { return time ? Value(format_time(*time)) : Value(); }
Value number_or_null(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value(); }

Value list_of(const std::vector<std::string>& texts) {
  Array out;
  for (const auto& text : texts) out.emplace_back(text);
  return Value(std::move(out));
}

std::string dump(const Value& value) {
  StringBuffer buffer;
  Writer writer(buffer);
  write(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string dump_without(const Value& object, std::string_view left_out) {
  StringBuffer buffer;
  Writer writer(buffer);
  const Object none;
  const Object* members = object.as_object();
  write_object(writer, members == nullptr ? none : *members, &left_out);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string dump_indented(const Value& value) {
  StringBuffer buffer;
  PrettyWriter writer(buffer);
  writer.SetIndent(' ', 2);
  write(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

Error Faults::first(std::string_view what) const {
  const auto& fault = list_.front();
  std::string message = concat(what, ": ", fault.pointer.empty() ? "document" : fault.pointer, ": ", fault.message);
  if (list_.size() > 1) message += concat(" (and ", list_.size() - 1, " more)");
  return error(Errc::invalid_input, message);
}

Error Faults::all(std::string_view what) const {
  std::string message = concat(what, " has ", list_.size(), list_.size() == 1 ? " fault:" : " faults:");
  for (const auto& fault : list_)
    message += concat("\n  ", fault.pointer.empty() ? "(document)" : fault.pointer, ": ", fault.message);
  return error(Errc::invalid_input, message, "nothing was stored; mend these and try again");
}

ObjectBuilder::ObjectBuilder(Value object) {  // NOLINT(performance-unnecessary-value-param)
  if (const auto* members = object.as_object()) members_ = *members;
}

ObjectBuilder& ObjectBuilder::value(TextView name, Value value) {
  members_.emplace_back(name, std::move(value));
  return *this;
}

ObjectBuilder& ObjectBuilder::string(TextView name, std::string_view text) {
  return value(name, Value(std::string(text)));
}

ObjectBuilder& ObjectBuilder::string_or_null(TextView name, std::string_view text) {
  return text.empty() ? value(name, Value()) : string(name, text);
}

ObjectBuilder& ObjectBuilder::integer(TextView name, std::int64_t number) { return value(name, Value(number)); }

ObjectBuilder& ObjectBuilder::boolean(TextView name, bool value) { return this->value(name, Value(value)); }

ObjectBuilder& ObjectBuilder::time(TextView name, Time time) { return string(name, format_time(time)); }

ObjectBuilder& ObjectBuilder::time_or_null(TextView name, const std::optional<Time>& time) {
  return time ? this->time(name, *time) : value(name, Value());
}

ObjectBuilder& ObjectBuilder::strings(TextView name, const std::vector<std::string>& list) {
  Array elements;
  for (const auto& element : list) elements.emplace_back(element);
  return array(name, std::move(elements));
}

ObjectBuilder& ObjectBuilder::array(TextView name, Array elements) { return value(name, Value(std::move(elements))); }

Value ObjectBuilder::take() { return Value(std::exchange(members_, {})); }

}  // namespace lic::json
