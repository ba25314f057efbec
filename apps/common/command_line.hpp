#pragma once

/// The command table: one list gives dispatch, help, "did you mean", completion
/// and the reference part of the man pages.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/output.hpp"

namespace CLI {
class App;
}

namespace lic::app {

/// A command of licgen or an action of licctl. `Context` is what its run() works on.
template <class Context>
struct Command {
  std::string name;      ///< "create", "keys list", or for an action of licctl "--license-info"
  std::string value;     ///< for an action: the name of its value ("KEY|FILE"), or empty
  std::string summary;   ///< one line, no full stop
  std::vector<std::string> examples;  ///< whole command lines
  std::function<void(CLI::App&)> setup;
  std::function<int(Context&)> run;
};

/// Joins an options struct with the functions that know it:
/// setup(CLI::App&, Options&) knows CLI11, run(const Options&, Context&) does not.
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

/// Adds --json, --quiet, --verbose, --log-file, --color, --help and --version to `app`.
void add_global_options(CLI::App& app, GlobalOptions& options, std::string_view version);

/// Parses. When that ends the run (help, version, a usage error) the exit code is
/// returned: help and version went to stdout; an error to stderr, with the nearest
/// known option or command, and with --json as an error document to stdout too.
[[nodiscard]] std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv, std::string_view program);

}  // namespace lic::app
