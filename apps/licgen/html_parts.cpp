#include "licgen/html_parts.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace lic::app {
namespace {

constexpr int kHeight = 1000;  // of a chart, in units of its own
constexpr int kStep = 12;      // width of one step of the axis
constexpr std::size_t kMostLabels = 12;

/// 1, 2 or 5 times a power of ten, not less than `value`.
Int128 round_up(Int128 value) {
  Int128 power = 1;
  while (power * 10 <= value) power *= 10;
  for (const int factor : {1, 2, 5})
    if (power * factor >= value) return power * factor;
  return power * 10;
}

std::string number_text(Int128 units, int scale) { return grouped(decimal_text(units, scale)); }

/// Without a fraction of zeros.
std::string axis_text(Int128 units, int scale) {
  std::string text = decimal_text(units, scale);
  if (const std::size_t point = text.find('.');
      point != std::string::npos && text.find_first_not_of('0', point + 1) == std::string::npos)
    text.resize(point);
  return grouped(std::move(text));
}

std::string bars(const Series& series, std::size_t place, std::size_t of, Int128 top, std::string_view unit,
                 const std::vector<std::string>& months, int scale) {
  const int width = (kStep - 3) / static_cast<int>(of);
  std::string out;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (series.values[i] <= 0) continue;
    const int height = std::max(4, static_cast<int>(series.values[i] * kHeight / top));
    const int x = static_cast<int>(i) * kStep + 1 + static_cast<int>(place) * (width + 1);
    out +=
        concat("<rect class=\"", series.style, "\" x=\"", x, "\" y=\"", kHeight - height, "\" width=\"", width,
               "\" height=\"", height, "\"><title>", html_text(months[i]), ": ", number_text(series.values[i], scale),
               ' ', html_text(unit), ' ', html_text(series.name), "</title></rect>");
  }
  return out;
}

/// The months of a year by name; of a longer time the years alone, so that they fit on a telephone.
std::string labels(const std::vector<std::string>& months) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::string out;
  for (const std::string& step : months) {
    const auto month = parse_integer(std::string_view(step).substr(5)).value_or(1);
    std::string_view label;
    if (months.size() <= kMostLabels)
      label = kMonths.substr(static_cast<std::size_t>(month - 1) * 3, 3);
    else if (month == 1)
      label = std::string_view(step).substr(0, 4);
    out += concat("<span>", label, "</span>");
  }
  return out;
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char symbol : printable(text)) {
    if (symbol == '&')
      out += "&amp;";
    else if (symbol == '<')
      out += "&lt;";
    else if (symbol == '>')
      out += "&gt;";
    else if (symbol == '"')
      out += "&quot;";
    else if (symbol == '\'')
      out += "&#39;";
    else
      out += symbol;
  }
  return out;
}

std::string grouped(std::string number) {
  const std::size_t first = number.starts_with('-') ? 1 : 0;
  for (std::size_t place = std::min(number.size(), number.find('.')); place > first + 3; place -= 3)
    number.insert(place - 3, 1, ',');
  return number;
}

void HtmlTable::add(const std::vector<std::string>& cells, int share, bool total) {
  rows_ += total ? "<tr class=\"total\">" : "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Column& column = columns_[i];
    const std::string style =
        concat(column.number ? " n" : "", column.spare ? " spare" : "", i == 0 && share >= 0 ? " shared" : "");
    const std::string attribute = style.empty() ? "" : concat(" class=\"", std::string_view(style).substr(1), "\"");
    if (i > 0) {
      rows_ += concat("<td", attribute, ">", html_text(cells[i]), "</td>");
      continue;
    }
    rows_ += concat("<th scope=\"row\"", attribute, ">", html_text(cells[i]));
    if (share >= 0)
      rows_ += concat(
          "<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
          "<rect class=\"track\" width=\"100\" height=\"4\"/><rect width=\"",
          share, "\" height=\"4\"/></svg>");
    rows_ += "</th>";
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::html() const {
  std::string head;
  for (const Column& column : columns_) {
    const std::string style = concat(column.number ? " n" : "", column.spare ? " spare" : "");
    head +=
        concat("<th scope=\"col\"", style.empty() ? "" : concat(" class=\"", std::string_view(style).substr(1), "\""),
               ">", html_text(column.title), "</th>");
  }
  return concat("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"", html_text(caption_),
                "\"><table><caption>", html_text(caption_), "</caption>\n<thead><tr>", head, "</tr></thead>\n<tbody>\n",
                rows_, "</tbody></table></div>\n");
}

std::string columns_chart(std::string_view title, std::string_view unit, const std::vector<std::string>& months,
                          const std::vector<Series>& series, int scale) {
  Int128 most = 0;
  for (const Series& one : series)
    for (const Int128 value : one.values) most = std::max(most, value);
  std::string caption = concat("<figcaption>", html_text(title));
  for (const Series& one : series)
    if (series.size() > 1)
      caption += concat(" <span class=\"key\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"", one.style,
                        "\" width=\"1\" height=\"1\"/></svg>", html_text(one.name), "</span>");
  caption += "</figcaption>";
  if (most == 0) return concat("<figure>", caption, "<p class=\"none\">None in this period.</p></figure>\n");
  const Int128 top = round_up(most);
  std::string drawing;
  for (const int part : {0, 1, 2, 3, 4})
    drawing += concat("<line x1=\"0\" x2=\"", std::ssize(months) * kStep, "\" y1=\"", part * kHeight / 4, "\" y2=\"",
                      part * kHeight / 4, "\"/>");
  for (std::size_t i = 0; i < series.size(); ++i)
    drawing += bars(series[i], i, series.size(), top, unit, months, scale);
  return concat("<figure>", caption, "<div class=\"plot\"><div class=\"axis\" aria-hidden=\"true\"><span>",
                axis_text(top, scale), "</span><span>0</span></div><svg class=\"chart\" role=\"img\" aria-label=\"",
                html_text(title), "; the numbers are in the table of months\" viewBox=\"0 0 ",
                std::ssize(months) * kStep, ' ', kHeight, "\" preserveAspectRatio=\"none\">", drawing,
                "</svg><div class=\"steps\" aria-hidden=\"true\">", labels(months), "</div></div></figure>\n");
}

}  // namespace lic::app
