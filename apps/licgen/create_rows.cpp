#include "licgen/create_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic::app {
namespace {

std::optional<std::string> column_fault(const std::string& name) {
  if (is_row_column(name)) return std::nullopt;
  if (name == kKeyColumn) return "column 'key': licenses with keys are taken by licgen import";
  const std::string meant = nearest(to_lower(name), row_columns());
  return concat("there is no column ", in_quotes(name),
                meant.empty() ? std::string() : concat("; did you mean ", meant, "?"));
}

class CsvSource final : public RowSource {
 public:
  explicit CsvSource(CsvRows rows) : rows_(std::move(rows)) {}

  Result<bool> next(RawRow& row) override { return rows_.next(row); }
  [[nodiscard]] RowItem item_of(const RawRow& row) const override {
    RowItem item;
    item.row = rows_.cells_of(row);
    return item;
  }
  [[nodiscard]] const CsvRows* csv() const noexcept override { return &rows_; }

 private:
  CsvRows rows_;
};

Error order_taken(const std::string& order, const std::string& key) {
  return error(Errc::conflict, concat("order ", in_quotes(order), " was issued already, as ", key),
               "to run a file again, begin it with --batch; another license needs another order number");
}

}  // namespace

CreateRows::CreateRows(const CreateOptions& options, Batch batch, std::string input, const Catalog& catalog,
                       Ledger& ledger, const Vendor& vendor)
    : options_(options),
      batch_(std::move(batch)),
      input_(std::move(input)),
      catalog_(catalog),
      ledger_(ledger),
      vendor_(vendor),
      reader_(options, catalog, vendor.now()),
      cursor_(ledger, batch_.name, vendor.now()) {}

Result<void> CreateRows::check_options() {
  if (!batch_.name.empty()) {
    LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());  // not committed: nothing is registered yet
    LIC_TRY(transaction->open_batch(batch_.name, batch_.request, vendor_.now()));
  }
  return reader_.check_defaults();
}

const RowSink::Words& CreateRows::words() const noexcept {
  static constexpr Words kWords{"create", "issued", " rows are", " row is",
                                "mend these rows, or let --skip-bad FILE write them to FILE and issue the others"};
  return kWords;
}

Result<std::unique_ptr<RowSource>> CreateRows::open(InputFile& input) const {
  LIC_TRY_ASSIGN(CsvRows rows, CsvRows::open(input, column_fault));
  for (const std::string_view needed : {"plan", "customer"})
    if (!rows.has(needed) && (needed == "plan" ? options_.plan : options_.customer).empty())
      return error(Errc::invalid_input, concat(input.name(), ", line 1: there is no column ", needed),
                   concat("add it, or give --", needed, " for all rows"));
  return std::unique_ptr<RowSource>(std::make_unique<CsvSource>(std::move(rows)));
}

std::optional<RowTerms> CreateRows::read(const RowItem& item, Look look, std::vector<Fault>& faults) const {
  return reader_.read(item.row, look, faults);
}

Result<RowStanding> CreateRows::check(const ReadRow& row, std::vector<Fault>& faults) {
  const InputRow& input = row.item.row;
  LIC_TRY_ASSIGN(const std::int64_t present, count_present(input.line));
  LIC_TRY_ASSIGN(const BatchCursor::Entry* later, cursor_.peek());
  if (const Cell* order = input.find("order"))
    if (const auto before = seen_orders_.add(order->text, input.line))
      faults.push_back(input.fault_at(
          *order, concat("order ", in_quotes(order->text), " is in the file twice, first on line ", *before)));
  if (present > 0) {
    // It was good when it was begun; what it asks for can matter only where some is missing.
    if (later != nullptr || (!row.terms && present >= wanted(input))) faults.clear();
    if (later != nullptr || !row.terms || present >= row.terms->count) return RowStanding::there;
    partial_line_ = input.line;
    partial_ = present;
    return RowStanding::wanted;
  }
  if (later != nullptr && faults.empty())
    faults.push_back(input.fault({}, concat("batch ", in_quotes(batch_.name), " left this row out when it was begun")));
  if (faults.empty()) LIC_TRY(check_order_is_new(input, row.terms->terms.order, faults));
  return RowStanding::wanted;
}

/// How many licenses of that line the batch has. Called for one line after the other.
Result<std::int64_t> CreateRows::count_present(std::int64_t line) {
  std::int64_t present = 0;
  while (true) {
    LIC_TRY_ASSIGN(const BatchCursor::Entry* entry, cursor_.peek());
    if (entry == nullptr || entry->line > line) return present;
    ++present;
    cursor_.pop();
  }
}

/// How many licenses a row asks for that cannot be read as a whole any more.
std::int64_t CreateRows::wanted(const InputRow& row) const {
  const Cell* cell = row.find("count");
  return parse_integer(cell != nullptr ? cell->text : options_.count.value_or("")).value_or(1);
}

/// The key of a license with that order that is not of this batch; empty for none.
Result<std::string> CreateRows::key_of_order(const std::string& order) {
  if (order.empty()) return std::string();
  LicenseFilter filter;
  filter.order = order;
  filter.other_batch = batch_.name;
  return ledger_.first_key(filter, vendor_.now());
}

Result<void> CreateRows::check_order_is_new(const InputRow& row, const std::string& order, std::vector<Fault>& faults) {
  LIC_TRY_ASSIGN(const std::string key, key_of_order(order));
  if (key.empty()) return {};
  const Cell* cell = row.find("order");
  std::string message = one_line(order_taken(order, key));
  faults.push_back(cell != nullptr ? row.fault_at(*cell, std::move(message)) : row.fault({}, std::move(message)));
  return {};
}

std::int64_t CreateRows::lacking(const RowTerms& row, std::int64_t line) const {
  return row.count - (line == partial_line_ ? partial_ : 0);
}

void CreateRows::complete(SignedRow& row, const SigningKey&) const {
  for (NewLicense& license : row.licenses) {
    license.note = row.row->terms->note;
    license.batch = batch_.name;
    license.detail =
        beginning_of(license, [&](json::ObjectWriter& detail) { detail.number("line", row.row->raw.line); });
  }
}

Result<void> CreateRows::begin(Transaction& transaction, bool changed) {
  if (!issuing_) {
    seen_orders_ = {};
    cursor_.rewind();
    issuing_ = true;
  }
  changed_ = changed;
  cursor_.look_again();  // another run may have been here meanwhile
  return batch_.name.empty() ? Result<void>() : transaction.open_batch(batch_.name, batch_.request, vendor_.now());
}

Result<bool> CreateRows::settle(SignedRow& row, RowIntake& intake) {
  const std::int64_t line = row.row->raw.line;
  if (line != line_) {
    line_ = line;
    given_ = 0;
  }
  while (true) {
    LIC_TRY_ASSIGN(const BatchCursor::Entry* entry, cursor_.peek());
    if (entry == nullptr) break;
    if (entry->line > line) return true;  // what this row lacks, it will not get
    if (entry->line < line)
      return error(Errc::failure, concat("batch ", in_quotes(batch_.name), " has more licenses of line ", entry->line,
                                         " than that row asks for"));
    if (intake.full()) return false;
    LIC_TRY(intake.present(row, entry->license));
    ++given_;
    cursor_.pop();
  }
  if (row.licenses.empty()) return true;
  const RowTerms& asked = *row.row->terms;
  if (changed_ && given_ == 0) {
    LIC_TRY_ASSIGN(const std::string key, key_of_order(asked.terms.order));
    if (!key.empty()) return order_taken(asked.terms.order, key);
  }
  for (NewLicense& license : row.licenses) {
    if (given_ == asked.count) break;  // others have issued some of it
    cursor_.skip_to(license.key);
    LIC_TRY(intake.add(row, std::move(license)));
    ++given_;
  }
  return true;
}

Result<void> CreateRows::added(Transaction&) { return {}; }

std::vector<std::string_view> CreateRows::key_line(const RowSource& source, const ReadRow& row,
                                                   std::string_view key) const {
  return source.csv()->fields_with(row.raw, {}, key);
}

void CreateRows::tell(const RowCounts& counts, Output& output) const {
  if (counts.rows == 0) output.note(concat(input_, " has no rows: nothing to issue"));
  if (counts.present > 0)
    output.note(concat("batch ", in_quotes(batch_.name), ": ", counts.present, " licenses were issued before, ",
                       counts.issued, " now"));
}

nlohmann::ordered_json CreateRows::numbers(const RowCounts& counts) const { return {{"bad", counts.bad}}; }

std::string CreateRows::remains(const RowCounts& counts) const {
  return concat(counts.issued + counts.present, " licenses are issued and in the ledger, for the rows up to line ",
                counts.line);
}

std::string CreateRows::way_on() const {
  return batch_.name.empty() ? "take these rows out before you go on; with --batch they would be known"
                             : "run the same command again to get the rest; nothing is issued twice";
}

}  // namespace lic::app
