#include "base/result.hpp"
#include "base/text.hpp"
#include "common/command_line.hpp"
#include "common/options.hpp"
#include "desk/changes.hpp"
#include "licgen/commands.hpp"
#include "licgen/create_request.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct ChangeOptions {
  ReissueOptions reissue;
  std::optional<std::string> plan;
  std::optional<std::string> months;
  std::optional<std::string> expires;
  bool perpetual = false;
  std::optional<std::string> maintenance_until;
  std::optional<std::string> seats;
  std::vector<std::string> machines;
  bool any_machine = false;
  std::optional<std::string> on_virtual;
  std::optional<std::string> fresh_revocations;
  std::optional<std::string> floating;
  std::optional<std::string> transfers;
  std::vector<std::string> features;
  std::vector<std::string> limits;
  std::optional<std::string> order;
};

void set_up_change(CLI::App& app, ChangeOptions& options) {
  set_up_reissue(app, options.reissue);
  add_text(app, "--plan", options.plan, "PLAN",
           "Another plan: its kind, features, limits, seats, grace, --virtual and --fresh-revocations, whether it "
           "floats, and "
           "its transfers; the end stays, but for a trial's");
  add_text(app, "--months", options.months, "N", "Ends N calendar months from now");
  add_text(app, "--expires", options.expires, "DATE", "Ends at a date or time (UTC), or a duration from now: 30d, 1y");
  add_flag(app, "--perpetual", options.perpetual, "Never ends");
  add_text(app, "--maintenance-until", options.maintenance_until, "DATE",
           "Of a license that never ends: the last day of the releases that it covers");
  add_text(app, "--seats", options.seats, "N", "How many machines may use it at a time");
  const Option machine =
      add_list(app, "--machine", options.machines,
               "Bind it to these machines in place of those it has (licctl --machine-id); none: to no machine");
  machine.type_name("FINGERPRINT");
  add_flag(app, "--any-machine", options.any_machine, "Bind it to no machine").excludes(machine);
  add_text(app, "--virtual", options.on_virtual, "yes|no", "Whether it holds in virtual machines and containers");
  add_text(app, "--fresh-revocations", options.fresh_revocations, "yes|no",
           "Whether it counts only where a fresh revocation list is known");
  add_text(app, "--floating", options.floating, "MINUTES[/DAYS]|no",
           "Its seats float: held for MINUTES at a time, to be borrowed for DAYS");
  add_text(app, "--transfers", options.transfers, "N/month|N/year|no",
           "How often seats that were given back may go to machines that had none");
  add_list(app, "--feature", options.features, "Add or change a feature, as with licgen create")
      .type_name("NAME[=VALUE]");
  add_list(app, "--limit", options.limits, "Add or change a limit, as with licgen create")
      .type_name("NAME=MAX[/PER][+N%]");
  add_text(app, "--order", options.order, "ID",
           "Number of the order: the same change under the same number is done once");
}

Result<ChangeRequest> read_request(const ChangeOptions& options, Time now) {
  if ((options.months ? 1 : 0) + (options.expires ? 1 : 0) + (options.perpetual ? 1 : 0) > 1)
    return error(Errc::usage, "--months, --expires and --perpetual exclude one another");
  ChangeRequest request;
  request.plan = options.plan.value_or("");
  if (options.plan && options.plan->empty()) return error(Errc::invalid_input, "--plan: the value is empty");
  if (options.months) {
    LIC_TRY_ASSIGN(request.months, read_number("--months", *options.months, 1, kMostMonths));
  }
  if (options.expires) {
    LIC_TRY_ASSIGN(request.expires_at, read_moment("--expires", *options.expires, now));
  }
  request.perpetual = options.perpetual;
  if (options.maintenance_until) {
    LIC_TRY_ASSIGN(request.maintenance_until, read_moment("--maintenance-until", *options.maintenance_until, now));
  }
  if (options.seats) {
    LIC_TRY_ASSIGN(request.seats, read_number("--seats", *options.seats, 1, kMostSeats));
  }
  if (options.any_machine) request.machines.emplace();
  if (!options.machines.empty()) {
    LIC_TRY_ASSIGN(request.machines, read_machines(options.machines));
  }
  if (options.on_virtual) {
    LIC_TRY_ASSIGN(request.allows_virtual, read_yes_or_no("--virtual", *options.on_virtual));
  }
  if (options.fresh_revocations) {
    LIC_TRY_ASSIGN(request.fresh_revocations, read_yes_or_no("--fresh-revocations", *options.fresh_revocations));
  }
  if (options.floating) {
    LIC_TRY_ASSIGN(request.floating, read_floating_given(*options.floating));
  }
  if (options.transfers) {
    LIC_TRY_ASSIGN(request.transfers, read_transfers_given(*options.transfers));
  }
  LIC_TRY_ASSIGN(request.features, read_features_given(options.features));
  LIC_TRY_ASSIGN(request.limits, read_limits_given(options.limits));
  request.order = options.order;
  return request;
}

/// The options, equal for equal requests.
std::string typed(const ChangeOptions& options) {
  std::string out;
  const auto add = [&](std::string_view name, const std::optional<std::string>& text) {
    if (text) out += concat(out.empty() ? "" : " ", name, '=', *text);
  };
  add("--plan", options.plan);
  add("--months", options.months);
  add("--expires", options.expires);
  if (options.perpetual) add("--perpetual", "");
  add("--maintenance-until", options.maintenance_until);
  add("--seats", options.seats);
  for (const auto& machine : options.machines) add("--machine", machine);
  if (options.any_machine) add("--any-machine", "");
  add("--virtual", options.on_virtual);
  add("--fresh-revocations", options.fresh_revocations);
  add("--floating", options.floating);
  add("--transfers", options.transfers);
  for (const auto& feature : options.features) add("--feature", feature);
  for (const auto& limit : options.limits) add("--limit", limit);
  return out;
}

Result<void> change(const ChangeOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const ChangeRequest request, read_request(options, vendor.now()));
  const bool any = options.plan || options.months || options.expires || options.perpetual ||
                   options.maintenance_until || options.seats || options.any_machine || !options.machines.empty() ||
                   options.on_virtual || options.fresh_revocations || options.floating || options.transfers ||
                   !options.features.empty() || !options.limits.empty() || options.order;
  if (!any) return error(Errc::usage, "nothing to change was given", "licgen change --help lists what can be changed");
  if (options.order) LIC_TRY(check_given("--order", *options.order));
  return app::reissue(options.reissue, license_change(request, typed(options), vendor.now()), vendor);
}

int run_change(const ChangeOptions& options, Vendor& vendor) { return conclude(vendor, change(options, vendor)); }

}  // namespace

Command<Vendor> change_command() {
  return make_command("change", "Change what a license grants: another plan, seats, features, its end",
                      {"licgen change TZ-PRO-7K3M-9QXA-R2VD-5R28 --plan enterprise --out licenses/",
                       "licgen change TZ-PRO-7K3M-9QXA-R2VD-5R28 --seats 10 --feature sso"},
                      set_up_change, run_change);
}

}  // namespace lic::app
