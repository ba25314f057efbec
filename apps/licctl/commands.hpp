#pragma once

/// The command line of licctl: one program, exactly one action a call.
///
/// Actions are options in the group kActionGroup (common/help.hpp), what every call
/// takes is in kGlobalGroup, and the options between stand in groups of their own;
/// the help, the completions and the man page are made from that.

#include <memory>
#include <vector>

#include "common/command_line.hpp"
#include "lic/lic.hpp"
#include "licctl/client.hpp"

namespace CLI {
class App;
}

namespace lic::app {

[[nodiscard]] int activate_license(Client& client);
[[nodiscard]] int license_info(Client& client);
[[nodiscard]] int verify_license(Client& client);
[[nodiscard]] int generate_trial(Client& client);
[[nodiscard]] int deactivate_license(Client& client);
[[nodiscard]] int borrow_license(Client& client);
[[nodiscard]] int request_activation(Client& client);
[[nodiscard]] int apply_activation(Client& client);
[[nodiscard]] int import_revocations(Client& client);
[[nodiscard]] int clock_code(Client& client);
[[nodiscard]] int apply_clock_reset(Client& client);
[[nodiscard]] int check_feature(Client& client);
[[nodiscard]] int record_usage(Client& client);
[[nodiscard]] int show_usage(Client& client);
[[nodiscard]] int report_usage(Client& client);
[[nodiscard]] int machine_id(Client& client);
[[nodiscard]] int move_state_key(Client& client);
[[nodiscard]] int list_plans(Client& client);
[[nodiscard]] int purchase(Client& client);

/// deactivate_license() with a receipt.
[[nodiscard]] int return_seat(Client& client);

/// Tells what came of a change, and gives the exit code.
[[nodiscard]] int conclude(Output& output, const LicenseManager& manager, const Result<Change>& change);

/// Of an action that --license-file cannot go with.
[[nodiscard]] int refuse_license_file(Output& output);

/// One row of the table of actions.
struct Action {
  const char* name;     ///< "--activate-license"
  const char* value;    ///< "KEY|FILE", or null
  const char* summary;  ///< one line, no full stop
  int (*run)(Client&);
};

/// The table: every action, in the order in which help lists them.
[[nodiscard]] const std::vector<Action>& licctl_actions();

/// Errors: usage, for an option that does not go with that action.
[[nodiscard]] Result<void> check_options(const Action& action, const ClientOptions& options);

/// Adds the actions and all options to `app`.
void set_up_licctl(CLI::App& app, GlobalOptions& global, ClientOptions& options);

}  // namespace lic::app
