#include "csv/text.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lic::csv {
namespace {

/// Whether a spreadsheet may take `text` for a formula: it begins with = + - @ or
/// their full-width forms, after white space or zero-width marks or not.
bool looks_like_formula(std::string_view text) {
  constexpr std::array<std::string_view, 11> kSkipped = {" ",      "\t",     "\r",     "\n",     "\v",    "\f",
                                                         "\u00A0", "\u200B", "\u2060", "\uFEFF", "\u3000"};
  constexpr std::array<std::string_view, 8> kFormula = {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  const auto begins_with_one_of = [&](const auto& list) {
    const auto found = std::find_if(list.begin(), list.end(), [&](std::string_view s) { return text.starts_with(s); });
    return found == list.end() ? std::string_view{} : *found;
  };
  const bool skips = text.starts_with('\t') || text.starts_with('\r');
  for (auto mark = begins_with_one_of(kSkipped); !mark.empty(); mark = begins_with_one_of(kSkipped))
    text.remove_prefix(mark.size());
  return skips || !begins_with_one_of(kFormula).empty();
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// So, too, what already has the guard in front: each writing adds one, each reading takes one off.
bool needs_guard(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return looks_like_formula(text);
}

void append_text(std::string& out, std::string_view text, char separator) {
  const auto is_special = [&](char c) { return c == separator || c == '"' || c == '\r' || c == '\n'; };
  const bool quoted = std::any_of(text.begin(), text.end(), is_special);
  const bool guarded = !text.empty() && !is_letter_or_digit(text.front()) && needs_guard(text);
  if (quoted) out += '"';
  if (guarded) out += '\'';
  if (!quoted) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string field(std::string_view text, char separator) {
  std::string out;
  append_text(out, text, separator);
  return out;
}

void append_field(std::string& line, std::string_view text, char separator) {
  line += separator;
  append_text(line, text, separator);
}

std::string_view unguarded(std::string_view text) {
  if (text.starts_with('\'') && needs_guard(text)) text.remove_prefix(1);
  return text;
}

}  // namespace lic::csv
