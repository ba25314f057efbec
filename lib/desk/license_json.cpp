#include "desk/license_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/json_text.hpp"
#include "desk/seats.hpp"
#include "license/envelope.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

/// What was altered by hand and is no JSON any more is shown as it is.
Json parsed(std::string_view text) {
  Json value = json_or_discarded(text);
  return value.is_discarded() ? Json(text) : value;
}

Json statements_json(const std::vector<UsageRecord>& usage) {
  Json out = Json::array();
  for (const auto& newest : usage) {
    const auto key = PublicKey::from_base64(newest.device);
    out.push_back({{"device", key ? Json(key->id().hex()) : Json(nullptr)},
                   {"statement", newest.seq},
                   {"to", format_time(newest.to)},
                   {"imported_at", format_time(newest.imported_at)}});
  }
  return out;
}

}  // namespace

Json summary_json(const LicenseSummary& license) {
  Json out;
  out["key"] = license.key;
  out["status"] = token(license.status);
  out["plan"] = license.plan;
  out["kind"] = token(license.kind);
  out["customer"] = license.customer.name;
  out["email"] = text_or_null(license.customer.email);
  out["issued_at"] = format_time(license.issued_at);
  out["expires_at"] = time_or_null(license.expires_at);
  out["seats"] = license.seats;
  out["activations"] = license.activations;
  out["order"] = text_or_null(license.order);
  return out;
}

Json history_json(const std::vector<HistoryEntry>& history) {
  Json out = Json::array();
  for (const auto& entry : history) {
    out.push_back({{"at", format_time(entry.at)},
                   {"actor", entry.actor},
                   {"action", entry.action},
                   {"reason", text_or_null(entry.reason)},
                   {"detail", entry.detail.empty() ? Json(nullptr) : parsed(entry.detail)}});
  }
  return out;
}

Result<LicenseView> view_license(Ledger& ledger, const LicenseKey& key, Time now) {
  LicenseView view;
  LIC_TRY_ASSIGN(view.record, ledger.find(key, now));
  LIC_TRY_ASSIGN(view.activations, ledger.activations(key.text()));
  LIC_TRY_ASSIGN(view.usage, ledger.newest_usage(key.text()));
  LIC_TRY_ASSIGN(view.history, ledger.history(key.text()));
  const std::string what = concat("the ledger's document of ", key.text());
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(view.record.document), what));
  view.payload = envelope.payload();
  return view;
}

Json license_json(const LicenseView& view) {
  const LicenseSummary& license = view.record.summary;
  Json out;
  out["license"] = parsed(view_text(view.payload));
  out["status"] = token(license.status);
  out["activations"] = Json::array();
  for (const auto& activation : view.activations)
    if (activation.live()) out["activations"].push_back(activation_json(activation));
  out["usage"] = statements_json(view.usage);
  out["history"] = history_json(view.history);
  out["note"] = text_or_null(license.note);
  out["batch"] = text_or_null(license.batch);
  out["revoked"] = nullptr;
  if (license.revoked_at)
    out["revoked"] = {{"at", format_time(*license.revoked_at)}, {"reason", license.revoke_reason}};
  return out;
}

Result<Entitlement> entitlement(Ledger& ledger, const LicenseFilter& filter, Time now) {
  Entitlement found;
  LIC_TRY(ledger.list(filter, now, [&](const LicenseSummary& license) -> Result<void> {
    found.licenses.push_back(license);
    return {};
  }));
  found.entitled = std::any_of(found.licenses.begin(), found.licenses.end(),
                               [](const LicenseSummary& one) { return allows(one.status); });
  return found;
}

Json entitlement_json(const Entitlement& found) {
  Json out = {{"entitled", found.entitled}, {"licenses", Json::array()}};
  for (const auto& license : found.licenses) out["licenses"].push_back(summary_json(license));
  return out;
}

}  // namespace lic
