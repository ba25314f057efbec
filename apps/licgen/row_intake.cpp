#include "licgen/row_intake.hpp"

#include "base/result.hpp"

namespace lic::app {

void RowIntake::begin(Transaction& transaction, std::int64_t most) {
  transaction_ = &transaction;
  most_ = most;
  taken_ = 0;
  coming_ = counts_;
}

Result<void> RowIntake::present(const SignedRow& row, const IssuedLicense& license) {
  ++coming_.present;
  return take(row, license.key, license.document);
}

Result<void> RowIntake::add(const SignedRow& row, NewLicense license) {
  constexpr std::size_t kTogether = 1'000;
  ++coming_.issued;
  LIC_TRY(take(row, license.key, row.suspended ? row.suspended_document : license.document));
  new_.push_back(std::move(license));
  rows_.push_back(row.row);
  return new_.size() < kTogether ? Result<void>() : put();
}

Result<void> RowIntake::put() {
  LIC_TRY(transaction_->add_licenses(new_, {vendor_.now(), vendor_.actor(), std::string(sink_.words().action)}));
  new_.clear();
  rows_.clear();
  return sink_.added(*transaction_);
}

std::int64_t RowIntake::committed() noexcept {
  counts_ = coming_;
  return taken_;
}

Result<void> RowIntake::take(const SignedRow& row, std::string_view key, std::string_view document) {
  ++taken_;
  coming_.line = row.row->raw.line;
  const auto& terms = row.row->terms;
  if (terms && terms->origin && !terms->origin->previous_key.empty()) ++coming_.replaced;
  if (keys_ != nullptr)
    if (const auto fields = sink_.key_line(source_, *row.row, key); !fields.empty()) LIC_TRY(keys_->add(fields));
  return report_.take(key, document);
}

}  // namespace lic::app
