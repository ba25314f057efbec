#include "server/service.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "desk/signing.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"
#include "protocol/offline_exchange.hpp"
#include "server/round.hpp"
#include "trust/revocations.hpp"
#include "trust/verify.hpp"

namespace lic {
namespace {

bool writes(const ServiceRequest& asked) { return may_write(asked.request.action); }

Result<Outcome> decide_one(const Round& round, const ServiceRequest& asked) {
  const OnlineRequest& request = asked.request;
  const std::string& ours = round.documents.product().catalog().id;
  if (request.product != ours)
    return faulty(422, "wrong-product",
                  concat("this server is for ", in_quotes(ours), ", not for ", in_quotes(request.product)));
  if (request.action == OnlineAction::usage) return decide_usage(round, request);
  const auto& machine = asked.machine;
  if (!machine) return faulty(400, "bad-request", machine.error().message);
  LIC_TRY_ASSIGN(Outcome outcome, request.action == OnlineAction::trial ? decide_trial(round, request, *machine)
                                                                        : decide_seat(round, asked));
  outcome.answer.machine = machine->binding;
  if (request.action != OnlineAction::trial) outcome.answer.key_hash = asked.key_hash;
  return outcome;
}

/// The outcome with what every answer has.
Outcome complete(Outcome outcome, const OnlineRequest& request, const Round& round) {
  ServerAnswer& answer = outcome.answer;
  answer.id = round.ids.random();
  answer.product = round.documents.product().catalog().id;
  answer.issued_at = round.now;
  answer.action = token(request.action);
  answer.nonce = request.nonce;
  return outcome;
}

}  // namespace

Outcome failed(const Error& error) {
  Outcome outcome;
  outcome.fault = fault_of(error);
  return outcome;
}

Result<std::shared_ptr<const ServiceDocuments>> ServiceDocuments::make(std::string product, std::string revocations,
                                                                       SigningKey key, Time now,
                                                                       std::optional<SigningKey> license_key) {
  LIC_TRY_ASSIGN(ProductFile opened, ProductFile::open(view_bytes(product), "product file"));
  const KeyId& id = key.public_key().id();
  const TrustedKey* trusted = opened.find_key(id);
  if (trusted == nullptr || !trusted->may(Role::lease))
    return error(Errc::conflict, concat("key ", id.hex(), " may sign no leases by the product file"),
                 "licgen keys delegate makes a key that may");
  if (const auto in_force = check_in_force(opened, id, now, "a lease"); !in_force)
    return error(Errc::conflict, in_force.error().message, "licgen keys delegate makes a new key");
  if (!revocations.empty()) LIC_TRY(RevocationList::open(view_bytes(revocations), opened, "revocation list"));
  if (license_key) LIC_TRY(check_may_sign(opened, license_key->public_key().id(), Role::license, now));
  return std::shared_ptr<const ServiceDocuments>(new ServiceDocuments(
      std::move(opened), std::move(product), std::move(revocations), std::move(key), std::move(license_key)));
}

std::int64_t KnownLicenses::serial_of(const std::string& key) const {
  const auto known = licenses_.find(key);
  return known == licenses_.end() ? 0 : known->second->terms.serial;
}

Result<std::shared_ptr<const KnownLicense>> KnownLicenses::of(const std::string& key, std::int64_t serial,
                                                              std::string document) {
  const auto known = licenses_.find(key);
  if (known != licenses_.end() && known->second->terms.serial == serial) return known->second;
  constexpr std::string_view kWhat = "a document of the ledger";
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(view_bytes(document), kWhat));
  LIC_TRY_ASSIGN(Terms terms, Terms::parse(envelope.payload(), kWhat));
  auto read = std::make_shared<const KnownLicense>(KnownLicense{std::move(terms), std::move(document)});
  if (licenses_.size() >= kMost) licenses_.clear();
  licenses_[key] = read;
  return read;
}

/// Five bytes of seconds, three of a count, eight of chance.
std::string FreshIds::growing(Time now) {
  const auto seconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t head = (seconds << 24U) | (count_++ & 0xff'ffffU);
  Bytes id(8);
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(head >> (56 - 8 * i));
  const auto chance = chance_.next<8>();
  id.insert(id.end(), chance.begin(), chance.end());
  return hex_encode(id);
}

std::string FreshIds::random() { return hex_encode(chance_.next<16>()); }

std::vector<Outcome> Service::decide(std::span<const ServiceRequest> requests, const ServiceDocuments& documents,
                                     Time now) {
  return decide_round(requests, documents, now, true);
}

std::vector<Outcome> Service::decide_round(std::span<const ServiceRequest> requests, const ServiceDocuments& documents,
                                           Time now, bool once_more) {
  const auto all_failed = [&](const Error& error) { return std::vector<Outcome>(requests.size(), failed(error)); };
  // Nothing has happened: the connection to the ledger was lost, say.
  const auto is_worth_again = [&](const Error& error) { return once_more && error.code == Errc::unavailable; };
  std::unique_ptr<Transaction> transaction;
  std::unique_ptr<Snapshot> snapshot;
  if (std::any_of(requests.begin(), requests.end(), writes)) {
    auto begun = ledger_.begin();
    if (!begun) return all_failed(begun.error());
    transaction = *std::move(begun);
  } else {
    auto taken = ledger_.snapshot();
    if (!taken) return all_failed(taken.error());
    snapshot = *std::move(taken);
  }
  const Round round{ledger_, transaction.get(), documents, policy_, known_, ids_, now};
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  for (const ServiceRequest& asked : requests) {
    auto outcome = decide_one(round, asked);
    if (!outcome) {  // half of it may be in the transaction, which goes
      transaction.reset();
      snapshot.reset();
      if (is_worth_again(outcome.error())) return decide_round(requests, documents, now, false);
      if (requests.size() == 1) return all_failed(outcome.error());
      return decide_singly(requests, documents, now);
    }
    outcomes.push_back(complete(*std::move(outcome), asked.request, round));
  }
  if (!transaction) return outcomes;
  const auto committed = transaction->commit();
  if (committed) return outcomes;
  transaction.reset();
  if (is_worth_again(committed.error())) return decide_round(requests, documents, now, false);
  return all_failed(committed.error());
}

std::vector<Outcome> Service::decide_singly(std::span<const ServiceRequest> requests, const ServiceDocuments& documents,
                                            Time now) {
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < requests.size(); ++i)
    outcomes.push_back(std::move(decide(requests.subspan(i, 1), documents, now).front()));
  return outcomes;
}

std::string seal(const Outcome& outcome, const SigningKey& key) {
  const std::string answer = sign_document(DocumentKind::lease, outcome.answer.to_json(), key).to_json();
  return reply_json(answer, outcome.license ? outcome.license->document : std::string_view());
}

std::string fault_body(std::string_view code, std::string_view message) {
  json::ObjectBuilder error;
  error.string("code", code).string("message", printable(message));
  json::ObjectBuilder out;
  out.value("error", error.take());
  return json::dump(out.take());
}

ServiceFault fault_of(const Error& error) {
  if (error.code == Errc::unavailable)
    return {503, "unavailable", "the ledger is out of reach; try again", error.message};
  return {500, "failure", "the server cannot answer", error.message};
}

bool is_machine(const AskingMachine& machine, const std::string& fingerprint) {
  if (machine.fingerprint == fingerprint) return true;
  const auto other = MachineIdentity::parse(fingerprint);
  if (!other) return false;
  const auto binding = other->binding();
  return binding && machine.identity.matches(*binding);
}

Outcome denied(DenialReason reason, std::optional<Time> retry_at) {
  Outcome outcome;
  outcome.answer.verdict = Verdict::denied;
  outcome.answer.denial = Denial{reason, retry_at};
  return outcome;
}

Outcome faulty(int status, std::string_view code, std::string message) {
  Outcome outcome;
  outcome.fault = ServiceFault{status, code, std::move(message)};
  return outcome;
}

}  // namespace lic
