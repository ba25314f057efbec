#include "base/text.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

/// What completes a value: nothing for one that is free text.
std::string value_action(std::string_view value_name) {
  const ValueKind kind = kind_of(value_name);
  std::string out;
  if (!kind.words.empty()) out += concat(" words=", shell_quoted(joined(kind.words, " ")));
  if (kind.files || kind.directories) out += concat(" paths=", kind.files ? 'f' : 'd');
  return out.empty() ? " :" : out;
}

std::string value_cases(const CommandHelp& program) {
  std::string out;
  for (const auto& command : all_commands(program)) {
    for (const auto& option : command.options) {
      if (option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const auto& name : option.names) {
        patterns.push_back(command.name.empty() ? concat("*' ", name, '\'')
                                                : shell_quoted(concat(command.name, ' ', name)));
      }
      out += concat("    ", joined(patterns, " | "), ')', value_action(option.value), " ;;\n");
    }
  }
  return out;
}

std::string names(const std::vector<OptionHelp>& options) {
  std::string out;
  for (const auto& option : options) out += concat(out.empty() ? "" : " ", joined(option.names, " "));
  return out;
}

std::string command_cases(const CommandHelp& program) {
  std::string out;
  for (const auto& command : all_commands(program)) {
    out += concat("    ", shell_quoted(command.name), ')');
    std::vector<std::string> below;
    for (const auto& sub : command.commands) below.push_back(sub.name);
    if (!command.name.empty() && !command.options.empty())
      out += concat(" options+=", shell_quoted(' ' + names(command.options)));
    if (!below.empty()) out += concat(" words=", shell_quoted(joined(below, " ")));
    if (!command.arguments.empty()) out += value_action(command.arguments.back().name());
    out += " ;;\n";
  }
  return out;
}

std::string command_patterns(const CommandHelp& program) {
  std::string out;
  for (const auto& command : all_commands(program)) {
    if (!command.name.empty()) out += concat(out.empty() ? "" : " | ", shell_quoted(command.name));
  }
  return out;
}

/// Finds the command, and knows the values of options from it.
constexpr std::string_view kLoop = R"(  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $value ]]; then
      [[ $word == '=' ]] || value=''
      continue
    fi
    case $word in
      @VALUED@) value=1 ;;
      -* | =) ;;
      *)
        case "${command:+$command }$word" in
          @COMMANDS@) command="${command:+$command }$word" ;;
        esac
        ;;
    esac
  done

)";

constexpr std::string_view kTemplate = R"(# bash completion for @P@ (made by scripts/generate-docs)

_@P@() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' paths='' options@LOCALS@
  COMPREPLY=()
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]] && ((COMP_CWORD >= 2)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi

@LOOP@  options=@GLOBAL@
  case "$command $prev" in
@VALUES@    *)
      case $command in
@CASES@      esac
      if [[ $cur == -* ]]; then
        words=$options paths=''
      fi
      ;;
  esac

  if [[ -n $paths ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -"$paths" -- "$cur")
  fi
  if [[ -n $words ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}
complete -F _@P@ @P@
)";

std::string filled(std::string text, std::string_view mark, std::string_view with) {
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + with.size())) {
    text.replace(at, mark.size(), with);
  }
  return text;
}

}  // namespace

std::string bash_completion(const CommandHelp& program) {
  const bool has_commands = !program.commands.empty();
  std::string out = filled(std::string(kTemplate), "@LOOP@", has_commands ? kLoop : "");
  out = filled(std::move(out), "@LOCALS@", has_commands ? " value='' word i" : "");
  out = filled(std::move(out), "@VALUED@", joined(options_with_value(program), " | "));
  out = filled(std::move(out), "@COMMANDS@", command_patterns(program));
  out = filled(std::move(out), "@GLOBAL@", shell_quoted(names(program.options)));
  out = filled(std::move(out), "@VALUES@", value_cases(program));
  std::string cases = command_cases(program);
  out = filled(std::move(out), "@CASES@", filled("    " + cases, "\n    ", "\n        "));
  return filled(std::move(out), "@P@", program.name);
}

}  // namespace lic::app
