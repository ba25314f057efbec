#include <algorithm>

#include "base/text.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

bool is_word(std::string_view piece) noexcept {
  return !piece.empty() && std::all_of(piece.begin(), piece.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void collect(const CommandHelp& at, const std::string& prefix, std::vector<CommandHelp>& out) {
  for (const auto& command : at.commands) {
    out.push_back(command);
    out.back().name = concat(prefix, command.name);
    collect(command, concat(prefix, command.name, ' '), out);
  }
}

}  // namespace

ValueKind kind_of(std::string_view value_name) {
  ValueKind out;
  while (!value_name.empty()) {
    const std::size_t end = std::min(value_name.find('|'), value_name.size());
    const std::string_view piece = value_name.substr(0, end);
    if (is_word(piece)) out.words.emplace_back(piece);
    out.files = out.files || piece.find("FILE") != std::string_view::npos;
    out.directories = out.directories || piece.find("DIR") != std::string_view::npos;
    value_name.remove_prefix(std::min(end + 1, value_name.size()));
  }
  return out;
}

std::vector<CommandHelp> all_commands(const CommandHelp& root) {
  std::vector<CommandHelp> out{root};
  out.front().name.clear();
  collect(root, "", out);
  return out;
}

std::vector<std::string> options_with_value(const CommandHelp& root) {
  std::vector<std::string> out;
  for (const auto& command : all_commands(root)) {
    for (const auto& option : command.options) {
      if (option.value.empty()) continue;
      for (const auto& name : option.names) {
        if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
      }
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) out += concat(&word == &words.front() ? "" : separator, word);
  return out;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}

std::string option_list(const CommandHelp& program) {
  std::string out;
  for (const auto& command : all_commands(program)) {
    const std::string name = concat(program.name, command.name.empty() ? "" : " ", command.name);
    out += concat(name, '\n');
    for (const auto& option : command.options) {
      for (const auto& each : option.names) out += concat(name, ' ', each, '\n');
    }
  }
  return out;
}

}  // namespace lic::app
