#include <CLI/CLI.hpp>
#include <exception>

#include "base/text.hpp"
#include "common/log.hpp"
#include "licctl/commands.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kProgram = "licctl";

/// The one action that was given. Null, and the fault told, where it is not one.
const Action* chosen_action(const CLI::App& app, Output& output, int& code) {
  const Action* chosen = nullptr;
  for (const Action& action : licctl_actions()) {
    if (app.count(action.name) == 0) continue;
    if (chosen != nullptr) {
      code = output.fail(ExitCode::usage,
                         concat(chosen->name, " and ", action.name, " are two actions, and a call takes one"),
                         "licctl --help lists them");
      return nullptr;
    }
    chosen = &action;
  }
  if (chosen == nullptr) code = output.fail(ExitCode::usage, "no action was given", "licctl --help lists them");
  return chosen;
}

/// A value that is empty (an unset variable in a script, most likely) must not
/// mean the same as no option, nor another option be taken for a value.
/// False, and the fault told, where there is one.
bool values_are_given(const CLI::App& app, Output& output, int& code) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& value : option->results()) {
      const std::string name = option->get_name();
      if (value.empty()) {
        code = output.fail(ExitCode::usage, concat(name, ": the value is empty"), "leave the option out, or give one");
      } else if (value.size() > 2 && value.starts_with("--")) {
        code = output.fail(ExitCode::usage, concat(name, " needs a value before ", in_quotes(value)),
                           concat("licctl --help lists what each option takes"));
      } else {
        continue;
      }
      return false;
    }
  }
  return true;
}

int run_action(const Action& action, const ClientOptions& options, Output& output) {
  log_info(concat("action ", action.name));
  if (const auto fitting = check_options(action, options); !fitting) return output.fail(fitting.error());
  Client client(options, output);
  const int code = action.run(client);
  log_info(concat("exit ", code));
  return code;
}

int run(int argc, char** argv) {
  GlobalOptions global;
  ClientOptions options;
  CLI::App app("Activates and checks the license of a product on this machine", std::string(kProgram));
  set_up_licctl(app, global, options);
  if (const auto code = parse_command_line(app, argc, argv, kProgram)) return *code;

  Output output(std::string(kProgram), global);
  if (const auto logging = start_log(kProgram, global); !logging) return output.fail(logging.error());
  int code = 0;
  const bool given = values_are_given(app, output, code);
  if (const Action* action = given ? chosen_action(app, output, code) : nullptr)
    code = run_action(*action, options, output);
  const bool told = output.finish();
  return told || code != 0 ? code : static_cast<int>(ExitCode::failure);
}

}  // namespace
}  // namespace lic::app

int main(int argc, char** argv) {
  try {
    return lic::app::run(argc, argv);
  } catch (const std::exception& fault) {
    lic::app::Output output(std::string(lic::app::kProgram), {});
    const int code =
        output.fail(lic::app::ExitCode::failure, lic::concat("internal fault: ", lic::printable(fault.what())), {});
    return output.finish() ? code : 1;
  }
}
