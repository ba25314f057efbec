#include "licgen/summary_text.hpp"

#include <nlohmann/json.hpp>

#include "base/time.hpp"

namespace lic::app {
namespace {

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace

nlohmann::ordered_json summary_json(const LicenseSummary& license) {
  nlohmann::ordered_json out;
  out["key"] = license.key;
  out["status"] = token(license.status);
  out["plan"] = license.plan;
  out["kind"] = token(license.kind);
  out["customer"] = license.customer.name;
  out["email"] = text_or_null(license.customer.email);
  out["issued_at"] = format_time(license.issued_at);
  out["expires_at"] = license.expires_at ? nlohmann::ordered_json(format_time(*license.expires_at)) : nullptr;
  out["seats"] = license.seats;
  out["activations"] = license.activations;
  out["order"] = text_or_null(license.order);
  return out;
}

Style style_of(Reason status) noexcept {
  if (status == Reason::expiring || status == Reason::grace) return Style::warning;
  return allows(status) ? Style::good : Style::bad;
}

}  // namespace lic::app
