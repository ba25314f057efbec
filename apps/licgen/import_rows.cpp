#include "licgen/import_rows.hpp"

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

bool was_imported_from(const std::vector<HistoryEntry>& history, const std::string& source) {
  return std::any_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
    if (entry.action != "import") return false;
    const auto detail = Json::parse(entry.detail, nullptr, false);
    return detail.is_object() && detail.value("source", "") == source;
  });
}

/// Whether a license of the ledger says what the row says, however it came there.
bool says_the_same(const LicenseRecord& record, const RowTerms& row) {
  const auto envelope = Envelope::parse(view_bytes(record.document), "document");
  const auto present =
      envelope ? Terms::parse(envelope->payload(), "document") : Result<Terms>(Error(envelope.error()));
  if (!present) return false;
  const Origin& origin = *row.origin;
  Terms wanted = row.terms;
  wanted.suspended_at = origin.suspended_at ? present->suspended_at : std::nullopt;
  return differences(*present, wanted).empty() && present->metadata == wanted.metadata &&
         origin.suspended_at.has_value() == present->suspended_at.has_value() &&
         origin.revoked_at.has_value() == record.summary.revoked_at.has_value();
}

Error another_license(const std::string& key) {
  return error(Errc::conflict, concat("license ", key, " is in the ledger already, with other terms"),
               "licgen show tells them");
}

}  // namespace

const RowSink::Words& ImportRows::words() const noexcept {
  static constexpr Words kWords{"import", "imported", " lines are", " line is",
                                "mend these, or let --skip-bad FILE write them to FILE and import the rest"};
  return kWords;
}

Result<std::unique_ptr<RowSource>> ImportRows::open(InputFile& input) const {
  switch (format_) {
    case Format::csv:
      return open_csv_import(input);
    case Format::jsonl:
      return open_jsonl_import(input);
  }
  return error(Errc::failure, "an unknown format");
}

std::optional<RowTerms> ImportRows::read(const RowItem& item, Look look, std::vector<Fault>& faults) const {
  return reader_.read(item, look, faults);
}

Result<RowStanding> ImportRows::check(const ReadRow& row, std::vector<Fault>& faults) {
  if (!row.terms || was_seen(row, faults)) return RowStanding::bad;
  const auto present = find(*row.terms);
  if (!present && present.error().code != Errc::conflict) return present.error();
  if (!present) {
    faults.push_back(row.item.row.fault("key", one_line(present.error())));
    faults.back().conflict = true;
    return RowStanding::bad;
  }
  if (row.terms->origin->is_signed) ++signed_;
  return *present ? RowStanding::there : RowStanding::wanted;
}

/// Whether a row before has the same key or id.
bool ImportRows::was_seen(const ReadRow& row, std::vector<Fault>& faults) {
  const Origin& origin = *row.terms->origin;
  const auto is_new = [&](std::string_view member, const std::string& what, const std::string& shown,
                          const std::string& value) {
    const auto before = seen_.add(what, row.raw.line);
    if (before)
      faults.push_back(row.item.row.fault(
          member, concat(shown, " ", in_quotes(value), " is in the file twice, first on line ", *before)));
    return !before;
  };
  const std::string key = origin.key ? origin.key->text() : origin.previous_key;
  const std::string& id = row.terms->terms.id;
  return !is_new("key", key, "license", key) || (!id.empty() && !is_new("id", concat("id ", id), "id", id));
}

/// The license that the ledger has for `row`; absent when it has none.
/// Errors: conflict (it has another one under that key or id).
Result<std::optional<IssuedLicense>> ImportRows::find(const RowTerms& row) {
  const Origin& origin = *row.origin;
  const std::string wanted = origin.key ? origin.key->text() : std::string();
  std::string known;
  if (!origin.key) {
    LicenseFilter filter;
    filter.batch = origin.batch;
    LIC_TRY_ASSIGN(known, ledger_.first_key(filter, vendor_.now()));
  }
  if (known.empty()) {
    LIC_TRY_ASSIGN(known, ledger_.known_as(wanted, row.terms.id));
    if (known.empty()) return std::optional<IssuedLicense>();
    if (known != wanted)
      return error(Errc::conflict, concat("id ", in_quotes(row.terms.id), " is in the ledger already, of ", known),
                   "licgen show tells its terms");
  }
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(known));
  LIC_TRY_ASSIGN(const LicenseRecord record, ledger_.find(key, vendor_.now()));
  LIC_TRY_ASSIGN(const auto history, ledger_.history(known));
  if (!was_imported_from(history, origin.source) && !says_the_same(record, row)) return another_license(known);
  return std::optional(IssuedLicense{known, record.document});
}

std::int64_t ImportRows::lacking(const RowTerms&, std::int64_t) const { return 1; }

void ImportRows::complete(SignedRow& row, const SigningKey& signer) const {
  const RowTerms& terms = *row.row->terms;
  const Origin& origin = *terms.origin;
  for (NewLicense& license : row.licenses) {
    license.note = terms.note;
    license.batch = origin.batch;
    license.detail = beginning_of(license, [&](json::ObjectWriter& detail) {
      detail.text("source", origin.source);
      if (origin.issued_at) detail.text("issued_at", format_time(*origin.issued_at));
      if (!origin.previous_key.empty()) detail.text("previous_key", origin.previous_key);
    });
    if (!origin.suspended_at) continue;
    row.suspended = suspended(terms.terms, vendor_.now());
    row.suspended->suspended_at = origin.suspended_at;
    row.suspended_document = sign_document(DocumentKind::license, row.suspended->to_json(), signer).to_json();
  }
}

Result<void> ImportRows::begin(Transaction& transaction, bool changed) {
  seen_ = {};
  changed_ = changed;
  transaction_ = &transaction;
  return {};
}

Result<bool> ImportRows::settle(SignedRow& row, RowIntake& intake) {
  if (row.standing == RowStanding::bad || !row.row->terms) return true;
  const auto at_line = [&](const Error& fault) {
    return error(fault.code, concat("line ", row.row->raw.line, ": ", fault.message), fault.hint);
  };
  if (row.standing == RowStanding::there || changed_) {
    const auto present = find(*row.row->terms);
    if (!present) return at_line(present.error());
    if (*present) LIC_TRY(intake.present(row, **present));
    if (*present) return true;
  }
  if (row.licenses.empty())
    return at_line(error(Errc::conflict, "its license has gone from the ledger", "run it again"));
  const Origin& origin = *row.row->terms->origin;
  NewLicense license = std::move(row.licenses.front());
  if (!origin.batch.empty()) LIC_TRY(transaction_->open_batch(origin.batch, origin.source, vendor_.now()));
  if (origin.suspended_at || origin.revoked_at)
    later_.push_back({row.row, license.key, row.suspended, row.suspended_document});
  LIC_TRY(intake.add(row, std::move(license)));
  return true;
}

Result<void> ImportRows::added(Transaction& transaction) {
  for (const Later& license : later_) {
    if (license.suspended) LIC_TRY(suspend(license, transaction));
    if (license.row->terms->origin->revoked_at) LIC_TRY(revoke(license, transaction));
  }
  later_.clear();
  return {};
}

/// The next document of a license that is suspended where it comes from.
Result<void> ImportRows::suspend(const Later& license, Transaction& transaction) const {
  const Terms& next = *license.suspended;
  LIC_TRY(transaction.reissue(next, license.document));
  Json changes = Json::array();
  changes.push_back({{"member", "suspended_at"}, {"before", nullptr}, {"after", format_time(*next.suspended_at)}});
  const Json detail = {{"serial", next.serial}, {"sha256", document_digest(license.document)}, {"changes", changes}};
  return transaction.record(
      {vendor_.now(), vendor_.actor(), "suspend", license.key, "imported as suspended", json_text(detail)});
}

Result<void> ImportRows::revoke(const Later& license, Transaction& transaction) const {
  const Origin& origin = *license.row->terms->origin;
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(license.key));
  LIC_TRY(transaction.revoke(key, origin.revoke_reason, vendor_.now()));
  const Json detail = {{"revoked_at", format_time(*origin.revoked_at)}};
  return transaction.record(
      {vendor_.now(), vendor_.actor(), "revoke", license.key, origin.revoke_reason, json_text(detail)});
}

std::vector<std::string_view> ImportRows::key_line(const RowSource&, const ReadRow& row, std::string_view key) const {
  const std::string& previous = row.terms->origin->previous_key;
  return previous.empty() ? std::vector<std::string_view>() : std::vector<std::string_view>{previous, key};
}

void ImportRows::tell(const RowCounts& counts, Output& output) const {
  output.note(concat(counts.issued, counts.issued == 1 ? " license" : " licenses", " imported, ", counts.present,
                     " there already"));
  if (signed_ != 0)
    output.note(
        concat(signed_, " were signed elsewhere: nobody looked at those signatures, the terms are signed anew"));
  if (counts.replaced != 0)
    output.note(concat(counts.replaced, " have new keys, which their users need: ", in_quotes(key_file_)));
}

Json ImportRows::numbers(const RowCounts& counts) const {
  return {{"imported", counts.issued}, {"present", counts.present}, {"replaced", counts.replaced}, {"bad", counts.bad}};
}

std::string ImportRows::remains(const RowCounts& counts) const {
  return concat(counts.issued + counts.present, " licenses are in the ledger, those up to line ", counts.line);
}

std::string ImportRows::way_on() const {
  return "run the same command again to get the rest; nothing is imported twice";
}

}  // namespace lic::app
