#include "desk/revoking.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

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

}  // namespace

Result<std::vector<Revoked>> revoke_licenses(Transaction& transaction, const Desk& desk,
                                             const std::vector<LicenseKey>& keys, const std::string& reason) {
  LIC_TRY(check_keys(desk.ledger, keys, reason, desk.now));
  std::vector<Revoked> revoked;
  for (const auto& key : keys) {
    LIC_TRY_ASSIGN(const bool changed, transaction.revoke(key, reason, desk.now));
    if (changed) LIC_TRY(transaction.record({desk.now, desk.actor, "revoke", key.text(), reason, ""}));
    LIC_TRY_ASSIGN(const LicenseRecord record, desk.ledger.find(key, desk.now));
    revoked.push_back({key, record.summary.revoked_at.value_or(desk.now), changed});
  }
  return revoked;
}

nlohmann::ordered_json revoked_json(const std::vector<Revoked>& revoked, const std::string& reason) {
  nlohmann::ordered_json document;
  auto& listed = document["revoked"] = nlohmann::ordered_json::array();
  for (const auto& entry : revoked) {
    listed.push_back({{"key", entry.key.text()},
                      {"revoked_at", format_time(entry.at)},
                      {"reason", reason},
                      {"changed", entry.changed}});
  }
  return document;
}

}  // namespace lic
