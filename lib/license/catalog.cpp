#include "license/catalog.hpp"

#include <algorithm>
#include <array>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

constexpr std::int64_t kMostMonths = 1200;
constexpr std::int64_t kMostDays = 36'500;
constexpr std::int64_t kMostSeats = 1'000'000;
constexpr std::size_t kMostPlans = 200;

constexpr std::array<std::string_view, 12> kCatalogMembers = {"v",          "product",      "name",        "app",
                                                              "key_prefix", "purchase_url", "renewal_url", "server_url",
                                                              "support",    "unlicensed",   "plans",       "crit"};
constexpr std::array<std::string_view, 20> kPlanMembers = {"id",
                                                           "name",
                                                           "code",
                                                           "kind",
                                                           "recommended",
                                                           "price",
                                                           "months",
                                                           "days",
                                                           "grace_days",
                                                           "maintenance_months",
                                                           "seats",
                                                           "machine_bound",
                                                           "virtual",
                                                           "fresh_revocations",
                                                           "floating",
                                                           "transfers",
                                                           "email_domains",
                                                           "grant_by_email",
                                                           "features",
                                                           "limits"};

/// Faults for every member that looks like a misspelt one of `known`
/// and would be lost silently. Other members are a later version's, or the vendor's own.
template <std::size_t N>
void refuse_misspelt(json::Reader& reader, const std::array<std::string_view, N>& known) {
  const std::vector<std::string> candidates(known.begin(), known.end());
  for (const auto& [name, member] : reader.members()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (const std::string meant = nearest(name, candidates); !meant.empty())
      reader.fault(name, concat("is not known; did you mean \"", meant, "\"?"));
  }
}

std::string read_name(json::Reader& reader, std::string_view member) {
  std::string name = reader.string(member);
  if (!name.empty() && !is_name(name)) reader.fault(member, "is not a name (1 to 64 of a-z, 0-9, '-', '_', '.')");
  if (name.empty() && reader.has(member)) reader.fault(member, "is empty");
  return name;
}

std::string read_key_part(json::Reader& reader, std::string_view member) {
  std::string part = reader.string(member);
  if (reader.has(member) && !is_key_part(part)) reader.fault(member, "must be 2 to 8 of A-Z and 0-9");
  return part;
}

std::string read_url(json::Reader& reader, std::string_view member) {
  std::string url = reader.string_or(member, "");
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '<'; });
  if (!url.empty() && (!web || !plain)) reader.fault(member, "must be an https:// or http:// address");
  return url;
}

bool is_amount(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 15 && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return digits(whole) && digits(fraction) && fraction.size() <= 4;
}

std::optional<Price> read_price(json::Reader& plan) {
  if (!plan.has("price")) return std::nullopt;
  json::Reader reader(*plan.member("price"), plan, "price");
  Price price{reader.string("amount"), reader.string("currency"), reader.string_or("per", "")};
  if (reader.has("amount") && !is_amount(price.amount)) reader.fault("amount", "must be a decimal such as \"4500.00\"");
  const bool code = price.currency.size() == 3 && std::all_of(price.currency.begin(), price.currency.end(),
                                                              [](char c) { return c >= 'A' && c <= 'Z'; });
  if (reader.has("currency") && !code) reader.fault("currency", "must be a code of three capitals such as \"USD\"");
  if (!price.per.empty() && price.per != "month" && price.per != "year")
    reader.fault("per", "is none of month, year (leave it out for a price paid once)");
  return price;
}

void check_domains(json::Reader& reader, const std::vector<std::string>& domains) {
  for (std::size_t i = 0; i < domains.size(); ++i) {
    std::string_view domain = domains[i];
    if (domain.starts_with('.')) domain.remove_prefix(1);
    const bool good = !domain.empty() && !domain.starts_with('.') && !domain.ends_with('.') &&
                      domain.find("..") == std::string_view::npos &&
                      domain.find_first_of("@ */") == std::string_view::npos;
    if (!good) reader.fault("email_domains", i, "must be a domain such as \".edu\"");
  }
}

void check_duration(json::Reader& reader, const Plan& plan) {
  if (plan.months && plan.days) reader.fault("days", "cannot stand beside \"months\"");
  const bool ends = plan.months || plan.days;
  if (plan.kind == Kind::trial && !ends) reader.fault("days", "is missing: a trial ends");
  if (plan.kind == Kind::perpetual && ends)
    reader.fault("kind", "is perpetual, so the plan can have no months or days");
  if (plan.maintenance_months && plan.kind != Kind::perpetual)
    reader.fault("maintenance_months", "is for a plan of kind perpetual");
  if (plan.kind == Kind::free && ends) reader.fault("kind", "is free, so the plan can have no months or days");
}

/// A seat that wanders is the licensing server's to lend, to machines that nobody names.
void check_floating(json::Reader& reader, const Plan& plan) {
  if (!plan.floating) return;
  if (plan.kind == Kind::free || plan.kind == Kind::trial)
    reader.fault("floating", concat("is not for a plan of kind ", token(plan.kind)));
  if (plan.machine_bound)
    reader.fault("floating", "cannot stand beside \"machine_bound\": seats that float are no machine's");
  if (plan.transfers) reader.fault("transfers", "cannot stand beside \"floating\": seats that float go to any machine");
  if (plan.grant_by_email)
    reader.fault("floating", "cannot stand beside \"grant_by_email\": its seats are a server's to lend");
}

Plan read_plan(json::Reader reader, bool strict) {
  if (strict) refuse_misspelt(reader, kPlanMembers);
  Plan plan;
  plan.id = read_name(reader, "id");
  plan.name = reader.string("name");
  plan.code = read_key_part(reader, "code");
  if (const auto kind = parse_kind(reader.text("kind"))) {
    plan.kind = *kind;
  } else if (reader.has("kind")) {
    reader.fault("kind", "is none of free, trial, academic, subscription, perpetual");
  }
  plan.recommended = reader.boolean_or("recommended", false);
  plan.price = read_price(reader);
  if (reader.has("months")) plan.months = reader.integer("months", 1, kMostMonths);
  if (reader.has("days")) plan.days = reader.integer("days", 1, kMostDays);
  plan.grace_days = reader.integer_or("grace_days", 0, 3650, 0);
  if (reader.has("maintenance_months")) plan.maintenance_months = reader.integer("maintenance_months", 1, kMostMonths);
  plan.seats = reader.integer_or("seats", 1, kMostSeats, 1);
  plan.machine_bound = reader.boolean_or("machine_bound", false);
  plan.allows_virtual = reader.boolean_or("virtual", true);
  plan.fresh_revocations = reader.boolean_or("fresh_revocations", false);
  plan.floating = read_floating(reader);
  plan.transfers = read_transfers(reader);
  plan.email_domains = reader.strings_or_empty("email_domains");
  plan.grant_by_email = reader.boolean_or("grant_by_email", false);
  plan.features = read_features(reader, "features");
  plan.limits = read_limits(reader, "limits");
  check_duration(reader, plan);
  check_floating(reader, plan);
  check_domains(reader, plan.email_domains);
  if (plan.grant_by_email && plan.email_domains.empty())
    reader.fault("grant_by_email", "needs \"email_domains\": it would grant the plan to anyone");
  return plan;
}

void check_plans(const std::vector<Plan>& plans, const json::Array& listed, const json::Reader& reader) {
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = plans[i];
    if (listed[i].as_object() == nullptr) continue;
    json::Reader at(listed[i], reader, "plans", i);
    const auto is_known = [&](auto same) { return std::any_of(plans.data(), &plan, same); };
    if (!plan.id.empty() && is_known([&](const Plan& other) { return other.id == plan.id; }))
      at.fault("id", concat(in_quotes(plan.id), " names two plans"));
    if (!plan.code.empty() && is_known([&](const Plan& other) { return other.code == plan.code; }))
      at.fault("code", concat(in_quotes(plan.code), " is the code of two plans"));
    const bool one_only = plan.kind == Kind::free || plan.kind == Kind::trial;
    if (one_only && is_known([&](const Plan& other) { return other.kind == plan.kind; }))
      at.fault("kind", concat("a second plan of kind ", token(plan.kind), ": there can be one"));
  }
}

std::vector<std::string_view> labels_of(std::string_view domain) {
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = domain.find('.');
    labels.push_back(domain.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    domain.remove_prefix(dot + 1);
  }
}

/// Letters, digits and hyphens within (RFC 5321, 4.1.2), or beyond ASCII (RFC 6531).
bool is_domain_label(std::string_view label) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_part);
}

bool domain_matches(const std::vector<std::string_view>& labels, std::string_view wanted) {
  const bool below_only = wanted.starts_with('.');
  if (below_only) wanted.remove_prefix(1);
  const auto suffix = labels_of(wanted);
  const std::size_t least = suffix.size() + (below_only ? 1 : 0);
  return labels.size() >= least && std::equal(suffix.rbegin(), suffix.rend(), labels.rbegin());
}

}  // namespace

Catalog read_catalog(json::Reader& reader, bool strict) {
  Catalog catalog;
  catalog.id = read_name(reader, "product");
  catalog.name = reader.string("name");
  catalog.app = read_name(reader, "app");
  catalog.key_prefix = read_key_part(reader, "key_prefix");
  catalog.purchase_url = read_url(reader, "purchase_url");
  catalog.renewal_url = read_url(reader, "renewal_url");
  catalog.server_url = read_url(reader, "server_url");
  catalog.support = reader.string_or("support", "");
  if (reader.has("unlicensed")) {
    json::Reader unlicensed(*reader.member("unlicensed"), reader, "unlicensed");
    catalog.unlicensed = {read_features(unlicensed, "features"), read_limits(unlicensed, "limits")};
  }
  const json::Array& plans = reader.array("plans");
  if (plans.empty() && reader.has("plans")) reader.fault("plans", "must hold at least one plan");
  if (plans.size() > kMostPlans) reader.fault("plans", concat("holds more than ", kMostPlans, " plans"));
  const std::size_t read = std::min(plans.size(), kMostPlans);
  catalog.plans.reserve(read);
  for (std::size_t i = 0; i < read; ++i)
    catalog.plans.push_back(read_plan(json::Reader(plans[i], reader, "plans", i), strict));
  check_plans(catalog.plans, plans, reader);
  return catalog;
}

Result<Catalog> Catalog::parse(std::string_view text, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Document value, json::parse(text, what));
  json::Faults faults;
  json::Reader reader(value, faults);
  read_version(reader);
  refuse_misspelt(reader, kCatalogMembers);
  Catalog catalog = read_catalog(reader, true);
  if (!faults.empty()) return faults.all(what);
  return catalog;
}

const Plan* Catalog::find_plan(std::string_view wanted) const noexcept {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.id == wanted; });
  return found == plans.end() ? nullptr : &*found;
}

const Plan* Catalog::plan_of_kind(Kind kind) const noexcept {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.kind == kind; });
  return found == plans.end() ? nullptr : &*found;
}

bool is_email(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 254;  // RFC 5321, 4.5.3.1.3, less the angle brackets
  const std::size_t at = text.find('@');
  if (text.size() > kLongest || at == 0 || at == std::string_view::npos || at != text.rfind('@')) return false;
  if (!is_utf8(text) || text.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return false;
  const auto labels = labels_of(text.substr(at + 1));
  return std::all_of(labels.begin(), labels.end(), is_domain_label);
}

bool email_matches(std::string_view email, const std::vector<std::string>& domains) {
  if (!is_email(email)) return false;
  const std::string domain = to_lower(email.substr(email.find('@') + 1));
  const auto labels = labels_of(domain);
  return std::any_of(domains.begin(), domains.end(),
                     [&](const std::string& wanted) { return domain_matches(labels, to_lower(wanted)); });
}

std::optional<Time> plan_end(const Plan& plan, Time start) {
  if (plan.months) return add_months(start, *plan.months);
  if (plan.days) return add(start, {0, std::chrono::hours{24 * *plan.days}});
  return std::nullopt;
}

}  // namespace lic
