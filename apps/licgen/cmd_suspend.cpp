#include "base/result.hpp"
#include "desk/changes.hpp"
#include "licgen/commands.hpp"
#include "licgen/lifecycle.hpp"

namespace lic::app {
namespace {

void set_up(CLI::App& app, ReissueOptions& options) { set_up_reissue(app, options); }

int run_suspend(const ReissueOptions& options, Vendor& vendor) {
  return conclude(vendor, app::reissue(options, suspension(vendor.now()), vendor));
}

int run_reinstate(const ReissueOptions& options, Vendor& vendor) {
  return conclude(vendor, app::reissue(options, reinstatement(vendor.now()), vendor));
}

}  // namespace

Command<Vendor> suspend_command() {
  return make_command("suspend", "Suspend a license until it is reinstated",
                      {"licgen suspend TZ-PRO-7K3M-9QXA-R2VD-5R28 --reason 'invoice 4711 is open'"}, set_up,
                      run_suspend);
}

Command<Vendor> reinstate_command() {
  return make_command("reinstate", "End the suspension of a license", {"licgen reinstate TZ-PRO-7K3M-9QXA-R2VD-5R28"},
                      set_up, run_reinstate);
}

}  // namespace lic::app
