#pragma once

/// What is written into a CSV file, and how it is read back (docs/cli.md, "CSV").

#include <string>
#include <string_view>

namespace lic::csv {

/// One field by RFC 4180: in quotes where it must be. A `'` in front makes text of what
/// a spreadsheet would take for a formula.
[[nodiscard]] std::string field(std::string_view text, char separator = ',');

/// A separator and field().
void append_field(std::string& line, std::string_view text, char separator = ',');

/// The text that field() was given, quotes taken off already: without the `'`.
[[nodiscard]] std::string_view unguarded(std::string_view text);

}  // namespace lic::csv
