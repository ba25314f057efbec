#pragma once

/// Rows of a file as calls of `licgen create`: the columns are its options.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "license/catalog.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"
#include "licgen/create_request.hpp"
#include "licgen/input_rows.hpp"

namespace lic::app {

/// Where a license of an import comes from.
struct Origin {
  std::optional<LicenseKey> key;  ///< absent: it gets a new one
  std::string previous_key;       ///< the one that is none of ours
  std::string batch;              ///< of a previous key: the license is found by it
  std::optional<Time> issued_at;  ///< elsewhere
  std::optional<Time> suspended_at;
  std::optional<Time> revoked_at;
  std::string revoke_reason;
  std::string source;      ///< a digest: equal for what says the same
  bool is_signed = false;  ///< there was a signature, which nobody has looked at
};

/// What a row asks for.
struct RowTerms {
  Terms terms;  ///< all but the key, and the id where it gets a new one (empty)
  std::string plan_code;
  std::string note;
  std::int64_t count = 1;
  std::optional<Origin> origin;       ///< of an import
  std::int64_t largest_document = 0;  ///< bytes that its document has at most; 0 where nobody looked (Look::again)
};

/// How closely a row is looked at.
enum class Look {
  whole,
  again,  ///< it was found good before: whether clients would read its license is known
};

/// The columns that may stand in a row, without those of the form feature.NAME.
[[nodiscard]] const std::vector<std::string>& row_columns();
/// Whether `name` is one of these, or of that form.
[[nodiscard]] bool is_row_column(std::string_view name);

/// Whether clients would read a license of these terms, which get an id and a key yet. Sets
/// `largest_document`. Errors: invalid_input (too large, a member that no reader takes).
[[nodiscard]] Result<void> check_row_document(RowTerms& row, std::string_view prefix);

class RowReader {
 public:
  /// `defaults` are for the rows that leave a column empty. `catalog` outlives this.
  RowReader(CreateOptions defaults, const Catalog& catalog, Time now);

  /// Whether the defaults are good by themselves. Errors: those of read_request() and terms_for().
  [[nodiscard]] Result<void> check_defaults() const;

  /// Reads a row by the rules of `licgen create`. Absent: `faults` got all that is wrong
  /// with it. Any thread may call it.
  [[nodiscard]] std::optional<RowTerms> read(const InputRow& row, Look look, std::vector<Fault>& faults) const;

 private:
  [[nodiscard]] Result<CreateOptions> options_of(const std::vector<Cell>& cells) const;
  [[nodiscard]] Result<RowTerms> terms_of(const std::vector<Cell>& cells, Look look) const;
  [[nodiscard]] Result<void> check_alone(const Cell& cell) const;
  [[nodiscard]] Fault blame(const InputRow& row, const Error& error) const;

  CreateOptions defaults_;
  const Catalog& catalog_;
  Time now_;
};

}  // namespace lic::app
