#include "machine/value.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestValue = 256;

/// What makers, firmware and hypervisors leave where a value should be. Words
/// without a digit need no entry for serials: is_no_serial() refuses them all.
constexpr std::array kPlaceholders = std::to_array<std::string_view>({
    // any kind
    "(none)",
    "default",
    "default string",
    "default_string",
    "empty",
    "fill by oem",
    "invalid",
    "n/a",
    "na",
    "none",
    "not applicable",
    "not available",
    "not present",
    "not settable",
    "not specified",
    "null",
    "o.e.m.",
    "oem",
    "standard",
    "system serial number",
    "to be filled by o.e.m.",
    "to be filled by oem",
    "undefined",
    "uninitialized",
    "unknown",
    "unspecified",
    "unset",
    // UUIDs that whole series of boards share
    "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "00020003-0004-0005-0006-000700080009",
    "03000200-0400-0500-0006-000700080009",
    "03020100-0504-0706-0809-0a0b0c0d0e0f",
    "07090201-0103-0301-0807-060504030201",
    "12345678-1234-1234-1234-123456789abc",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "890e2d14-cacd-45d1-ae66-bc80e8bfeb0f",
    "8e275844-178f-44a8-aceb-a7d7e5178c63",
    "dc698397-fa54-4cf2-82c8-b1b5307a6a7f",
    "deadbeef-dead-beef-dead-beefdeadbeef",
});

/// Parts of the serials of hypervisors' disks and of templates that every copy has.
constexpr std::array kPlaceholderParts =
    std::to_array<std::string_view>({"qm0000", "drive-ide", "drive-sata", "drive-scsi", "drive-virtio", "deadbeef",
                                     "serial number", "-ffff-ffff-ffff-ffffffffffff"});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return to_lower(out);
}

/// Nothing but white space and what can be seen.
bool is_readable(std::string_view text) {
  return is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return c == 0x7F || (static_cast<unsigned char>(c) < 0x20 && (!is_space(c) || c == '\0'));
         });
}

/// One or two characters over and over: all zeros, "xxxxxxxx", "fefefefe".
bool is_monotonous(std::string_view letters) {
  const std::size_t period = letters.size() < 6 ? 1 : 2;
  for (std::size_t i = period; i < letters.size(); ++i)
    if (letters[i] != letters[i - period]) return false;
  return true;
}

/// The keyboard's digits in their order, after letters or not: "0123456789", "mb-1234567890".
bool is_counting(std::string_view letters) {
  constexpr std::size_t kShortest = 6;
  while (!letters.empty() && !is_digit(letters.front())) letters.remove_prefix(1);
  if (letters.size() < kShortest || (letters.front() != '0' && letters.front() != '1')) return false;
  for (std::size_t i = 1; i < letters.size(); ++i)
    if (!is_digit(letters[i]) || (letters[i - 1] - '0' + 1) % 10 != letters[i] - '0') return false;
  return true;
}

/// A word ("overlayblk"), or too short to be one of many.
bool is_no_serial(std::string_view letters) {
  constexpr std::size_t kShortest = 4;
  return letters.size() < kShortest || std::none_of(letters.begin(), letters.end(), is_digit);
}

bool is_placeholder(std::string_view value, ValueKind kind) {
  if (std::find(kPlaceholders.begin(), kPlaceholders.end(), value) != kPlaceholders.end()) return true;
  if (kind == ValueKind::model) return false;
  for (const std::string_view part : kPlaceholderParts)
    if (value.find(part) != std::string_view::npos) return true;
  std::string letters;
  std::copy_if(value.begin(), value.end(), std::back_inserter(letters), is_letter_or_digit);
  if (is_monotonous(letters) || is_counting(letters)) return true;
  return kind == ValueKind::serial && is_no_serial(letters);
}

}  // namespace

CheckedValue check_value(std::string_view raw, ValueKind kind) {
  const std::string_view text = trimmed(raw);
  if (text.empty()) return {{}, "empty"};
  if (text.size() > kLongestValue) return {{}, "too long"};
  if (!is_readable(text)) return {{}, "not text"};
  std::string value = normalised(text);
  if (is_placeholder(value, kind)) return {{}, concat("placeholder ", in_quotes(text))};
  return {std::move(value), {}};
}

std::optional<std::string_view> line_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    if (name.substr(0, name.find_last_not_of(" \t") + 1) == key) return line.substr(colon + 1);
  }
  return std::nullopt;
}

}  // namespace lic
