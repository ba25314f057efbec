#pragma once

/// Takes what the rows of a file give into the ledger, within one transaction after another.

#include <memory>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "licgen/bulk_report.hpp"
#include "licgen/row_file.hpp"
#include "licgen/row_sink.hpp"

namespace lic::app {

class RowIntake {
 public:
  /// `keys` null: no file of keys. All outlive this.
  RowIntake(RowSink& sink, const RowSource& source, const Vendor& vendor, BulkReport& report, RowFile* keys)
      : sink_(sink), source_(source), vendor_(vendor), report_(report), keys_(keys) {}

  /// What follows belongs to this transaction, which is to take so many licenses.
  void begin(Transaction& transaction, std::int64_t most);
  /// Whether it has taken enough.
  [[nodiscard]] bool full() const noexcept { return taken_ >= most_ || report_.full(); }
  /// A license that the ledger has already. Errors: those of writing it.
  [[nodiscard]] Result<void> present(const SignedRow& row, const IssuedLicense& license);
  /// One that the ledger gets. Errors: those of writing it and of put().
  [[nodiscard]] Result<void> add(const SignedRow& row, NewLicense license);
  /// Puts into the ledger what was added. Errors: those of Transaction::add_licenses().
  [[nodiscard]] Result<void> put();
  /// The transaction is committed: what it took counts.
  [[nodiscard]] std::int64_t committed() noexcept;

  [[nodiscard]] const RowCounts& counts() const noexcept { return counts_; }

 private:
  Result<void> take(const SignedRow& row, std::string_view key, std::string_view document);

  RowSink& sink_;
  const RowSource& source_;
  const Vendor& vendor_;
  BulkReport& report_;
  RowFile* keys_;

  Transaction* transaction_ = nullptr;
  std::int64_t most_ = 0;
  std::int64_t taken_ = 0;
  std::vector<NewLicense> new_;                       // added, not put
  std::vector<std::shared_ptr<const ReadRow>> rows_;  // of these
  RowCounts counts_;                                  // of what is committed
  RowCounts coming_;                                  // with this transaction
};

}  // namespace lic::app
