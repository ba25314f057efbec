#pragma once

/// What is wrong with a command line, in the words of the project instead of CLI11's.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace lic::app {

struct UsageError {
  std::string message;
  std::string hint;
};

/// What parsing `root` failed with. An unknown option or command comes before what
/// is missing because of it.
[[nodiscard]] UsageError usage_error(const CLI::App& root, const CLI::ParseError& fault, std::string_view program);

[[nodiscard]] std::string bad_choice(std::string_view option, std::string_view given,
                                     const std::vector<std::string>& words);
[[nodiscard]] std::string bad_number(std::string_view option, std::string_view given, std::int64_t low,
                                     std::int64_t high);

/// The command that was given, or `root` where none was.
[[nodiscard]] const CLI::App& innermost(const CLI::App& root);

/// "keys list": the names from below the root down to `app`; empty for the root.
[[nodiscard]] std::string path_of(const CLI::App& app);

}  // namespace lic::app
