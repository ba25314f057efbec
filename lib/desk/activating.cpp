#include "desk/activating.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/json_text.hpp"
#include "desk/reissue.hpp"
#include "desk/seats.hpp"
#include "issue/issuer.hpp"
#include "protocol/carried_text.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

/// Why a license that does not hold gives no seat; absent when it holds.
std::optional<Refusal> refusal_of(const LicenseSummary& license) {
  if (allows(license.status)) return std::nullopt;
  const std::string name = concat("license ", license.key);
  const Reason code = license.status;
  if (license.revoked_at)
    return Refusal{code, concat(name, " was revoked on ", format_date(*license.revoked_at)),
                   "a revocation is final: issue a new license"};
  if (license.suspended_at)
    return Refusal{code, concat(name, " is suspended since ", format_date(*license.suspended_at)),
                   concat("licgen reinstate ", license.key, " first")};
  if (license.status == Reason::not_yet_valid)
    return Refusal{code, concat(name, " does not begin before ", format_time(license.starts_at)), "answer it then"};
  return Refusal{code, concat(name, " ended on ", format_date(license.expires_at.value_or(license.issued_at))),
                 concat("licgen renew ", license.key, " first")};
}

/// The answer that was given to this very request. Errors: conflict.
Result<SeatAnswer> given_before(const SeatRequest& incoming, Activation activation, const LicenseRecord& record) {
  const std::string& id = incoming.request.id;
  if (activation.request_digest != incoming.digest)
    return error(Errc::conflict,
                 concat("request ", id,
                        " was answered before, and did not read like this: one of the "
                        "two was altered"),
                 "have the machine make a new request: licctl --request-activation FILE --license-key KEY --force");
  if (!activation.live())
    return error(Errc::conflict, concat("the seat that request ", id, " took was ", end_text(activation)),
                 "the machine needs a new request: licctl --request-activation FILE --license-key KEY --force");
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  return SeatAnswer{std::move(activation), false, false, seat_holders(terms).size(), terms.seats};
}

/// The machine's place among those that hold a seat; past the end where it has none.
std::size_t place_of(const SeatRequest& incoming, const std::vector<MachineBinding>& holders) {
  auto place = std::find(holders.begin(), holders.end(), incoming.binding);
  if (place == holders.end())
    place = std::find_if(holders.begin(), holders.end(),
                         [&](const MachineBinding& holder) { return incoming.machine.matches(holder); });
  return static_cast<std::size_t>(place - holders.begin());
}

/// What the ledger is to take in one transaction.
struct Change {
  Terms before;
  Terms next;
  std::string document;
  Activation activation;
  std::vector<Activation> replaced;
};

Result<Change> prepare(const SeatRequest& incoming, const Terms& terms, std::vector<MachineBinding> holders,
                       std::size_t place, const Signer& signer, const Desk& desk) {
  Change change{terms, {}, {}, {}, {}};
  const ActivationRequest& request = incoming.request;
  if (place < holders.size()) {
    LIC_TRY_ASSIGN(const auto activations, desk.ledger.activations(terms.key));
    LIC_TRY_ASSIGN(change.replaced, live_at(activations, holders[place]));
    holders[place] = incoming.binding;
  } else {
    holders.push_back(incoming.binding);
  }
  change.next = bound_to(terms, std::move(holders), desk.now);
  LIC_TRY_ASSIGN(change.document, sign_license(change.next, signer.key, signer.product));
  Terms answer = change.next;
  answer.machines = {incoming.binding};
  answer.activation = ActivationMark{request.id, request.receipt_hash};
  LIC_TRY_ASSIGN(std::string signed_answer, sign_license(answer, signer.key, signer.product));
  change.activation = {terms.key,
                       request.id,
                       incoming.digest,
                       request.receipt_hash,
                       incoming.machine.fingerprint(),
                       answer.serial,
                       std::move(signed_answer),
                       desk.now,
                       std::nullopt,
                       {}};
  return change;
}

Result<void> store(const Change& change, Transaction& transaction, const Desk& desk) {
  const Activation& activation = change.activation;
  LIC_TRY(transaction.reissue(change.next, change.document));
  Json detail = {{"serial", change.next.serial},
                 {"sha256", document_digest(change.document)},
                 {"changes", changes_json(differences(change.before, change.next))},
                 {"machine", activation.machine},
                 {"request", activation.request},
                 {"activation", activation_digest(activation)},
                 {"answer_sha256", document_digest(activation.answer)}};
  for (const auto& old : change.replaced) {
    LIC_TRY(transaction.end_activation(old.request, kEndedByRequest, desk.now));
    detail["ended"].push_back(old.request);
    detail["ended_by"] = kEndedByRequest;
  }
  LIC_TRY(transaction.add_activation(activation));
  return transaction.record({desk.now, desk.actor, "activate", activation.key, "", compact_json(detail)});
}

Refusal no_seat_left(const Terms& terms) {
  return {Reason::no_seat_left,
          concat("license ", terms.key, " has no seat left: ", terms.seats, " of ", terms.seats,
                 terms.seats == 1 ? " is taken" : " are taken"),
          concat("free one with licgen release ", terms.key, " --machine ID (licgen activations ", terms.key,
                 " lists them), or give it more with licgen change ", terms.key, " --seats N")};
}

Error floats(const Terms& terms) {
  return error(Errc::conflict,
               concat("license ", terms.key,
                      " floats: its seats are the licensing server's to lend, and "
                      "no machine gets one without it"),
               "for machines without a network issue a license of a plan that does not float; for some days "
               "licctl --borrow-license takes a seat along");
}

/// Of a request that was not answered before.
Result<SeatOutcome> take_new_seat(Transaction& transaction, const Desk& desk, const SeatRequest& incoming,
                                  const Signer& signer, const std::function<Result<void>()>& ready) {
  LIC_TRY_ASSIGN(const LicenseRecord record, desk.ledger.find(incoming.request.key, desk.now));
  LIC_TRY(check_clock(record.summary, desk.now));
  LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
  if (terms.floating) return floats(terms);
  auto holders = seat_holders(terms);
  LIC_TRY_ASSIGN(const auto activations, desk.ledger.activations(terms.key));
  LIC_TRY(add_leased(activations, desk.now, holders));  // the new file names these too
  const std::size_t place = place_of(incoming, holders);
  const std::size_t taken = std::max(holders.size(), place + 1);
  if (std::ssize(holders) >= terms.seats && place == holders.size()) return SeatOutcome(no_seat_left(terms));
  if (ready) LIC_TRY(ready());
  LIC_TRY_ASSIGN(const Change change, prepare(incoming, terms, std::move(holders), place, signer, desk));
  LIC_TRY(store(change, transaction, desk));
  return SeatOutcome(SeatAnswer{change.activation, true, terms.machines.empty(), taken, terms.seats});
}

}  // namespace

Result<SeatRequest> read_seat_request(ByteView carried, std::string_view what, const ProductFile& product) {
  LIC_TRY_ASSIGN(const std::string text, join_pieces(carried, what));
  LIC_TRY_ASSIGN(ActivationRequest request, ActivationRequest::parse(view_bytes(text), what));
  const std::string& ours = product.catalog().id;
  if (request.product != ours)
    return error(Errc::untrusted, concat(what, " is for the product ", in_quotes(request.product), ", not for ", ours));
  auto machine = MachineIdentity::from_digests(request.facts);
  const auto binding = machine ? machine->binding() : Result<MachineBinding>(Error(machine.error()));
  if (!binding) return error(binding.error().code, concat(what, ": ", binding.error().message), binding.error().hint);
  std::string digest = document_digest(request.to_json());
  return SeatRequest{std::move(request), std::move(digest), *std::move(machine), *binding};
}

Result<std::optional<SeatOutcome>> answer_without_key(const Desk& desk, const SeatRequest& incoming) {
  LIC_TRY_ASSIGN(const LicenseRecord record, desk.ledger.find(incoming.request.key, desk.now));
  if (auto refusal = refusal_of(record.summary)) return std::optional<SeatOutcome>(*std::move(refusal));
  LIC_TRY_ASSIGN(auto before, desk.ledger.find_activation(incoming.request.id));
  if (!before) return std::optional<SeatOutcome>();
  LIC_TRY_ASSIGN(SeatAnswer answered, given_before(incoming, *std::move(before), record));
  return std::optional<SeatOutcome>(std::move(answered));
}

Result<SeatOutcome> take_seat(Transaction& transaction, const Desk& desk, const SeatRequest& incoming,
                              const Signer& signer, const std::function<Result<void>()>& ready) {
  LIC_TRY_ASSIGN(auto answered, answer_without_key(desk, incoming));
  return answered ? Result<SeatOutcome>(*std::move(answered))
                  : take_new_seat(transaction, desk, incoming, signer, ready);
}

Json seat_answer_json(const SeatAnswer& answer, std::string_view document) {
  const Activation& activation = answer.activation;
  return {{"key", activation.key},         {"serial", activation.serial},
          {"machine", activation.machine}, {"request", activation.request},
          {"changed", answer.changed},     {"seats", answer.seats},
          {"taken", answer.taken},         {"answer", json_or_discarded(document)}};
}

}  // namespace lic
