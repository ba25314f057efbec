#pragma once

/// Issues licenses for rows, each of other terms: of a file, or of a request.
///
/// Under a batch, a row is known by its line: what an earlier run or another process
/// has issued for it is found again and not issued twice, whenever they ended. Rows are
/// issued in their order, so one that was passed over as bad while later ones were
/// issued stays passed over.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desk/desk.hpp"
#include "desk/issuing.hpp"
#include "desk/signing.hpp"
#include "issue/issuer.hpp"
#include "license/terms.hpp"

namespace lic {

/// What a row asks for.
struct RowTerms {
  Terms terms;  ///< all but id and key
  std::string plan_code;
  std::string note;
  std::int64_t count = 1;
};

/// Whether clients would read a license of these terms, which get an id and a key yet.
/// Errors: invalid_input (too large, a member that no reader takes).
[[nodiscard]] Result<void> check_row_document(Terms terms, std::string_view prefix, std::string_view code);

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

/// The rows of one order, and the name under which they are issued once.
struct RowBatch {
  std::string name;     ///< empty: none
  std::string request;  ///< equal for equal rows
};

class RowIssuer {
 public:
  /// `signer` and the ledger of `desk` outlive this.
  RowIssuer(RowBatch batch, std::string key_prefix, const Signer& signer, Desk desk);

  /// What follows is within that transaction of begin_signing(), until the next call. Errors: conflict (the batch was
  /// begun with other rows).
  [[nodiscard]] Result<void> begin(Transaction& transaction);

  /// The next license of the row at `line` that the batch has already; absent when it has no more.
  [[nodiscard]] Result<std::optional<IssuedLicense>> issued_before(std::int64_t line);
  /// Whether the batch has gone on beyond `line`: what that row lacks, it will not get.
  [[nodiscard]] Result<bool> is_past(std::int64_t line);
  /// Issues one license of the row; `first`: the row has none yet.
  /// Errors: conflict (the order was issued otherwise since the rows were checked).
  [[nodiscard]] Result<IssuedLicense> issue(Transaction& transaction, const RowTerms& row, std::int64_t line,
                                            bool first);

 private:
  RowBatch batch_;
  std::string key_prefix_;
  Signer signer_;
  Desk desk_;
  BatchCursor cursor_;
  UlidSource ids_;
};

/// The key of a license with that order that is not of `batch`; empty for none.
[[nodiscard]] Result<std::string> key_of_order(Ledger& ledger, const std::string& order, const std::string& batch,
                                               Time now);
[[nodiscard]] Error order_taken(const std::string& order, const std::string& key);

/// Errors: invalid_input (no name of a batch). `named`: what messages call it.
[[nodiscard]] Result<void> check_batch_name(std::string_view named, const std::string& batch);

}  // namespace lic
