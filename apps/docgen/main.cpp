/// lic_docgen bash|zsh|fish|man|options PROGRAM: the completion, the man page, or the
/// list of commands and options of licgen or licctl, on standard output.

#include <CLI/CLI.hpp>
#include <exception>
#include <optional>

#include "base/text.hpp"
#include "docgen/generators.hpp"
#include "licctl/commands.hpp"
#include "licgen/commands.hpp"

namespace lic::app {
namespace {

struct Program {
  CommandHelp help;
  Prose prose;
};

Program licgen_program() {
  GlobalOptions global;
  VendorOptions vendor;
  const auto commands = licgen_commands();
  CLI::App app("Issues and manages software licenses", "licgen");
  set_up_licgen(app, global, vendor, commands);
  return {describe(app), licgen_prose()};
}

std::optional<Program> program_named(std::string_view name) {
  if (name == "licgen") return licgen_program();
  if (name == "licctl") return Program{describe(*licctl_command_line()), licctl_prose()};
  return std::nullopt;
}

std::optional<std::string> document(std::string_view kind, const Program& program) {
  if (kind == "bash") return bash_completion(program.help);
  if (kind == "zsh") return zsh_completion(program.help);
  if (kind == "fish") return fish_completion(program.help);
  if (kind == "man") return man_page(program.help, program.prose);
  if (kind == "options") return option_list(program.help);
  return std::nullopt;
}

int run(std::string_view kind, std::string_view name) {
  Output output("lic_docgen", {});
  const auto program = program_named(name);
  if (!program)
    return output.fail(ExitCode::usage, concat("no program is called ", in_quotes(name)), "licgen or licctl");
  const auto text = document(kind, *program);
  if (!text)
    return output.fail(ExitCode::usage, concat("cannot make ", in_quotes(kind)), "bash, zsh, fish, man or options");
  output.answer(*text);
  return output.finish() ? 0 : 1;
}

}  // namespace
}  // namespace lic::app

int main(int argc, char** argv) {
  try {
    if (argc == 3) return lic::app::run(argv[1], argv[2]);
    lic::app::Output output("lic_docgen", {});
    return output.fail(lic::app::ExitCode::usage, "a kind of document and a program are needed",
                       "lic_docgen man licgen");
  } catch (const std::exception& fault) {
    lic::app::Output output("lic_docgen", {});
    return output.fail(lic::app::ExitCode::failure, lic::printable(fault.what()), {});
  }
}
