#include "trust/lease.hpp"

#include <array>
#include <chrono>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "trust/verify.hpp"

namespace lic {
namespace {

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kHashBytes = 32;

constexpr std::array kVerdicts = {Verdict::granted, Verdict::trial, Verdict::released, Verdict::recorded,
                                  Verdict::denied};
constexpr std::array kReasons = {DenialReason::unknown_license,     DenialReason::revoked,
                                 DenialReason::suspended,           DenialReason::expired,
                                 DenialReason::not_yet_valid,       DenialReason::wrong_machine,
                                 DenialReason::no_seat_left,        DenialReason::not_activated,
                                 DenialReason::transfers_used_up,   DenialReason::wrong_secret,
                                 DenialReason::trial_not_available, DenialReason::usage_missing,
                                 DenialReason::usage_refused};

/// The one of `known` with that token. What is not known is a fault, and then the first one.
template <class Enum, std::size_t N>
Enum read_token(json::Reader& reader, std::string_view name, const std::array<Enum, N>& known) {
  const std::string text = reader.string(name);
  for (const Enum candidate : known)
    if (token(candidate) == text) return candidate;
  if (!text.empty()) reader.fault(name, concat(in_quotes(text), " is not known to this version"));
  return known.front();
}

std::string read_hex(json::Reader& reader, std::string_view name, std::size_t size) {
  std::string value = reader.string(name);
  const auto raw = hex_decode(value);
  if (!raw || raw->size() != size) reader.fault(name, concat("is not ", size, " bytes in hex"));
  return value;
}

/// A member that is required to be there exactly where `wanted`: else it is a fault.
const json::Value* read_part(json::Reader& document, std::string_view name, bool wanted) {
  if (document.has(name) != wanted) {
    document.fault(name, wanted ? "is missing" : "does not go with the verdict");
    return nullptr;
  }
  return wanted ? document.member(name) : nullptr;
}

std::optional<Lease> read_lease(json::Reader& document, bool wanted) {
  const json::Value* member = read_part(document, "lease", wanted);
  if (member == nullptr) return std::nullopt;
  json::Reader reader(*member, document, "lease");
  Lease lease{reader.string("id"), reader.string("license"), reader.integer("serial", 1, json::kMaxInteger),
              reader.time("refresh_at"), reader.time("expires_at")};
  if (lease.refresh_at > lease.expires_at) reader.fault("refresh_at", "lies after /lease/expires_at");
  return lease;
}

std::optional<TrialGrant> read_trial(json::Reader& document, bool wanted) {
  const json::Value* member = read_part(document, "trial", wanted);
  if (member == nullptr) return std::nullopt;
  json::Reader reader(*member, document, "trial");
  TrialGrant trial{reader.string("key"), reader.string("plan"), reader.time("starts_at")};
  const auto key = LicenseKey::parse(trial.key);
  if (!key || key->text() != trial.key || key->code() != LicenseKey::kTrialCode)
    reader.fault("key", "is not the key of a trial in normal form");
  return trial;
}

std::optional<Denial> read_denial(json::Reader& document, bool wanted) {
  const json::Value* member = read_part(document, "denial", wanted);
  if (member == nullptr) return std::nullopt;
  json::Reader reader(*member, document, "denial");
  Denial denial{read_token(reader, "reason", kReasons), std::nullopt};
  if (reader.has("retry_at")) denial.retry_at = reader.time("retry_at");
  if (reader.has("queue")) denial.queue = reader.integer("queue", 1, json::kMaxInteger);
  return denial;
}

std::optional<MachineBinding> read_machine(json::Reader& document) {
  if (!document.has("machine")) return std::nullopt;
  json::Reader reader(*document.member("machine"), document, "machine");
  MachineBinding machine;
  machine.match = static_cast<int>(reader.integer("match", 1, 64));
  if (reader.has("facts")) {
    json::Reader facts(*reader.member("facts"), reader, "facts");
    machine.facts = read_fact_digests(facts);
  }
  if (machine.facts.empty()) reader.fault("facts", "must name at least one fact");
  return machine;
}

ServerAnswer read_answer(json::Reader& document) {
  ServerAnswer answer;
  read_version(document);
  answer.id = document.string("id");
  answer.product = document.string("product");
  answer.issued_at = document.time("issued_at");
  answer.action = document.string("action");
  answer.nonce = read_hex(document, "nonce", kNonceBytes);
  if (document.has("key_hash")) answer.key_hash = read_hex(document, "key_hash", kHashBytes);
  answer.machine = read_machine(document);
  answer.verdict = read_token(document, "verdict", kVerdicts);
  answer.lease = read_lease(document, answer.verdict == Verdict::granted);
  answer.trial = read_trial(document, answer.verdict == Verdict::trial);
  answer.denial = read_denial(document, answer.verdict == Verdict::denied);
  if (document.has("usage_seq")) answer.usage_seq = document.integer("usage_seq", 0, json::kMaxInteger);
  if ((answer.lease || answer.trial) && !answer.machine) document.fault("machine", "is missing");
  if (answer.lease && answer.key_hash.empty()) document.fault("key_hash", "is missing");
  if (answer.verdict == Verdict::recorded && !answer.usage_seq) document.fault("usage_seq", "is missing");
  return answer;
}

}  // namespace

std::string_view token(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::granted:
      return "granted";
    case Verdict::trial:
      return "trial";
    case Verdict::released:
      return "released";
    case Verdict::recorded:
      return "recorded";
    case Verdict::denied:
      return "denied";
  }
  return {};
}

std::string_view token(DenialReason reason) noexcept {
  switch (reason) {
    case DenialReason::unknown_license:
      return "unknown-license";
    case DenialReason::revoked:
      return "revoked";
    case DenialReason::suspended:
      return "suspended";
    case DenialReason::expired:
      return "expired";
    case DenialReason::not_yet_valid:
      return "not-yet-valid";
    case DenialReason::wrong_machine:
      return "wrong-machine";
    case DenialReason::no_seat_left:
      return "no-seat-left";
    case DenialReason::not_activated:
      return "not-activated";
    case DenialReason::transfers_used_up:
      return "transfers-used-up";
    case DenialReason::wrong_secret:
      return "wrong-secret";
    case DenialReason::trial_not_available:
      return "trial-not-available";
    case DenialReason::usage_missing:
      return "usage-missing";
    case DenialReason::usage_refused:
      return "usage-refused";
  }
  return {};
}

Result<ServerAnswer> ServerAnswer::open(ByteView bytes, const ProductFile& product, std::string_view what) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::lease, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, product, Role::lease, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));
  json::Faults faults;
  json::Reader document(value, faults);
  ServerAnswer answer = read_answer(document);
  if (!faults.empty()) return faults.first(what);
  if (const std::string& ours = product.catalog().id; answer.product != ours)
    return error(Errc::untrusted,
                 concat(what, " is for the product ", in_quotes(answer.product), ", not for ", in_quotes(ours)));
  LIC_TRY(check_in_force(product, signer, answer.issued_at, what));
  return answer;
}

Result<void> ServerAnswer::fits(const Terms& terms, std::string_view what) const {
  if (lease->license != terms.id)
    return error(Errc::untrusted, concat(what, " is a lease of another license than ", printable(terms.key)));
  const auto end = end_of_license(terms);
  if (end && lease->expires_at > *end)
    return error(Errc::untrusted, concat(what, " is a lease that outlives its license"));
  return {};
}

std::optional<Time> end_of_license(const Terms& terms) noexcept {
  if (!terms.expires_at) return std::nullopt;
  return *terms.expires_at + std::chrono::days{terms.grace_days};
}

}  // namespace lic
