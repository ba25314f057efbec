#pragma once

/// One run of a command over the rows of a file: all of them are checked first, then what
/// they ask for is issued, in transactions of bounded size.

#include <optional>
#include <string>

#include "common/progress.hpp"
#include "licgen/bulk_report.hpp"
#include "licgen/input_file.hpp"
#include "licgen/pace.hpp"
#include "licgen/row_file.hpp"
#include "licgen/row_intake.hpp"
#include "licgen/row_signing.hpp"
#include "licgen/row_sink.hpp"

namespace lic::app {

class RowRun {
 public:
  struct Options {
    std::optional<std::string> skip_bad;  ///< where bad rows go
    bool force = false;                   ///< what is there is replaced
    RowFile::Same same = RowFile::Same::keep;
  };

  /// All but `input` and `options` outlive this.
  RowRun(RowSink& sink, InputFile input, Options options, const Catalog& catalog, Ledger& ledger, Vendor& vendor)
      : sink_(sink),
        input_(std::move(input)),
        options_(std::move(options)),
        catalog_(catalog),
        ledger_(ledger),
        vendor_(vendor) {}

  /// Finds every fault before anything is issued. Writes the file of bad rows.
  /// Errors: invalid_input and conflict (with faults()), and those of the sink.
  [[nodiscard]] Result<void> check();
  [[nodiscard]] const FaultList& faults() const noexcept { return faults_; }
  [[nodiscard]] InputFile& input() noexcept { return input_; }
  /// What clients would say to the first license. Errors: those of check_order().
  [[nodiscard]] Result<void> check_signer(const Signer& signer) const;
  /// Issues, and tells of it. `keys` null: no file of keys. Gives the exit code.
  [[nodiscard]] int issue(const Signer& signer, DocumentSink* documents, RowFile* keys);

 private:
  Result<void> open_bad_file(const CsvRows* rows);
  Result<void> check_rows(RowSource& source);
  Result<void> check_row(ReadRow& row, const RowSource& source);
  Result<void> write_bad(const RowSource& source, const ReadRow& row);
  Result<void> issue_rows(const Signer& signer, BulkReport& report, RowFile* keys, RowCounts& counts);
  Result<bool> issue_some(const Signer& signer, RowSigning& signing, RowIntake& intake, std::int64_t most,
                          Progress& progress);
  int conclude(const RowCounts& counts, BulkReport& report, const RowFile* keys);
  void tell_of_bad();
  int partial_failure(const Error& fault, const RowCounts& counts, BulkReport& report);

  RowSink& sink_;
  InputFile input_;
  Options options_;
  const Catalog& catalog_;
  Ledger& ledger_;
  Vendor& vendor_;

  Workers workers_;
  RowStandings standings_;
  std::int64_t lacking_ = 0;           // licenses, of all rows
  std::int64_t largest_document_ = 0;  // of them
  FaultList faults_;
  bool broken_ = false;  // the file could not be read to its end
  bool is_csv_ = true;
  std::optional<RowFile> bad_file_;
  std::optional<Order> first_;

  std::int64_t history_ = 0;  // the newest entry that is known here
  bool changed_ = false;      // by others, since the check
};

}  // namespace lic::app
