#include "licgen/create_from_csv.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"
#include "common/progress.hpp"
#include "desk/carried_product.hpp"
#include "licgen/document_output.hpp"
#include "licgen/input_rows.hpp"
#include "licgen/lifecycle.hpp"
#include "licgen/product_document.hpp"
#include "licgen/row_file.hpp"
#include "licgen/row_issuing.hpp"
#include "licgen/row_report.hpp"
#include "licgen/row_terms.hpp"
#include "licgen/seen_texts.hpp"

namespace lic::app {
namespace {

constexpr std::string_view kKeyColumn = "key";
constexpr std::string_view kMendHint =
    "mend these rows, or let --skip-bad FILE write them to FILE and issue the others";

std::optional<std::string> column_fault(const std::string& name) {
  if (is_row_column(name)) return std::nullopt;
  if (name == kKeyColumn) return "column 'key': licenses with keys are taken by licgen import";
  const std::string meant = nearest(to_lower(name), row_columns());
  return concat("there is no column ", in_quotes(name),
                meant.empty() ? std::string() : concat("; did you mean ", meant, "?"));
}

bool is_csv(const std::optional<std::string>& out) { return out && out->ends_with(".csv"); }

Result<void> check_outputs(const CreateOptions& options, bool json) {
  if (options.out == "-" && json)
    return error(Errc::usage, "--out - and --json both want standard output", "name a directory or a file");
  if (options.skip_bad && options.skip_bad == options.out)
    return error(Errc::usage, "--out and --skip-bad name the same file");
  if (options.skip_bad == "-") return error(Errc::usage, "--skip-bad needs the name of a file");
  return options.batch ? check_batch(*options.batch) : Result<void>();
}

/// One run over one file: all of it is checked first, then issued.
class FromCsv {
 public:
  FromCsv(const CreateOptions& options, Vendor& vendor, Ledger& ledger, const Catalog& catalog, InputFile input)
      : options_(options),
        vendor_(vendor),
        ledger_(ledger),
        catalog_(catalog),
        input_(std::move(input)),
        reader_(options, catalog, vendor.now()),
        batch_{options.batch.value_or(""), request()} {}

  /// Finds every fault before anything is issued. Writes the file of bad rows.
  Result<void> check() {
    LIC_TRY(reader_.check_defaults());
    LIC_TRY_ASSIGN(CsvRows rows, open_rows());
    if (options_.skip_bad) {
      LIC_TRY_ASSIGN(RowFile bad, RowFile::open(*options_.skip_bad, options_.force, same(), rows.separator()));
      bad_file_.emplace(std::move(bad));
      LIC_TRY(bad_file_->add(head_with(rows, kFaultColumn, {})));
    }
    LIC_TRY(check_rows(rows));
    seen_orders_ = {};
    if (broken_ || (!faults_.empty() && !bad_file_))
      return faults_.error_of(input_.name(), "nothing was issued",
                              std::string(broken_ ? "mend the file and try again" : kMendHint));
    return bad_file_ ? bad_file_->finish() : Result<void>();
  }

  /// What clients would say to the first license. Errors: conflict.
  Result<void> check_signer(const SigningKey& signer, const ProductFile& product) const {
    if (!first_) return {};
    Order order;
    order.terms = first_->terms;
    order.key_prefix = catalog_.key_prefix;
    order.plan_code = first_->plan_code;
    return check_order(order, signer, product);
  }

  Result<void> check_the_batch(const Signer& signer) {
    return RowIssuing(batch_, catalog_.key_prefix, signer, desk()).check_batch();
  }

  int issue(const Signer& signer, DocumentSink* sink, RowFile* keys) {
    RowReport report(sink, vendor_.output());
    const auto issued = issue_rows(signer, report, keys);
    return issued ? conclude(report, keys) : partial_failure(issued.error(), report);
  }

  Result<std::optional<RowFile>> open_key_file() {
    if (!is_csv(options_.out)) return std::optional<RowFile>();
    LIC_TRY_ASSIGN(const CsvRows rows, open_rows());
    LIC_TRY_ASSIGN(RowFile file, RowFile::open(*options_.out, options_.force, same(), rows.separator()));
    LIC_TRY(file.add(head_with(rows, {}, kKeyColumn)));
    return std::optional<RowFile>(std::move(file));
  }

  [[nodiscard]] const FaultList& faults() const noexcept { return faults_; }
  [[nodiscard]] bool is_batch() const noexcept { return !batch_.name.empty(); }

 private:
  [[nodiscard]] Desk desk() const { return {ledger_, vendor_.now(), vendor_.actor()}; }

  [[nodiscard]] RowFile::Same same() const {
    return options_.batch ? RowFile::Same::keep : RowFile::Same::refuse;  // an earlier run may have written it
  }

  [[nodiscard]] std::string request() const {
    return json_text(nlohmann::ordered_json{{"from_csv", input_.digest()},
                                            {"options", batch_request_of(options_, 1)},
                                            {"count", options_.count.value_or("")}});
  }

  Result<CsvRows> open_rows() {
    LIC_TRY_ASSIGN(CsvRows rows, CsvRows::open(input_, column_fault));
    for (const std::string_view needed : {"plan", "customer"})
      if (!rows.has(needed) && (needed == "plan" ? options_.plan : options_.customer).empty())
        return error(Errc::invalid_input, concat(input_.name(), ", line 1: there is no column ", needed),
                     concat("add it, or give --", needed, " for all rows"));
    return rows;
  }

  Result<void> check_rows(CsvRows& rows) {
    BatchCursor cursor(ledger_, batch_.name, vendor_.now());
    InputRow row;
    Progress checked(vendor_.output(), "rows checked", std::nullopt);
    while (true) {
      const auto found = rows.next(row);
      if (!found && found.error().code == Errc::invalid_input) {
        broken_ = true;
        faults_.add_end(found.error());
        return {};
      }
      LIC_TRY(found);
      if (!*found) return {};
      std::vector<Fault> faults;
      LIC_TRY(check_row(row, cursor, faults));
      good_.push_back(faults.empty());
      checked.advance();
      faults_.add(faults);
      if (!faults.empty() && bad_file_) LIC_TRY(write_bad(rows, faults));
    }
  }

  Result<void> check_row(const InputRow& row, BatchCursor& cursor, std::vector<Fault>& faults) {
    std::int64_t present = 0;
    LIC_TRY_ASSIGN(const BatchCursor::Entry* entry, cursor.peek());
    while (entry != nullptr && entry->line <= row.line) {
      ++present;
      cursor.pop();
      LIC_TRY_ASSIGN(entry, cursor.peek());
    }
    auto terms = reader_.read(row, faults);
    if (const Cell* order = row.find("order"))
      if (const auto before = seen_orders_.add(order->text, row.line))
        faults.push_back(row.fault_at(
            *order, concat("order ", in_quotes(order->text), " is in the file twice, first on line ", *before)));
    if (present > 0) {
      // It was good when it was begun; what it asks for can matter only where some is missing.
      if (entry != nullptr || (!terms && present >= wanted(row))) faults.clear();
      return {};
    }
    if (entry != nullptr && faults.empty())
      faults.push_back(row.fault({}, concat("batch ", in_quotes(batch_.name), " left this row out when it was begun")));
    if (faults.empty() && !terms->terms.order.empty()) LIC_TRY(check_order_is_new(row, terms->terms.order, faults));
    if (faults.empty() && !first_) first_ = std::move(terms);
    return {};
  }

  /// How many licenses a row asks for that cannot be read as a whole any more.
  [[nodiscard]] std::int64_t wanted(const InputRow& row) const {
    const Cell* cell = row.find("count");
    return parse_integer(cell != nullptr ? cell->text : options_.count.value_or("")).value_or(1);
  }

  Result<void> check_order_is_new(const InputRow& row, const std::string& order, std::vector<Fault>& faults) {
    LIC_TRY_ASSIGN(const std::string key, key_of_order(ledger_, order, batch_.name, vendor_.now()));
    if (key.empty()) return {};
    const Cell* cell = row.find("order");
    std::string message = one_line(order_taken(order, key));
    faults.push_back(cell != nullptr ? row.fault_at(*cell, std::move(message)) : row.fault({}, std::move(message)));
    return {};
  }

  Result<void> write_bad(const CsvRows& rows, const std::vector<Fault>& faults) {
    return bad_file_->add(with_field(rows, fault_texts(faults), {}));
  }

  Result<void> issue_rows(const Signer& signer, RowReport& report, RowFile* keys) {
    LIC_TRY_ASSIGN(CsvRows rows, open_rows());
    RowIssuing issuing(batch_, catalog_.key_prefix, signer, desk());
    InputRow row;
    progress_.emplace(vendor_.output(), "rows", std::ssize(good_));
    for (std::size_t i = 0; i < good_.size() && !vendor_.output().broken(); ++i) {
      progress_->advance();
      LIC_TRY_ASSIGN(const bool found, rows.next(row));
      if (!found) break;  // check_unchanged() says why
      LIC_TRY(issue_row(row, good_[i], rows, issuing, report, keys));
    }
    LIC_TRY(commit(issuing, report));
    progress_.reset();
    if (keys != nullptr) LIC_TRY(keys->finish());
    return report.finish();
  }

  Result<void> issue_row(const InputRow& row, bool good, const CsvRows& rows, RowIssuing& issuing, RowReport& report,
                         RowFile* keys) {
    const auto take = [&](IssuedLicense license) -> Result<void> {
      if (keys != nullptr) LIC_TRY(keys->add(with_field(rows, {}, license.key)));
      if (!report.wants_documents()) license.document.clear();
      pending_.push_back(std::move(license));
      last_line_ = row.line;
      return std::ssize(pending_) < Issuing::kMostHeld ? Result<void>() : commit(issuing, report);
    };
    std::int64_t count = 0;
    for (;; ++count) {
      LIC_TRY_ASSIGN(auto before, issuing.issued_before(row.line));
      if (!before) break;
      LIC_TRY(take(*std::move(before)));
    }
    LIC_TRY_ASSIGN(const bool past, issuing.is_past(row.line));
    if (!good || past) return {};
    std::vector<Fault> faults;
    const auto terms = reader_.read(row, faults);
    for (; terms && count < terms->count; ++count) {
      LIC_TRY_ASSIGN(auto license, issuing.issue(*terms, row.line, count == 0));
      ++issued_;
      LIC_TRY(take(std::move(license)));
    }
    return {};
  }

  Result<void> commit(RowIssuing& issuing, RowReport& report) {
    LIC_TRY(input_.check_unchanged());
    LIC_TRY(issuing.commit());
    committed_line_ = last_line_;
    const auto licenses = std::exchange(pending_, {});
    if (progress_) progress_->hide();
    LIC_TRY(report.add(licenses));
    return {};
  }

  int conclude(RowReport& report, const RowFile* keys) {
    Output& output = vendor_.output();
    std::vector<std::string> files;
    if (keys != nullptr) files.push_back(keys->name());
    if (good_.empty()) output.note(concat(input_.name(), " has no rows: nothing to issue"));
    if (issued_ < report.count())
      output.note(concat("batch ", in_quotes(batch_.name), ": ", report.count() - issued_,
                         " licenses were issued before, ", issued_, " now"));
    if (!faults_.empty())
      output.note(concat(faults_.rows(), faults_.rows() == 1 ? " row is" : " rows are", " bad and written to ",
                         in_quotes(bad_file_->name())));
    log_info(concat(issued_, " licenses issued"));
    report.conclude(files, {{"bad", faults_.rows()}});
    return static_cast<int>(ExitCode::ok);
  }

  /// A failure after some licenses were issued: that they are, and how to get at them.
  int partial_failure(const Error& fault, RowReport& report) {
    Output& output = vendor_.output();
    if (committed_line_ == 0) return output.fail(fault);
    const ExitCode code = exit_code(fault.code);
    const std::string message =
        concat(fault.message, "; ", report.count(), " licenses are issued and in the ledger, for the rows up to line ",
               committed_line_);
    const std::string hint = is_batch() ? "run the same command again to get the rest; nothing is issued twice"
                                        : "take these rows out before you go on; with --batch they would be known";
    report.conclude({}, {{"bad", faults_.rows()}, {"error", error_object(code, message, hint)}});
    return output.fail(code, message, hint, true);
  }

  const CreateOptions& options_;
  Vendor& vendor_;
  Ledger& ledger_;
  const Catalog& catalog_;
  InputFile input_;
  RowReader reader_;
  RowBatch batch_;

  std::vector<bool> good_;  // of each row
  FaultList faults_;
  bool broken_ = false;  // the file could not be read to its end
  SeenTexts seen_orders_;
  std::optional<RowFile> bad_file_;
  std::optional<RowTerms> first_;

  std::optional<Progress> progress_;    // of the rows that are issued
  std::vector<IssuedLicense> pending_;  // given out, not committed
  std::int64_t last_line_ = 0;
  std::int64_t committed_line_ = 0;
  std::int64_t issued_ = 0;
};

Result<int> run(const CreateOptions& options, Vendor& vendor) {
  LIC_TRY(check_outputs(options, vendor.output().json()));
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const Catalog catalog, vendor.catalog());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  LIC_TRY_ASSIGN(InputFile input, InputFile::open(*options.from_csv, "CSV file"));
  LIC_TRY_ASSIGN(const SigningKey key, unlock_license_key(vendor, product, Role::license));
  FromCsv from(options, vendor, *ledger, catalog, std::move(input));
  LIC_TRY(from.check_the_batch({key, product}));
  if (const auto checked = from.check(); !checked)
    return fail_with_faults(checked.error(), from.faults(), vendor.output());
  LIC_TRY(from.check_signer(key, product));
  LIC_TRY(warn_of_slow_clock(*ledger, vendor));
  LIC_TRY_ASSIGN(auto keys, from.open_key_file());
  std::optional<DocumentSink> sink;
  if (options.out && !keys) {
    const auto same = options.batch ? DocumentSink::Same::keep : DocumentSink::Same::refuse;
    LIC_TRY_ASSIGN(DocumentSink opened, DocumentSink::open(*options.out, options.force, same, vendor.output()));
    sink.emplace(std::move(opened));
    LIC_TRY_ASSIGN(CarriedProduct carried, vendor.carried_product());
    sink->carry(std::move(carried));
  }
  return from.issue({key, product}, sink ? &*sink : nullptr, keys ? &*keys : nullptr);
}

}  // namespace

int create_from_csv(const CreateOptions& options, Vendor& vendor) {
  const auto code = run(options, vendor);
  return code ? *code : vendor.output().fail(code.error());
}

}  // namespace lic::app
