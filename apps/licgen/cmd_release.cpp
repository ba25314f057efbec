#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/release.hpp"
#include "desk/seats.hpp"
#include "licgen/commands.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct ReleaseOptions {
  ReissueOptions reissue;
  std::optional<std::string> machine;
  std::optional<std::string> receipt;
};

void set_up_release(CLI::App& app, ReleaseOptions& options) {
  set_up_reissue(app, options.reissue);
  get_option(app, "KEY").required(false);  // a receipt names it
  add_text(app, "--machine", options.machine, "FINGERPRINT",
           "The machine (licctl --machine-id), or the beginning of it as licgen activations shows it");
  const Option machine = get_option(app, "--machine");
  add_text(app, "--receipt", options.receipt, "FILE",
           "The receipt that the machine wrote when it gave the seat back; - is standard input")
      .excludes(machine);
}

Result<ActivationReceipt> read_receipt_file(const std::string& file, const ProductFile& product) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, "receipt", kMaxExchange));
  return read_receipt(bytes, input_name(file, "receipt"), product);
}

Result<void> release_bound(const ReleaseOptions& options, const std::optional<ActivationReceipt>& receipt,
                           Vendor& vendor) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  ReissueOptions of_license = options.reissue;
  if (receipt) of_license.key = receipt->key.text();
  return app::reissue(
      of_license, receipt ? seat_release(desk, *receipt) : seat_release(desk, MachineAsked{*options.machine}), vendor);
}

/// No document names that machine, so none is signed anew.
Result<void> release_leased(const ReleaseOptions& options, Activation seat, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const Activation ended,
                 end_lease(*transaction, desk, std::move(seat), options.reissue.reason.value_or("")));
  LIC_TRY(transaction->commit());
  Output& output = vendor.output();
  if (output.json()) {
    nlohmann::ordered_json answer = end_lease_json(ended);
    answer["files"] = nlohmann::ordered_json::array();
    answer["ended"] = {activation_json(ended)};
    output.line(json_text(answer));
  } else {
    output.line(concat(ended.key, " seat released"));
  }
  output.note("the machine learns of it at its next refresh, and holds the license until its lease ends at the latest");
  return {};
}

Result<void> release(const ReleaseOptions& options, Vendor& vendor) {
  if (!options.machine && !options.receipt)
    return error(Errc::usage, "which seat to release was not said",
                 "give KEY --machine FINGERPRINT, or --receipt FILE");
  if (options.machine) {
    LIC_TRY(check_given("--machine", *options.machine));
    if (options.reissue.key.empty())
      return error(Errc::usage, "--machine needs the KEY of the license", "licgen release KEY --machine FINGERPRINT");
    LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.reissue.key));
    LIC_TRY_ASSIGN(auto leased, leased_seat(*ledger, key, MachineAsked{*options.machine}, vendor.now()));
    if (leased) return release_leased(options, *std::move(leased), vendor);
    return release_bound(options, std::nullopt, vendor);
  }
  LIC_TRY(check_given("--receipt", *options.receipt));
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const ActivationReceipt receipt, read_receipt_file(*options.receipt, product));
  if (!options.reissue.key.empty()) {
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(options.reissue.key));
    if (key != receipt.key)
      return error(Errc::invalid_input, concat("the receipt is of ", receipt.key.text(), ", not of ", key.text()));
  }
  return release_bound(options, receipt, vendor);
}

int run_release(const ReleaseOptions& options, Vendor& vendor) { return conclude(vendor, release(options, vendor)); }

}  // namespace

Command<Vendor> release_command() {
  return make_command("release", "Free a machine's seat, by its id or by the receipt that it wrote",
                      {"licgen release TZ-PRO-7K3M-9QXA-R2VD-5R28 --machine M1-0525Z-JQKMM-ZBZXC",
                       "licgen release --receipt receipt.json"},
                      set_up_release, run_release);
}

}  // namespace lic::app
