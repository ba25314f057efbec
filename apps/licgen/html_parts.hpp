#pragma once

/// The parts that the report's page is made of: tables and charts.

#include <string>
#include <string_view>
#include <vector>

#include "report/money.hpp"

namespace lic::app {

/// `text` as it may stand in HTML, between tags and in quoted attributes. What printable()
/// escapes is escaped in that way first.
[[nodiscard]] std::string html_text(std::string_view text);

/// "1,234,567.89": a number with its thousands set apart.
[[nodiscard]] std::string grouped(std::string number);

/// A table with a caption for those who cannot see where it stands. The first cell of each
/// row is its heading. Cells are escaped here.
class HtmlTable {
 public:
  struct Column {
    std::string title;
    bool number = false;  ///< to the right
    bool spare = false;   ///< left out on narrow screens
  };

  HtmlTable(std::string caption, std::vector<Column> columns)
      : caption_(std::move(caption)), columns_(std::move(columns)) {}

  /// As many cells as there are columns; `share` is how much of the whole the row is, 0 to
  /// 100, for a bar behind it; -1: no bar.
  void add(const std::vector<std::string>& cells, int share = -1, bool total = false);
  [[nodiscard]] std::string html() const;

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::string rows_;
};

/// Numbers of one sort, one for each step of the axis, none negative.
struct Series {
  std::string name;   ///< "new"
  std::string style;  ///< class of the style sheet
  std::vector<Int128> values;
};

/// A chart of columns, one or more for each month ("2026-11"). `scale`: decimals of the values.
[[nodiscard]] std::string columns_chart(std::string_view title, std::string_view unit,
                                        const std::vector<std::string>& months, const std::vector<Series>& series,
                                        int scale);

}  // namespace lic::app
