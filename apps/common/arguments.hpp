#pragma once

/// The arguments as CLI11 is given them. It would split `[a,b]` into two values, take
/// the next argument for the value of `--note=`, and forget `--` after some arguments;
/// here a value is what was typed, and a flag has none.

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace lic::app {

struct Arguments {
  std::vector<std::string> reversed;  ///< as CLI11 wants them
  bool marked = false;                ///< some values carry a mark
  bool assigned = false;              ///< some are `--name=value`
  bool json = false;                  ///< --json is among them
};

[[nodiscard]] Arguments read_arguments(int argc, char** argv);

/// Makes `app` and its subcommands ready for these: every option takes the mark off
/// its values before anything else sees them, and `--json=yes` is an error.
void prepare(CLI::App& app, const Arguments& arguments);

/// `text` (an argument, or `--name=value`) without the mark.
[[nodiscard]] std::string unmarked(std::string_view text);
/// Whether all of `text` is a value: what followed "--".
[[nodiscard]] bool is_marked(std::string_view text) noexcept;

}  // namespace lic::app
