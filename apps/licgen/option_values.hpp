#pragma once

/// What is typed behind an option becomes a value, or an error (invalid_input)
/// that names the option.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lic/result.hpp"
#include "lic/types.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace lic::app {

/// `--out FILE` and `--force`, for a command that writes one file.
void add_out_file(CLI::App& app, std::optional<std::string>& out, bool& force);

/// A whole number in decimal digits, low to high.
[[nodiscard]] Result<std::int64_t> read_number(std::string_view option, std::string_view text, std::int64_t low,
                                               std::int64_t high);

/// "yes" or "no", for which a document may also have true and false.
[[nodiscard]] Result<bool> read_yes_or_no(std::string_view option, std::string_view text);

/// A date, a time, or a duration counted from `base`.
[[nodiscard]] Result<Time> read_moment(std::string_view option, std::string_view text, Time base);

/// A date or a time.
[[nodiscard]] Result<Time> read_date(std::string_view option, std::string_view text);

/// `base` and a duration longer than nothing after it.
[[nodiscard]] Result<Time> read_span(std::string_view option, std::string_view text, Time base);

/// Text for people: UTF-8, at most 1000 bytes.
[[nodiscard]] Result<void> check_text(std::string_view option, std::string_view text);

/// The same, and something in it: an unset variable of a script is no text.
[[nodiscard]] Result<void> check_given(std::string_view option, std::string_view text);

/// A file that can be read. Errors: also those of reading it.
[[nodiscard]] Result<void> check_readable(std::string_view option, const std::string& path);

/// `K` or `K=V`: true and false, whole numbers, `a,b,c` for a list, else a word.
[[nodiscard]] Result<std::pair<std::string, FeatureValue>> read_feature(std::string_view text);

/// `K=MAX` or `K=MAX/PER`: a number or `unlimited`; day, month or year.
[[nodiscard]] Result<std::pair<std::string, Limit>> read_limit(std::string_view text);

/// `MINUTES`, `MINUTES/DAYS` or `no`. And: `N/month`, `N/year` or `no`.
[[nodiscard]] Result<std::optional<Floating>> read_floating_given(std::string_view text);
[[nodiscard]] Result<std::optional<TransferAllowance>> read_transfers_given(std::string_view text);

/// `K=V`.
[[nodiscard]] Result<std::pair<std::string, std::string>> read_metadata(std::string_view text);

}  // namespace lic::app
