#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/seats.hpp"
#include "licgen/commands.hpp"
#include "licgen/table.hpp"

namespace lic::app {
namespace {

struct ActivationsOptions {
  std::string key;
  bool all = false;
};

void set_up_activations(CLI::App& app, ActivationsOptions& options) {
  add_option(app, "KEY", options.key, "License key").required();
  add_flag(app, "--all", options.all, "Also those that have ended");
}

/// Empty where there is nothing to say: it is live until it is given back.
std::string state_text(const Activation& activation, Time now) {
  if (!activation.live()) return end_text(activation);
  if (!activation.lease) return {};
  const LeaseState& lease = *activation.lease;
  std::string text = concat(lease.expires_at > now ? "lease until " : "lease ended ", format_time(lease.expires_at));
  if (lease.clones > 0) text += concat(", shown to be cloned ", lease.clones, lease.clones == 1 ? " time" : " times");
  return text;
}

void print_table(const Seats& seats, Time now, Output& output) {
  std::vector<std::string> machines;
  for (const auto& activation : seats.activations) machines.push_back(activation.holder());
  machines.insert(machines.end(), seats.named.begin(), seats.named.end());
  machines = shortened(machines);
  Table table({{"MACHINE", false, 200}, {"SINCE"}, {"SERIAL", true}, {"REQUEST"}, {"STATE", false, 80}});
  for (std::size_t i = 0; i < seats.activations.size(); ++i) {
    const Activation& activation = seats.activations[i];
    table.add({machines[i], format_time(activation.at), concat(activation.serial), activation.request,
               state_text(activation, now)});
  }
  for (std::size_t i = seats.activations.size(); i < machines.size(); ++i)
    table.add({machines[i], "named in the license", "", "", ""});
  output.note(
      concat(seats.key, ": ", seats.taken, " of ", seats.seats, seats.seats == 1 ? " seat" : " seats", " taken"));
  if (table.empty()) return;
  output.line(output.styled(Style::bold, table.head()));
  output.answer(table.take_rows());
}

Result<void> activations(const ActivationsOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto moment, ledger->snapshot());
  LIC_TRY_ASSIGN(const Seats seats, read_seats(*ledger, key, options.all, vendor.now()));
  if (vendor.output().json()) {
    vendor.output().line(json_text(seats_json(seats)));
  } else {
    print_table(seats, vendor.now(), vendor.output());
  }
  return {};
}

int run_activations(const ActivationsOptions& options, Vendor& vendor) {
  return conclude(vendor, activations(options, vendor));
}

}  // namespace

Command<Vendor> activations_command() {
  return make_command(
      "activations", "List the machines that have a seat of a license",
      {"licgen activations TZ-PRO-7K3M-9QXA-R2VD-5R28", "licgen activations TZ-PRO-7K3M-9QXA-R2VD-5R28 --all --json"},
      set_up_activations, run_activations);
}

}  // namespace lic::app
