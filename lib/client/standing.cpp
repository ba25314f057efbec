#include <algorithm>

#include "base/text.hpp"
#include "base/time.hpp"
#include "client/standing.hpp"

namespace lic {
namespace {

bool is_granted(const FeatureValue& value) noexcept {
  struct Judge {
    bool operator()(bool on) const noexcept { return on; }
    bool operator()(std::int64_t number) const noexcept { return number != 0; }
    bool operator()(const std::string& text) const noexcept { return !text.empty(); }
    bool operator()(const std::vector<std::string>& words) const noexcept { return !words.empty(); }
  };
  return std::visit(Judge{}, value);
}

const FeatureValue* find_granted(const Features& features, std::string_view name) noexcept {
  for (const auto& [known, value] : features)
    if (known == name) return is_granted(value) ? &value : nullptr;
  return nullptr;
}

/// Whether what is free for everybody is left where `reason` is the answer. Not where the
/// answer would be another one if this machine were put right.
bool falls_back(Reason reason) noexcept { return reason != Reason::untrusted && reason != Reason::clock_moved_back; }

const Features kNoFeatures;
const Limits kNoLimits;

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

std::string_view token(CheckedBy by) noexcept {
  switch (by) {
    case CheckedBy::server:
      return "server";
    case CheckedBy::documents:
      return "documents";
    case CheckedBy::lease:
      return "lease";
    case CheckedBy::product_file:
      return "product-file";
  }
  return {};
}

CheckedBy checked_here(const Standing& standing) noexcept {
  if (!standing.license || standing.license->signer().hex().empty()) return CheckedBy::product_file;
  return standing.lease ? CheckedBy::lease : CheckedBy::documents;
}

std::string name_of(const VerifiedLicense& license) {
  return license.terms().kind == Kind::trial ? "the trial" : concat("license ", license.terms().key);
}

/// What the vendor has signed cannot have been signed in the future, so those
/// times are marks of the clock as well.
Context Standing::context_for(const VerifiedLicense& one, const MachineFit& how, Time now,
                              std::optional<Time> mark) const noexcept {
  Context context;
  context.now = now;
  context.high_water = std::max(one.terms().issued_at, product.issued_at());
  if (list) context.high_water = std::max(*context.high_water, list->issued_at);
  if (mark) context.high_water = std::max(*context.high_water, *mark);
  context.machine_matches = how.matches;
  context.is_virtual = how.is_virtual;
  context.revoked = revoked && revoked->id == one.terms().id;
  if (list) context.revocations_until = list->next_update;
  context.release_date = release_date;
  const bool ours = license && license->terms().id == one.terms().id;
  if (ours && lease) {
    context.lease_until = lease->expires_at;
    context.lease_from = lease_from;
  }
  if (ours && denied) context.denied = denied->reason;
  return context;
}

Decision Standing::decision_at(Time now, std::optional<Time> mark) const noexcept {
  if (forced) return {*forced, {}};
  if (license) return decide(*license, context_for(*license, fit, now, mark));
  return {free_plan ? Reason::free : Reason::no_license, {}};
}

Time Standing::signed_at() const noexcept {
  Time latest = product.issued_at();
  if (list) latest = std::max(latest, list->issued_at);
  if (license && !license->signer().hex().empty()) latest = std::max(latest, license->terms().issued_at);
  return latest;
}

Time Standing::time_at(Time now, std::optional<Time> mark) const noexcept {
  return std::max({now, signed_at(), mark.value_or(now)});
}

const Features& Standing::features_under(const Decision& decision) const noexcept {
  if (decision.allowed() && license) return license->terms().features;
  if (!falls_back(decision.reason)) return kNoFeatures;
  return free_plan ? free_plan->terms().features : product.catalog().unlicensed.features;
}

const Limits& Standing::limits_under(const Decision& decision) const noexcept {
  if (decision.allowed() && license) return license->terms().limits;
  if (!falls_back(decision.reason)) return kNoLimits;
  return free_plan ? free_plan->terms().limits : product.catalog().unlicensed.limits;
}

const FeatureValue* Standing::feature_under(const Decision& decision, std::string_view name) const noexcept {
  return find_granted(features_under(decision), name);
}

Decision Standing::check_feature(std::string_view name, const Decision& decision) const noexcept {
  if (feature_under(decision, name) != nullptr)
    return decision.allowed() ? decision : Decision{Reason::free, {}};  // granted without any license
  const bool lapsed = !decision.allowed() && decision.reason != Reason::no_license;
  return lapsed ? decision : Decision{Reason::feature_not_licensed, {}};
}

const Limit* Standing::limit_under(const Decision& decision, std::string_view name) const noexcept {
  for (const auto& [known, limit] : limits_under(decision))
    if (known == name) return &limit;
  return nullptr;
}

const Plan* Standing::plan_of(const VerifiedLicense& one) const noexcept {
  return product.catalog().find_plan(one.terms().plan);
}

NextStep Standing::next_step(const Decision& decision, const VerifiedLicense* held) const {
  const std::string& renewal = info->renewal_url.empty() ? info->purchase_url : info->renewal_url;
  switch (decision.reason) {
    case Reason::valid:
      if (held == nullptr || !held->terms().expires_at) return {};
      return {"renew", renewal};
    case Reason::expiring:
    case Reason::grace:
      return {"renew", renewal};
    case Reason::expired:
      if (held != nullptr && held->terms().kind == Kind::trial) return {"buy", info->purchase_url};
      return {"renew", renewal};
    case Reason::no_license:
      if (held != nullptr) return {"contact-support", ""};  // the licensing server does not know it
      return {"buy", info->purchase_url};
    case Reason::trial:
    case Reason::trial_not_available:
      return {"buy", info->purchase_url};
    case Reason::free:
    case Reason::feature_not_licensed:
    case Reason::usage_limit_reached:
      return {"upgrade", info->purchase_url};
    case Reason::version_not_covered:
      return {"renew", renewal};
    case Reason::clock_moved_back:
      return {"set-clock", ""};
    case Reason::revocations_stale:
      return {"import-revocations", ""};
    case Reason::lease_expired:
      return {held != nullptr && held->terms().floating ? "check-out" : "verify", ""};
    case Reason::untrusted:
    case Reason::no_seat_left:
      return {"activate", ""};
    case Reason::wrong_machine:  // a license bound elsewhere, or a state copied here
      if (held != nullptr && fit.matches) return {"use-physical-machine", ""};
      return {held == nullptr ? "activate" : "contact-support", ""};
    case Reason::revoked:
    case Reason::suspended:
    case Reason::not_yet_valid:
      return {"contact-support", ""};
  }
  return {};
}

Status Standing::status_at(Time now, std::optional<Time> mark, const Decision& decision) const {
  Status status;
  status.at = now;
  status.decision = decision;
  status.warnings = warnings;
  status.latest_time = std::max(signed_at(), mark.value_or(signed_at()));
  status.revocations = list;
  if (std::string stale = staleness(time_at(now, mark), decision); !stale.empty())
    status.warnings.push_back(std::move(stale));
  if (std::string alone = unconfirmed(time_at(now, mark), decision); !alone.empty())
    status.warnings.push_back(std::move(alone));
  const VerifiedLicense* held = license ? &*license : nullptr;
  const VerifiedLicense* shown = held != nullptr || forced || !free_plan ? held : &*free_plan;
  status.next = next_step(decision, held);
  status.features = features_under(decision);
  status.limits = limits_under(decision);
  if (shown == nullptr) return status;

  const Terms& terms = shown->terms();
  status.plan = terms.plan;
  if (const Plan* plan = plan_of(*shown)) status.plan_name = plan->name;
  status.kind = terms.kind;
  status.seats = terms.seats;
  status.floating = terms.floating;
  status.verified_at = verified_at;
  if (held == nullptr) {
    status.source = Source::free;
    return status;
  }
  status.license_key = terms.key;
  status.serial = terms.serial;
  status.customer = terms.customer;
  status.starts = terms.starts_at;
  status.expires = terms.expires_at;
  status.maintenance_until = terms.maintenance_until;
  status.source = lease ? Source::online : source_of(*held);
  status.lease = lease;
  status.denied = denied;
  status.activated_at = activated_at;
  if (revoked) status.revoked = RevokedInfo{revoked->revoked_at, revoked->reason};
  if (decision.reason == Reason::wrong_machine) status.obstacle = fit.obstacle;
  return status;
}

bool Standing::answers_as(const Standing& other) const {
  const auto same = [](const std::optional<VerifiedLicense>& one, const std::optional<VerifiedLicense>& two) {
    if (!one || !two) return one.has_value() == two.has_value();
    return one->signer() == two->signer() && one->terms() == two->terms();
  };
  return forced == other.forced && fit == other.fit && activated_at == other.activated_at &&
         product.digest() == other.product.digest() && same(license, other.license) && list == other.list &&
         revoked == other.revoked && warnings == other.warnings && key_place == other.key_place &&
         lease == other.lease && denied == other.denied;
}

std::string Standing::staleness(Time time, const Decision& decision) const {
  const std::string who = info->support.empty() ? "the vendor" : printable(info->support);
  const std::string known =
      list ? concat("list ", list->seq, " of revocations is stale since ", format_time(list->next_update))
           : "no list of revocations is known here";
  if (license && license->terms().fresh_revocations && decision.allowed()) {
    const Time fresh = revocations_hold_until(license->terms(), list ? std::optional(list->next_update) : std::nullopt);
    if (time < fresh) return {};
    const Time end = fresh + std::chrono::days{license->terms().grace_days};
    return concat(known, "; without a newer one from ", who, ", ", name_of(*license), " counts until ",
                  format_time(end));
  }
  if (!list || time < list->next_update) return {};
  return concat(known, "; ask ", who, " for a newer one");
}

std::string Standing::unconfirmed(Time time, const Decision& decision) const {
  if (!lease || !decision.allowed() || license->terms().floating) return {};
  const std::string name = name_of(*license);
  if (time >= lease->expires_at)
    return concat("the lease of ", name, " ended on ", format_time(lease->expires_at),
                  "; unless the server confirms it, ", name, " counts until ",
                  format_time(lease->expires_at + std::chrono::days{license->terms().grace_days}));
  if (time < lease->refresh_at + (lease->expires_at - lease->refresh_at) / 2) return {};
  return concat("the licensing server last confirmed ", name, " on ", format_time(lease->granted_at),
                "; its lease ends on ", format_time(lease->expires_at));
}

Change Standing::refusal(const VerifiedLicense& one, const MachineFit& how, const Decision& decision,
                         const Revocation* revocation) const {
  const Terms& terms = one.terms();
  const std::string name = name_of(one);
  const std::string& renewal = info->renewal_url.empty() ? info->purchase_url : info->renewal_url;
  const std::string support = info->support.empty() ? "the vendor" : info->support;
  if (decision.reason == Reason::expired)
    return {false, decision, concat(name, " expired on ", format_time(*terms.expires_at)),
            renewal.empty() ? "renew it with the vendor" : concat("renew it at ", renewal)};
  if (decision.reason == Reason::not_yet_valid)
    return {false, decision, concat(name, " is not valid before ", format_time(terms.starts_at)), "try again then"};
  if (decision.reason == Reason::wrong_machine && how.matches)
    return {false, decision, how.obstacle,
            concat("use it on a physical machine, or ask ", support, " for a license that holds here")};
  if (decision.reason == Reason::wrong_machine)
    return {false, decision, how.obstacle,
            concat("ask ", support, " to move it here; key ", terms.key, ", machine id ", fingerprint)};
  if (decision.reason == Reason::suspended)
    return {false, decision, concat(name, " is suspended by the vendor"), concat("ask ", support)};
  if (decision.reason == Reason::revoked && revocation != nullptr)
    return {false, decision,
            concat(name, " was revoked by the vendor on ", format_date(revocation->revoked_at),
                   revocation->reason.empty() ? "" : ": ", printable(revocation->reason)),
            concat("ask ", support)};
  if (decision.reason == Reason::revocations_stale)
    return {false, decision,
            concat(name, " needs a fresh list of revocations, and ",
                   list ? concat("that of this machine, list ", list->seq, ", was good until ",
                                 format_time(list->next_update), " or is gone")
                        : "none is known here"),
            concat("get the newest list from ", support, ": licctl --import-revocations FILE")};
  if (decision.reason == Reason::lease_expired && terms.floating)
    return {false, decision, concat(name, " floats: it counts only with a seat that the licensing server lends"),
            "activate it where the server answers: licctl --activate-license KEY --server URL"};
  if (decision.reason == Reason::lease_expired)
    return {false, decision, concat("the lease of ", name, " has ended, its days of grace included"),
            "licctl --verify-license asks the licensing server; or deactivate it and activate it anew"};
  if (decision.reason == Reason::version_not_covered)
    return {false, decision,
            concat(name, " covers releases up to ", format_time(*terms.maintenance_until), ", not this one"),
            renewal.empty() ? "renew its maintenance with the vendor" : concat("renew its maintenance at ", renewal)};
  if (decision.reason == Reason::clock_moved_back)
    return {false, decision, "this machine's clock is more than a day behind a time already seen",
            "set the clock right and try again; if it once ran ahead, licctl --clock-code asks the vendor for a reset"};
  return {false, decision, concat(name, " does not hold: ", token(decision.reason)), concat("ask ", support)};
}

}  // namespace lic
