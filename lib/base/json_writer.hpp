#pragma once

/// Writes compact JSON at once, without a tree: for the documents of which there are millions.
/// The text is the one that nlohmann/json writes.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lic::json {

namespace detail {
/// `c`, which no JSON string has as it is, by its shortest escape.
inline void append_escaped(std::string& out, char c) {
  constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
  constexpr std::string_view kNames = "\"\\bfnrt";
  out += '\\';
  if (const std::size_t named = kNamed.find(c); named != std::string_view::npos) {
    out += kNames[named];
    return;
  }
  out += c < 0x10 ? "u000" : "u001";
  out += "0123456789abcdef"[c & 0xF];
}
}  // namespace detail

/// Adds `text` as a string, in quotes, with only that escaped which must be.
/// Precondition: it is UTF-8.
inline void append_string(std::string& out, std::string_view text) {
  const auto is_special = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; };
  out += '"';
  while (true) {
    const auto special = std::find_if(text.begin(), text.end(), is_special);
    out.append(text.begin(), special);
    if (special == text.end()) break;
    detail::append_escaped(out, *special);
    text.remove_prefix(static_cast<std::size_t>(special - text.begin()) + 1);
  }
  out += '"';
}

/// Adds a list of strings.
inline void append_strings(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (&text != texts.data()) out += ',';
    append_string(out, text);
  }
  out += ']';
}

/// Writes an object behind what is in `out`, which outlives this, and ends it when it goes.
/// Members are written in the order in which they are given, each name once.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  ~ObjectWriter() { out_ += '}'; }

  /// Where the caller writes the value.
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_string(member(name), value); }
  void number(std::string_view name, std::int64_t value) { member(name) += std::to_string(value); }
  void null(std::string_view name) { member(name) += "null"; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace lic::json
