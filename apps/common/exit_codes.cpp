#include "common/exit_codes.hpp"

namespace lic::app {

std::span<const CodeRow> exit_code_table() noexcept { return code_table(); }

std::string_view token(ExitCode code) noexcept {
  const CodeRow* row = find_code(static_cast<int>(code));
  return row == nullptr ? "failure" : row->name;
}

ExitCode exit_code(Errc code) noexcept { return ExitCode{code_of(code)}; }
ExitCode exit_code(Reason reason) noexcept { return ExitCode{code_of(reason)}; }

}  // namespace lic::app
