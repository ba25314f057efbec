#pragma once

/// Issues the rows of a file into the ledger, in transactions of bounded size.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "desk/row_issuing.hpp"

namespace lic::app {

class RowIssuing {
 public:
  /// `signer` and the ledger of `desk` outlive this.
  RowIssuing(const RowBatch& batch, std::string key_prefix, const Signer& signer, const Desk& desk)
      : batch_(batch), signer_(signer), desk_(desk), issuer_(batch, std::move(key_prefix), signer, desk) {}

  /// Whether the batch may be used for this. Errors: conflict (it was begun with another file).
  [[nodiscard]] Result<void> check_batch();

  // As RowIssuer's. Each opens a transaction where there is none: until commit() nothing that is given out counts.

  [[nodiscard]] Result<std::optional<IssuedLicense>> issued_before(std::int64_t line);
  [[nodiscard]] Result<bool> is_past(std::int64_t line);
  [[nodiscard]] Result<IssuedLicense> issue(const RowTerms& row, std::int64_t line, bool first);
  /// Errors: those of Transaction::commit().
  [[nodiscard]] Result<void> commit();

 private:
  Result<void> open();

  RowBatch batch_;
  Signer signer_;
  Desk desk_;
  RowIssuer issuer_;
  std::unique_ptr<Transaction> transaction_;
};

}  // namespace lic::app
