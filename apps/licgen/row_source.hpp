#pragma once

/// A file of rows, in whichever format.

#include <memory>
#include <optional>

#include "license/terms.hpp"
#include "licgen/input_rows.hpp"

namespace lic::app {

/// What a row says, not judged yet.
struct RowItem {
  InputRow row;                      ///< of CSV, or of an object of our own names
  std::optional<Terms> exact;        ///< of a signed license or its payload, in place of the cells
  bool is_signed = false;            ///< there was a signature, which nobody has looked at
  bool never_ends = false;           ///< `expires_at` is there and empty or null
  std::optional<Features> features;  ///< all of them
  std::optional<Limits> limits;
};

/// Goes through a file.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// The next row that holds anything; false at the end.
  /// Errors: invalid_input (the rest cannot be read), failure.
  [[nodiscard]] virtual Result<bool> next(RawRow& row) = 0;
  /// What it says; what is wrong with its form is in the item's `row.faults`. Any thread may
  /// call it. The item must not outlive this.
  [[nodiscard]] virtual RowItem item_of(const RawRow& row) const = 0;
  /// The file with its columns; null for JSON Lines.
  [[nodiscard]] virtual const CsvRows* csv() const noexcept { return nullptr; }
};

}  // namespace lic::app
