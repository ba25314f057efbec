#include "base/text.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

std::string value_flags(std::string_view value_name) {
  const ValueKind kind = kind_of(value_name);
  std::string words = kind.words.empty() ? "" : concat(" -a ", quoted(joined(kind.words, " ")));
  if (kind.files) return concat(" -r -F", words);
  if (kind.directories) return " -x -a '(__fish_complete_directories)'";
  return concat(" -x", words);
}

std::string condition(const CommandHelp& program, const CommandHelp& command) {
  if (program.commands.empty()) return {};
  const std::string test = concat("__", program.name, "_at", command.name.empty() ? "" : " ", command.name);
  return concat(" -n ", quoted(test));
}

std::string option_line(const OptionHelp& option) {
  std::string out;
  for (const auto& name : option.names) {
    const bool is_long = name.substr(0, 2) == "--";
    out += concat(is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  if (!option.value.empty()) out += value_flags(option.value);
  return concat(out, " -d ", quoted(option.summary), '\n');
}

std::string command_lines(const CommandHelp& program, const CommandHelp& command) {
  const std::string begin = concat("complete -c ", program.name);
  const std::string here = condition(program, command);
  std::string out;
  for (const auto& sub : command.commands) {
    out += concat(begin, here, " -a ", quoted(sub.name), " -d ", quoted(sub.summary), '\n');
  }
  for (const auto& option : command.options) {
    out += concat(begin, command.name.empty() ? "" : here, option_line(option));  // those of the program go anywhere
  }
  for (const auto& argument : command.arguments) {
    const ValueKind kind = kind_of(argument.name());
    if (kind.files) out += concat(begin, here, " -F\n");
    if (!kind.words.empty()) out += concat(begin, here, " -a ", quoted(joined(kind.words, " ")), '\n');
  }
  return out;
}

constexpr std::string_view kTestBody = R"(
  set -l command ''
  set -l value no
  for word in (commandline -opc)[2..-1]
    if test $value = yes
      set value no
    else if contains -- $word $valued
      set value yes
    else if contains -- (string trim "$command $word") $known
      set command (string trim "$command $word")
    end
  end
  test "$command" = "$argv"
end

)";

/// __P_at COMMAND: whether that is the command on the line so far.
std::string command_test(const CommandHelp& program) {
  std::string known;
  for (const auto& command : all_commands(program)) {
    if (!command.name.empty()) known += concat(' ', quoted(command.name));
  }
  return concat("function __", program.name, "_at\n  set -l valued ", joined(options_with_value(program), " "),
                "\n  set -l known", known, kTestBody);
}

}  // namespace

std::string fish_completion(const CommandHelp& program) {
  std::string out = concat("# fish completion for ", program.name, " (made by scripts/generate-docs)\n\n");
  if (!program.commands.empty()) out += command_test(program);
  out += concat("complete -c ", program.name, " -f\n");
  for (const auto& command : all_commands(program)) out += command_lines(program, command);
  return out;
}

}  // namespace lic::app
