#pragma once

/// The command table: one list gives dispatch, help, "did you mean", completion
/// and the reference part of the man pages.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/output.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace lic::app {

/// A command of licgen or an action of licctl. `Context` is what its run() works on.
template <class Context>
struct Command {
  std::string name;                   ///< "create", "keys list", or for an action of licctl "--license-info"
  std::string value;                  ///< for an action: the name of its value ("KEY|FILE"), or empty
  std::string summary;                ///< one line, no full stop
  std::vector<std::string> examples;  ///< whole command lines
  std::function<void(CLI::App&)> setup;
  std::function<int(Context&)> run;
};

/// Joins an options struct with the functions that know it:
/// setup(CLI::App&, Options&) adds them to the command line, run(const Options&, Context&) works by them.
template <class Context, class Options>
Command<Context> make_command(std::string name, std::string summary, std::vector<std::string> examples,
                              void (*setup)(CLI::App&, Options&), int (*run)(const Options&, Context&)) {
  auto options = std::make_shared<Options>();
  return {std::move(name),
          {},
          std::move(summary),
          std::move(examples),
          [setup, options](CLI::App& app) { setup(app, *options); },
          [run, options](Context& context) { return run(*options, context); }};
}

/// Adds --json, --quiet, --verbose, --log-file, --color, --help and --version to `app`
/// ("0.1.0"). To be called before the first add_command(), which takes over from it
/// that these may stand before and after a command.
void add_global_options(CLI::App& app, GlobalOptions& options, std::string_view version);

/// Adds an empty subcommand; of "keys list" also "keys", once. `examples` are shown
/// by its help. Options are then added to what is returned.
CLI::App& add_command(CLI::App& root, std::string_view name, std::string_view summary,
                      const std::vector<std::string>& examples);

/// Examples for the help of `app` itself.
void set_examples(CLI::App& app, const std::vector<std::string>& examples);

template <class Context>
void add_commands(CLI::App& root, const std::vector<Command<Context>>& commands) {
  for (const auto& command : commands) {
    command.setup(add_command(root, command.name, command.summary, command.examples));
  }
}

/// After parsing: the name of the command that was given ("keys list"), or empty.
[[nodiscard]] std::string given_command(const CLI::App& root);

/// The command of that name in the table; null when there is none.
template <class Context>
const Command<Context>* find_command(const std::vector<Command<Context>>& commands, std::string_view name) {
  for (const auto& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

/// Parses. When that ends the run (help, version, a usage error) the exit code is
/// returned: help and version went to stdout; an error to stderr, with the nearest
/// known option or command, and with --json as an error document to stdout too.
///
/// A value is taken as it stands: not split at commas or stripped of [brackets], and
/// `--note=` is the empty string.
[[nodiscard]] std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv, std::string_view program);

}  // namespace lic::app
