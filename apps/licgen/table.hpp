#pragma once

/// Text in columns, for people at a terminal.

#include <string>
#include <string_view>
#include <vector>

namespace lic::app {

/// How many columns of a terminal `text` (UTF-8, nothing to escape) takes:
/// combining marks none, East Asian wide characters and emoji two.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// `text` cut to `width` columns, with an ellipsis where something is missing.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);

/// Collects rows, then gives them as lines. What is foreign in a cell is escaped
/// here, so no cell can move the cursor or leave its column.
class Table {
 public:
  /// A column wider than `widest` is cut.
  struct Column {
    std::string title;
    bool number = false;  ///< to the right
    std::size_t widest = 40;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }

  /// The titles in the widths of the rows collected; no newline at the end.
  [[nodiscard]] std::string head() const;
  /// The rows, a line each. They are then forgotten, the widths are not.
  [[nodiscard]] std::string take_rows();

 private:
  [[nodiscard]] std::string line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lic::app
