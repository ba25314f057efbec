#include "report/money.hpp"

#include <algorithm>

#include "base/time.hpp"

namespace lic {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::year_month_day;

constexpr std::size_t kMostDigits = 30;  // far below what Int128 holds

std::int64_t months_apart(Time from, Time to) noexcept {
  const year_month_day a{floor<days>(from)};
  const year_month_day b{floor<days>(to)};
  return (b.year() / b.month() - a.year() / a.month()).count();
}

/// How many months lead from `from` to exactly `to`; absent when none do.
std::optional<std::int64_t> whole_months(Time from, Time to) noexcept {
  const std::int64_t months = months_apart(from, to);
  if (add_months(from, months) == to) return months;
  return std::nullopt;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) noexcept {
  Decimal amount;
  std::size_t digits = 0;
  bool point = false;
  for (const char symbol : text) {
    if (symbol == '.' && !point && digits > 0) {
      point = true;
      continue;
    }
    if (symbol < '0' || symbol > '9' || ++digits > kMostDigits) return std::nullopt;
    amount.units = amount.units * 10 + (symbol - '0');
    if (point) ++amount.scale;
  }
  if (digits == 0 || (point && amount.scale == 0)) return std::nullopt;
  return amount;
}

Int128 units_at(const Decimal& amount, int scale) noexcept {
  Int128 units = amount.units;
  for (int i = amount.scale; i < scale; ++i) units *= 10;
  return units;
}

std::string decimal_text(Int128 units, int scale) {
  const bool negative = units < 0;
  if (negative) units = -units;
  std::string text;  // from the end
  for (int digit = 0; units > 0 || digit <= scale; ++digit) {
    if (digit == scale && scale > 0) text += '.';
    text += static_cast<char>('0' + static_cast<int>(units % 10));
    units /= 10;
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

Int128 times(Int128 units, const Ratio& ratio) noexcept {
  const Int128 product = units * ratio.numerator;
  const Int128 whole = product / ratio.denominator;
  const Int128 rest = product % ratio.denominator * 2;
  const bool up = rest > ratio.denominator || (rest == ratio.denominator && whole % 2 == 1);
  return up ? whole + 1 : whole;
}

Ratio months_between(Time anchor, Time from, Time to) noexcept {
  if (to <= from) return {};
  const auto before = whole_months(anchor, from);
  const auto after = whole_months(anchor, to);
  if (before && after) return {*after - *before, 1};
  std::int64_t months = months_apart(from, to);
  if (add_months(from, months).value_or(to) > to) --months;
  const Time begun = add_months(from, months).value_or(to);
  const Time full = add_months(from, months + 1).value_or(begun + days{31});
  const Int128 month = (full - begun).count();
  return {months * month + (to - begun).count(), month};
}

std::optional<std::string> percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return decimal_text(times(part, {1000, whole}), 1);
}

}  // namespace lic
