#include "licgen/row_issuing.hpp"

#include "base/result.hpp"

namespace lic::app {

Result<void> RowIssuing::check_batch() {
  if (batch_.name.empty()) return {};
  LIC_TRY_ASSIGN(const auto transaction, desk_.ledger.begin());  // not committed: nothing is registered yet
  return transaction->open_batch(batch_.name, batch_.request, desk_.now);
}

Result<void> RowIssuing::open() {
  if (transaction_) return {};
  LIC_TRY_ASSIGN(transaction_, begin_signing(desk_.ledger, signer_));
  return issuer_.begin(*transaction_);
}

Result<std::optional<IssuedLicense>> RowIssuing::issued_before(std::int64_t line) {
  LIC_TRY(open());
  return issuer_.issued_before(line);
}

Result<bool> RowIssuing::is_past(std::int64_t line) {
  LIC_TRY(open());
  return issuer_.is_past(line);
}

Result<IssuedLicense> RowIssuing::issue(const RowTerms& row, std::int64_t line, bool first) {
  LIC_TRY(open());
  return issuer_.issue(*transaction_, row, line, first);
}

Result<void> RowIssuing::commit() {
  if (!transaction_) return {};
  const auto transaction = std::move(transaction_);
  return transaction->commit();
}

}  // namespace lic::app
