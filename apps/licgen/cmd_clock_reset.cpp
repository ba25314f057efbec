#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "issue/issuer.hpp"
#include "license/clock_code.hpp"
#include "license/envelope.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/option_values.hpp"
#include "licgen/product_document.hpp"
#include "policy/decide.hpp"
#include "trust/clock_reset.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kAction = "clock-reset";

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

/// Errors: untrusted (of another product), conflict (the machine's latest time is not ahead of now).
Result<ClockCode> read_code(const std::string& typed, const ProductFile& product, Time now) {
  auto code = ClockCode::parse(typed);
  if (!code) return error(code.error().code, concat("--code: ", code.error().message), code.error().hint);
  const std::string& ours = product.catalog().product;
  if (!code->is_of_product(ours))
    return error(Errc::untrusted, concat("the code is of another product than ", ours),
                 "see that it is the customer's licctl for this product that printed it");
  if (clock_moved_back(now, code->latest())) return code;
  return error(Errc::conflict,
               concat("the latest time that the machine has seen, ", format_time(code->latest()),
                      ", is not ahead of the clock here"),
               "it is the customer's clock that is wrong now: have it set right, and nothing else is needed");
}

/// Of this code before, or that the machine is none that is known; empty: neither.
std::vector<std::string> remarks(const ClockCode& code, const std::vector<HistoryEntry>& history,
                                 const std::vector<Activation>& activations) {
  std::vector<std::string> out;
  for (const auto& entry : history)
    if (entry.action == kAction && entry.detail.find(code.text()) != std::string::npos)
      out.push_back(concat("this code was answered before, on ", format_date(entry.at),
                           "; the machine takes one of the answers, once"));
  const auto live = [](const Activation& one) { return one.live(); };
  const auto same = [&](const Activation& one) { return one.live() && code.is_of_machine(one.machine); };
  if (std::any_of(activations.begin(), activations.end(), live) &&
      std::none_of(activations.begin(), activations.end(), same))
    out.emplace_back("the code is of none of the machines that took a seat of this license by a request");
  return out;
}

Result<std::string> sign_reset(const LicenseRecord& record, const ClockCode& code, const SigningKey& key,
                               const ProductFile& product, Ledger& ledger, Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(ledger, {key, product}));
  UlidSource ids;
  const ClockReset reset{ids.next(vendor.now()), product.catalog().product, vendor.now(), record.summary.key, code};
  std::string document = sign_document(DocumentKind::clock_reset, reset.to_json(), key).to_json();
  LIC_TRY(ClockReset::open(view_bytes(document), product, "the new clock reset"));
  const nlohmann::ordered_json detail = {
      {"code", code.text()}, {"latest_time", format_time(code.latest())}, {"sha256", document_digest(document)}};
  LIC_TRY(transaction->record(
      {vendor.now(), vendor.actor(), std::string(kAction), record.summary.key, "", json_text(detail)}));
  LIC_TRY(transaction->commit());
  return document;
}

Result<int> reset_clock(const ClockResetOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(const LicenseKey typed, LicenseKey::parse(options.key));
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger->find(typed, vendor.now()));
  LIC_TRY_ASSIGN(const ClockCode code, read_code(options.code, product, vendor.now()));
  const LicenseSummary& license = record.summary;
  if (license.revoked_at)
    return vendor.output().fail(ExitCode::revoked,
                                concat("license ", license.key, " was revoked on ", format_date(*license.revoked_at)),
                                "a revocation is final: its machines get no reset");
  if (options.out && *options.out != "-") LIC_TRY(check_output_file(*options.out, options.force));
  LIC_TRY_ASSIGN(const auto history, ledger->history(license.key));
  LIC_TRY_ASSIGN(const auto activations, ledger->activations(license.key));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  LIC_TRY_ASSIGN(const std::string document, sign_reset(record, code, key, product, *ledger, vendor));
  for (const auto& remark : remarks(code, history, activations)) vendor.output().warn(remark);
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
