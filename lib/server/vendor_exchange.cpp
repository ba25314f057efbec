#include <nlohmann/json.hpp>

#include "base/codes.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/activating.hpp"
#include "desk/clock_resetting.hpp"
#include "desk/json_text.hpp"
#include "desk/release.hpp"
#include "desk/revocation_list.hpp"
#include "desk/usage_import.hpp"
#include "server/vendor_actions.hpp"

namespace lic::vendor {
namespace {

using Json = nlohmann::ordered_json;

VendorOutcome refused(const Refusal& refusal) {
  const bool full = refusal.why == Reason::no_seat_left;
  const std::string_view code = full ? token(refusal.why) : std::string_view("conflict");
  return {409, fault_body(code, refusal.message), code, {}};
}

Result<SeatOutcome> seat_for(const VendorContext& context, const SeatRequest& asked) {
  LIC_TRY_ASSIGN(auto known, answer_without_key(context.desk, asked));
  if (known) return *std::move(known);
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context));
  return take_seat(*context.transaction, context.desk, asked, signer);
}

Json verdict_json(const UsageVerdict& verdict) {
  Json out = {{"index", parse_integer(verdict.file).value_or(0)}};
  out.update(usage_verdict_json(verdict));
  if (verdict.came != UsageCame::refused) return out;
  const CodeRow* code = find_code(verdict.code);
  out["error"] = {{"code", code != nullptr ? code->name : "failure"}, {"message", verdict.message}};
  return out;
}

Result<std::vector<UsageVerdict>> import_all(const VendorContext& context, const UsageBody& asked) {
  std::vector<UsageVerdict> verdicts;
  std::vector<IncomingUsage> statements;
  for (const std::string& text : asked.statements) {
    const std::string index = concat(statements.size() + verdicts.size());
    auto read = read_usage_statement(text, index, concat("usage statement ", index));
    if (read)
      statements.push_back(*std::move(read));
    else
      verdicts.push_back(refused_usage(index, read.error()));
  }
  LIC_TRY_ASSIGN(const auto came, import_usage(*context.transaction, context.desk, context.documents.product(),
                                               asked.rules, std::move(statements)));
  verdicts.insert(verdicts.end(), came.begin(), came.end());
  return verdicts;
}

}  // namespace

Result<VendorOutcome> activate(const VendorContext& context) {
  LIC_TRY_ASSIGN(const std::string text, read_document(context.request.body, "request"));
  LIC_TRY_ASSIGN(const SeatRequest asked,
                 read_seat_request(view_bytes(text), "the request", context.documents.product()));
  LIC_TRY_ASSIGN(const SeatOutcome outcome, seat_for(context, asked));
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
  const auto& answered = std::get<SeatAnswer>(outcome);
  LIC_TRY_ASSIGN(const CarriedProduct carried, CarriedProduct::of(context.desk.ledger));
  return VendorOutcome{200, compact_json(seat_answer_json(answered, carried.with(answered.activation.answer)))};
}

Result<Json> take_receipt(const VendorContext& context) {
  LIC_TRY_ASSIGN(const ReceiptBody asked, read_receipt_body(context.request.body));
  LIC_TRY_ASSIGN(const ActivationReceipt receipt,
                 read_receipt(view_bytes(asked.receipt), "the receipt", context.documents.product()));
  return apply(context, receipt.key, seat_release(context.desk, receipt), asked.reason);
}

Result<Json> import_usage_of(const VendorContext& context) {
  LIC_TRY_ASSIGN(const UsageBody asked, read_usage_body(context.request.body));
  LIC_TRY_ASSIGN(const auto verdicts, import_all(context, asked));
  Json out = {{"imported", count_of(verdicts, UsageCame::imported)},
              {"known", count_of(verdicts, UsageCame::known)},
              {"refused", count_of(verdicts, UsageCame::refused)},
              {"statements", Json::array()}};
  for (const UsageVerdict& verdict : verdicts) out["statements"].push_back(verdict_json(verdict));
  return out;
}

Result<Json> reset_clock(const VendorContext& context) {
  LIC_TRY_ASSIGN(const std::string typed, read_code(context.request.body));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  Ledger& ledger = context.desk.ledger;
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find_uncounted(key, context.desk.now));
  LIC_TRY_ASSIGN(const ClockCode code, read_clock_code("code", typed, context.documents.product(), context.desk.now));
  if (record.summary.revoked_at)
    return error(Errc::conflict,
                 concat("license ", key.text(), " was revoked on ", format_date(*record.summary.revoked_at)));
  LIC_TRY_ASSIGN(const auto history, ledger.history(key.text()));
  LIC_TRY_ASSIGN(const auto activations, ledger.activations(key.text()));
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context));
  LIC_TRY_ASSIGN(const std::string document,
                 sign_clock_reset(*context.transaction, context.desk, signer, key.text(), code));
  return Json{{"key", key.text()},
              {"latest_time", format_time(code.latest())},
              {"remarks", clock_remarks(code, history, activations)},
              {"document", json_or_discarded(document)}};
}

Result<Json> list_revoked(const VendorContext& context) {
  LIC_TRY_ASSIGN(const Time until, read_valid(context.request.body, context.desk.now));
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context, Role::revocations));
  LIC_TRY_ASSIGN(const std::string document, issue_revocation_list(*context.transaction, context.desk, signer, until));
  return json_or_discarded(document);
}

}  // namespace lic::vendor
