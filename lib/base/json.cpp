#include "base/json.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::json {
namespace {

/// Memory for `capacity` elements of that size, with what `old` has of them: they may be moved by
/// their bytes. The old memory is given back.
void* grown(void* old, std::size_t size, std::size_t capacity, std::size_t element) {
  void* memory = ::operator new(capacity* element);
  if (size != 0) std::memcpy(memory, old, size * element);
  ::operator delete(old);
  return memory;
}

constexpr std::uint32_t next_capacity(std::uint32_t capacity) { return capacity == 0 ? 4 : capacity * 2; }

Text copy_of(std::string_view text) {
  auto* memory = static_cast<char*>(::operator new(text.size() + 1));
  text.copy(memory, text.size());
  return Text(std::string_view(memory, text.size()));
}

void free_text(Text text) noexcept { ::operator delete(const_cast<char*>(text.data())); }

/// Writes compact JSON, or, `indented`, over several lines.
class Writer {
 public:
  explicit Writer(bool indented) : indented_(indented) {}

  void write(const Value& value) {
    if (const auto* boolean = value.as_bool()) {
      out_ += *boolean ? "true" : "false";
    } else if (const auto* integer = value.as_integer()) {
      out_ += detail::Decimal(*integer);
    } else if (const auto* text = value.as_string()) {
      write_string(*text);
    } else if (const auto* array = value.as_array()) {
      write_array(*array);
    } else if (const auto* object = value.as_object()) {
      write_object(*object, nullptr);
    } else {
      out_ += "null";
    }
  }

  /// All members but the one named `*left_out`, unless that is null.
  void write_object(const Object& object, const std::string_view* left_out) {
    begin('{');
    for (const auto& [name, member] : object) {
      if (left_out != nullptr && name == *left_out) continue;
      next();
      write_string(name);
      out_ += indented_ ? ": " : ":";
      write(member);
    }
    end('}');
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void write_array(const Array& array) {
    begin('[');
    for (const auto& element : array) {
      next();
      write(element);
    }
    end(']');
  }

  void begin(char bracket) {
    out_ += bracket;
    ++depth_;
    is_first_ = true;
  }
  void next() {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    begin_line();
  }
  void end(char bracket) {
    --depth_;
    if (!is_first_) begin_line();
    is_first_ = false;
    out_ += bracket;
  }
  void begin_line() {
    if (!indented_) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  void write_string(std::string_view text) {
    out_ += '"';
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
      out_ += text.substr(written, i - written);
      write_escape(c);
      written = i + 1;
    }
    out_ += text.substr(written);
    out_ += '"';
  }

  void write_escape(char c) {
    constexpr std::string_view kMarks = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    out_ += '\\';
    if (const std::size_t mark = kMarks.find(c); mark != std::string_view::npos) {
      out_ += kLetters[mark];
      return;
    }
    out_ += "u00";
    out_ += c < 0x10 ? '0' : '1';
    out_ += "0123456789ABCDEF"[c & 0xF];
  }

  const bool indented_;
  std::string out_;
  std::size_t depth_ = 0;
  bool is_first_ = true;  ///< nothing stands yet in the list that is open
};

}  // namespace

Array::Array(std::initializer_list<Value> elements) : Array() {
  for (const Value& element : elements) push_back(element);
}

Array::Array(const Array& other) : Array() {
  for (const Value& element : other) push_back(element);
}

void Array::push_back(Value element) {
  if (size_ == capacity_) {
    const std::uint32_t capacity = next_capacity(capacity_);
    data_ = static_cast<Value*>(grown(data_, size_, capacity, sizeof(Value)));
    capacity_ = capacity;
  }
  new (data_ + size_) Value(std::move(element));
  ++size_;
}

void Array::emplace_back(TextView text) { push_back(Value(text)); }

void Array::release() noexcept {
  std::destroy_n(data_, size_);
  ::operator delete(data_);
}

Object::Object(std::initializer_list<Member> members) : Object() {
  for (const auto& [name, value] : members) emplace_back(name, value);
}

Object::Object(const Object& other) : Object() {
  for (const auto& [name, value] : other) emplace_back(name, value);
}

void Object::emplace_back(TextView name, Value value) {
  if (size_ == capacity_) {
    const std::uint32_t capacity = next_capacity(capacity_);
    data_ = static_cast<Member*>(grown(data_, size_, capacity, sizeof(Member)));
    capacity_ = capacity;
  }
  new (data_ + size_) Member{copy_of(name), std::move(value)};
  ++size_;
}

void Object::release() noexcept {
  for (Member* member = data_; member != data_ + size_; ++member) free_text(member->first);
  std::destroy_n(data_, size_);
  ::operator delete(data_);
}

Value::Value(TextView text) : text_(copy_of(text)), type_(Type::string), has_memory_(true) {}

Value::Value(const Value& other) : Value() {
  if (const Text* text = other.as_string()) {
    *this = Value(*text);
  } else if (const Array* array = other.as_array()) {
    *this = Value(Array(*array));
  } else if (const Object* object = other.as_object()) {
    *this = Value(Object(*object));
  } else {
    std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof *this);
  }
}

Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  if (has_memory_) release();
  take(other);
  return *this;
}

void Value::take(Value& other) noexcept {
  std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof *this);
  other.type_ = Type::null;
  other.has_memory_ = false;
}

void Value::release() noexcept {
  if (type_ == Type::string) free_text(text_);
  if (type_ == Type::array) array_.~Array();
  if (type_ == Type::object) object_.~Object();
}

bool operator==(const Value& a, const Value& b) noexcept {
  if (a.type_ != b.type_) return false;
  switch (a.type_) {
    case Value::Type::null:
      return true;
    case Value::Type::boolean:
      return a.boolean_ == b.boolean_;
    case Value::Type::integer:
      return a.integer_ == b.integer_;
    case Value::Type::string:
      return a.text_ == b.text_;
    case Value::Type::array:
      return std::equal(a.array_.begin(), a.array_.end(), b.array_.begin(), b.array_.end());
    case Value::Type::object:
      return std::equal(a.object_.begin(), a.object_.end(), b.object_.begin(), b.object_.end(),
                        [](const Member& one, const Member& other) {
                          return one.first == other.first && one.second == other.second;
                        });
  }
  return false;
}

Document::Document(Document&& other) noexcept
    : Value(static_cast<Value&&>(other)), blocks_(std::exchange(other.blocks_, nullptr)) {}

Document& Document::operator=(Document&& other) noexcept {
  Value::operator=(static_cast<Value&&>(other));
  std::swap(blocks_, other.blocks_);
  return *this;
}

void Document::release() noexcept {
  while (blocks_ != nullptr) ::operator delete(std::exchange(blocks_, blocks_->next));
}

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
  Writer writer(false);
  writer.write(value);
  return writer.take();
}

std::string dump_without(const Value& object, std::string_view left_out) {
  const Object* members = object.as_object();
  if (members == nullptr) return "{}";
  Writer writer(false);
  writer.write_object(*members, &left_out);
  return writer.take();
}

std::string dump_indented(const Value& value) {
  Writer writer(true);
  writer.write(value);
  return writer.take();
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

ObjectBuilder::ObjectBuilder(Value object) {
  if (object.type_ == Value::Type::object) members_ = std::move(object.object_);
}

ObjectBuilder& ObjectBuilder::value(TextView name, Value value) {
  members_.emplace_back(name, std::move(value));
  return *this;
}

ObjectBuilder& ObjectBuilder::string(TextView name, std::string_view text) {
  return value(name, Value(TextView(text)));
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
