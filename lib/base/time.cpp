#include "base/time.hpp"

#include <cstdio>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 9999;
constexpr std::int64_t kMostMonths = 12 * 10'000;

/// The number at text[from, from + length); -1 unless all are digits.
int number(std::string_view text, std::size_t from, std::size_t length) noexcept {
  int value = 0;
  for (std::size_t i = from; i < from + length; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<sys_days> parse_day(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = number(text, 0, 4);
  const int month = number(text, 5, 2);
  const int day = number(text, 8, 2);
  if (year < kFirstYear || month < 0 || day < 0) return std::nullopt;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::optional<Time> within_calendar(Time time) noexcept {
  const year_month_day date{std::chrono::floor<days>(time)};
  const int year = int{date.year()};
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  return time;
}

}  // namespace

std::optional<Time> parse_timestamp(std::string_view text) noexcept {
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
    return std::nullopt;
  const auto day = parse_day(text.substr(0, 10));
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  if (!day || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  return Time{*day} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

Result<Time> parse_time(std::string_view text) {
  if (const auto time = parse_timestamp(text)) return *time;
  if (const auto day = parse_day(text)) return Time{*day};
  return error(Errc::invalid_input, concat(in_quotes(text), " is not a date or time"),
               "write 2026-11-22 or 2026-11-22T10:00:00Z (UTC, years 1970 to 9999)");
}

namespace {

void append_two_digits(std::string& text, char before, unsigned number) {
  text += before;
  text += static_cast<char>('0' + number / 10);
  text += static_cast<char>('0' + number % 10);
}

}  // namespace

std::string format_date(Time time) {
  const year_month_day date{std::chrono::floor<days>(time)};
  std::string text = std::to_string(int{date.year()});
  if (text.size() < 4) text.insert(0, 4 - text.size(), '0');  // a Time is of the years 0 to 9999
  append_two_digits(text, '-', unsigned{date.month()});
  append_two_digits(text, '-', unsigned{date.day()});
  return text;
}

std::string format_time(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text = format_date(time);
  append_two_digits(text, 'T', static_cast<unsigned>(clock.hours().count()));
  append_two_digits(text, ':', static_cast<unsigned>(clock.minutes().count()));
  append_two_digits(text, ':', static_cast<unsigned>(clock.seconds().count()));
  return text + 'Z';
}

std::optional<Time> add_months(Time time, std::int64_t months) noexcept {
  if (months < -kMostMonths || months > kMostMonths) return std::nullopt;
  const auto day = std::chrono::floor<days>(time);
  year_month_day date = year_month_day{day} + std::chrono::months{months};
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return within_calendar(Time{sys_days{date}} + (time - day));
}

Result<Duration> parse_duration(std::string_view text) {
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  const auto count = unit_at == std::string_view::npos ? std::nullopt : parse_integer(text.substr(0, unit_at));
  const std::string_view unit = unit_at == std::string_view::npos ? std::string_view{} : text.substr(unit_at);
  constexpr std::int64_t kMost = 100'000;  // days and hours stay far from any overflow
  if (count && *count <= kMost) {
    if (unit == "d") return Duration{0, std::chrono::hours{24 * *count}};
    if (unit == "h") return Duration{0, std::chrono::hours{*count}};
    if (unit == "mo" && *count <= kMostMonths) return Duration{*count, {}};
    if (unit == "y" && *count * 12 <= kMostMonths) return Duration{*count * 12, {}};
  }
  return error(Errc::invalid_input, concat(in_quotes(text), " is not a duration"), "write 30d, 12mo, 1y or 6h");
}

std::optional<Time> add(Time time, const Duration& duration) noexcept {
  const auto moved = add_months(time, duration.months);
  if (!moved) return std::nullopt;
  return within_calendar(*moved + duration.seconds);
}

Time system_now() noexcept { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

}  // namespace lic
