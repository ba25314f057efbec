#pragma once

/// What a value must be like to tell one machine from another.

#include <optional>
#include <string>
#include <string_view>

namespace lic {

/// What a value claims to be; decides how much is asked of it.
enum class ValueKind {
  identifier,  ///< made to be unique: machine-id, UUID
  serial,      ///< given by a maker, often left at some default
  model,       ///< a name that many share
};

/// One value as found: what is compared, or why it is nothing to compare.
struct CheckedValue {
  std::string value;  ///< normalised: trimmed, lower case, each run of white space one space; empty: absent
  std::string note;   ///< why it is absent: "empty", "not text", "too long", "placeholder 'Default string'"
};

/// Reads one value. Trailing NUL bytes count as white space.
[[nodiscard]] CheckedValue check_value(std::string_view raw, ValueKind kind);

/// The value of `key` in lines of "key : value", as in /proc/cpuinfo; the spaces around the
/// value are left as they are. The first such line counts.
[[nodiscard]] std::optional<std::string_view> line_value(std::string_view text, std::string_view key);

}  // namespace lic
