#include "licgen/option_values.hpp"

#include <algorithm>
#include <limits>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/options.hpp"
#include "license/terms.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kLongestText = 1000;
constexpr std::string_view kNameHint = "a name is 1 to 64 of a-z, 0-9, '-', '_' and '.'";

Error invalid(std::string_view option, std::string_view text, std::string_view why, std::string_view hint = {}) {
  return error(Errc::invalid_input, concat(option, ": ", in_quotes(text), " ", why), std::string(hint));
}

Error for_option(std::string_view option, const Error& fault) {
  return error(fault.code, concat(option, ": ", fault.message), fault.hint);
}

bool is_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<FeatureValue> read_feature_value(std::string_view whole, std::string_view value) {
  if (value == "true") return FeatureValue{true};
  if (value == "false") return FeatureValue{false};
  if (is_digits(value)) {
    const auto number = parse_integer(value);
    if (!number || *number > json::kMaxInteger || *number < -json::kMaxInteger)
      return invalid("--feature", whole, "holds a number that is too large", "whole numbers go up to 2^53");
    return FeatureValue{*number};
  }
  if (value.empty()) return invalid("--feature", whole, "has an empty value", "write NAME alone to switch it on");
  if (value.find(',') == std::string_view::npos) return FeatureValue{std::string(value)};
  std::vector<std::string> words;
  while (true) {
    const std::size_t comma = value.find(',');
    words.emplace_back(value.substr(0, comma));
    if (words.back().empty()) return invalid("--feature", whole, "has an empty word in its list");
    if (comma == std::string_view::npos) return FeatureValue{std::move(words)};
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

void add_out_file(CLI::App& app, std::optional<std::string>& out, bool& force) {
  add_text(app, "-o,--out", out, "FILE", "Write to FILE instead of standard output");
  add_flag(app, "--force", force, "Replace FILE if it exists");
}

Result<std::int64_t> read_number(std::string_view option, std::string_view text, std::int64_t low, std::int64_t high) {
  const std::string range = concat("a whole number from ", low, " to ", high, " is needed");
  const auto number = parse_integer(text);
  if (!number) return invalid(option, text, is_digits(text) ? "is out of range" : "is not a whole number", range);
  if (*number < low || *number > high) return invalid(option, text, "is out of range", range);
  return *number;
}

Result<bool> read_yes_or_no(std::string_view option, std::string_view text) {
  if (text == "yes" || text == "true") return true;
  if (text == "no" || text == "false") return false;
  return invalid(option, text, "is neither yes nor no");
}

Result<Time> read_moment(std::string_view option, std::string_view text, Time base) {
  if (const auto duration = parse_duration(text)) {
    if (const auto moment = add(base, *duration)) return *moment;
    return invalid(option, text, "leads past the year 9999");
  }
  return read_date(option, text);
}

Result<Time> read_date(std::string_view option, std::string_view text) {
  auto time = parse_time(text);
  if (!time) return for_option(option, time.error());
  return time;
}

Result<Time> read_span(std::string_view option, std::string_view text, Time base) {
  const auto duration = parse_duration(text);
  if (!duration) return for_option(option, duration.error());
  const auto moment = add(base, *duration);
  if (!moment) return invalid(option, text, "leads past the year 9999");
  if (*moment <= base) return invalid(option, text, "is no time at all");
  return *moment;
}

Result<void> check_text(std::string_view option, std::string_view text) {
  if (text.size() > kLongestText)
    return error(Errc::invalid_input, concat(option, ": the text is longer than ", kLongestText, " bytes"));
  if (!is_utf8(text)) return invalid(option, text, "is not UTF-8");
  return {};
}

Result<void> check_given(std::string_view option, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return error(Errc::invalid_input, concat(option, ": the value is empty"), "give one, or leave the option out");
  return check_text(option, text);
}

Result<void> check_readable(std::string_view option, const std::string& path) {
  LIC_TRY(check_given(option, path));
  LIC_TRY(read_file(path, concat("file of ", option)));
  return {};
}

Result<std::pair<std::string, FeatureValue>> read_feature(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (!is_name(name)) return invalid("--feature", text, "does not begin with a name", kNameHint);
  LIC_TRY(check_text("--feature", text));
  if (equals == std::string_view::npos) return std::pair(name, FeatureValue{true});
  LIC_TRY_ASSIGN(FeatureValue value, read_feature_value(text, text.substr(equals + 1)));
  return std::pair(name, std::move(value));
}

Result<std::optional<Floating>> read_floating_given(std::string_view text) {
  constexpr std::int64_t kMostMinutes = 24 * 60;
  constexpr std::int64_t kMostDays = 365;
  if (text == "no") return std::optional<Floating>();
  const std::size_t slash = text.find('/');
  Floating floating;
  LIC_TRY_ASSIGN(floating.minutes, read_number("--floating", text.substr(0, slash), 1, kMostMinutes));
  if (slash != std::string_view::npos) {
    LIC_TRY_ASSIGN(floating.borrow_days, read_number("--floating", text.substr(slash + 1), 0, kMostDays));
  }
  return std::optional(floating);
}

Result<std::optional<TransferAllowance>> read_transfers_given(std::string_view text) {
  constexpr std::int64_t kMost = 1'000'000;
  if (text == "no") return std::optional<TransferAllowance>();
  const std::size_t slash = text.find('/');
  const auto per = slash == std::string_view::npos ? std::nullopt : parse_period(text.substr(slash + 1));
  if (!per || *per == Period::day)
    return invalid("--transfers", text, "names no period", "write N/month, N/year or no");
  LIC_TRY_ASSIGN(const std::int64_t max, read_number("--transfers", text.substr(0, slash), 0, kMost));
  return std::optional(TransferAllowance{max, *per});
}

Result<std::pair<std::string, Limit>> read_limit(std::string_view text) {
  constexpr std::string_view kShape =
      "write NAME=MAX, NAME=MAX/PER or NAME=MAX/PER+N%: a number or unlimited, per day, month or year, and how far it "
      "may be exceeded";
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (!is_name(name)) return invalid("--limit", text, "does not begin with a name", kNameHint);
  if (equals == std::string_view::npos) return invalid("--limit", text, "has no number", kShape);
  std::string_view value = text.substr(equals + 1);
  Limit limit;
  if (const std::size_t plus = value.find('+'); plus != std::string_view::npos) {
    const auto overage = value.ends_with('%') ? parse_integer(value.substr(plus + 1, value.size() - plus - 2))
                                              : std::optional<std::int64_t>{};
    if (!overage || *overage < 0 || *overage > kMostOverage)
      return invalid("--limit", text, concat("does not end with a percentage from 0 to ", kMostOverage), kShape);
    limit.overage = *overage;
    value = value.substr(0, plus);
  }
  const std::size_t slash = value.find('/');
  const std::string_view max = value.substr(0, slash);
  if (max != "unlimited") {
    limit.max = parse_integer(max);
    if (!limit.max || *limit.max < 0 || *limit.max > json::kMaxInteger)
      return invalid("--limit", text, "has no number that will do", kShape);
  }
  if (slash != std::string_view::npos) {
    limit.per = parse_period(value.substr(slash + 1));
    if (!limit.per) return invalid("--limit", text, "names no period", kShape);
  }
  return std::pair(name, limit);
}

Result<std::pair<std::string, std::string>> read_metadata(std::string_view text) {
  const std::size_t equals = text.find('=');
  std::string name(text.substr(0, equals));
  if (!is_name(name)) return invalid("--meta", text, "does not begin with a name", kNameHint);
  if (equals == std::string_view::npos) return invalid("--meta", text, "has no value", "write NAME=VALUE");
  std::string value(text.substr(equals + 1));
  LIC_TRY(check_text("--meta", value));
  return std::pair(std::move(name), std::move(value));
}

}  // namespace lic::app
