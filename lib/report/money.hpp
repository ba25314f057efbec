#pragma once

/// Amounts of money as whole numbers of a currency's smallest digit, and the calendar
/// months that they pay for as exact fractions. No binary floating point anywhere.

#include <optional>
#include <string>
#include <string_view>

#include "lic/types.hpp"

namespace lic {

/// Holds the sum of 10^12 sales at the highest list price (10^19 digits) for as many
/// years as there are (8030): sums are not checked for overflow.
__extension__ typedef __int128 Int128;

/// units / 10^scale
struct Decimal {
  Int128 units = 0;
  int scale = 0;
};

/// An amount as catalogues write it: "4500.00", "850". Absent when it is none.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text) noexcept;

/// The same amount with more decimals. Precondition: scale >= amount.scale.
[[nodiscard]] Int128 units_at(const Decimal& amount, int scale) noexcept;

/// "4500.00", "-3", "0.05": always `scale` digits after the point.
[[nodiscard]] std::string decimal_text(Int128 units, int scale);

/// Not negative; the denominator is more than 0.
struct Ratio {
  Int128 numerator = 0;
  Int128 denominator = 1;
};

/// units x ratio, rounded to the nearest whole number, a half to the even one.
/// Precondition: units are not negative.
[[nodiscard]] Int128 times(Int128 units, const Ratio& ratio) noexcept;

/// How many calendar months lie between two moments.
///
/// Where both are whole months away from `anchor`, the day on which a license began, the
/// difference of these: 28 February to 31 March of what began on 31 January is one month.
/// Else whole months from `from` on, and of the month that is left its seconds out of all
/// seconds of that month. 0 when `to` is not after `from`.
[[nodiscard]] Ratio months_between(Time anchor, Time from, Time to) noexcept;

/// `part` of `whole` in percent with one decimal, a half to the even one: "83.3".
/// Absent when the whole is 0.
[[nodiscard]] std::optional<std::string> percent(std::int64_t part, std::int64_t whole);

}  // namespace lic
