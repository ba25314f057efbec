#include "licgen/importing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "issue/lifecycle.hpp"
#include "license/envelope.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

/// The license of a foreign key is the only one of a batch of this name: so it is found,
/// and is issued once however many runs there are.
std::string batch_of(const ImportRow& row) {
  return row.previous_key.empty() ? std::string() : concat("import ", row.previous_key);
}

bool was_imported_from(const std::vector<HistoryEntry>& history, const std::string& source) {
  return std::any_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
    if (entry.action != "import") return false;
    const auto detail = json_if_any(entry.detail);
    return detail.is_object() && detail.value("source", "") == source;
  });
}

/// Whether a license of the ledger says what the row says, however it came there.
bool says_the_same(const LicenseRecord& record, const ImportRow& row) {
  const auto envelope = Envelope::parse(view_bytes(record.document), "document");
  const auto present =
      envelope ? Terms::parse(envelope->payload(), "document") : Result<Terms>(Error(envelope.error()));
  if (!present) return false;
  Terms wanted = row.row.terms;
  wanted.suspended_at = row.suspended_at ? present->suspended_at : std::nullopt;
  return differences(*present, wanted).empty() && present->metadata == wanted.metadata &&
         row.suspended_at.has_value() == present->suspended_at.has_value() &&
         row.revoked_at.has_value() == record.summary.revoked_at.has_value();
}

Error another_license(const std::string& key) {
  return error(Errc::conflict, concat("license ", key, " is in the ledger already, with other terms"),
               "licgen show tells them");
}

}  // namespace

Result<std::optional<IssuedLicense>> Importing::find(const ImportRow& row) {
  std::optional<LicenseRecord> record;
  if (row.key) {
    auto found = ledger_.find(*row.key, vendor_.now());
    if (!found && found.error().code != Errc::not_found) return found.error();
    if (found) record = *std::move(found);
  } else {
    LicenseFilter filter;
    filter.batch = batch_of(row);
    filter.limit = 1;
    std::string key;
    LIC_TRY(ledger_.list(filter, vendor_.now(), [&](const LicenseSummary& found) -> Result<void> {
      key = found.key;
      return {};
    }));
    if (!key.empty()) {
      LIC_TRY_ASSIGN(const LicenseKey found, LicenseKey::parse(key));
      LIC_TRY_ASSIGN(record, ledger_.find(found, vendor_.now()));
    }
  }
  if (!record) return std::optional<IssuedLicense>();
  LIC_TRY_ASSIGN(const auto history, ledger_.history(record->summary.key));
  if (!was_imported_from(history, row.source) && !says_the_same(*record, row))
    return another_license(record->summary.key);
  return std::optional(IssuedLicense{record->summary.key, record->document});
}

Result<ImportedLicense> Importing::add(const ImportRow& row) {
  if (!transaction_) {
    LIC_TRY_ASSIGN(transaction_, begin_signing(ledger_, signer_));
  }
  LIC_TRY_ASSIGN(auto present, find(row));
  if (present) return ImportedLicense{*std::move(present), true};
  LIC_TRY_ASSIGN(auto license, take(row));
  return ImportedLicense{std::move(license), false};
}

/// The row's terms with an id, and with its key or a new one.
Result<Terms> Importing::free_key(const ImportRow& row) {
  Terms terms = row.row.terms;
  if (terms.id.empty()) terms.id = ids_.next(vendor_.now());
  if (row.key) {
    terms.key = row.key->text();
    return terms;
  }
  while (true) {  // 65 random bits meet again once in a blue moon
    const LicenseKey key = random_license_key(catalog_.key_prefix, row.row.plan_code);
    const auto taken = ledger_.find(key, vendor_.now());
    if (!taken && taken.error().code != Errc::not_found) return taken.error();
    if (taken) continue;
    terms.key = key.text();
    return terms;
  }
}

Result<IssuedLicense> Importing::take(const ImportRow& row) {
  LIC_TRY_ASSIGN(const Terms terms, free_key(row));
  const std::string batch = batch_of(row);
  if (!batch.empty()) LIC_TRY(transaction_->open_batch(batch, row.source, vendor_.now()));
  std::string document = sign_document(DocumentKind::license, terms.to_json(), signer_.key).to_json();
  LIC_TRY(transaction_->add_license(terms, document, row.row.note, batch));
  Json detail = {{"id", terms.id},
                 {"serial", terms.serial},
                 {"plan", terms.plan},
                 {"sha256", document_digest(document)},
                 {"source", row.source}};
  if (row.issued_at) detail["issued_at"] = format_time(*row.issued_at);
  if (!row.previous_key.empty()) detail["previous_key"] = row.previous_key;
  LIC_TRY(transaction_->record({vendor_.now(), vendor_.actor(), "import", terms.key, "", json_text(detail)}));
  if (row.suspended_at) {
    LIC_TRY_ASSIGN(document, suspend(terms, *row.suspended_at));
  }
  if (row.revoked_at) LIC_TRY(revoke(row, terms.key));
  return IssuedLicense{terms.key, std::move(document)};
}

/// The next document of a license that is suspended where it comes from.
Result<std::string> Importing::suspend(const Terms& terms, Time since) {
  Terms next = suspended(terms, vendor_.now());
  next.suspended_at = since;
  std::string document = sign_document(DocumentKind::license, next.to_json(), signer_.key).to_json();
  LIC_TRY(transaction_->reissue(next, document));
  Json changes = Json::array();
  changes.push_back({{"member", "suspended_at"}, {"before", nullptr}, {"after", format_time(since)}});
  const Json detail = {{"serial", next.serial}, {"sha256", document_digest(document)}, {"changes", changes}};
  LIC_TRY(transaction_->record(
      {vendor_.now(), vendor_.actor(), "suspend", terms.key, "imported as suspended", json_text(detail)}));
  return document;
}

Result<void> Importing::revoke(const ImportRow& row, const std::string& key) {
  LIC_TRY_ASSIGN(const LicenseKey parsed, LicenseKey::parse(key));
  LIC_TRY(transaction_->revoke(parsed, row.revoke_reason, vendor_.now()));
  const Json detail = {{"revoked_at", format_time(*row.revoked_at)}};
  return transaction_->record({vendor_.now(), vendor_.actor(), "revoke", key, row.revoke_reason, json_text(detail)});
}

Result<void> Importing::commit() {
  if (!transaction_) return {};
  const auto transaction = std::move(transaction_);
  return transaction->commit();
}

}  // namespace lic::app
