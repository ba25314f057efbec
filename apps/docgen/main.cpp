/// <program>_docgen bash|zsh|fish|man|options: the completion, the man page, or the list
/// of commands and options of that program, on standard output.

#include <exception>
#include <optional>

#include "base/text.hpp"
#include "common/output.hpp"
#include "docgen/generators.hpp"

namespace lic::app {
namespace {

std::optional<std::string> document(std::string_view kind, const Program& program) {
  if (kind == "bash") return bash_completion(program.help);
  if (kind == "zsh") return zsh_completion(program.help);
  if (kind == "fish") return fish_completion(program.help);
  if (kind == "man") return man_page(program);
  if (kind == "options") return option_list(program.help);
  return std::nullopt;
}

int run(int argc, char** argv) {
  Output output("docgen", {});
  const auto text = argc == 2 ? document(argv[1], documented_program()) : std::nullopt;
  if (!text) return output.fail(ExitCode::usage, "one of bash, zsh, fish, man and options is needed", {});
  output.answer(*text);
  return output.finish() ? 0 : 1;
}

}  // namespace
}  // namespace lic::app

int main(int argc, char** argv) {
  try {
    return lic::app::run(argc, argv);
  } catch (const std::exception& fault) {
    lic::app::Output output("docgen", {});
    return output.fail(lic::app::ExitCode::failure, lic::printable(fault.what()), {});
  }
}
