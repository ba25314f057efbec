#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "csv/reader.hpp"
#include "csv/text.hpp"
#include "fuzz/fuzz.hpp"

using namespace lic;
using fuzz::require;

namespace {

/// Reads all of `text`, in pieces of at most `piece` bytes.
std::vector<csv::Row> read_all(std::string_view text, std::size_t piece, char& separator, bool& whole) {
  csv::Reader reader([&](char* to, std::size_t size) -> Result<std::size_t> {
    const std::size_t count = std::min({size, piece, text.size()});
    std::memcpy(to, text.data(), count);
    text.remove_prefix(count);
    return count;
  });
  std::vector<csv::Row> rows;
  csv::Row row;
  while (true) {
    const auto found = reader.next(row);
    separator = reader.separator();
    whole = found.has_value();
    if (!found) fuzz::require_message(found.error());
    if (!found || !*found) return rows;
    rows.push_back(row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  char separator = 0;
  bool whole = false;
  const auto rows = read_all(view_text({data, size}), size + 1, separator, whole);
  bool same_whole = false;
  const auto pieces = read_all(view_text({data, size}), 3, separator, same_whole);
  require(pieces.size() == rows.size() && whole == same_whole, "how the text comes in does not matter");

  std::string again;
  std::int64_t line = 0;
  for (const csv::Row& row : rows) {
    require(row.line > line && !row.fields.empty(), "rows follow one another, and have fields");
    line = row.line;
    for (const csv::Field& field : row.fields) {
      require(field.line >= row.line, "a field is not before its row");
      require(field.fault.empty() == (is_utf8(field.text) && field.text.find('\0') == std::string::npos),
              "what is no text is told");
      again += concat(&field == &row.fields.front() ? "" : std::string(1, separator),
                      row.fields.size() == 1 && field.text.empty() ? "\"\"" : csv::field(field.text, separator));
    }
    again += "\r\n";
  }
  if (separator != ',') return 0;  // another first line may name another separator
  // What now stands at the front could tell another encoding.
  if (again.starts_with("\xef\xbb\xbf") || again.find('\0') != std::string::npos || !is_utf8(again)) return 0;
  char other = 0;
  const auto back = read_all(again, again.size() + 1, other, same_whole);
  if (other != separator) return 0;
  require(same_whole && back.size() == rows.size(), "what is written is read");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(back[i].fields.size() == rows[i].fields.size(), "with as many fields");
    for (std::size_t k = 0; k < rows[i].fields.size(); ++k)
      require(csv::unguarded(back[i].fields[k].text) == rows[i].fields[k].text, "and the same texts");
  }
  return 0;
}
