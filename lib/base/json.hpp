#pragma once

/// Strict JSON, read into a small tree (docs/formats.md, 2).
///
/// One reader for every foreign document. What it refuses: more bytes than
/// allowed, a byte order mark, trailing bytes, invalid UTF-8, duplicate keys,
/// fractions and exponents, integers beyond 2^53, nesting past 16.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/export.hpp"
#include "base/text_view.hpp"
#include "base/time.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::json {

inline constexpr std::size_t kMaxDepth = 16;
inline constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;

class Value;
using Array = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;  // document order, unique keys

class LIC_INTERNAL Value {
 public:
  Value() = default;
  template <class T>
  explicit Value(T value) : data_(std::move(value)) {}
  Value(Value&&) noexcept = default;
  Value& operator=(Value&&) noexcept = default;
  ~Value() = default;
  // As FeatureValue: the copy of the variant itself does not bear memory that runs out.
  Value(const Value& other) : data_(copy_of(other.data_)) {}
  Value& operator=(const Value& other) { return *this = Value(other); }

  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  /// The value as that type, or null when it is of another.
  [[nodiscard]] const bool* as_bool() const noexcept { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* as_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const Array* as_array() const noexcept { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* as_object() const noexcept { return std::get_if<Object>(&data_); }
  /// The member of that name; null when there is none or this is no object.
  [[nodiscard]] const Value* find(TextView name) const noexcept;

  /// "a string", "an object", "null": for messages.
  [[nodiscard]] std::string_view type_name() const noexcept;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  friend class TreeBuilder;  // of parse()

  using Data = std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object>;
  static Data copy_of(const Data& other) {
    return std::visit([](const auto& value) { return Data(value); }, other);
  }

  Data data_;
};

/// For documents that are written. Unlike nlohmann/json's, these trees are destroyed
/// without allocating memory, so running out of it ends no program.
[[nodiscard]] Value text_or_null(const std::string& text);
[[nodiscard]] Value time_or_null(const std::optional<Time>& time);
[[nodiscard]] Value number_or_null(const std::optional<std::int64_t>& number);
[[nodiscard]] Value list_of(const std::vector<std::string>& texts);

/// `what` names the input in messages ("license file 'a.json'").
[[nodiscard]] LIC_INTERNAL Result<Value> parse(std::string_view text, std::string_view what);

/// Compact JSON text of `value`, UTF-8, control characters escaped.
[[nodiscard]] LIC_INTERNAL std::string dump(const Value& value);
/// The same of `object` without its member `left_out`.
[[nodiscard]] std::string dump_without(const Value& object, std::string_view left_out);
/// The same over several lines, for people to read: two spaces a level.
[[nodiscard]] std::string dump_indented(const Value& value);

/// One thing that is wrong with a document, and where (RFC 6901 JSON pointer).
struct Fault {
  std::string pointer;
  std::string message;
};

/// Collects what is wrong while a document is read, so that a reader may go on
/// and name everything at once.
class LIC_INTERNAL Faults {
 public:
  void add(std::string pointer, TextView message) { list_.push_back({std::move(pointer), std::string(message)}); }
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] const std::vector<Fault>& list() const noexcept { return list_; }

  /// Errc::invalid_input naming the first fault (and how many more there are).
  [[nodiscard]] Error first(std::string_view what) const;
  /// Errc::invalid_input naming every fault, one a line.
  [[nodiscard]] Error all(std::string_view what) const;

 private:
  std::vector<Fault> list_;
};

/// Reads the members of one object. A member that is missing or of the wrong
/// type adds a fault and gives an empty value, so reading goes straight down;
/// the caller looks at the faults once, at the end.
class Reader {
 public:
  /// Of the whole document. Here and below, a value that is not an object is itself
  /// a fault; every member is then absent.
  LIC_INTERNAL Reader(const Value& value, Faults& faults);
  /// Of `parent`'s member `name`, or of one element of that list. The parent and
  /// the name outlive this reader.
  LIC_INTERNAL Reader(const Value& value, const Reader& parent, TextView name);
  Reader(const Value& value, const Reader& parent, TextView name, std::size_t index);

  [[nodiscard]] LIC_INTERNAL bool has(TextView name) const noexcept;  ///< present and not null
  [[nodiscard]] LIC_INTERNAL std::string string(TextView name);
  [[nodiscard]] std::string string_or(TextView name, std::string fallback);
  [[nodiscard]] LIC_INTERNAL std::int64_t integer(TextView name, std::int64_t low, std::int64_t high);
  [[nodiscard]] std::int64_t integer_or(TextView name, std::int64_t low, std::int64_t high, std::int64_t fallback);
  [[nodiscard]] bool boolean_or(TextView name, bool fallback);
  [[nodiscard]] LIC_INTERNAL Time time(TextView name);
  /// Null and missing are both absent.
  [[nodiscard]] std::optional<Time> optional_time(TextView name);
  [[nodiscard]] std::vector<std::string> strings_or_empty(TextView name);
  [[nodiscard]] LIC_INTERNAL const Array& array(TextView name);  ///< required
  [[nodiscard]] const Array& array_or_empty(TextView name);
  [[nodiscard]] const Object& object_or_empty(TextView name);
  /// The member itself, null when missing.
  [[nodiscard]] LIC_INTERNAL const Value* member(TextView name) const noexcept;

  /// All of them; none when the value is not an object.
  [[nodiscard]] const Object& members() const noexcept;

  /// Adds what is wrong with that member, or with one element of that list.
  LIC_INTERNAL void fault(TextView name, TextView message);
  LIC_INTERNAL void fault(TextView name, std::size_t index, TextView message);

 private:
  /// Where the object stands, so that a pointer is put together only for a fault.
  struct Place {
    const Reader* parent = nullptr;
    TextView name;
    std::optional<std::size_t> index;
  };

  Reader(const Value& value, Place place, Faults& faults);
  [[nodiscard]] std::string pointer() const;
  const Value* require(TextView name);
  void wrong_type(TextView name, TextView wanted, const Value& got);

  const Object* object_ = nullptr;
  mutable std::size_t last_ = 0;  ///< where the member asked for last is: the next one is mostly after it
  Place place_;
  Faults& faults_;
};

/// Puts the members of one object together, in the order of the calls: for what is read
/// with Reader. No name is given twice, and text is UTF-8.
class LIC_INTERNAL ObjectBuilder {
 public:
  ObjectBuilder() = default;
  /// Begins with the members of `object`, if it is one.
  explicit ObjectBuilder(Value object);

  ObjectBuilder& value(TextView name, Value value);
  ObjectBuilder& string(TextView name, std::string_view text);
  ObjectBuilder& string_or_null(TextView name, std::string_view text);  ///< null where it is empty
  ObjectBuilder& integer(TextView name, std::int64_t number);
  ObjectBuilder& boolean(TextView name, bool value);
  ObjectBuilder& time(TextView name, Time time);
  ObjectBuilder& time_or_null(TextView name, const std::optional<Time>& time);  ///< null where it is absent
  ObjectBuilder& strings(TextView name, const std::vector<std::string>& list);
  ObjectBuilder& array(TextView name, Array elements);
  /// The object; the builder is empty again.
  [[nodiscard]] Value take();

 private:
  Object members_;
};

}  // namespace lic::json
