#pragma once

/// Strict JSON, read into a small tree (docs/formats.md, 2).
///
/// One reader for every foreign document. What it refuses: more bytes than
/// allowed, a byte order mark, trailing bytes, invalid UTF-8, duplicate keys,
/// fractions and exponents, integers beyond 2^53, nesting past 16.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/export.hpp"
#include "base/text_view.hpp"
#include "base/time.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic::json {

inline constexpr std::size_t kMaxDepth = 16;
inline constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;

class Document;
class Value;
struct Member;

/// The text of a value or a name. It lies where the value has it; a std::string of it is a copy.
class Text : public std::string_view {
 public:
  constexpr Text() noexcept = default;
  template <std::size_t kSize>
  constexpr Text(const char (&literal)[kSize]) noexcept  // NOLINT(google-explicit-constructor)
      : std::string_view(literal, kSize - 1) {}
  explicit constexpr Text(std::string_view text) noexcept : std::string_view(text) {}
  operator std::string() const { return std::string(data(), size()); }  // NOLINT(google-explicit-constructor)
};

/// What stands in a list, one after the other: in the memory of the document that was read, or,
/// where it was put together, in memory of its own.
template <class Element>
class List {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const Element* begin() const noexcept { return data_; }
  [[nodiscard]] const Element* end() const noexcept { return data_ + size_; }
  [[nodiscard]] const Element& operator[](std::size_t index) const noexcept { return data_[index]; }
  [[nodiscard]] const Element& front() const noexcept { return data_[0]; }
  [[nodiscard]] const Element& back() const noexcept { return data_[size_ - 1]; }

 protected:
  friend class Parser;
  friend class Value;

  List() = default;
  List(List&& other) noexcept { swap(other); }
  List& operator=(List&& other) noexcept {
    swap(other);
    return *this;
  }
  List(const List& other) = delete;
  List& operator=(const List& other) = delete;
  ~List() = default;

  void swap(List& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  [[nodiscard]] bool has_memory() const noexcept { return capacity_ != 0; }

  Element* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;  ///< 0: they are the document's
};

class LIC_INTERNAL Array : public List<Value> {
 public:
  Array() = default;
  Array(std::initializer_list<Value> elements);
  Array(Array&&) noexcept = default;
  Array& operator=(Array&&) noexcept = default;
  Array(const Array& other);
  Array& operator=(const Array& other) { return *this = Array(other); }
  ~Array() {
    if (has_memory()) release();
  }

  void push_back(Value element);
  void emplace_back(TextView text);

 private:
  void release() noexcept;
};

/// In the order of the document; no name stands twice in one that was read.
class LIC_INTERNAL Object : public List<Member> {
 public:
  Object() = default;
  Object(std::initializer_list<Member> members);
  Object(Object&&) noexcept = default;
  Object& operator=(Object&&) noexcept = default;
  Object(const Object& other);
  Object& operator=(const Object& other) { return *this = Object(other); }
  ~Object() {
    if (has_memory()) release();
  }

  void emplace_back(TextView name, Value value);

 private:
  void release() noexcept;
};

class LIC_INTERNAL Value {
 public:
  Value() noexcept : integer_(0) {}
  template <std::same_as<bool> T>
  explicit Value(T value) noexcept : boolean_(value), type_(Type::boolean) {}
  template <std::same_as<std::int64_t> T>
  explicit Value(T value) noexcept : integer_(value), type_(Type::integer) {}
  explicit Value(TextView text);
  explicit Value(Array array) noexcept
      : array_(std::move(array)), type_(Type::array), has_memory_(array_.has_memory()) {}
  explicit Value(Object object) noexcept
      : object_(std::move(object)), type_(Type::object), has_memory_(object_.has_memory()) {}
  Value(Value&& other) noexcept { take(other); }
  Value& operator=(Value&& other) noexcept;
  Value(const Value& other);
  Value& operator=(const Value& other) { return *this = Value(other); }
  /// A copy of its own, which the document need not outlive.
  Value(const Document& document);  // NOLINT(google-explicit-constructor)
  Value& operator=(const Document& document) { return *this = Value(document); }
  ~Value() {
    if (has_memory_) release();
  }

  [[nodiscard]] bool is_null() const noexcept { return type_ == Type::null; }
  /// The value as that type, or null when it is of another.
  [[nodiscard]] const bool* as_bool() const noexcept { return type_ == Type::boolean ? &boolean_ : nullptr; }
  [[nodiscard]] const std::int64_t* as_integer() const noexcept { return type_ == Type::integer ? &integer_ : nullptr; }
  [[nodiscard]] const Text* as_string() const noexcept { return type_ == Type::string ? &text_ : nullptr; }
  [[nodiscard]] const Array* as_array() const noexcept { return type_ == Type::array ? &array_ : nullptr; }
  [[nodiscard]] const Object* as_object() const noexcept { return type_ == Type::object ? &object_ : nullptr; }
  /// The member of that name; null when there is none or this is no object.
  [[nodiscard]] const Value* find(TextView name) const noexcept;

  /// "a string", "an object", "null": for messages.
  [[nodiscard]] std::string_view type_name() const noexcept;

  friend LIC_INTERNAL bool operator==(const Value& a, const Value& b) noexcept;

 private:
  friend class Parser;
  friend class ObjectBuilder;

  enum class Type : std::uint8_t { null, boolean, integer, string, array, object };

  void take(Value& other) noexcept;
  void release() noexcept;

  union {
    bool boolean_;
    std::int64_t integer_;
    Text text_;
    Array array_;
    Object object_;
  };
  Type type_ = Type::null;
  bool has_memory_ = false;  ///< the text, the list: else what there is of it is a document's
};

/// A name is the object's, which copies it; by itself, a member only points to one.
struct Member {
  Text first;
  Value second;
};

/// A document that was read, and the memory of all that is in it.
class LIC_INTERNAL Document : public Value {
 public:
  Document() = default;
  Document(Document&& other) noexcept;
  Document& operator=(Document&& other) noexcept;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { release(); }

 private:
  friend class Parser;
  struct alignas(std::max_align_t) Block {
    Block* next;
  };

  void release() noexcept;

  Block* blocks_ = nullptr;
};

inline Value::Value(const Document& document) : Value(static_cast<const Value&>(document)) {}

/// For documents that are written. Unlike nlohmann/json's, these trees are destroyed
/// without allocating memory, so running out of it ends no program.
[[nodiscard]] Value text_or_null(const std::string& text);
[[nodiscard]] Value time_or_null(const std::optional<Time>& time);
[[nodiscard]] Value number_or_null(const std::optional<std::int64_t>& number);
[[nodiscard]] Value list_of(const std::vector<std::string>& texts);

/// `what` names the input in messages ("license file 'a.json'").
[[nodiscard]] LIC_INTERNAL Result<Document> parse(std::string_view text, std::string_view what);

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
  /// The same where it lies: in the document.
  [[nodiscard]] std::string_view text(TextView name);
  [[nodiscard]] std::string string_or(TextView name, TextView fallback);
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
  /// The member, null where it is missing or null itself.
  [[nodiscard]] const Value* present(TextView name) const noexcept;
  std::string_view text_of(TextView name, const Value* value);
  std::int64_t integer_of(TextView name, const Value* value, std::int64_t low, std::int64_t high);
  Time time_of(TextView name, const Value* value);
  const Array& array_of(TextView name, const Value* value);
  void wrong_type(TextView name, TextView wanted, const Value& got);

  const Object* object_ = nullptr;
  mutable const Member* last_ = nullptr;  ///< that was asked for: the next one is mostly after it
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
