#include "server/vendor_service.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "desk/signing.hpp"

namespace lic {
namespace {

constexpr std::chrono::hours kUseNoted{1};
constexpr std::int64_t kForgottenAtOnce = 16;
constexpr int kRefused = 400;

VendorOutcome refused(int status, std::string_view code, std::string_view message) {
  return {status, fault_body(code, message), code, {}};
}

/// Whether the holder of the token may ask for that.
std::optional<VendorOutcome> check_token(const std::optional<TokenRecord>& found, const VendorRoute& route, Time now) {
  if (!found || !found->holds(now))
    return refused(401, "unauthorized", "a valid token is needed: Authorization: Bearer TOKEN");
  if (route.scope && !found->may(*route.scope))
    return refused(403, "forbidden", concat("the token may not do this: it lacks the scope ", token(*route.scope)));
  return std::nullopt;
}

/// What an error of act() means to who asked; absent: the ledger's fault, not theirs.
std::optional<VendorOutcome> refusal_of(const Error& error, const VendorRoute& route) {
  switch (error.code) {
    case Errc::usage:
      return refused(400, "bad-request", error.message);
    case Errc::invalid_input:
    case Errc::untrusted:
      return refused(422, "invalid", error.message);
    case Errc::not_found:
      // A plan, where a license is issued: what is asked for is in the body.
      return route.action == VendorAction::create ? refused(422, "invalid", error.message)
                                                  : refused(404, "not-found", error.message);
    case Errc::conflict:
      return refused(409, "conflict", error.message);
    case Errc::denied:
      return refused(403, "cannot-issue", error.message);
    case Errc::failure:
    case Errc::unavailable:
      break;
  }
  return std::nullopt;
}

/// What was answered to that request before, or why another came under its key.
VendorOutcome repeated(const ReplyRecord& reply, const VendorRequest& request) {
  if (reply.request != digest_of(request))
    return refused(422, "idempotency-conflict",
                   "that Idempotency-Key was used for another request; choose a new one for each");
  return {static_cast<int>(reply.status), reply.body, "repeated", {}};
}

bool is_use_due(const TokenRecord& token, Time now) { return !token.used_at || *token.used_at + kUseNoted <= now; }

std::string actor_of(const TokenRecord& token) { return concat("token:", token.name); }

/// Errors: the ledger's fault, not theirs who asked.
Result<VendorOutcome> outcome_of(const VendorContext& context) {
  auto outcome = act(context);
  if (outcome) return outcome;
  auto refusal = refusal_of(outcome.error(), *context.request.route);
  if (!refusal) return outcome;
  return *std::move(refusal);
}

/// Stores all that goes with an answer, in the transaction of the change.
Result<void> remember(Transaction& transaction, const VendorContext& context, const VendorOutcome& outcome) {
  const VendorRequest& request = context.request;
  const Time now = context.desk.now;
  if (!request.idempotency_key.empty()) {
    LIC_TRY(transaction.put_reply(
        {context.token.id, request.idempotency_key, digest_of(request), outcome.status, outcome.body, now}));
    LIC_TRY(transaction.forget_replies(now - VendorService::kRepliesKept, kForgottenAtOnce));
  }
  if (is_use_due(context.token, now)) LIC_TRY(transaction.note_token_use(context.token.id, now));
  return {};
}

}  // namespace

VendorOutcome failed_for_vendor(const Error& error) {
  ServiceFault fault = fault_of(error);
  return {fault.status, fault_body(fault.code, fault.message), fault.code, std::move(fault.cause)};
}

// Where the ledger was out of reach nothing has happened: the connection was lost, say, and is made again.

VendorOutcome VendorService::change(const VendorRequest& request, const ServiceDocuments& documents, Time now) {
  auto outcome = try_change(request, documents, now);
  if (!outcome && outcome.error().code == Errc::unavailable) outcome = try_change(request, documents, now);
  return outcome ? *std::move(outcome) : failed_for_vendor(outcome.error());
}

Looked VendorService::look(const VendorRequest& request, const ServiceDocuments& documents, Time now,
                           const std::atomic<bool>& ends) {
  auto looked = try_look(request, documents, now, ends);
  if (!looked && looked.error().code == Errc::unavailable && !ends) looked = try_look(request, documents, now, ends);
  return looked ? *std::move(looked) : Looked{failed_for_vendor(looked.error())};
}

Result<Looked> VendorService::try_look(const VendorRequest& request, const ServiceDocuments& documents, Time now,
                                       const std::atomic<bool>& ends) {
  std::unique_ptr<Snapshot> moment;
  if (request.route->thorough) {
    LIC_TRY(ledger_.check_version());
  } else {
    LIC_TRY_ASSIGN(moment, ledger_.snapshot());
  }
  LIC_TRY_ASSIGN(const auto found, ledger_.find_token(request.token_hash));
  if (auto refusal = check_token(found, *request.route, now)) return Looked{*std::move(refusal)};
  const Desk desk{ledger_, now, actor_of(*found)};
  Looked looked;
  if (is_use_due(*found, now)) looked.token = found->id;
  LIC_TRY_ASSIGN(looked.outcome, outcome_of({request, documents, *found, desk, nullptr, &ends}));
  return looked;
}

Result<void> VendorService::note_use(const std::string& token, Time now) {
  LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());
  LIC_TRY(transaction->note_token_use(token, now));
  return transaction->commit();
}

Result<VendorOutcome> VendorService::try_change(const VendorRequest& request, const ServiceDocuments& documents,
                                                Time now) {
  LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());
  LIC_TRY_ASSIGN(const auto found, ledger_.find_token(request.token_hash));
  if (auto refusal = check_token(found, *request.route, now)) return *std::move(refusal);
  if (!request.idempotency_key.empty()) {
    LIC_TRY_ASSIGN(const auto before, ledger_.find_reply(found->id, request.idempotency_key));
    if (before && before->at > now - kRepliesKept) return repeated(*before, request);
  }
  const VendorContext context{request, documents, *found, {ledger_, now, actor_of(*found)}, transaction.get()};
  LIC_TRY_ASSIGN(VendorOutcome outcome, outcome_of(context));
  if (outcome.status >= kRefused) return outcome;
  LIC_TRY(remember(*transaction, context, outcome));
  LIC_TRY(transaction->commit());
  return outcome;
}

}  // namespace lic
