#pragma once

/// What a CLI::App says about itself, as plain data: the help text, the completions
/// and the man pages are all made from this.

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace lic::app {

/// Headings that mean something: the actions of licctl, and what every command takes.
inline constexpr std::string_view kActionGroup = "Actions";
inline constexpr std::string_view kGlobalGroup = "Global options";

/// An option or, where `argument`, a positional argument.
struct OptionHelp {
  std::vector<std::string> names;  ///< "-h", "--help"; for an argument its one name, "FILE"
  std::string value;               ///< "FILE", "auto|always|never"; empty: takes none
  std::string summary;
  std::string group;  ///< the heading it stands under
  bool argument = false;
  bool required = false;
  bool repeatable = false;

  /// The name to show where one must do: the long one.
  [[nodiscard]] const std::string& name() const { return names.back(); }
  /// "-o, --out FILE", "KEY..."
  [[nodiscard]] std::string signature() const;
};

struct CommandHelp {
  std::string name;  ///< "licgen", "create", "keys list"
  std::string summary;
  std::vector<OptionHelp> arguments;
  std::vector<OptionHelp> options;  ///< in the order in which they were added, hidden ones left out
  std::vector<std::string> examples;
  std::vector<CommandHelp> commands;

  /// The headings of the options in the order of their first option, the global ones last.
  [[nodiscard]] std::vector<std::string> groups() const;
  /// "[OPTIONS] KEY..." or "COMMAND ..."
  [[nodiscard]] std::string usage() const;
};

/// `app` and all its subcommands.
[[nodiscard]] CommandHelp describe(const CLI::App& app);

/// The commands that can be run: those without subcommands, in order, at any depth.
[[nodiscard]] std::vector<CommandHelp> leaf_commands(const CommandHelp& root);

/// The help of one command of `program` at 80 columns. `path` is the command's name,
/// empty for the program itself; `global` are the options of the program, which a
/// command takes too.
[[nodiscard]] std::string help_text(const CommandHelp& command, std::string_view program,
                                    const std::vector<OptionHelp>& global);

/// `text` broken at spaces into lines of at most `width` columns (UTF-8), each
/// but the first behind `indent` spaces.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace lic::app
