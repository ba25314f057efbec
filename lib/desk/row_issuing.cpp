#include "desk/row_issuing.hpp"

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "desk/json_text.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"

namespace lic {
namespace {

constexpr std::size_t kLongestBatch = 200;

/// The line that the license was issued for, as its history says; 0 where it does not.
std::int64_t line_of(const std::vector<HistoryEntry>& history) {
  for (const HistoryEntry& entry : history) {
    if (entry.action != "create") continue;
    const auto detail = json_or_discarded(entry.detail);
    if (detail.is_object() && detail.contains("line") && detail["line"].is_number_integer())
      return detail["line"].get<std::int64_t>();
  }
  return 0;
}

}  // namespace

Result<void> check_row_document(Terms terms, std::string_view prefix, std::string_view code) {
  constexpr std::size_t kFrame = 1024;  // more than an envelope adds to its payload
  terms.id = std::string(26, '0');
  terms.key = LicenseKey::make(prefix, code, Bytes(LicenseKey::kBodySymbols - LicenseKey::kCheckSymbols)).text();
  const std::string payload = terms.to_json();
  if (payload.size() / 3 * 4 + kFrame > kMaxDocument)
    return error(Errc::invalid_input, concat("the license would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: leave out features, machines or metadata");
  LIC_TRY(Terms::parse(view_bytes(payload), "the license"));
  return {};
}

Error order_taken(const std::string& order, const std::string& key) {
  return error(Errc::conflict, concat("order ", in_quotes(order), " was issued already, as ", key),
               "to run a file again, begin it with --batch; another license needs another order number");
}

Result<const BatchCursor::Entry*> BatchCursor::peek() {
  if (at_ == page_.size() && !ended_) LIC_TRY(read_page());
  return at_ == page_.size() ? nullptr : &page_[at_];
}

Result<void> BatchCursor::read_page() {
  constexpr std::int64_t kPage = 1000;
  page_.clear();
  at_ = 0;
  ended_ = true;
  if (batch_.empty()) return {};
  LicenseFilter filter;
  filter.batch = batch_;
  filter.after = last_key_;
  filter.limit = kPage;
  LIC_TRY(ledger_.documents(filter, now_, [&](const LicenseFile& file) -> Result<void> {
    page_.push_back({0, {file.key, file.document}});
    return {};
  }));
  for (Entry& entry : page_) {
    LIC_TRY_ASSIGN(const auto history, ledger_.history(entry.license.key));
    entry.line = line_of(history);
    if (entry.line == 0)
      return error(
          Errc::conflict,
          concat("license ", entry.license.key, " of batch ", in_quotes(batch_), " was not issued for a row of a file"),
          "choose another name for the batch");
  }
  if (page_.empty()) return {};
  ended_ = false;
  last_key_ = page_.back().license.key;
  return {};
}

RowIssuer::RowIssuer(RowBatch batch, std::string key_prefix, const Signer& signer, Desk desk)
    : batch_(std::move(batch)),
      key_prefix_(std::move(key_prefix)),
      signer_(signer),
      desk_(std::move(desk)),
      cursor_(desk_.ledger, batch_.name, desk_.now) {}

Result<void> RowIssuer::begin(Transaction& transaction) {
  cursor_.look_again();  // another run may have been here meanwhile
  return batch_.name.empty() ? Result<void>() : transaction.open_batch(batch_.name, batch_.request, desk_.now);
}

Result<std::optional<IssuedLicense>> RowIssuer::issued_before(std::int64_t line) {
  LIC_TRY_ASSIGN(const BatchCursor::Entry* entry, cursor_.peek());
  if (entry == nullptr || entry->line > line) return std::optional<IssuedLicense>();
  if (entry->line < line)
    return error(Errc::failure, concat("batch ", in_quotes(batch_.name), " has more licenses of line ", entry->line,
                                       " than that row asks for"));
  std::optional<IssuedLicense> license = entry->license;
  cursor_.pop();
  return license;
}

Result<bool> RowIssuer::is_past(std::int64_t line) {
  LIC_TRY_ASSIGN(const BatchCursor::Entry* entry, cursor_.peek());
  return entry != nullptr && entry->line > line;
}

Result<IssuedLicense> RowIssuer::issue(Transaction& transaction, const RowTerms& row, std::int64_t line, bool first) {
  constexpr int kTries = 8;  // 65 random bits meet again once in a blue moon
  if (first && !row.terms.order.empty()) {
    LIC_TRY_ASSIGN(const std::string key, key_of_order(desk_.ledger, row.terms.order, batch_.name, desk_.now));
    if (!key.empty()) return order_taken(row.terms.order, key);
  }
  Terms terms = row.terms;
  Result<void> added;
  for (int i = 0; i < kTries; ++i) {
    terms.id = ids_.next(desk_.now);
    terms.key = random_license_key(key_prefix_, row.plan_code).text();
    std::string document = sign_document(DocumentKind::license, terms.to_json(), signer_.key).to_json();
    added = transaction.add_license(terms, document, row.note, batch_.name);
    if (!added && added.error().code == Errc::conflict) continue;
    LIC_TRY(added);
    nlohmann::ordered_json detail = {
        {"id", terms.id}, {"serial", terms.serial}, {"plan", terms.plan}, {"sha256", document_digest(document)}};
    detail["line"] = line;
    LIC_TRY(transaction.record({desk_.now, desk_.actor, "create", terms.key, "", compact_json(detail)}));
    cursor_.skip_to(terms.key);
    return IssuedLicense{terms.key, std::move(document), terms.id};
  }
  return added.error();
}

Result<std::string> key_of_order(Ledger& ledger, const std::string& order, const std::string& batch, Time now) {
  LicenseFilter filter;
  filter.order = order;
  if (batch.empty()) filter.limit = 1;
  std::string key;
  LIC_TRY(ledger.list(filter, now, [&](const LicenseSummary& license) -> Result<void> {
    if (key.empty() && (batch.empty() || license.batch != batch)) key = license.key;
    return {};
  }));
  return key;
}

Result<void> check_batch_name(std::string_view named, const std::string& batch) {
  if (!batch.empty() && batch.size() <= kLongestBatch && is_utf8(batch)) return {};
  return error(Errc::invalid_input,
               concat(named, ": ", in_quotes(batch), " is not a name of 1 to ", kLongestBatch, " bytes"));
}

}  // namespace lic
