#pragma once

/// What a value must be like to tell one machine from another.

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

}  // namespace lic
