#pragma once

/// Rows of a file as calls of `licgen create`: the columns are its options.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desk/row_issuing.hpp"
#include "license/catalog.hpp"
#include "licgen/create_request.hpp"
#include "licgen/input_rows.hpp"

namespace lic::app {

/// The columns that may stand in a row, without those of the form feature.NAME.
[[nodiscard]] const std::vector<std::string>& row_columns();
/// Whether `name` is one of these, or of that form.
[[nodiscard]] bool is_row_column(std::string_view name);

class RowReader {
 public:
  /// `defaults` are for the rows that leave a column empty. `catalog` outlives this.
  RowReader(CreateOptions defaults, const Catalog& catalog, Time now);

  /// Whether the defaults are good by themselves. Errors: those of read_request() and terms_for().
  [[nodiscard]] Result<void> check_defaults() const;

  /// Reads a row by the rules of `licgen create`. Absent: `faults` got all that is wrong
  /// with it.
  [[nodiscard]] std::optional<RowTerms> read(const InputRow& row, std::vector<Fault>& faults) const;

 private:
  [[nodiscard]] Result<CreateOptions> options_of(const std::vector<Cell>& cells) const;
  [[nodiscard]] Result<RowTerms> terms_of(const std::vector<Cell>& cells) const;
  [[nodiscard]] Result<void> check_alone(const Cell& cell) const;
  [[nodiscard]] Fault blame(const InputRow& row, const Error& error) const;

  CreateOptions defaults_;
  const Catalog& catalog_;
  Time now_;
};

}  // namespace lic::app
