#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/options.hpp"
#include "desk/clock_resetting.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"

namespace lic::app {
namespace {

struct ClockResetOptions {
  std::string key;
  std::string code;
  std::optional<std::string> out;
  bool force = false;
};

void set_up(CLI::App& app, ClockResetOptions& options) {
  add_option(app, "KEY", options.key, "License key of the customer").required();
  add_option(app, "--code", options.code, "The code that licctl --clock-code printed on the customer's machine")
      .type_name("CODE")
      .required();
  add_out_file(app, options.out, options.force);
}

Result<int> reset_clock(const ClockResetOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const LicenseKey typed, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(const LicenseRecord record, desk.ledger.find(typed, vendor.now()));
  LIC_TRY_ASSIGN(const ClockCode code, read_clock_code("--code", options.code, product, vendor.now()));
  const LicenseSummary& license = record.summary;
  if (license.revoked_at)
    return vendor.output().fail(ExitCode::revoked,
                                concat("license ", license.key, " was revoked on ", format_date(*license.revoked_at)),
                                "a revocation is final: its machines get no reset");
  if (options.out && *options.out != "-") LIC_TRY(check_output_file(*options.out, options.force));
  LIC_TRY_ASSIGN(const auto history, desk.ledger.history(license.key));
  LIC_TRY_ASSIGN(const auto activations, desk.ledger.activations(license.key));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  const Signer signer{key, product};
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(desk.ledger, signer));
  LIC_TRY_ASSIGN(const std::string document, sign_clock_reset(*transaction, desk, signer, license.key, code));
  LIC_TRY(transaction->commit());
  for (const auto& remark : clock_remarks(code, history, activations)) vendor.output().warn(remark);
  LIC_TRY(write_output(options.out, options.force, document, vendor.output()));
  vendor.output().note(concat("sets the latest time of that machine back from ", format_time(code.latest()), " to ",
                              format_time(vendor.now()), "; there: licctl --apply-clock-reset FILE"));
  return static_cast<int>(ExitCode::ok);
}

int run(const ClockResetOptions& options, Vendor& vendor) {
  const auto code = reset_clock(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace

Command<Vendor> clock_reset_command() {
  return make_command("clock-reset", "Sign that a machine may forget a time that its clock once ran ahead to",
                      {"licgen clock-reset TZ-PRO-7K3M-9QXA-R2VD-5R28 --code C1-4G8T-... --out reset.json"}, set_up,
                      run);
}

}  // namespace lic::app
