#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "client/impl.hpp"

namespace lic {
namespace {

using nlohmann::ordered_json;

ordered_json optional_text(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json optional_time(const std::optional<Time>& time) {
  return time ? ordered_json(format_time(*time)) : ordered_json(nullptr);
}

ordered_json limits_json(const Limits& limits) {
  auto out = ordered_json::object();
  for (const auto& [name, limit] : limits) {
    out[name]["max"] = limit.max ? ordered_json(*limit.max) : ordered_json(nullptr);
    if (limit.per) out[name]["per"] = token(*limit.per);
  }
  return out;
}

ordered_json features_json(const Features& features) {
  auto out = ordered_json::object();
  for (const auto& [name, value] : features)
    out[name] = std::visit([](const auto& v) { return ordered_json(v); }, value);
  return out;
}

Source source_of(const VerifiedLicense& license) {
  if (!license.signer().hex().empty()) return Source::offline;
  return Source::trial;
}

}  // namespace

std::string_view token(Source source) noexcept {
  switch (source) {
    case Source::none:
      return "none";
    case Source::offline:
      return "offline";
    case Source::online:
      return "online";
    case Source::trial:
      return "trial";
    case Source::free:
      return "free";
  }
  return {};
}

std::string name_of(const VerifiedLicense& license) {
  return license.terms().kind == Kind::trial ? "the trial" : concat("license ", license.terms().key);
}

NextStep LicenseManager::Impl::next_step(const Decision& decision, const VerifiedLicense* license) const {
  const std::string& renewal = info_.renewal_url.empty() ? info_.purchase_url : info_.renewal_url;
  switch (decision.reason) {
    case Reason::valid:
      if (license == nullptr || !license->terms().expires_at) return {};
      return {"renew", renewal};
    case Reason::expiring:
    case Reason::grace:
      return {"renew", renewal};
    case Reason::expired:
      if (license != nullptr && license->terms().kind == Kind::trial) return {"buy", info_.purchase_url};
      return {"renew", renewal};
    case Reason::trial:
    case Reason::trial_not_available:
    case Reason::no_license:
      return {"buy", info_.purchase_url};
    case Reason::free:
    case Reason::feature_not_licensed:
    case Reason::usage_limit_reached:
      return {"upgrade", info_.purchase_url};
    case Reason::version_not_covered:
      return {"renew", renewal};
    case Reason::clock_moved_back:
      return {"set-clock", ""};
    case Reason::untrusted:
      return {"activate", ""};
    case Reason::wrong_machine:  // a license bound elsewhere, or a state copied here
      return {license == nullptr ? "activate" : "contact-support", ""};
    case Reason::revoked:
    case Reason::suspended:
    case Reason::not_yet_valid:
    case Reason::no_seat_left:
      return {"contact-support", ""};
  }
  return {};
}

Status LicenseManager::Impl::status_at(Time now) const {
  Status status;
  status.at = now;
  status.decision = decision_at(now);
  status.warnings = warnings_;
  const VerifiedLicense* license = license_ ? &*license_ : nullptr;
  const VerifiedLicense* shown = license != nullptr || forced_ || !free_plan_ ? license : &*free_plan_;
  status.next = next_step(status.decision, license);
  status.features = features_under(status.decision);
  status.limits = limits_under(status.decision);
  if (shown == nullptr) return status;

  const Terms& terms = shown->terms();
  status.plan = terms.plan;
  if (const Plan* plan = plan_of(*shown)) status.plan_name = plan->name;
  status.kind = terms.kind;
  status.seats = terms.seats;
  status.verified_at = verified_at_;
  if (license == nullptr) {
    status.source = Source::free;
    return status;
  }
  status.license_key = terms.key;
  status.serial = terms.serial;
  status.customer = terms.customer;
  status.starts = terms.starts_at;
  status.expires = terms.expires_at;
  status.maintenance_until = terms.maintenance_until;
  status.source = source_of(*license);
  if (loaded_.state.license) status.activated_at = loaded_.state.license->activated_at;
  if (loaded_.state.grant) status.activated_at = loaded_.state.grant->started_at;
  return status;
}

/// The readable part of license_data.json (docs/formats.md, 6).
std::string LicenseManager::Impl::summary_json(Time now) const {
  const Status status = status_at(now);
  ordered_json out;
  out["product"] = info_.id;
  out["license_key"] = optional_text(status.license_key);
  out["license_type"] = optional_text(status.plan);
  out["kind"] = status.kind ? ordered_json(token(*status.kind)) : ordered_json(nullptr);
  out["activated"] = license_.has_value();
  out["activation_date"] = optional_time(status.activated_at);
  out["expires"] = optional_time(status.expires);
  out["features"] = features_json(status.features);
  out["limits"] = limits_json(status.limits);
  out["customer_id"] = optional_text(status.customer.email.empty() ? status.customer.name : status.customer.email);
  out["machine_id"] = fingerprint_;
  out["source"] = token(status.source);
  out["verified_at"] = optional_time(status.verified_at);
  return out.dump();
}

/// Why `license` does not hold now, for the one who tried to activate it.
Change LicenseManager::Impl::refusal(const VerifiedLicense& license, const Decision& decision) const {
  const Terms& terms = license.terms();
  const std::string name = name_of(license);
  const std::string& renewal = info_.renewal_url.empty() ? info_.purchase_url : info_.renewal_url;
  const std::string support = info_.support.empty() ? "the vendor" : info_.support;
  if (decision.reason == Reason::expired)
    return {false, decision, concat(name, " expired on ", format_time(*terms.expires_at)),
            renewal.empty() ? "renew it with the vendor" : concat("renew it at ", renewal)};
  if (decision.reason == Reason::not_yet_valid)
    return {false, decision, concat(name, " is not valid before ", format_time(terms.starts_at)), "try again then"};
  if (decision.reason == Reason::wrong_machine)
    return {false, decision, concat(name, " is bound to another machine"),
            concat("ask ", support, " to move it here; key ", terms.key, ", machine id ", fingerprint_)};
  if (decision.reason == Reason::suspended)
    return {false, decision, concat(name, " is suspended by the vendor"), concat("ask ", support)};
  if (decision.reason == Reason::version_not_covered)
    return {false, decision,
            concat(name, " covers releases up to ", format_time(*terms.maintenance_until), ", not this one"),
            renewal.empty() ? "renew its maintenance with the vendor" : concat("renew its maintenance at ", renewal)};
  if (decision.reason == Reason::clock_moved_back)
    return {false, decision, "this machine's clock is more than a day behind a time already seen",
            "set the clock right and try again"};
  return {false, decision, concat(name, " does not hold: ", token(decision.reason)), concat("ask ", support)};
}

}  // namespace lic
