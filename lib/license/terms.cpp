#include "license/terms.hpp"

#include <algorithm>
#include <array>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/key.hpp"

namespace lic {
namespace {

constexpr std::int64_t kMostSeats = 1'000'000;
constexpr std::int64_t kMostGraceDays = 3650;
constexpr std::size_t kMostMachines = 1000;
constexpr std::int64_t kMostFloatingMinutes = 24 * 60;
constexpr std::int64_t kMostBorrowDays = 365;
constexpr std::int64_t kMostTransfers = 1'000'000;

/// What a payload may name in `crit`: a reader that does not know it must refuse.
constexpr std::array<std::string_view, 5> kCritical = {"suspended_at", "activation", "virtual", "fresh_revocations",
                                                       "floating"};

constexpr std::array kKinds = {Kind::free, Kind::trial, Kind::academic, Kind::subscription, Kind::perpetual};
constexpr std::array kPeriods = {Period::day, Period::month, Period::year};

std::optional<FeatureValue> read_feature_value(const json::Value& value) {
  if (const auto* boolean = value.as_bool()) return FeatureValue{*boolean};
  if (const auto* integer = value.as_integer()) return FeatureValue{*integer};
  if (const auto* text = value.as_string()) return FeatureValue{*text};
  const auto* array = value.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> words;
  words.reserve(array->size());
  for (const auto& element : *array) {
    const auto* word = element.as_string();
    if (word == nullptr) return std::nullopt;
    words.push_back(*word);
  }
  return FeatureValue{std::move(words)};
}

Customer read_customer(json::Reader& document) {
  Customer customer;
  const json::Value* member = document.member("customer");
  if (member == nullptr) {
    document.fault("customer", "is missing");
    return customer;
  }
  json::Reader reader(*member, document, "customer");
  customer.name = reader.string_or("name", "");
  customer.email = reader.string_or("email", "");
  return customer;
}

FactDigests read_facts(json::Reader& binding) {
  FactDigests facts;
  if (binding.has("facts")) {
    json::Reader reader(*binding.member("facts"), binding, "facts");
    facts = read_fact_digests(reader);
  }
  if (facts.empty()) binding.fault("facts", "must name at least one fact");
  return facts;
}

std::vector<MachineBinding> read_machines(json::Reader& document) {
  std::vector<MachineBinding> machines;
  const json::Array& listed = document.array_or_empty("machines");
  if (listed.size() > kMostMachines) document.fault("machines", concat("names more than ", kMostMachines, " machines"));
  for (std::size_t i = 0; i < listed.size() && i < kMostMachines; ++i) {
    json::Reader reader(listed[i], document, "machines", i);
    MachineBinding binding;
    binding.match = static_cast<int>(reader.integer("match", 1, 64));
    binding.facts = read_facts(reader);
    machines.push_back(std::move(binding));
  }
  return machines;
}

std::optional<ActivationMark> read_activation(json::Reader& document) {
  if (!document.has("activation")) return std::nullopt;
  json::Reader reader(*document.member("activation"), document, "activation");
  return ActivationMark{reader.string("request"), reader.string("receipt_hash")};
}

std::vector<std::pair<std::string, std::string>> read_metadata(json::Reader& document) {
  std::vector<std::pair<std::string, std::string>> metadata;
  if (!document.has("metadata")) return metadata;
  json::Reader reader(*document.member("metadata"), document, "metadata");
  for (const auto& [name, value] : reader.members()) {
    if (const auto* text = value.as_string()) {
      metadata.emplace_back(name, *text);
    } else {
      reader.fault(name, "must be a string");
    }
  }
  return metadata;
}

Terms read_terms(json::Reader& document) {
  Terms terms;
  read_version(document, kCritical);
  terms.id = document.string("id");
  terms.serial = document.integer("serial", 1, json::kMaxInteger);
  terms.product = document.string("product");
  terms.key = document.string("key");
  terms.plan = document.string("plan");
  if (const auto kind = parse_kind(document.text("kind"))) {
    terms.kind = *kind;
  } else {
    document.fault("kind", "is none of free, trial, academic, subscription, perpetual");
  }
  terms.customer = read_customer(document);
  terms.issued_at = document.time("issued_at");
  terms.starts_at = document.time("starts_at");
  terms.expires_at = document.optional_time("expires_at");
  terms.grace_days = document.integer_or("grace_days", 0, kMostGraceDays, 0);
  terms.maintenance_until = document.optional_time("maintenance_until");
  terms.suspended_at = document.optional_time("suspended_at");
  terms.features = read_features(document, "features");
  terms.limits = read_limits(document, "limits");
  terms.seats = document.integer_or("seats", 1, kMostSeats, 1);
  terms.allows_virtual = document.boolean_or("virtual", true);
  terms.fresh_revocations = document.boolean_or("fresh_revocations", false);
  terms.floating = read_floating(document);
  terms.transfers = read_transfers(document);
  terms.machines = read_machines(document);
  terms.activation = read_activation(document);
  terms.order = document.string_or("order", "");
  terms.metadata = read_metadata(document);
  if (terms.expires_at && *terms.expires_at <= terms.starts_at)
    document.fault("expires_at", "must lie after starts_at");
  return terms;
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view text) noexcept {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](Kind kind) { return token(kind) == text; });
  return found == kKinds.end() ? std::nullopt : std::optional(*found);
}

std::optional<Period> parse_period(std::string_view text) noexcept {
  const auto found = std::find_if(kPeriods.begin(), kPeriods.end(), [&](Period per) { return token(per) == text; });
  return found == kPeriods.end() ? std::nullopt : std::optional(*found);
}

bool is_name(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 64;
  enum Part : char { nowhere, within, anywhere };
  static constexpr auto kPlaces = [] {
    std::array<Part, 256> places{};
    for (unsigned char c = 'a'; c <= 'z'; ++c) places[c] = anywhere;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) places[c] = anywhere;
    for (unsigned char c = '0'; c <= '9'; ++c) places[c] = anywhere;
    for (const char c : {'-', '_', '.'}) places[static_cast<unsigned char>(c)] = within;
    return places;
  }();
  if (text.empty() || text.size() > kLongest) return false;
  Part least = anywhere;
  for (const char c : text) {
    if (kPlaces[static_cast<unsigned char>(c)] < least) return false;
    least = within;
  }
  return true;
}

void read_version(json::Reader& reader, std::span<const std::string_view> known) {
  const json::Value* version = reader.member("v");
  const auto* number = version == nullptr ? nullptr : version->as_integer();
  if (number != nullptr && *number != 1) {
    reader.fault("v", concat("is ", *number, ": a newer version of this program is needed"));
  } else if (number == nullptr) {
    reader.fault("v", version == nullptr ? "is missing" : "must be a whole number");
  }
  for (const auto& name : reader.strings_or_empty("crit"))
    if (std::find(known.begin(), known.end(), name) == known.end())
      reader.fault("crit", concat("names ", in_quotes(name), ", which is not known here: newer version needed"));
}

FactDigests read_fact_digests(json::Reader& reader) {
  FactDigests facts;
  for (const auto& [name, value] : reader.members()) {
    auto& digests = facts[name];
    if (const auto* digest = value.as_string()) digests.push_back(*digest);
    if (const auto* several = value.as_array()) {
      for (const auto& element : *several)
        if (const auto* digest = element.as_string()) digests.push_back(*digest);
      if (digests.size() != several->size()) digests.clear();
    }
    if (digests.empty()) reader.fault(name, "must be a digest or a list of digests");
  }
  return facts;
}

Features read_features(json::Reader& reader, std::string_view name) {
  Features features;
  if (!reader.has(name)) return features;
  json::Reader object(*reader.member(name), reader, name);
  features.reserve(object.members().size());
  for (const auto& [feature, value] : object.members()) {
    auto read = read_feature_value(value);
    if (!is_name(feature)) object.fault(feature, "is not a name (1 to 64 of a-z, 0-9, '-', '_', '.')");
    if (!read) object.fault(feature, "must be true or false, a whole number, a string or a list of strings");
    if (read) features.emplace_back(feature, *std::move(read));
  }
  return features;
}

Limits read_limits(json::Reader& reader, std::string_view name) {
  Limits limits;
  if (!reader.has(name)) return limits;
  json::Reader object(*reader.member(name), reader, name);
  limits.reserve(object.members().size());
  for (const auto& [limit_name, value] : object.members()) {
    if (!is_name(limit_name)) object.fault(limit_name, "is not a name (1 to 64 of a-z, 0-9, '-', '_', '.')");
    json::Reader entry(value, object, limit_name);
    Limit limit;
    if (entry.member("max") == nullptr) {
      entry.fault("max", "is missing (a number, or null for unlimited)");
    } else if (entry.has("max")) {
      limit.max = entry.integer("max", 0, json::kMaxInteger);
    }
    if (entry.has("per")) {
      limit.per = parse_period(entry.text("per"));
      if (!limit.per) entry.fault("per", "is none of day, month, year");
    }
    if (entry.has("overage")) limit.overage = entry.integer("overage", 0, kMostOverage);
    limits.emplace_back(limit_name, limit);
  }
  return limits;
}

std::optional<Floating> read_floating(json::Reader& reader) {
  if (!reader.has("floating")) return std::nullopt;
  json::Reader object(*reader.member("floating"), reader, "floating");
  return Floating{object.integer("minutes", 1, kMostFloatingMinutes),
                  object.integer_or("borrow_days", 0, kMostBorrowDays, 0)};
}

std::optional<TransferAllowance> read_transfers(json::Reader& reader) {
  if (!reader.has("transfers")) return std::nullopt;
  json::Reader object(*reader.member("transfers"), reader, "transfers");
  TransferAllowance allowance{object.integer("max", 0, kMostTransfers), Period::month};
  const auto per = parse_period(object.text("per"));
  if (!per || *per == Period::day) object.fault("per", "is none of month, year");
  allowance.per = per.value_or(Period::month);
  return allowance;
}

std::string limit_words(const Limit& limit) {
  if (!limit.max) return "unlimited";
  std::string words = std::to_string(*limit.max);
  if (limit.per) words += concat(" per ", token(*limit.per));
  if (limit.overage != 0) words += concat(", up to ", limit.overage, " % over");
  return words;
}

Result<Terms> Terms::parse(ByteView payload, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(payload), what));
  json::Faults faults;
  json::Reader document(value, faults);
  Terms terms = read_terms(document);
  if (!faults.empty()) return faults.first(what);
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(terms.key));
  if (key.text() != terms.key)
    return error(Errc::invalid_input, concat(what, ": /key: ", in_quotes(terms.key), " is not in normal form"));
  return terms;
}

}  // namespace lic
