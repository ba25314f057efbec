#include "common/help.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 28;  ///< where the summaries begin

/// CLI11's own names for types say less than ours.
std::string value_name(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0 || option.get_positional()) return {};
  std::string name = option.get_type_name();
  name.resize(std::min(name.find(':'), name.size()));  // what follows describes a validator
  if (name.empty() || name == "TEXT") return "VALUE";
  if (name == "INT" || name == "UINT" || name == "FLOAT") return "N";
  return name;
}

/// The heading of a group; CLI11's default name differs between its versions.
std::string heading(const std::string& group) { return group == "OPTIONS" ? "Options" : group; }

std::vector<std::string> names_of(const CLI::Option& option) {
  if (option.get_positional()) return {option.get_name(true)};
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back(concat('-', name));
  for (const auto& name : option.get_lnames()) names.push_back(concat("--", name));
  return names;
}

OptionHelp describe(const CLI::Option& option) {
  OptionHelp out;
  out.names = names_of(option);
  out.value = value_name(option);
  out.summary = option.get_description();
  out.group = heading(option.get_group());
  out.argument = option.get_positional();
  out.required = option.get_required();
  out.repeatable = option.get_items_expected_max() > 1;
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// "keys": what its commands are, where it has no summary of its own.
std::string summary_of(const CLI::App& app) {
  std::string summary = app.get_description();
  if (!summary.empty()) return summary;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    summary += concat(summary.empty() ? "" : ", ", sub->get_name());
  }
  return summary;
}

std::size_t columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// A name and its summary, in two columns; a long name has a line of its own.
std::string row(std::string_view name, std::string_view summary) {
  std::string out = concat("  ", name);
  if (!summary.empty()) {
    const std::size_t used = columns(out);
    out += used + 2 > kColumn ? concat('\n', std::string(kColumn, ' ')) : std::string(kColumn - used, ' ');
    out += wrapped(summary, kColumn, kWidth);
  }
  return out + '\n';
}

std::string row(const OptionHelp& option) {
  std::string summary = option.summary;
  if (option.repeatable && !option.argument) summary += " (repeatable)";
  if (option.required && !option.argument) summary += " (required)";
  return row(option.signature(), summary);
}

std::string usage_line(const CommandHelp& command, std::string_view program) {
  const std::string name = concat("Usage: ", program, command.name.empty() ? "" : " ", command.name, ' ');
  return concat(name, wrapped(command.usage(), std::min<std::size_t>(name.size(), 24), kWidth - name.size()), '\n');
}

std::string command_rows(const CommandHelp& command) {
  if (command.commands.empty()) return {};
  std::string out = "\nCommands:\n";
  for (const auto& sub : command.commands) out += row(sub.name, sub.summary);
  return out;
}

std::string option_rows(const CommandHelp& command) {
  std::string out;
  if (!command.arguments.empty()) out += "\nArguments:\n";
  for (const auto& argument : command.arguments) out += row(argument);
  for (const auto& group : command.groups()) {
    out += concat('\n', group, ":\n");
    for (const auto& option : command.options) {
      if (option.group == group) out += row(option);
    }
  }
  return out;
}

std::string global_rows(const std::vector<OptionHelp>& global, std::string_view program) {
  if (global.empty()) return {};
  std::string names;
  for (const auto& option : global) {
    names += concat(names.empty() ? "" : ", ", option.name(), option.value.empty() ? "" : "\u00a0", option.value);
  }
  std::string out = concat("\nGlobal options (see ", program, " --help):\n  ", wrapped(names, 2, kWidth), '\n');
  for (std::size_t at = out.find("\u00a0"); at != std::string::npos; at = out.find("\u00a0")) out.replace(at, 2, " ");
  return out;
}

std::string example_rows(const std::vector<std::string>& examples) {
  std::string out = examples.empty() ? "" : "\nExamples:\n";
  for (const auto& example : examples) out += concat("  ", example, '\n');
  return out;
}

void collect_leaves(const CommandHelp& at, const std::string& prefix, std::vector<CommandHelp>& out) {
  for (const auto& command : at.commands) {
    CommandHelp found = command;
    found.name = concat(prefix, command.name);
    if (command.commands.empty()) {
      out.push_back(std::move(found));
    } else {
      collect_leaves(command, concat(found.name, ' '), out);
    }
  }
}

}  // namespace

std::string OptionHelp::signature() const {
  std::string out;
  for (const auto& each : names) out += concat(out.empty() ? "" : ", ", each);
  if (argument) return repeatable ? out + "..." : out;
  return value.empty() ? out : concat(out, ' ', value);
}

std::vector<std::string> CommandHelp::groups() const {
  std::vector<std::string> out;
  for (const auto& option : options) {
    if (std::find(out.begin(), out.end(), option.group) == out.end()) out.push_back(option.group);
  }
  std::stable_partition(out.begin(), out.end(), [](const std::string& group) { return group != kGlobalGroup; });
  return out;
}

std::string CommandHelp::usage() const {
  std::string out;
  const auto all = groups();
  if (std::find(all.begin(), all.end(), kActionGroup) != all.end()) out += "ACTION ";
  for (const auto& option : options) {
    if (option.required) out += concat(option.name(), ' ', option.value, ' ');
  }
  out += "[OPTIONS]";
  for (const auto& argument : arguments) {
    out += argument.required ? concat(' ', argument.signature()) : concat(" [", argument.signature(), ']');
  }
  return commands.empty() ? out : out + " COMMAND ...";
}

CommandHelp describe(const CLI::App& app) {
  CommandHelp out;
  out.name = app.get_name();
  out.summary = summary_of(app);
  out.examples = lines_of(app.get_footer());
  for (const CLI::Option* option : app.get_options()) {
    const bool help_of_command = option == app.get_help_ptr() && app.get_parent() != nullptr;
    if (option->get_group().empty() || help_of_command) continue;
    (option->get_positional() ? out.arguments : out.options).push_back(describe(*option));
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.commands.push_back(describe(*sub));
  }
  return out;
}

std::vector<CommandHelp> leaf_commands(const CommandHelp& root) {
  std::vector<CommandHelp> out;
  collect_leaves(root, "", out);
  return out;
}

std::string help_text(const CommandHelp& command, std::string_view program, const std::vector<OptionHelp>& global) {
  std::string out = usage_line(command, program);
  if (!command.summary.empty()) out += concat('\n', wrapped(command.summary, 0, kWidth), '\n');
  return concat(out, command_rows(command), option_rows(command), global_rows(global, program),
                example_rows(command.examples));
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t used = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const bool first = used == indent;
    if (!first && used + 1 + columns(word) > width) {
      out += concat('\n', std::string(indent, ' '));
      used = indent;
    } else if (!first) {
      out += ' ', ++used;
    }
    out += word;
    used += columns(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace lic::app
