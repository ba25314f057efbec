#pragma once

/// Issues the rows of a file into the ledger, in transactions of bounded size.
///
/// Under a batch, a row is known by its line: what an earlier run or another process
/// has issued for it is found again and not issued twice, whenever they ended. Rows are
/// issued in their order, so one that was passed over as bad while later ones were
/// issued stays passed over.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desk/issuing.hpp"
#include "issue/issuer.hpp"
#include "licgen/product_document.hpp"
#include "licgen/row_terms.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

/// Goes through what a batch has issued, in the order of issue, in bounded memory.
class BatchCursor {
 public:
  struct Entry {
    std::int64_t line = 0;
    IssuedLicense license;
  };

  /// An empty `batch` has issued nothing. `ledger` outlives this.
  BatchCursor(Ledger& ledger, std::string batch, Time now) : ledger_(ledger), batch_(std::move(batch)), now_(now) {}

  /// The next license; null when there is none. Errors: failure (one that no row made).
  [[nodiscard]] Result<const Entry*> peek();
  /// Precondition: peek() gave one.
  void pop() { ++at_; }
  /// Asks the ledger again, after the end, for what came later.
  void look_again() noexcept { ended_ = false; }
  /// Goes on after that license, which the caller has just issued at the end.
  void skip_to(std::string key) { last_key_ = std::move(key); }

 private:
  Result<void> read_page();

  Ledger& ledger_;
  std::string batch_;
  Time now_;
  std::vector<Entry> page_;
  std::size_t at_ = 0;
  std::string last_key_;
  bool ended_ = false;
};

class RowIssuing {
 public:
  struct Batch {
    std::string name;     ///< empty: none
    std::string request;  ///< equal for equal files and options
  };

  /// `signer`, `ledger` and `vendor` outlive this.
  RowIssuing(Batch batch, std::string key_prefix, const Signer& signer, Ledger& ledger, const Vendor& vendor);

  /// Whether the batch may be used for this. Errors: conflict (it was begun with another file).
  [[nodiscard]] Result<void> check_batch();

  /// The next license of the row at `line` that the batch has already; absent when it
  /// has no more. Opens a transaction where there is none: until commit() nothing that
  /// is given out here counts.
  [[nodiscard]] Result<std::optional<IssuedLicense>> issued_before(std::int64_t line);
  /// Whether the batch has gone on beyond `line`: what that row lacks, it will not get.
  [[nodiscard]] Result<bool> is_past(std::int64_t line);
  /// Issues one license of the row; `first`: the row has none yet.
  /// Errors: conflict (the order was issued otherwise since the rows were checked).
  [[nodiscard]] Result<IssuedLicense> issue(const RowTerms& row, std::int64_t line, bool first);
  /// Errors: those of Transaction::commit().
  [[nodiscard]] Result<void> commit();

 private:
  Result<void> open();

  Batch batch_;
  std::string key_prefix_;
  Signer signer_;
  Ledger& ledger_;
  const Vendor& vendor_;
  BatchCursor cursor_;
  std::unique_ptr<Transaction> transaction_;
  UlidSource ids_;
};

/// The key of a license with that order that is not of `batch`; empty for none.
[[nodiscard]] Result<std::string> key_of_order(Ledger& ledger, const std::string& order, const std::string& batch,
                                               Time now);
[[nodiscard]] Error order_taken(const std::string& order, const std::string& key);

}  // namespace lic::app
