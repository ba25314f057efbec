#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "desk/json_text.hpp"
#include "desk/row_issuing.hpp"
#include "server/vendor_actions.hpp"

namespace lic::vendor {
namespace {

using Json = nlohmann::ordered_json;

/// A license, and the row that it was issued for.
struct RowLicense {
  std::int64_t row = 0;
  IssuedLicense license;
};

/// The history counts rows from 1, as lines of a file.
std::int64_t line_of(std::int64_t row) { return row + 1; }

std::string words_of(const RowFault& fault) {
  return concat("row ", fault.row, ": ", fault.member, fault.member.empty() ? "" : ": ", fault.message);
}

VendorOutcome refused(int status, std::string_view code, const std::vector<RowFault>& faults) {
  constexpr std::size_t kMostTold = 100;
  Json told = Json::array();
  for (const RowFault& fault : faults)
    if (told.size() < kMostTold)
      told.push_back({{"row", fault.row},
                      {"member", fault.member.empty() ? Json(nullptr) : Json(fault.member)},
                      {"message", fault.message}});
  const std::string message = concat(faults.size(), faults.size() == 1 ? " fault" : " faults",
                                     ", and nothing was issued: ", words_of(faults.front()));
  const Json body = {{"error", {{"code", code}, {"message", printable(message)}, {"faults", std::move(told)}}}};
  return {status, compact_json(body), code, {}};
}

/// Good in themselves, but the ledger has it otherwise; or at least one of them is bad.
VendorOutcome refused(const std::vector<RowFault>& faults) {
  const bool conflict = std::all_of(faults.begin(), faults.end(), [](const RowFault& fault) { return fault.conflict; });
  return conflict ? refused(409, "conflict", faults) : refused(422, "invalid", faults);
}

Result<RowTerms> terms_of(const CreateBody& asked, const Catalog& catalog, Time now) {
  RowTerms row;
  LIC_TRY_ASSIGN(row.terms, terms_for(catalog, asked.license, now));
  row.plan_code = catalog.find_plan(asked.license.plan)->code;
  row.note = asked.note;
  row.count = asked.count;
  LIC_TRY(check_row_document(row.terms, catalog.key_prefix, row.plan_code));
  return row;
}

/// All rows are looked at before one is issued.
class Checking {
 public:
  Checking(const VendorContext& context, const Catalog& catalog, const std::string& batch)
      : context_(context), catalog_(catalog), batch_(batch) {}

  /// Errors: those of the ledger.
  Result<void> check(const CreateBody& asked) {
    const std::int64_t row = std::ssize(rows_);
    rows_.emplace_back();
    auto terms = terms_of(asked, catalog_, context_.desk.now);
    if (terms) {
      rows_.back() = *std::move(terms);
    } else {
      faults_.push_back({row, {}, terms.error().message});
    }
    const std::string& order = asked.license.order;
    if (order.empty()) return {};
    const auto [first, is_new] = orders_.emplace(order, row);
    if (!is_new) {
      faults_.push_back({row, "/order", concat("is the order of row ", first->second, " too")});
      return {};
    }
    LIC_TRY_ASSIGN(const std::string key, key_of_order(context_.desk.ledger, order, batch_, context_.desk.now));
    if (key.empty()) return {};
    const bool may_know = context_.token.may(TokenScope::read);
    faults_.push_back({row, "/order", may_know ? concat("was issued already, as ", key) : "was issued already", true});
    return {};
  }

  [[nodiscard]] const std::vector<RowTerms>& rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<RowFault>& faults() const noexcept { return faults_; }

 private:
  const VendorContext& context_;
  const Catalog& catalog_;
  const std::string& batch_;
  std::vector<RowTerms> rows_;
  std::map<std::string, std::int64_t> orders_;
  std::vector<RowFault> faults_;
};

/// What clients would say to the first license. Errors: conflict.
Result<void> check_signer(const RowTerms& first, const Catalog& catalog, const Signer& signer) {
  Order order;
  order.terms = first.terms;
  order.key_prefix = catalog.key_prefix;
  order.plan_code = first.plan_code;
  return check_order(order, signer.key, signer.product);
}

/// What the batch has: all of it, or nothing, since it was issued in one transaction.
Result<std::vector<RowLicense>> issued_before(RowIssuer& issuer, std::int64_t rows) {
  std::vector<RowLicense> licenses;
  for (std::int64_t row = 0; row < rows; ++row) {
    while (true) {
      LIC_TRY_ASSIGN(auto before, issuer.issued_before(line_of(row)));
      if (!before) break;
      LicenseRecord record;
      record.document = before->document;
      LIC_TRY_ASSIGN(const Terms terms, newest_terms(record));
      before->id = terms.id;
      licenses.push_back({row, *std::move(before)});
    }
  }
  return licenses;
}

Result<std::vector<RowLicense>> issue(RowIssuer& issuer, Transaction& transaction, const std::vector<RowTerms>& rows) {
  std::vector<RowLicense> licenses;
  for (std::int64_t row = 0; row < std::ssize(rows); ++row) {
    const RowTerms& terms = rows[static_cast<std::size_t>(row)];
    for (std::int64_t count = 0; count < terms.count; ++count) {
      LIC_TRY_ASSIGN(IssuedLicense license, issuer.issue(transaction, terms, line_of(row), count == 0));
      licenses.push_back({row, std::move(license)});
    }
  }
  return licenses;
}

VendorOutcome answer(const RowsBody& asked, const std::vector<RowLicense>& licenses, bool issued) {
  Json out = {{"batch", asked.batch.empty() ? Json(nullptr) : Json(asked.batch)},
              {"issued", issued ? std::ssize(licenses) : 0},
              {"keys", Json::array()},
              {"licenses", Json::array()}};
  for (const RowLicense& one : licenses) {
    out["keys"].push_back(one.license.key);
    out["licenses"].push_back({{"row", one.row}, {"id", one.license.id}, {"key", one.license.key}});
  }
  return {201, compact_json(out)};
}

}  // namespace

Result<VendorOutcome> create_rows(const VendorContext& context) {
  std::vector<RowFault> faults;
  LIC_TRY_ASSIGN(const RowsBody asked, read_rows(context.request.body, context.desk.now, faults));
  if (!faults.empty()) return refused(400, "bad-request", faults);
  if (!asked.batch.empty()) {
    const auto named = check_batch_name("the request: /batch", asked.batch);
    if (!named) return error(Errc::usage, named.error().message);
  }
  LIC_TRY_ASSIGN(const Signer signer, signer_of(context));
  LIC_TRY_ASSIGN(const Catalog catalog, current_catalog(context.desk.ledger));
  const Json request = {{"rows", hex_encode(sha256(view_bytes(asked.request)))}};
  RowIssuer issuer({asked.batch, compact_json(request)}, catalog.key_prefix, signer, context.desk);
  LIC_TRY(issuer.begin(*context.transaction));
  LIC_TRY_ASSIGN(const auto before, issued_before(issuer, std::ssize(asked.rows)));
  if (!before.empty()) return answer(asked, before, false);
  Checking checking(context, catalog, asked.batch);
  for (const CreateBody& row : asked.rows) LIC_TRY(checking.check(row));
  if (!checking.faults().empty()) return refused(checking.faults());
  LIC_TRY(check_signer(checking.rows().front(), catalog, signer));
  LIC_TRY_ASSIGN(const auto licenses, issue(issuer, *context.transaction, checking.rows()));
  return answer(asked, licenses, true);
}

}  // namespace lic::vendor
