#include "protocol/carried_text.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace lic {
namespace {

constexpr std::string_view kMark = "LIC:";
constexpr std::size_t kNameBytes = 8;
constexpr std::int64_t kMostPieces = 999;

/// What pieces of one document have in common.
std::string name_of(std::string_view document) {
  const Digest digest = sha256(view_bytes(document));
  return hex_encode(ByteView(digest).first(kNameBytes));
}

struct Piece {
  std::int64_t number = 0;
  std::int64_t count = 0;
  std::string_view name;
  std::string_view text;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// What stands before `end`, which is then taken off with it.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t length = text.find(end);
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return taken;
}

std::optional<Piece> read_piece(std::string_view line) {
  if (!line.starts_with(kMark)) return std::nullopt;
  line.remove_prefix(kMark.size());
  const auto number = parse_integer(take_until(line, '/'));
  const auto count = parse_integer(take_until(line, ':'));
  const std::string_view name = take_until(line, ':');
  if (!number || !count || *number < 1 || *number > *count || *count > kMostPieces) return std::nullopt;
  if (name.size() != 2 * kNameBytes || line.empty()) return std::nullopt;
  return Piece{*number, *count, name, line};
}

Error malformed(std::string_view what, std::string_view why, std::string_view hint = "scan every code once more") {
  return error(Errc::invalid_input, concat(what, why), std::string(hint));
}

}  // namespace

std::vector<std::string> pieces_of(std::string_view document) {
  if (document.size() <= kMostPieceBytes) return {std::string(document)};
  const std::size_t room = kMostPieceBytes - concat(kMark, kMostPieces, '/', kMostPieces, "::").size() - 2 * kNameBytes;
  const std::size_t count = (document.size() + room - 1) / room;
  const std::size_t size = (document.size() + count - 1) / count;  // all about as long
  const std::string name = name_of(document);
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < count; ++i)
    pieces.push_back(concat(kMark, i + 1, '/', count, ':', name, ':', document.substr(i * size, size)));
  return pieces;
}

Result<std::string> join_pieces(ByteView bytes, std::string_view what) {
  std::string_view rest = trimmed(view_text(bytes));
  if (!rest.starts_with(kMark)) return std::string(rest);
  std::vector<std::string_view> texts;
  std::string_view name;
  while (!rest.empty()) {
    const std::string_view line = trimmed(take_until(rest, '\n'));
    if (line.empty()) continue;
    const auto piece = read_piece(line);
    if (!piece) return malformed(what, concat(" has a line that is no piece of a document: ", in_quotes(line)));
    if (name.empty()) {
      name = piece->name;
      texts.resize(static_cast<std::size_t>(piece->count));
    }
    if (piece->name != name || piece->count != std::ssize(texts))
      return malformed(what, " has pieces of two documents", "give those of one at a time");
    std::string_view& place = texts[static_cast<std::size_t>(piece->number - 1)];
    if (!place.empty() && place != piece->text)
      return malformed(what, concat(" has two pieces ", piece->number, " that differ"));
    place = piece->text;
  }
  const auto missing = std::find(texts.begin(), texts.end(), std::string_view());
  if (missing != texts.end())
    return malformed(what, concat(" lacks piece ", missing - texts.begin() + 1, " of ", texts.size()),
                     "give all of them, a line each");
  std::string document;
  for (const std::string_view text : texts) document += text;
  if (name_of(document) != name) return malformed(what, " was altered, or scanned wrongly: its pieces do not fit");
  return document;
}

}  // namespace lic
