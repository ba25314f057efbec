#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/revoking.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct RevokeOptions {
  std::vector<std::string> keys;
  std::string reason;
};

void set_up_revoke(CLI::App& app, RevokeOptions& options) {
  add_list(app, "KEY", options.keys, "License keys").required();
  add_option(app, "--reason", options.reason, "Why: kept in the ledger and in the revocation list")
      .type_name("REASON")
      .required();
}

/// Each key once, in the order given. Errors: invalid_input (malformed).
Result<std::vector<LicenseKey>> read_keys(const std::vector<std::string>& typed) {
  std::vector<LicenseKey> keys;
  for (const auto& text : typed) {
    LIC_TRY_ASSIGN(LicenseKey key, LicenseKey::parse(text));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

void report_revoked(const std::vector<Revoked>& revoked, const std::string& reason, Output& output) {
  if (output.json()) {
    output.line(json_text(revoked_json(revoked, reason)));
    return;
  }
  for (const auto& entry : revoked) {
    output.line(entry.changed ? concat(entry.key.text(), " revoked")
                              : concat(entry.key.text(), " already revoked on ", format_date(entry.at)));
  }
}

Result<void> revoke(const RevokeOptions& options, Vendor& vendor) {
  LIC_TRY(check_given("--reason", options.reason));
  LIC_TRY_ASSIGN(const auto keys, read_keys(options.keys));
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const auto revoked, revoke_licenses(*transaction, desk, keys, options.reason));
  LIC_TRY(transaction->commit());
  report_revoked(revoked, options.reason, vendor.output());
  const bool changed = std::any_of(revoked.begin(), revoked.end(), [](const Revoked& entry) { return entry.changed; });
  if (changed)
    vendor.output().note(
        "the license goes on working where it is active until the signed list gets there: licgen revocations export, "
        "and "
        "there licctl --import-revocations FILE");
  return {};
}

int run_revoke(const RevokeOptions& options, Vendor& vendor) { return conclude(vendor, revoke(options, vendor)); }

}  // namespace

Command<Vendor> revoke_command() {
  return make_command("revoke", "Revoke licenses for good: all of those named, or none",
                      {"licgen revoke TZ-PRO-7K3M-9QXA-R2VD-5R28 --reason 'payment charged back'"}, set_up_revoke,
                      run_revoke);
}

}  // namespace lic::app
