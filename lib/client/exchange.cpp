#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "client/installation.hpp"
#include "license/key.hpp"
#include "protocol/carried_text.hpp"
#include "protocol/offline_exchange.hpp"

// The offline exchange (docs/formats.md, 11): request, answer, receipt.

namespace lic {
namespace {

constexpr std::string_view kWayBack = "to use it here again, request an activation anew";

}  // namespace

bool Installation::is_given_back(const Terms& terms) const {
  if (marks_.is_given_back(terms, machine_)) return true;
  const auto& exchanges = loaded_.state.exchanges;
  const auto of_it = [&](const Exchange& exchange) {
    return exchange.license == terms.id && (!terms.activation || exchange.request == terms.activation->request);
  };
  const auto newest = std::find_if(exchanges.rbegin(), exchanges.rend(), of_it);
  return newest != exchanges.rend() && !newest->receipt.empty();
}

/// A license whose seat was given back does not come back with an old copy of the state.
void Installation::drop_given_back() {
  given_back_.clear();
  if (!standing_.license) return;
  const Terms& terms = standing_.license->terms();
  const auto& exchanges = loaded_.state.exchanges;
  const bool exchanged = terms.activation || std::any_of(exchanges.begin(), exchanges.end(),
                                                         [&](const Exchange& one) { return one.license == terms.id; });
  if (!exchanged || !is_given_back(terms)) return;  // others cost no look at the marks
  standing_.warnings.push_back(
      concat("the seat of license ", terms.key, " was given back on this machine, so it does not count; ", kWayBack));
  given_back_ = terms.id;
  standing_.license.reset();
}

bool Installation::knows_exchange(const Terms& terms) const {
  const auto& exchanges = loaded_.state.exchanges;
  return std::any_of(exchanges.begin(), exchanges.end(), [&](const Exchange& exchange) {
    return terms.activation && exchange.request == terms.activation->request && exchange.license == terms.id;
  });
}

Result<void> Installation::check_exchange(const Terms& terms, std::string_view what) const {
  if (is_given_back(terms))
    return error(Errc::conflict, concat("the seat of license ", terms.key, " was given back on this machine"),
                 std::string(kWayBack));
  if (!terms.activation || knows_exchange(terms)) return {};
  const auto& pending = loaded_.state.pending;
  if (!pending || pending->id != terms.activation->request)
    return error(Errc::conflict, concat(what, " answers another request than the one that waits here"),
                 pending ? concat("what waits is the request ", pending->id, " for ", pending->key)
                         : "no request waits here: make one, and have the vendor answer it");
  if (pending->key != terms.key || receipt_hash_of(pending->secret) != terms.activation->receipt_hash)
    return error(Errc::untrusted, concat(what, " answers the request that waits here, but not as it was written"),
                 "someone altered the request on its way to the vendor: make a new one");
  return {};
}

/// What an answer that is being activated leaves to remember.
void Installation::take_exchange(const Terms& terms) {
  ClientState& state = loaded_.state;
  if (!terms.activation || !state.pending || state.pending->id != terms.activation->request) return;
  std::erase_if(state.exchanges, [&](const Exchange& exchange) { return exchange.license == terms.id; });
  state.exchanges.push_back({state.pending->id, terms.key, terms.id, state.pending->secret, {}});
  state.pending.reset();
}

Result<RequestedActivation> Installation::request_activation(std::string_view license_key, bool anew) {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const LicenseKey key, key_of_product(license_key));
  LIC_TRY(machine_.binding());  // the vendor could tell it from no other
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  auto& pending = loaded_.state.pending;
  if (pending && pending->key == key.text() && !anew)
    return RequestedActivation{pending->id, pending->key, pending->document, false};
  const Time now = environment_.now();
  const std::string secret = random_receipt_secret();
  const ActivationRequest request{random_request_id(), standing_.info->id,     now, key,
                                  machine_.facts(),    receipt_hash_of(secret)};
  const PendingRequest made{request.id, key.text(), secret, request.to_json()};
  pending = made;
  LIC_TRY(save(now));
  return RequestedActivation{made.id, made.key, made.document, true};
}

Result<std::string> Installation::pending_request(std::string_view license_key) const {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of_product(license_key));
  const auto& pending = loaded_.state.pending;
  return pending && pending->key == key.text() ? pending->document : std::string();
}

Result<Change> Installation::apply_activation(ByteView document, std::string_view name) {
  const std::string what = concat("answer ", in_quotes(name));
  LIC_TRY_ASSIGN(const std::string text, join_pieces(document, what));
  if (ActivationRequest::parse(view_bytes(text), what))
    return error(Errc::invalid_input, concat(what, " is a request, not the vendor's answer to one"),
                 "the vendor makes the answer with 'licgen sign-request FILE'");
  return activate_bytes(view_bytes(concat(text, '\n')), what, std::nullopt, Wanted::answer);
}

Result<const Exchange*> Installation::exchange_to_return(std::string_view typed_key) const {
  const auto& exchanges = loaded_.state.exchanges;
  const auto last = [&](auto fits) -> const Exchange* {
    const auto found = std::find_if(exchanges.rbegin(), exchanges.rend(), fits);
    return found == exchanges.rend() ? nullptr : &*found;
  };
  if (!typed_key.empty()) {
    LIC_TRY_ASSIGN(const LicenseKey wanted, key_of_product(typed_key));
    if (const auto* found = last([&](const Exchange& exchange) { return exchange.key == wanted.text(); })) return found;
    return error(Errc::not_found, concat("no seat of ", wanted.text(), " was taken here by an activation request"));
  }
  // given_back_: it was cut short while it was given back.
  const std::string& active = standing_.license && loaded_.state.license ? standing_.license->terms().id : given_back_;
  if (!active.empty()) {
    if (const auto* found = last([&](const Exchange& exchange) { return exchange.license == active; })) return found;
    return error(Errc::conflict, "the active license was not activated by a request, so it has no seat to give back",
                 "deactivate it without a receipt");
  }
  if (const auto* taken = last([](const Exchange& exchange) { return exchange.receipt.empty(); })) return taken;
  return last([](const Exchange&) { return true; });
}

Result<std::string> Installation::returned_receipt(std::string_view license_key) const {
  LIC_TRY_ASSIGN(const Exchange* exchange, exchange_to_return(license_key));
  return exchange == nullptr ? std::string() : exchange->receipt;
}

Result<ReturnedSeat> Installation::return_seat(std::string_view license_key) {
  LIC_TRY(check_changeable());
  const ReturnedSeat nothing{{false, {Reason::no_license, {}}, "no seat was taken here by an activation request", {}},
                             {}};
  if (loaded_.condition == StateCondition::absent && license_key.empty()) return nothing;
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  LIC_TRY_ASSIGN(const Exchange* found, exchange_to_return(license_key));
  if (found == nullptr) return nothing;
  Exchange given = *found;
  if (!given.receipt.empty())
    return ReturnedSeat{{false,
                         standing_.decision_at(environment_.now()),
                         concat("the seat of ", given.key, " was given back before"),
                         {}},
                        given.receipt};
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(given.key));
  const Time now = environment_.now();
  // The mark first: killed after it, the license is not active, and the next call goes on here.
  LIC_TRY(marks_.give_back(given.license, given.request, machine_, now));
  given.receipt = ActivationReceipt{given.request, standing_.info->id, now, key, given.secret}.to_json();
  ClientState& state = loaded_.state;
  for (Exchange& exchange : state.exchanges)
    if (exchange.request == given.request) exchange = given;
  if (given_back_ == given.license || (standing_.license && standing_.license->terms().id == given.license)) {
    state.license.reset();
    standing_.license.reset();
  }
  LIC_TRY(done_but(save(now), concat(given.key, " does not count here any more")));
  return ReturnedSeat{{true, standing_.decision_at(environment_.now()), concat("gave back the seat of ", given.key),
                       "give the receipt to the vendor, who frees the seat with it"},
                      given.receipt};
}

}  // namespace lic
