#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/command_line.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "licgen/commands.hpp"
#include "licgen/option_values.hpp"

namespace lic::app {
namespace {

struct RevokeOptions {
  std::vector<std::string> keys;
  std::string reason;
};

struct Revoked {
  LicenseKey key;
  Time at{};
  bool changed = true;
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

/// Looks every key up before anything changes.
Result<void> check_keys(Ledger& ledger, const std::vector<LicenseKey>& keys, std::string_view reason, Time now) {
  for (const auto& key : keys) {
    LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find(key, now));
    const LicenseSummary& license = record.summary;
    if (license.revoked_at && license.revoke_reason != reason)
      return error(Errc::conflict,
                   concat("license ", key.text(), " was revoked on ", format_date(*license.revoked_at),
                          " for another reason: ", in_quotes(license.revoke_reason)),
                   "a revocation is final and keeps its reason; nothing was done");
  }
  return {};
}

Result<std::vector<Revoked>> revoke_all(Ledger& ledger, const std::vector<LicenseKey>& keys, const std::string& reason,
                                        const Vendor& vendor) {
  LIC_TRY_ASSIGN(const auto transaction, ledger.begin());
  LIC_TRY(check_keys(ledger, keys, reason, vendor.now()));
  std::vector<Revoked> revoked;
  for (const auto& key : keys) {
    LIC_TRY_ASSIGN(const bool changed, transaction->revoke(key, reason, vendor.now()));
    if (changed) LIC_TRY(transaction->record({vendor.now(), vendor.actor(), "revoke", key.text(), reason, ""}));
    revoked.push_back({key, vendor.now(), changed});
  }
  LIC_TRY(transaction->commit());
  for (auto& entry : revoked) {
    LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find(entry.key, vendor.now()));
    entry.at = record.summary.revoked_at.value_or(vendor.now());
  }
  return revoked;
}

void report_revoked(const std::vector<Revoked>& revoked, const std::string& reason, Output& output) {
  if (output.json()) {
    nlohmann::ordered_json document;
    auto& listed = document["revoked"] = nlohmann::ordered_json::array();
    for (const auto& entry : revoked) {
      listed.push_back({{"key", entry.key.text()},
                        {"revoked_at", format_time(entry.at)},
                        {"reason", reason},
                        {"changed", entry.changed}});
    }
    output.line(json_text(document));
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
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const auto revoked, revoke_all(*ledger, keys, options.reason, vendor));
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
