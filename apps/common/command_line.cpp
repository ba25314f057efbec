#include "common/command_line.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "common/arguments.hpp"
#include "common/help.hpp"
#include "common/options.hpp"
#include "common/usage_error.hpp"

namespace lic::app {
namespace {

bool asks_for_help(const CLI::App& app) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    if (at->get_help_ptr() != nullptr && at->get_help_ptr()->count() > 0) return true;
  }
  return false;
}

int show(Output& output, std::string_view text) {
  output.answer(text);
  return static_cast<int>(output.finish() ? ExitCode::ok : ExitCode::failure);
}

std::string help_of(CLI::App& root, std::string_view program) {
  CommandHelp help = describe(innermost(root));
  help.name = given_command(root);
  return help_text(help, program, help.name.empty() ? std::vector<OptionHelp>{} : describe(root).options);
}

/// The subcommand of that name, added where there is none.
CLI::App& subcommand(CLI::App& parent, const std::string& name) {
  const auto found = parent.get_subcommands([&name](CLI::App* sub) { return sub->get_name() == name; });
  if (!found.empty()) return *found.front();
  CLI::App& added = *parent.add_subcommand(name);
  added.footer("");  // not its parent's examples
  return added;
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& options, std::string_view version) {
  const std::string global(kGlobalGroup);
  app.fallthrough();
  app.add_flag("--json", options.json, "Print one JSON document instead of text")->group(global);
  app.add_flag("--quiet", options.quiet, "Print the answer, warnings and errors, no notes")->group(global);
  app.add_flag("--verbose", options.verbose, "Say on standard error what is being done")->group(global);
  app.add_option("--log-file", options.log_file, "Append a log of the run to FILE")->type_name("FILE")->group(global);
  add_choice(
      app, "--color", {"auto", "always", "never"},
      [&options](std::size_t i) { options.color = Color{static_cast<int>(i)}; },
      "Colors on standard output (auto: on a terminal, unless NO_COLOR is set)")
      .group(global);
  app.set_help_flag("-h,--help", "Show this help")->group(global);
  app.set_version_flag("--version", std::string(version), "Show the version")->group(global);
}

CLI::App& add_command(CLI::App& root, std::string_view name, std::string_view summary,
                      const std::vector<std::string>& examples) {
  CLI::App* parent = &root;
  for (std::size_t space = name.find(' '); space != std::string_view::npos; space = name.find(' ')) {
    const std::string first(name.substr(0, space));
    parent->require_subcommand(1, 1);
    parent = &subcommand(*parent, first);
    name.remove_prefix(space + 1);
  }
  parent->require_subcommand(1, 1);
  CLI::App& command = subcommand(*parent, std::string(name));
  command.description(std::string(summary));
  set_examples(command, examples);
  return command;
}

void set_examples(CLI::App& app, const std::vector<std::string>& examples) {
  std::string lines;
  for (const auto& example : examples) lines += concat(example, '\n');
  app.footer(lines);
}

std::string given_command(const CLI::App& root) {
  const CLI::App& app = innermost(root);
  return &app == &root ? std::string() : path_of(app);
}

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv, std::string_view program) {
  Arguments arguments = read_arguments(argc, argv);
  GlobalOptions known;
  known.json = arguments.json;
  try {
    prepare(app, arguments);
    app.parse(std::move(arguments.reversed));
    return std::nullopt;
  } catch (const CLI::CallForVersion& version) {
    Output output(std::string(program), known);
    return show(output, concat(program, ' ', version.what(), '\n'));
  } catch (const CLI::ParseError& fault) {
    Output output(std::string(program), known);
    if (asks_for_help(innermost(app))) return show(output, help_of(app, program));
    const UsageError error = usage_error(app, fault, program);
    const int code = output.fail(ExitCode::usage, error.message, error.hint);
    return output.finish() ? code : static_cast<int>(ExitCode::failure);
  }
}

}  // namespace lic::app
