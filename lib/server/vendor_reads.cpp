#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "desk/license_json.hpp"
#include "desk/reporting.hpp"
#include "desk/seats.hpp"
#include "desk/stated_usage.hpp"
#include "server/vendor_actions.hpp"

namespace lic::vendor {
namespace {

using Json = nlohmann::ordered_json;

Json listed(const LicenseSummary& license) {
  Json out = {{"id", license.id}};
  out.update(summary_json(license));
  return out;
}

/// Gathers one page; `more`: the list goes on after it.
struct Page {
  Json elements = Json::array();
  std::string last;  ///< id
  bool more = false;

  [[nodiscard]] Json next() const { return more ? Json(last) : Json(nullptr); }
};

Result<Json> show_key(const VendorContext& context, const LicenseKey& key) {
  LIC_TRY_ASSIGN(const LicenseView view, view_license(context.desk.ledger, key, context.desk.now));
  return license_json(view);
}

Error no_such_key() { return error(Errc::not_found, "there is no license of that key"); }

/// What is long is given up when the server ends.
Result<void> go_on(const VendorContext& context) {
  if (context.ends == nullptr || !*context.ends) return {};
  return error(Errc::unavailable, "the server ends");
}

}  // namespace

Result<void> begin_page(const VendorContext& context, ListBody& asked) {
  asked.filter.limit = asked.limit + 1;  // one more tells whether the list goes on
  if (asked.after.empty()) return {};
  const auto after = context.desk.ledger.key_of_id(asked.after);
  if (!after && after.error().code == Errc::not_found)
    return error(Errc::usage, "the request: /after: is no end of a page");
  LIC_TRY(after);
  asked.filter.after = after->text();
  return {};
}

Result<Json> list(const VendorContext& context) {
  LIC_TRY_ASSIGN(ListBody asked, read_list(context.request.body, context.desk.now, kMostListed));
  LIC_TRY(begin_page(context, asked));
  Page page;
  LIC_TRY(context.desk.ledger.list(asked.filter, context.desk.now, [&](const LicenseSummary& license) -> Result<void> {
    page.more = std::ssize(page.elements) == asked.limit;
    if (page.more) return {};
    page.elements.push_back(listed(license));
    page.last = license.id;
    return {};
  }));
  return Json{{"licenses", page.elements}, {"next", page.next()}};
}

/// Revoked ones only where they are asked for, as the command; a page may so be shorter than it could be.
Result<Json> export_documents(const VendorContext& context) {
  LIC_TRY_ASSIGN(ListBody asked, read_list(context.request.body, context.desk.now, kMostDocuments));
  LIC_TRY(begin_page(context, asked));
  Ledger& ledger = context.desk.ledger;
  LIC_TRY_ASSIGN(const CarriedProduct carried, CarriedProduct::of(ledger));
  std::int64_t count = 0;
  std::string last;
  Page page;
  LIC_TRY(ledger.documents(asked.filter, context.desk.now, [&](const LicenseFile& file) -> Result<void> {
    page.more = count == asked.limit;
    if (page.more) return {};
    ++count;
    last = file.key;
    if (file.revoked && !asked.filter.status) return {};
    page.elements.push_back({{"key", file.key}, {"document", document_json(carried, file.document)}});
    return {};
  }));
  if (page.more) {
    LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(last));
    LIC_TRY_ASSIGN(const LicenseRecord record, ledger.find_uncounted(key, context.desk.now));
    page.last = record.summary.id;
  }
  return Json{{"licenses", page.elements}, {"next", page.next()}};
}

Result<Json> list_usage(const VendorContext& context) {
  LIC_TRY_ASSIGN(UsageListBody asked, read_usage_list(context.request.body, context.desk.now));
  LIC_TRY(begin_page(context, asked.list));
  Ledger& ledger = context.desk.ledger;
  Page page;
  const auto add = [&](const LicenseSummary& license) -> Result<void> {
    page.more = std::ssize(page.elements) == asked.list.limit;
    if (page.more) return {};
    LIC_TRY(go_on(context));
    LIC_TRY_ASSIGN(StatedUsage stated, read_usage(license, ledger, context.desk.now));
    if (asked.month) keep_month(stated.bill, *asked.month);
    page.elements.push_back(usage_json(stated));
    page.last = license.id;
    return {};
  };
  LIC_TRY(ledger.list(asked.list.filter, context.desk.now, add));
  return Json{{"usage", page.elements}, {"next", page.next()}};
}

Result<Json> report(const VendorContext& context) {
  LIC_TRY_ASSIGN(const ReportBody asked, read_report(context.request.body));
  LIC_TRY_ASSIGN(const ReportPeriod period, report_period(asked.from, asked.to, context.desk.now));
  LIC_TRY_ASSIGN(const Report made,
                 make_report(context.desk.ledger, period, asked.top, [&] { return go_on(context); }));
  return report_json(made, asked.by);
}

Result<Json> show(const VendorContext& context) {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  return show_key(context, key);
}

Result<Json> find(const VendorContext& context) {
  LIC_TRY_ASSIGN(const std::string text, read_key(context.request.body));
  const auto key = LicenseKey::parse(text);
  if (!key) return no_such_key();
  auto found = show_key(context, *key);
  if (!found && found.error().code == Errc::not_found) return no_such_key();
  return found;
}

Result<Json> history(const VendorContext& context) {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  LIC_TRY_ASSIGN(const auto entries, context.desk.ledger.history(key.text()));
  return Json{{"key", key.text()}, {"history", history_json(entries)}};
}

Result<Json> document(const VendorContext& context) {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  LIC_TRY_ASSIGN(const LicenseRecord record, context.desk.ledger.find_uncounted(key, context.desk.now));
  LIC_TRY_ASSIGN(const CarriedProduct carried, CarriedProduct::of(context.desk.ledger));
  return document_json(carried, record.document);
}

Result<Json> activations(const VendorContext& context) {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  const bool all = context.request.route->action == VendorAction::all_activations;
  LIC_TRY_ASSIGN(const Seats seats, read_seats(context.desk.ledger, key, all, context.desk.now));
  return seats_json(seats);
}

Result<Json> usage(const VendorContext& context) {
  LIC_TRY_ASSIGN(const LicenseKey key, key_of(context));
  LIC_TRY_ASSIGN(const LicenseRecord record, context.desk.ledger.find(key, context.desk.now));
  LIC_TRY_ASSIGN(const StatedUsage stated, read_usage(record.summary, context.desk.ledger, context.desk.now));
  return usage_json(stated);
}

Result<Json> check(const VendorContext& context) {
  LIC_TRY_ASSIGN(LicenseFilter filter, read_customer(context.request.body));
  LIC_TRY_ASSIGN(const Entitlement found, entitlement(context.desk.ledger, filter, context.desk.now));
  Json out = {{"entitled", found.entitled}, {"licenses", Json::array()}};
  for (const LicenseSummary& license : found.licenses) out["licenses"].push_back(listed(license));
  return out;
}

}  // namespace lic::vendor
