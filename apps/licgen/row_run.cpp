#include "licgen/row_run.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "common/log.hpp"

namespace lic::app {

Result<void> RowRun::check() {
  LIC_TRY_ASSIGN(history_, ledger_.newest_history_number());
  LIC_TRY_ASSIGN(const auto source, sink_.open(input_));
  is_csv_ = source->csv() != nullptr;
  if (options_.skip_bad) LIC_TRY(open_bad_file(source->csv()));
  LIC_TRY(check_rows(*source));
  if (broken_ || (!faults_.empty() && !bad_file_))
    return faults_.error_of(input_.name(), concat("nothing was ", sink_.words().done),
                            std::string(broken_ ? "mend the file and try again" : sink_.words().mend));
  return bad_file_ ? bad_file_->finish() : Result<void>();
}

Result<void> RowRun::open_bad_file(const CsvRows* rows) {
  const char separator = rows == nullptr ? ',' : rows->separator();
  LIC_TRY_ASSIGN(RowFile bad, RowFile::open(*options_.skip_bad, options_.force, options_.same, separator));
  bad_file_.emplace(std::move(bad));
  return rows == nullptr ? Result<void>() : bad_file_->add(rows->head_with(kFaultColumn, {}));
}

Result<void> RowRun::check_rows(RowSource& source) {
  RowReading reading(source, sink_, Look::whole, workers_);
  Progress checked(vendor_.output(), "rows checked", std::nullopt);
  while (true) {
    const auto row = reading.next();
    if (!row && row.error().code == Errc::invalid_input) {
      broken_ = true;
      faults_.add_end(row.error());
      return {};
    }
    LIC_TRY(row);
    if (*row == nullptr) return {};
    LIC_TRY(check_row(**row, source));
    checked.advance();
  }
}

Result<void> RowRun::check_row(ReadRow& row, const RowSource& source) {
  LIC_TRY_ASSIGN(const RowStanding standing, sink_.check(row, row.faults));
  standings_.add(row.faults.empty() ? standing : RowStanding::bad);
  faults_.add(row.faults);
  if (!row.faults.empty()) return bad_file_ ? write_bad(source, row) : Result<void>();
  if (standing != RowStanding::wanted) return {};
  lacking_ += sink_.lacking(*row.terms, row.raw.line);
  largest_document_ = std::max(largest_document_, row.terms->largest_document);
  if (!first_) first_ = {row.terms->terms, catalog_.key_prefix, row.terms->plan_code, {}, 1, {}, {}};
  return {};
}

Result<void> RowRun::write_bad(const RowSource& source, const ReadRow& row) {
  if (source.csv() == nullptr) return bad_file_->add_line(row.raw.text);
  return bad_file_->add(source.csv()->fields_with(row.raw, fault_texts(row.faults), {}));
}

Result<void> RowRun::check_signer(const Signer& signer) const {
  return first_ ? check_order(*first_, signer.key, signer.product) : Result<void>();
}

int RowRun::issue(const Signer& signer, DocumentSink* documents, RowFile* keys) {
  BulkReport report(documents, vendor_.output());
  RowCounts counts;
  const auto issued = issue_rows(signer, report, keys, counts);
  counts.rows = static_cast<std::int64_t>(standings_.size());
  counts.bad = faults_.rows();
  return issued ? conclude(counts, report, keys) : partial_failure(issued.error(), counts, report);
}

Result<void> RowRun::issue_rows(const Signer& signer, BulkReport& report, RowFile* keys, RowCounts& counts) {
  LIC_TRY_ASSIGN(const auto source, sink_.open(input_));
  RowSigning signing(*source, sink_, signer.key,
                     {standings_, lacking_, largest_document_, catalog_.key_prefix, vendor_.now()}, workers_);
  RowIntake intake(sink_, *source, vendor_, report, keys);
  Pace pace(report.most_at_once());
  Progress progress(vendor_.output(), "rows", static_cast<std::int64_t>(standings_.size()));
  bool more = true;
  while (more && !vendor_.output().broken()) {  // nobody reads the keys: issue no more of them
    pace.begin();
    LIC_TRY_ASSIGN(more, issue_some(signer, signing, intake, pace.at_once(), progress));
    pace.end(intake.committed());
    counts = intake.counts();
    progress.hide();
    LIC_TRY(report.committed());
  }
  if (more) return not_all_printed();
  if (keys != nullptr) LIC_TRY(keys->finish());
  return report.finish();
}

/// One transaction. False: it came to the end of the rows.
Result<bool> RowRun::issue_some(const Signer& signer, RowSigning& signing, RowIntake& intake, std::int64_t most,
                                Progress& progress) {
  LIC_TRY_ASSIGN(SignedRow * row, signing.peek());
  if (row == nullptr) {
    LIC_TRY(input_.check_unchanged());
    return false;
  }
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(ledger_, signer));
  LIC_TRY_ASSIGN(const std::int64_t newest, ledger_.newest_history_number());
  changed_ = changed_ || newest != history_;
  LIC_TRY(sink_.begin(*transaction, changed_));
  intake.begin(*transaction, most);
  while (row != nullptr && !intake.full()) {
    LIC_TRY_ASSIGN(const bool settled, sink_.settle(*row, intake));
    if (!settled) break;
    if (row->ends) progress.advance();
    signing.pop();
    LIC_TRY_ASSIGN(row, signing.peek());
  }
  LIC_TRY(intake.put());
  LIC_TRY(input_.check_unchanged());
  LIC_TRY_ASSIGN(history_, ledger_.newest_history_number());
  LIC_TRY(transaction->commit());
  return row != nullptr;
}

int RowRun::conclude(const RowCounts& counts, BulkReport& report, const RowFile* keys) {
  Output& output = vendor_.output();
  sink_.tell(counts, output);
  if (!faults_.empty()) tell_of_bad();
  log_info(concat(counts.issued, " licenses ", sink_.words().done));
  std::vector<std::string> files;
  if (keys != nullptr) files.push_back(keys->name());
  return report.conclude(ExitCode::ok, files, sink_.numbers(counts));
}

void RowRun::tell_of_bad() {
  Output& output = vendor_.output();
  if (!is_csv_)  // its file holds the lines as they came
    output.warn(faults_.error_of(input_.name(), concat("what is good was ", sink_.words().done), {}).message);
  output.note(concat(faults_.rows(), faults_.rows() == 1 ? sink_.words().row : sink_.words().rows,
                     " bad and written to ", in_quotes(bad_file_->name())));
}

/// What was issued before it stands, and how to go on.
int RowRun::partial_failure(const Error& fault, const RowCounts& counts, BulkReport& report) {
  Output& output = vendor_.output();
  if (counts.line == 0) return output.fail(fault);
  return report.fail({fault.code, concat(fault.message, "; ", sink_.remains(counts)), sink_.way_on()},
                     sink_.numbers(counts));
}

}  // namespace lic::app
