#include "base/result.hpp"
#include "base/text.hpp"
#include "common/options.hpp"
#include "desk/changes.hpp"
#include "licgen/commands.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct TransferOptions {
  ReissueOptions reissue;
  std::optional<std::string> customer;
  std::optional<std::string> email;
};

void set_up_transfer(CLI::App& app, TransferOptions& options) {
  set_up_reissue(app, options.reissue);
  add_text(app, "--customer", options.customer, "NAME", "Name of the new owner");
  add_text(app, "--email", options.email, "EMAIL",
           "E-mail address of the new owner (with --customer and without it: none)");
}

Result<void> transfer(const TransferOptions& options, Vendor& vendor) {
  if (!options.customer && !options.email)
    return error(Errc::usage, "no new owner was given", "give --customer NAME, --email EMAIL or both");
  if (options.customer) LIC_TRY(check_given("--customer", *options.customer));
  if (options.email) LIC_TRY(check_given("--email", *options.email));
  return app::reissue(options.reissue, lic::transfer({options.customer, options.email}, vendor.now()), vendor);
}

int run_transfer(const TransferOptions& options, Vendor& vendor) { return conclude(vendor, transfer(options, vendor)); }

}  // namespace

Command<Vendor> transfer_command() {
  return make_command(
      "transfer", "Give a license to a new owner",
      {"licgen transfer TZ-PRO-7K3M-9QXA-R2VD-5R28 --customer 'Initech Ltd' --email it@initech.example"},
      set_up_transfer, run_transfer);
}

}  // namespace lic::app
