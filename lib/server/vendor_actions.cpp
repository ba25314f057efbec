#include "server/vendor_actions.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "desk/changes.hpp"
#include "desk/issuing.hpp"
#include "desk/json_text.hpp"
#include "desk/release.hpp"
#include "desk/revoking.hpp"
#include "desk/seats.hpp"

namespace lic {

using Json = nlohmann::ordered_json;

namespace vendor {
namespace {

Json self(const VendorContext& context) {
  const TokenRecord& record = context.token;
  Json out = {{"id", record.id}, {"name", record.name}, {"scopes", Json::array()}};
  for (const TokenScope scope : record.scopes) out["scopes"].push_back(token(scope));
  out["expires_at"] = format_time(record.expires_at);
  out["product"] = context.documents.product().catalog().id;
  out["can_issue"] = context.documents.license_key() != nullptr;
  return out;
}

Result<Json> create(const VendorContext& context) {
  LIC_TRY_ASSIGN(const CreateBody asked, read_create(context.request.body, context.desk.now));
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context));
  LIC_TRY_ASSIGN(const Catalog catalog, current_catalog(context.desk.ledger));
  LIC_TRY_ASSIGN(const Order order, order_of(catalog, asked.license, asked.note, asked.count, context.desk.now));
  LIC_TRY(check_order(order, signer.key, signer.product));
  LIC_TRY_ASSIGN(const auto licenses, issue_few(*context.transaction, context.desk, order, signer.key));
  LIC_TRY_ASSIGN(const CarriedProduct carried, CarriedProduct::of(context.desk.ledger));
  Json out = {{"keys", Json::array()}, {"licenses", Json::array()}};
  for (const NewLicense& license : licenses) {
    out["keys"].push_back(license.key);
    out["licenses"].push_back(
        {{"id", license.id}, {"key", license.key}, {"document", document_json(carried, license.document)}});
  }
  return out;
}

/// What is known of a license that was changed, and its newest document.
Result<Json> changed_json(const VendorContext& context, Json answer, std::string_view document) {
  LIC_TRY_ASSIGN(const CarriedProduct carried, CarriedProduct::of(context.desk.ledger));
  answer["document"] = document_json(carried, document);
  return answer;
}

Result<Json> renew(const VendorContext& context) {
  LIC_TRY_ASSIGN(const RenewBody asked, read_renew(context.request.body, context.desk.now));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  return apply(context, key, renewal(asked.renewal, asked.order, asked.asked, context.desk.now), asked.reason);
}

Result<Json> change(const VendorContext& context) {
  LIC_TRY_ASSIGN(const ChangeBody asked, read_change(context.request.body, context.desk.now));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  return apply(context, key, license_change(asked.change, asked.asked, context.desk.now), asked.reason);
}

Result<Json> suspend_or_reinstate(const VendorContext& context) {
  LIC_TRY_ASSIGN(const std::string reason, read_reason(context.request.body, false));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  const bool suspends = context.request.route->action == VendorAction::suspend;
  return apply(context, key, suspends ? suspension(context.desk.now) : reinstatement(context.desk.now), reason);
}

Result<Json> transfer_license(const VendorContext& context) {
  LIC_TRY_ASSIGN(const TransferBody asked, read_transfer(context.request.body));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  return apply(context, key, transfer(asked.owner, context.desk.now), asked.reason);
}

Result<Json> release(const VendorContext& context) {
  LIC_TRY_ASSIGN(const ReleaseBody asked, read_release(context.request.body));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  const MachineAsked machine{asked.machine, "machine"};
  LIC_TRY_ASSIGN(const auto seat, leased_seat(context.desk.ledger, key, machine, context.desk.now));
  if (!seat) return apply(context, key, seat_release(context.desk, machine), asked.reason);
  LIC_TRY_ASSIGN(const Activation ended, end_lease(*context.transaction, context.desk, *seat, asked.reason));
  LIC_TRY_ASSIGN(const LicenseRecord record, context.desk.ledger.find_uncounted(key, context.desk.now));
  Json answer = end_lease_json(ended);
  answer["ended"] = {activation_json(ended)};
  return changed_json(context, std::move(answer), record.document);
}

Result<Json> revoke(const VendorContext& context) {
  LIC_TRY_ASSIGN(const std::string reason, read_reason(context.request.body, true));
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  LIC_TRY_ASSIGN(const auto revoked, revoke_licenses(*context.transaction, context.desk, {key}, reason));
  return revoked_json(revoked, reason);
}

}  // namespace

Result<LicenseKey> key_of(const VendorContext& context) {
  return context.desk.ledger.key_of_id(context.request.license);
}

Result<Signer> signer_of(const VendorContext& context, Role role) {
  const SigningKey* key = context.documents.license_key();
  if (key == nullptr)
    return error(Errc::denied, "this server holds no license key: licgen serve --can-issue gives it one");
  const Signer signer{*key, context.documents.product()};
  const auto current = check_still_current(context.desk.ledger, signer.product);
  if (!current && current.error().code == Errc::conflict)
    return error(Errc::denied, "the signing keys were changed since this server read them: SIGHUP reads them again");
  LIC_TRY(current);
  const auto may = check_may_sign(signer.product, key->public_key().id(), role, context.desk.now);
  if (!may) return error(Errc::denied, may.error().message);
  return signer;
}

Json document_json(const CarriedProduct& carried, std::string_view document) {
  return json_or_discarded(carried.with(document));
}

Result<Json> apply(const VendorContext& context, const LicenseKey& key, const Reissue& reissue,
                   const std::string& reason) {
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context));
  const auto done = reissue_license(*context.transaction, context.desk, key, reissue, reason, signer);
  // The license is there: what is missing is what the body names, a plan.
  if (!done && done.error().code == Errc::not_found && reissue.action != "release")
    return error(Errc::invalid_input, done.error().message);
  LIC_TRY(done);
  Json answer = reissued_json(*done);
  if (reissue.tell) reissue.tell(answer);
  return changed_json(context, std::move(answer), done->document);
}

namespace {

/// Of those that are answered in one way.
Result<Json> answer_to(const VendorContext& context) {
  switch (context.request.route->action) {
    case VendorAction::self:
      return self(context);
    case VendorAction::check:
      return check(context);
    case VendorAction::list:
      return list(context);
    case VendorAction::export_documents:
      return export_documents(context);
    case VendorAction::list_usage:
      return list_usage(context);
    case VendorAction::report:
      return report(context);
    case VendorAction::find:
      return find(context);
    case VendorAction::show:
      return show(context);
    case VendorAction::document:
      return document(context);
    case VendorAction::activations:
    case VendorAction::all_activations:
      return activations(context);
    case VendorAction::usage:
      return usage(context);
    case VendorAction::history:
      return history(context);
    case VendorAction::create:
      return create(context);
    case VendorAction::renew:
      return renew(context);
    case VendorAction::change:
      return change(context);
    case VendorAction::suspend:
    case VendorAction::reinstate:
      return suspend_or_reinstate(context);
    case VendorAction::transfer:
      return transfer_license(context);
    case VendorAction::release:
      return release(context);
    case VendorAction::revoke:
      return revoke(context);
    case VendorAction::reset_clock:
      return reset_clock(context);
    case VendorAction::take_receipt:
      return take_receipt(context);
    case VendorAction::import_usage:
      return import_usage_of(context);
    case VendorAction::list_revoked:
      return list_revoked(context);
    case VendorAction::create_rows:
    case VendorAction::activate:
      break;
  }
  return error(Errc::failure, "an action of the vendor API that is none");
}

}  // namespace
}  // namespace vendor

Result<VendorOutcome> act(const VendorContext& context) {
  const VendorAction action = context.request.route->action;
  if (action == VendorAction::create_rows) return vendor::create_rows(context);
  if (action == VendorAction::activate) return vendor::activate(context);
  LIC_TRY_ASSIGN(const Json answer, vendor::answer_to(context));
  return VendorOutcome{action == VendorAction::create ? 201 : 200, compact_json(answer)};
}

}  // namespace lic
