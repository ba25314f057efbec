#include "base/text.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

/// Backslashes before what means something in an _arguments specification.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// ":FILE:_files"
std::string value_spec(std::string_view value_name) {
  const ValueKind kind = kind_of(value_name);
  std::string action = " ";
  if (!kind.words.empty()) action = concat('(', joined(kind.words, " "), ')');
  if (kind.directories) action = "_files -/";
  if (kind.files) action = "_files";
  return concat(':', escaped(value_name), ':', action);
}

std::string option_specs(const OptionHelp& option) {
  std::string out;
  const std::string others = option.names.size() > 1 ? concat('(', joined(option.names, " "), ')') : std::string();
  for (const auto& name : option.names) {
    const std::string repeat = option.repeatable ? "*" : others;
    const std::string value = option.value.empty() ? std::string() : value_spec(option.value);
    out += concat(
        "    ", shell_quoted(concat(repeat, name, value.empty() ? "" : "=", '[', escaped(option.summary), ']', value)),
        " \\\n");
  }
  return out;
}

std::string argument_spec(const OptionHelp& argument) {
  const std::string_view place = argument.repeatable ? "*" : argument.required ? "" : ":";
  return concat("    ", shell_quoted(concat(place, value_spec(argument.name()))), " \\\n");
}

std::string function_name(std::string_view program, std::string_view command) {
  std::string out = concat('_', program, command.empty() ? "" : "_", command);
  for (char& c : out) c = c == ' ' || c == '-' ? '_' : c;
  return out;
}

/// What follows `_arguments -s`: the options of the program are in an array.
std::string specs(const CommandHelp& program, const CommandHelp& command) {
  std::string out = concat("    $_", program.name, "_options \\\n");
  if (!command.name.empty()) {
    for (const auto& option : command.options) out += option_specs(option);
  }
  for (const auto& argument : command.arguments) out += argument_spec(argument);
  return out;
}

std::string program_options(const CommandHelp& program) {
  std::string out;
  for (const auto& option : program.options) out += option_specs(option);
  for (std::size_t at = out.find(" \\\n"); at != std::string::npos; at = out.find(" \\\n")) out.erase(at, 2);
  return concat("typeset -ga _", program.name, "_options=(\n", out, ")\n\n");
}

/// A command with commands of its own: it completes their names, then hands over.
std::string branch(const CommandHelp& program, const CommandHelp& command) {
  std::string names;
  std::string cases;
  for (const auto& sub : command.commands) {
    const std::string path = concat(command.name, command.name.empty() ? "" : " ", sub.name);
    names += concat("    ", shell_quoted(concat(escaped(sub.name), ':', sub.summary)), '\n');
    cases += concat("        ", sub.name, ") ", function_name(program.name, path), " ;;\n");
  }
  return concat(function_name(program.name, command.name),
                "() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n  local -a commands=(\n",
                names, "  )\n  _arguments -C -s \\\n", specs(program, command),
                "    '1: :->command' \\\n    '*:: :->rest' && return\n  case $state in\n"
                "    command) _describe -t commands command commands ;;\n    rest)\n      case $line[1] in\n",
                cases, "      esac\n      ;;\n  esac\n}\n\n");
}

std::string leaf(const CommandHelp& program, const CommandHelp& command) {
  std::string list = specs(program, command);
  list.resize(list.size() - 3);  // the last line goes on no further
  return concat(function_name(program.name, command.name), "() {\n  _arguments -s \\\n", list, "\n}\n\n");
}

}  // namespace

std::string zsh_completion(const CommandHelp& program) {
  std::string out = concat("#compdef ", program.name, "\n# zsh completion for ", program.name,
                           " (made by scripts/generate-docs)\n\n", program_options(program));
  for (const auto& command : all_commands(program)) {
    out += command.commands.empty() ? leaf(program, command) : branch(program, command);
  }
  return concat(out, function_name(program.name, ""), " \"$@\"\n");
}

}  // namespace lic::app
