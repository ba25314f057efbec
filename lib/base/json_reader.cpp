#include <algorithm>
#include <cstring>

#include "base/json.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

/// One reference token of a JSON pointer (RFC 6901, 4), safe to show.
std::string escaped(TextView name) {
  std::string out;
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

/// Names are short, and most are told apart by their size or their first character.
bool are_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a.empty() || (a.front() == b.front() && std::memcmp(a.data(), b.data(), a.size()) == 0));
}

const Array kEmptyArray;
const Object kEmptyObject;

}  // namespace

const Value* Value::find(TextView name) const noexcept {
  const auto* object = as_object();
  if (object == nullptr) return nullptr;
  const auto found =
      std::find_if(object->begin(), object->end(), [&](const auto& member) { return member.first == name; });
  return found == object->end() ? nullptr : &found->second;
}

Reader::Reader(const Value& value, Faults& faults) : Reader(value, Place{}, faults) {}
Reader::Reader(const Value& value, const Reader& parent, TextView name)
    : Reader(value, Place{&parent, name, std::nullopt}, parent.faults_) {}
Reader::Reader(const Value& value, const Reader& parent, TextView name, std::size_t index)
    : Reader(value, Place{&parent, name, index}, parent.faults_) {}

Reader::Reader(const Value& value, Place place, Faults& faults)
    : object_(value.as_object()), last_(members().begin()), place_(place), faults_(faults) {
  if (object_ == nullptr) faults_.add(pointer(), concat("must be an object, not ", value.type_name()));
}

const Value* Reader::member(TextView name) const noexcept {
  if (object_ == nullptr) return nullptr;
  const auto find = [&](const Member* from, const Member* to) {
    for (; from != to; ++from)
      if (are_same(from->first, name)) return from;
    return to;
  };
  const Member* found = find(last_, object_->end());
  if (found == object_->end()) {
    found = find(object_->begin(), last_);
    if (found == last_) return nullptr;
  }
  last_ = found;
  return &found->second;
}

const Value* Reader::present(TextView name) const noexcept {
  const Value* value = member(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Reader::has(TextView name) const noexcept { return present(name) != nullptr; }

const Value* Reader::require(TextView name) {
  const Value* value = member(name);
  if (value == nullptr && object_ != nullptr) fault(name, "is missing");
  return value;
}

void Reader::wrong_type(TextView name, TextView wanted, const Value& got) {
  fault(name, concat("must be ", wanted, ", not ", got.type_name()));
}

std::string_view Reader::text_of(TextView name, const Value* value) {
  if (value == nullptr) return {};
  if (const auto* text = value->as_string()) return *text;
  wrong_type(name, "a string", *value);
  return {};
}

std::string_view Reader::text(TextView name) { return text_of(name, require(name)); }

std::string Reader::string(TextView name) { return std::string(text(name)); }

std::string Reader::string_or(TextView name, TextView fallback) {
  const Value* value = present(name);
  return std::string(value == nullptr ? std::string_view(fallback) : text_of(name, value));
}

std::int64_t Reader::integer_of(TextView name, const Value* value, std::int64_t low, std::int64_t high) {
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

std::int64_t Reader::integer(TextView name, std::int64_t low, std::int64_t high) {
  return integer_of(name, require(name), low, high);
}

std::int64_t Reader::integer_or(TextView name, std::int64_t low, std::int64_t high, std::int64_t fallback) {
  const Value* value = present(name);
  return value == nullptr ? fallback : integer_of(name, value, low, high);
}

bool Reader::boolean_or(TextView name, bool fallback) {
  const Value* value = present(name);
  if (value == nullptr) return fallback;
  if (const auto* boolean = value->as_bool()) return *boolean;
  wrong_type(name, "true or false", *value);
  return fallback;
}

Time Reader::time_of(TextView name, const Value* value) {
  if (value == nullptr) return {};
  const auto* text = value->as_string();
  const auto time = text == nullptr ? std::nullopt : parse_timestamp(*text);
  if (!time) fault(name, "must be a time in UTC such as \"2026-11-22T10:00:00Z\"");
  return time.value_or(Time{});
}

Time Reader::time(TextView name) { return time_of(name, require(name)); }

std::optional<Time> Reader::optional_time(TextView name) {
  const Value* value = present(name);
  if (value == nullptr) return std::nullopt;
  return time_of(name, value);
}

std::vector<std::string> Reader::strings_or_empty(TextView name) {
  std::vector<std::string> out;
  const Array& elements = array_or_empty(name);
  out.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (const auto* text = elements[i].as_string()) {
      out.push_back(*text);
    } else {
      fault(name, i, concat("must be a string, not ", elements[i].type_name()));
    }
  }
  return out;
}

const Array& Reader::array_of(TextView name, const Value* value) {
  if (value == nullptr) return kEmptyArray;
  if (const auto* array = value->as_array()) return *array;
  wrong_type(name, "a list", *value);
  return kEmptyArray;
}

const Array& Reader::array(TextView name) { return array_of(name, require(name)); }
const Array& Reader::array_or_empty(TextView name) { return array_of(name, present(name)); }

const Object& Reader::object_or_empty(TextView name) {
  const Value* value = present(name);
  if (value == nullptr) return kEmptyObject;
  if (const auto* object = value->as_object()) return *object;
  wrong_type(name, "an object", *value);
  return kEmptyObject;
}

const Object& Reader::members() const noexcept { return object_ == nullptr ? kEmptyObject : *object_; }

std::string Reader::pointer() const {
  if (place_.parent == nullptr) return {};
  std::string out = concat(place_.parent->pointer(), '/', escaped(place_.name));
  if (place_.index) out += concat('/', *place_.index);
  return out;
}

void Reader::fault(TextView name, TextView message) { faults_.add(concat(pointer(), '/', escaped(name)), message); }

void Reader::fault(TextView name, std::size_t index, TextView message) {
  faults_.add(concat(pointer(), '/', escaped(name), '/', index), message);
}

}  // namespace lic::json
