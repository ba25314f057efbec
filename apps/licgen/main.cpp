#include <CLI/CLI.hpp>
#include <exception>

#include "base/text.hpp"
#include "base/time.hpp"
#include "common/log.hpp"
#include "crypto/start.hpp"
#include "licgen/commands.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kProgram = "licgen";

int run_command(const Command<Vendor>& command, const VendorOptions& options, Output& output) {
  if (const auto started = start_crypto(); !started) return output.fail(started.error());
  Vendor vendor(options, output, system_now());
  log_info(concat("command ", command.name, " by ", vendor.actor()));
  try {
    const int code = command.run(vendor);
    log_info(concat("exit ", code));
    return code;
  } catch (const std::exception& fault) {
    return output.fail(ExitCode::failure, concat("internal fault: ", printable(fault.what())), {});
  }
}

int run(int argc, char** argv) {
  GlobalOptions global;
  VendorOptions options;
  const auto commands = licgen_commands();
  CLI::App app("Issues and manages software licenses", std::string(kProgram));
  set_up_licgen(app, global, options, commands);
  if (const auto code = parse_command_line(app, argc, argv, kProgram)) return *code;

  Output output(std::string(kProgram), global);
  if (const auto logging = start_log(kProgram, global); !logging) return output.fail(logging.error());
  const Command<Vendor>* command = find_command(commands, given_command(app));
  const int code = command != nullptr
                       ? run_command(*command, options, output)
                       : output.fail(ExitCode::usage, "no command was given", "licgen --help lists them");
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
