#pragma once

/// Documents made from the command lines of the programs: shell completions and man
/// pages. Every function is pure and ends its text with a newline.

#include <string>
#include <string_view>
#include <vector>

#include "common/help.hpp"

namespace lic::app {

/// What can stand in the place of a value, read from its name (see
/// common/command_line.hpp): "table|csv" are words, FILE and DIR are paths.
struct ValueKind {
  std::vector<std::string> words;
  bool files = false;
  bool directories = false;
};
[[nodiscard]] ValueKind kind_of(std::string_view value_name);

/// `root` itself (with an empty name) and every command below it, "keys" as well as
/// "keys list", each before its own.
[[nodiscard]] std::vector<CommandHelp> all_commands(const CommandHelp& root);

/// The names of all options that take a value, in any command, each once.
[[nodiscard]] std::vector<std::string> options_with_value(const CommandHelp& root);

[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view separator);

/// `text` in single quotes, for every shell that we write for but fish.
[[nodiscard]] std::string shell_quoted(std::string_view text);

[[nodiscard]] std::string bash_completion(const CommandHelp& program);
[[nodiscard]] std::string zsh_completion(const CommandHelp& program);
[[nodiscard]] std::string fish_completion(const CommandHelp& program);

/// The part of a man page that no command line knows.
struct Prose {
  struct Item {
    std::string name;
    std::string text;
  };
  /// Text that is to be seen as it stands, in a section of its own.
  struct Sample {
    std::string title;
    std::string text;
    std::vector<std::string> lines;
  };
  std::vector<std::string> description;  ///< paragraphs
  std::vector<Sample> samples;
  std::vector<Item> environment;
  std::vector<Item> files;
  std::vector<Item> recovery;  ///< what to do when; empty: no such section
  std::string see_also;        ///< "licctl(1)"
};

/// A program as its own command line describes it. Each program has one of these, in
/// program_<name>.cpp, and a generator of its own that is linked with it.
struct Program {
  CommandHelp help;
  Prose prose;
};
[[nodiscard]] Program documented_program();

[[nodiscard]] std::string man_page(const Program& program);

/// Every command and option, one a line: "licgen create", "licgen create --plan".
[[nodiscard]] std::string option_list(const CommandHelp& program);

}  // namespace lic::app
