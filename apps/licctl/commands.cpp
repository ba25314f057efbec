#include "licctl/commands.hpp"

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/help.hpp"
#include "common/options.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kMostMinutes = 7 * 24 * 60;

}  // namespace

const std::vector<Action>& licctl_actions() {
  static const std::vector<Action> actions = {
      {"--activate-license", "KEY|FILE", "Activate a license by its key or its signed file", activate_license},
      {"--license-info", nullptr, "Show the current license; the exit code is the verdict", license_info},
      {"--verify-license", nullptr, "Ask the server, else check the documents anew; say by what it was checked",
       verify_license},
      {"--generate-trial", nullptr, "Start the trial, once per user and machine", generate_trial},
      {"--deactivate-license", nullptr, "Give up the active license on this machine", deactivate_license},
      {"--borrow-license", "DURATION|DATE",
       "Take a seat of the active license, which floats, along for so long without the server", borrow_license},
      {"--request-activation", "FILE", "Write a request for a seat of --license-key, for a machine without a network",
       request_activation},
      {"--apply-activation", "FILE", "Activate the license in the vendor's answer to the request", apply_activation},
      {"--import-revocations", "FILE", "Take the vendor's list of revoked licenses; - is standard input",
       import_revocations},
      {"--clock-code", nullptr, "Print the code by which the vendor lets a clock that once ran ahead be forgotten",
       clock_code},
      {"--apply-clock-reset", "FILE", "Take the vendor's answer to that code; - is standard input", apply_clock_reset},
      {"--check-feature", "NAME", "Exit 0 if the feature may be used, else 19", check_feature},
      {"--record-usage", "NAME[=N]", "Count N (1) of a limit, or give back with NAME=-N; exit 20 when it is reached",
       record_usage},
      {"--usage", nullptr, "Show what is used of each limit and what is left; exit 20 when one is used up", show_usage},
      {"--usage-report", "FILE", "Write a signed statement of what was used since the last one, for the vendor to bill",
       report_usage},
      {"--machine-id", nullptr, "Print the fingerprint of this machine, for the vendor", machine_id},
      {"--state-key", "keyring|file", "Keep the key of the license state in the keyring of the desktop, or in a file",
       move_state_key},
      {"--plans", nullptr, "List the plans of the product", list_plans},
      {"--purchase", nullptr, "Print the page to buy or renew at, and open it on a desktop", purchase},
  };
  return actions;
}

void set_up_licctl(CLI::App& app, GlobalOptions& global, ClientOptions& options) {
  for (const Action& action : licctl_actions()) {
    Option option = action.value == nullptr
                        ? add_flag(app, action.name, action.summary)
                        : add_option(app, action.name, options.value, action.summary).type_name(action.value);
    option.group(std::string(kActionGroup));
  }
  add_option(app, "--product-file", options.product_file, "The vendor's signed product file (default: $LICCTL_PRODUCT)")
      .type_name("FILE");
  add_option(app, "--state-dir", options.state_dir, "Directory of the license state (default: ~/.<app>/license)")
      .type_name("DIR");
  add_option(app, "--license-file", options.license_file,
             "With --activate-license KEY: its signed file. Else: judge this signed file instead of the state")
      .type_name("FILE");
  add_option(app, "--license-key", options.license_key,
             "With --request-activation: the license to ask a seat of; with --receipt: whose seat to give back; "
             "with --usage-report: whose usage to state")
      .type_name("KEY");
  add_option(app, "--receipt", options.receipt,
             "With --deactivate-license: give the seat back that a request took, and write the receipt for the "
             "vendor; - is standard output")
      .type_name("FILE")
      .needs("--deactivate-license");
  add_qr_options(app, options.qr);
  add_flag(app, "--force", options.force,
           "With --request-activation: make a new request; there, with --receipt and with --usage-report: replace "
           "files that exist");
  add_number(app, "--statement", options.statement, 1, json::kMaxInteger,
             "With --usage-report: write statement N again, in place of a new one")
      .type_name("N")
      .needs("--usage-report");
  add_flag(app, "--new-key", options.new_key,
           "With --usage-report: sign with a new key from now on, after the state was restored from a backup")
      .needs("--usage-report")
      .excludes("--statement");
  add_flag(app, "--send", options.send,
           "With --usage-report: give the licensing server the statements that it does not have yet, this one included")
      .needs("--usage-report");
  add_option(app, "--fail-if-expires-within", options.fail_if_expires_within,
             "With --license-info: exit 11 already when it ends within this time (30d, 12mo, 1y, 6h)")
      .type_name("DURATION")
      .needs("--license-info");
  add_option(app, "--release-date", options.release_date,
             "Judge for a release made on that date: exit 22 when the maintenance of the license ended before")
      .type_name("DATE");
  add_option(app, "--email", options.email, "With --generate-trial: your address, for plans that depend on it")
      .type_name("ADDRESS")
      .needs("--generate-trial");
  add_flag(app, "--explain", options.explain,
           "With --machine-id: list the facts it is made of, what a vendor gets, and whether this is a virtual machine")
      .needs("--machine-id");
  add_flag(app, "--all", options.all, "With --license-info: list every license file of the state directory")
      .needs("--license-info");
  add_option(app, "--server", options.server,
             "The licensing server, https://HOST[:PORT] (default: the one that the product file names)")
      .type_name("URL");
  add_option(app, "--server-ca", options.server_ca,
             "Certificate authorities to trust for the server, PEM (default: those of the system)")
      .type_name("FILE");
  add_flag(app, "--offline", options.offline, "Ask no licensing server").excludes("--server");
  add_number(app, "--wait", options.wait, 1, kMostMinutes,
             "With --activate-license: where every seat is taken, wait for one in the queue, so many minutes at most")
      .type_name("MINUTES")
      .needs("--activate-license")
      .excludes("--offline");
  add_global_options(app, global, LIC_VERSION);
  set_examples(app, {"licctl --activate-license TZ-PRO-7K3M-9QXA-R2VD-5R28", "licctl --activate-license license.json",
                     "licctl --license-info --fail-if-expires-within 30d", "licctl --check-feature api-access --quiet",
                     "licctl --record-usage tickets=12"});
}

Result<void> check_options(const Action& action, const ClientOptions& options) {
  const std::string_view name = action.name;
  const bool writes = name == "--request-activation" || name == "--usage-report" || !options.receipt.empty();
  const std::string_view misplaced = writes                         ? ""
                                     : !options.license_key.empty() ? "--license-key"
                                     : options.qr.wanted()          ? "--qr"
                                     : options.force                ? "--force"
                                                                    : "";
  if (!misplaced.empty())
    return error(
        Errc::usage, concat(misplaced, " does not go with ", name),
        concat(misplaced, " is for --request-activation, --usage-report, and --deactivate-license --receipt FILE"));
  const bool changes_state = writes || name == "--apply-activation" || name == "--state-key" ||
                             name == "--import-revocations" || name == "--clock-code" || name == "--apply-clock-reset";
  if (changes_state && !options.license_file.empty())
    return error(Errc::usage, "--license-file names a file to judge or to activate, which this action does not do");
  return {};
}

}  // namespace lic::app
