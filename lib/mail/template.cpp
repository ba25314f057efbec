#include "mail/template.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::mail {
namespace {

/// "line 3, column 7": columns are characters.
std::string place_of(std::string_view text, std::size_t position, std::size_t first_line) {
  const std::string_view before = text.substr(0, position);
  const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + first_line;
  const std::size_t last_break = before.rfind('\n');
  const std::string_view beginning = last_break == std::string_view::npos ? before : before.substr(last_break + 1);
  const auto columns = std::count_if(beginning.begin(), beginning.end(),
                                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return concat("line ", line, ", column ", columns + 1);
}

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Template> Template::parse(std::string_view text, std::string_view what, const std::vector<std::string>& known,
                                 std::size_t first_line) {
  Template parsed;
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t open = std::min(text.find("{{", position), text.size());
    if (open > position) parsed.pieces_.push_back({std::string(text.substr(position, open - position)), false});
    if (open == text.size()) break;
    const std::size_t close = text.find("}}", open + 2);
    const std::size_t line_end = text.find('\n', open);
    if (close == std::string_view::npos || close > line_end)
      return error(Errc::invalid_input,
                   concat(what, ", ", place_of(text, open, first_line), ": '{{' is not closed by '}}' on its line"),
                   "a placeholder is written {{name}}");
    const std::string name(trimmed(text.substr(open + 2, close - open - 2)));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string meant = nearest(name, known);
      std::string names;
      for (const auto& one : known) names += concat(names.empty() ? "" : ", ", one);
      return error(Errc::invalid_input,
                   concat(what, ", ", place_of(text, open, first_line), ": there is no placeholder ", in_quotes(name)),
                   meant.empty() ? concat("there are: ", names) : concat("did you mean {{", meant, "}}?"));
    }
    parsed.pieces_.push_back({name, true});
    position = close + 2;
  }
  return parsed;
}

bool Template::uses(std::string_view name) const noexcept {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.is_name && p.text == name; });
}

std::string Template::render(const std::map<std::string, std::string>& values,
                             const std::function<std::string(std::string_view)>& literal) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (piece.is_name)
      out += values.at(piece.text);
    else
      out += literal ? literal(piece.text) : piece.text;
  }
  return out;
}

}  // namespace lic::mail
