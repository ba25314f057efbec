#include "common/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "common/groups.hpp"
#include "common/help.hpp"
#include "common/usage_error.hpp"

namespace lic::app {
namespace {

/// Marks an argument that CLI11 is to take as a value whatever it looks like. It is
/// taken off again before the value is looked at.
constexpr char kLiteral = '\x01';

void strip_mark(std::string& text) {
  if (!text.empty() && text.front() == kLiteral) text.erase(0, 1);
}

/// Whether CLI11 would not take it as it stands: lists in brackets are split there,
/// and "++" ends a subcommand.
bool needs_mark(std::string_view value) noexcept {
  return value == "++" || (!value.empty() && (value.front() == '[' || value.front() == kLiteral));
}

struct Arguments {
  std::vector<std::string> reversed;  ///< as CLI11 wants them
  bool marked = false;                ///< some begin with kLiteral
  bool json = false;                  ///< --json is among them
};

/// An argument before "--": `--name=value` is marked at its value.
std::string marked_argument(const std::string& text, bool& marked) {
  const std::size_t equals = text.rfind("--", 0) == 0 ? text.find('=') : std::string::npos;
  const std::size_t start = equals == std::string::npos ? 0 : equals + 1;
  const std::string_view value = std::string_view(text).substr(start);
  const bool empty_value = start > 0 && value.empty();  // CLI11 would take the next argument
  if (!empty_value && !needs_mark(value)) return text;
  marked = true;
  return concat(std::string_view(text).substr(0, start), kLiteral, value);
}

/// What follows "--" is marked whole, and needs the "--" no more.
Arguments read_arguments(int argc, char** argv) {
  Arguments out;
  bool literal = false;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (literal) {
      out.reversed.push_back(concat(kLiteral, text));
    } else if (text == "--") {
      literal = out.marked = true;
    } else {
      out.json = out.json || text == "--json";
      out.reversed.push_back(marked_argument(text, out.marked));
    }
  }
  std::reverse(out.reversed.begin(), out.reversed.end());
  return out;
}

/// Has every option take the mark off its values before anything else sees them.
void strip_marks_in(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    option->transform(CLI::Validator(
        [](std::string& value) {
          strip_mark(value);
          return std::string{};
        },
        std::string{}));
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) strip_marks_in(*sub);
}

/// The command that was given, or `root` where none was.
CLI::App* innermost(CLI::App& root) {
  CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

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
  CommandHelp help = describe(*innermost(root));
  help.name = given_command(root);
  std::vector<OptionHelp> global;
  for (auto& option : describe(root).options) {
    if (option.group == kGlobalGroup || !help.name.empty()) global.push_back(std::move(option));
  }
  return help_text(help, program, global);
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& options, std::string_view version) {
  app.fallthrough();
  app.add_flag("--json", options.json, "Print one JSON document instead of text")->group(kGlobalGroup);
  app.add_flag("--quiet", options.quiet, "Print the answer, warnings and errors, no notes")->group(kGlobalGroup);
  app.add_flag("--verbose", options.verbose, "Say on standard error what is being done")->group(kGlobalGroup);
  app.add_option("--log-file", options.log_file, "Append a log of the run to FILE")
      ->type_name("FILE")
      ->group(kGlobalGroup);
  add_choice(
      app, "--color", {"auto", "always", "never"}, [&options](std::size_t i) { options.color = Color{static_cast<int>(i)}; },
      "Colors on standard output (auto: on a terminal, unless NO_COLOR is set)")
      ->group(kGlobalGroup);
  app.set_help_flag("-h,--help", "Show this help")->group(kGlobalGroup);
  app.set_version_flag("--version", std::string(version), "Show the version")->group(kGlobalGroup);
}

CLI::App& add_command(CLI::App& root, std::string_view name, std::string_view summary,
                      const std::vector<std::string>& examples) {
  CLI::App* parent = &root;
  for (std::size_t space = name.find(' '); space != std::string_view::npos; space = name.find(' ')) {
    const std::string first(name.substr(0, space));
    CLI::App* known = parent->get_subcommand_no_throw(first);
    parent->require_subcommand(1, 1);
    parent = known != nullptr ? known : parent->add_subcommand(first);
    name.remove_prefix(space + 1);
  }
  parent->require_subcommand(1, 1);
  CLI::App* command = parent->add_subcommand(std::string(name), std::string(summary));
  set_examples(*command, examples);
  return *command;
}

void set_examples(CLI::App& app, const std::vector<std::string>& examples) {
  std::string lines;
  for (const auto& example : examples) lines += concat(example, '\n');
  app.footer(lines);
}

std::string given_command(const CLI::App& root) {
  std::string name;
  for (const CLI::App* app = &root; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    name += concat(name.empty() ? "" : " ", app->get_name());
  }
  return name;
}

CLI::Option* add_choice(CLI::App& app, std::string name, std::vector<std::string> words,
                        std::function<void(std::size_t)> chosen, std::string summary) {
  std::string value;
  for (const auto& word : words) value += concat(value.empty() ? "" : "|", word);
  const auto choose = [name, words = std::move(words), chosen = std::move(chosen)](const CLI::results_t& given) {
    const auto found = std::find(words.begin(), words.end(), given.back());
    if (found == words.end()) throw CLI::ValidationError(bad_choice(name, given.back(), words), CLI::ExitCodes::ValidationError);
    chosen(static_cast<std::size_t>(found - words.begin()));
    return true;
  };
  return app.add_option(name, choose, std::move(summary))->type_name(value);
}

CLI::Option* add_number(CLI::App& app, std::string name, std::optional<std::int64_t>& target, std::int64_t low,
                        std::int64_t high, std::string summary) {
  const auto read = [name, &target, low, high](const CLI::results_t& given) {
    target = parse_integer(given.back());
    if (target && *target >= low && *target <= high) return true;
    throw CLI::ValidationError(bad_number(name, given.back(), low, high), CLI::ExitCodes::ValidationError);
  };
  return app.add_option(name, read, std::move(summary))->type_name("N");
}

CLI::Option* add_list(CLI::App& app, std::string name, std::vector<std::string>& target, std::string summary) {
  CLI::Option* option = app.add_option(std::move(name), target, std::move(summary));
  if (!option->get_positional()) option->allow_extra_args(false);
  return option;
}

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv, std::string_view program) {
  Arguments arguments = read_arguments(argc, argv);
  GlobalOptions known;
  known.json = arguments.json;
  try {
    if (arguments.marked) strip_marks_in(app);
    app.parse(std::move(arguments.reversed));
    return std::nullopt;
  } catch (const CLI::CallForVersion& version) {
    Output output(std::string(program), known);
    return show(output, concat(program, ' ', version.what(), '\n'));
  } catch (const CLI::ParseError& fault) {
    Output output(std::string(program), known);
    if (asks_for_help(*innermost(app))) return show(output, help_of(app, program));
    std::vector<std::string> unknown = app.remaining(true);
    for (auto& argument : unknown) {
      if (argument != "--") argument = unmarked(argument);
    }
    const UsageError error = usage_error(app, fault, program);
    const int code = output.fail(ExitCode::usage, error.message, error.hint);
    return output.finish() ? code : static_cast<int>(ExitCode::failure);
  }
}

}  // namespace lic::app
