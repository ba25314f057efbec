#include "licctl/status_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "client/status_json.hpp"
#include "common/json_text.hpp"
#include "license/terms.hpp"

namespace lic::app {
namespace {

using nlohmann::ordered_json;

Style style_of(Reason reason) {
  if (!allows(reason)) return Style::bad;
  return reason == Reason::expiring || reason == Reason::grace ? Style::warning : Style::good;
}

std::string days_text(const Decision& decision) {
  if (!decision.days_left || !decision.allowed()) return {};
  const std::int64_t days = *decision.days_left;
  if (days == 0) return ", less than a day left";
  return concat(", ", days, days == 1 ? " day left" : " days left");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += concat(out.empty() ? "" : ", ", printable(word));
  return out;
}

void add_row(std::string& out, std::string_view label, std::string_view value) {
  if (!value.empty()) out += concat("  ", label, std::string(11 - label.size(), ' '), value, '\n');
}

std::string customer_text(const Customer& customer) {
  if (customer.email.empty()) return printable(customer.name);
  if (customer.name.empty()) return printable(customer.email);
  return concat(printable(customer.name), " <", printable(customer.email), '>');
}

std::string next_text(const Status& status, const LicenseManager& manager) {
  const NextStep& next = status.next;
  if (next.action.empty()) return {};
  if (next.action == "activate" && status.source == Source::trial)
    return "write the state anew: licctl --generate-trial";
  if (next.action == "activate") return "activate the license again: licctl --activate-license KEY";
  if (next.action == "import-revocations") {
    const std::string& support = manager.product().support;
    return concat("get the newest list of revocations from ", support.empty() ? "the vendor" : printable(support),
                  ": licctl --import-revocations FILE");
  }
  if (next.action == "check-out") return "check out a seat: licctl --verify-license";
  if (next.action == "verify") return "have the licensing server confirm it: licctl --verify-license";
  if (next.action == "set-clock") return "set the clock of this machine right";
  const bool physical = next.action == "use-physical-machine";
  if (physical || next.action == "contact-support") {
    const std::string& support = manager.product().support;
    return concat(physical ? "use it on a physical machine, or " : "", "write to ",
                  support.empty() ? "the vendor" : printable(support));
  }
  return next.url.empty() ? concat(next.action, " with the vendor") : concat(next.action, " at ", printable(next.url));
}

}  // namespace

ordered_json text_json(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

ordered_json time_json(const std::optional<Time>& time) {
  return time ? ordered_json(format_time(*time)) : ordered_json(nullptr);
}

void add_place(ordered_json& error, std::int64_t place, const std::optional<Time>& retry_at) {
  error["queue"] = place;
  error["retry_at"] = time_json(retry_at);
}

ordered_json feature_json(const FeatureValue& value) {
  return std::visit([](const auto& v) { return ordered_json(v); }, value);
}

std::string feature_text(const FeatureValue& value) {
  if (const auto* on = std::get_if<bool>(&value)) return *on ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return printable(*text);
  return joined(std::get<std::vector<std::string>>(value));
}

ordered_json usage_json(const Usage& usage) { return parse_json(json::dump(lic::usage_json(usage))); }

std::string usage_text(const LimitUsage& usage) {
  std::string out = limit_words(usage.limit);
  if (usage.used == 0) return out;
  out += concat("; ", usage.used, " used");
  if (usage.left) out += concat(", ", *usage.left, " left");
  return out;
}

ordered_json status_json(const Status& status, const LicenseManager& manager) {
  return parse_json(lic::status_json(status, manager.machine_id()));
}

std::string status_text(const Status& status, const LicenseManager& manager, const Output& output) {
  std::string heading = printable(manager.product().name);
  if (!status.plan.empty()) {
    heading += concat(": ", printable(status.plan_name.empty() ? status.plan : status.plan_name));
    if (status.kind) heading += concat(" (", token(*status.kind), ')');
  }
  std::string out = output.styled(Style::bold, heading) + "\n";
  const Reason reason = status.decision.reason;
  add_row(out, "status", output.styled(style_of(reason), token(reason)) + days_text(status.decision));
  if (status.revoked)
    add_row(out, "revoked",
            concat(format_time(status.revoked->at), status.revoked->reason.empty() ? "" : ": ",
                   printable(status.revoked->reason)));
  add_row(out, "license", status.license_key);
  add_row(out, "customer", customer_text(status.customer));
  if (status.starts) add_row(out, "starts", format_time(*status.starts));
  if (!status.license_key.empty()) add_row(out, "expires", status.expires ? format_time(*status.expires) : "never");
  if (status.maintenance_until) add_row(out, "covers", "releases up to " + format_time(*status.maintenance_until));
  if (status.activated_at) add_row(out, "activated", format_time(*status.activated_at));
  if (status.seats > 0) add_row(out, "seats", concat(status.seats, status.floating ? ", floating" : ""));
  if (status.source != Source::none) add_row(out, "source", token(status.source));
  if (status.lease) {
    add_row(out, "server", printable(status.lease->server));
    add_row(out, "lease", concat("until ", format_time(status.lease->expires_at)));
  }
  std::string_view label = "features";
  for (const auto& [name, value] : status.features) {
    const auto* on = std::get_if<bool>(&value);
    add_row(out, label, on != nullptr && *on ? name : concat(name, ": ", feature_text(value)));
    label = "";
  }
  label = "limits";
  for (const auto& [name, usage] : status.usage) {
    add_row(out, label, concat(name, ": ", usage_text(usage)));
    label = "";
  }
  add_row(out, "next", next_text(status, manager));
  return out;
}

Explanation explain(const Status& status, const LicenseManager& manager) {
  const std::string what = status.kind == Kind::trial ? "the trial" : concat("license ", status.license_key);
  const std::string next = next_text(status, manager);
  if (status.denied && status.decision.reason == Reason::no_license)
    return {concat(what, " is not known to the licensing server"), next};
  switch (status.decision.reason) {
    case Reason::no_license:
      return {"nothing is activated here",
              next.empty() ? "licctl --activate-license KEY" : concat("activate a license, or ", next)};
    case Reason::expired:
      return {concat(what, " expired", status.expires ? " on " + format_time(*status.expires) : std::string{}), next};
    case Reason::revoked:
      if (!status.revoked) return {concat(what, " was revoked by the vendor"), next};
      return {concat(what, " was revoked by the vendor on ", format_date(status.revoked->at),
                     status.revoked->reason.empty() ? "" : ": ", printable(status.revoked->reason)),
              next};
    case Reason::suspended:
      return {concat(what, " is suspended by the vendor"), next};
    case Reason::wrong_machine:
      if (!status.obstacle.empty()) return {status.obstacle, next};
      return {"the license state belongs to another machine", next + "; a trial starts anew: licctl --generate-trial"};
    case Reason::untrusted:
      return {"the license state cannot be trusted", next};
    case Reason::not_yet_valid:
      return {concat(what, " is not valid before ", status.starts ? format_time(*status.starts) : "its start"),
              "try again then"};
    case Reason::clock_moved_back:
      return {concat("the clock of this machine is more than a day behind a time already seen",
                     status.latest_time ? concat(", ", format_time(*status.latest_time)) : std::string()),
              next + "; if it is right and once ran ahead, licctl --clock-code prints a code for the vendor"};
    case Reason::revocations_stale:
      return {concat(what, " needs a fresh list of revocations, and ",
                     status.revocations ? concat("list ", status.revocations->seq, " is stale since ",
                                                 format_time(status.revocations->next_update))
                                        : "none is known here"),
              next};
    case Reason::lease_expired:
      if (status.floating) return {concat(what, " floats, and no seat of it is checked out here"), next};
      return {concat(what, " has not been confirmed by the licensing server since ",
                     status.lease ? format_time(status.lease->granted_at) : "long",
                     ": its lease has ended, the days of grace included"),
              next};
    case Reason::version_not_covered:
      return {concat(what, " covers releases up to ",
                     status.maintenance_until ? format_time(*status.maintenance_until) : "its end of maintenance",
                     ", not this one"),
              next};
    case Reason::no_seat_left:
      return {concat(what, " has no seat for this machine any more"),
              "licctl --activate-license KEY takes another, where one is left"};
    case Reason::feature_not_licensed:
    case Reason::usage_limit_reached:
    case Reason::trial_not_available:
    case Reason::valid:
    case Reason::expiring:
    case Reason::grace:
    case Reason::trial:
    case Reason::free:
      break;
  }
  return {std::string(token(status.decision.reason)), next};
}

}  // namespace lic::app
