#include "licgen/table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace lic::app {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// Marks that stand over the character before them.
constexpr std::array<Range, 8> kCombining = {{{0x300, 0x36F},
                                              {0x483, 0x489},
                                              {0x591, 0x5BD},
                                              {0x610, 0x61A},
                                              {0x64B, 0x65F},
                                              {0x1AB0, 0x1AFF},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F}}};
/// East Asian Wide and Fullwidth (Unicode, annex 11), and emoji.
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xA960, 0xA97F},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool is_in(char32_t code, const std::array<Range, N>& ranges) noexcept {
  return std::any_of(ranges.begin(), ranges.end(), [&](Range r) { return code >= r.first && code <= r.last; });
}

/// Takes one character off the front of well-formed UTF-8.
char32_t take_character(std::string_view& text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  text.remove_prefix(std::min(length, text.size()));
  return code;
}

std::size_t width_of(char32_t code) noexcept { return is_in(code, kCombining) ? 0 : is_in(code, kWide) ? 2 : 1; }

}  // namespace

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) width += width_of(take_character(text));
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string_view rest = text;
  std::size_t taken = 0;
  std::size_t end = 0;
  while (!rest.empty()) {
    taken += width_of(take_character(rest));
    if (taken + 1 > width) break;
    end = text.size() - rest.size();
  }
  return concat(text.substr(0, end), "…");
}

void Table::add(std::vector<std::string> cells) {
  if (widths_.empty())
    for (const auto& column : columns_) widths_.push_back(display_width(column.title));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = cut_to_width(printable(cells[i]), columns_[i].widest);
    widths_[i] = std::max(widths_[i], display_width(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

std::string Table::line(const std::vector<std::string>& cells) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths_[i] - std::min(widths_[i], display_width(cells[i])), ' ');
    if (i > 0) out += "  ";
    out += columns_[i].number ? concat(padding, cells[i]) : concat(cells[i], padding);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string Table::head() const {
  std::vector<std::string> titles;
  for (const auto& column : columns_) titles.push_back(column.title);
  return line(titles);
}

std::string Table::take_rows() {
  std::string out;
  for (const auto& row : rows_) out += concat(line(row), '\n');
  rows_.clear();
  return out;
}

}  // namespace lic::app
