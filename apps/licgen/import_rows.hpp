#pragma once

/// Licenses from elsewhere, as files tell of them (docs/cli.md, "licgen import").

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "license/key.hpp"
#include "licgen/input_rows.hpp"
#include "licgen/row_terms.hpp"

namespace lic::app {

/// One license as a line of the file tells of it, not judged yet.
struct ImportItem {
  InputRow row;                      ///< of CSV, or of an object of our own names
  std::optional<Terms> exact;        ///< of a signed license or its payload, in place of the cells
  bool is_signed = false;            ///< there was a signature, which nobody has looked at
  bool never_ends = false;           ///< `expires_at` is there and empty or null
  std::optional<Features> features;  ///< all of them
  std::optional<Limits> limits;
};

/// Goes through a file of either format.
class ImportSource {
 public:
  virtual ~ImportSource() = default;
  /// The next license; false at the end. What is wrong with a line alone is in
  /// `row.faults`. Errors: invalid_input (the rest cannot be read), failure.
  [[nodiscard]] virtual Result<bool> next(ImportItem& item) = 0;
  /// The names of the columns; null for JSON Lines.
  [[nodiscard]] virtual const CsvRows* csv() const noexcept { return nullptr; }
  /// The line as it came, for JSON Lines.
  [[nodiscard]] virtual std::string_view line() const noexcept { return {}; }
};

/// `input` outlives what is returned. Errors: those of CsvRows::open().
[[nodiscard]] Result<std::unique_ptr<ImportSource>> open_csv_import(InputFile& input);
[[nodiscard]] Result<std::unique_ptr<ImportSource>> open_jsonl_import(InputFile& input);

/// A license that is ready to be taken.
struct ImportRow {
  std::int64_t line = 0;
  std::optional<LicenseKey> key;  ///< absent: it gets a new one
  std::string previous_key;       ///< the one that is none of ours
  RowTerms row;                   ///< id (empty: a new one) and serial are set, the key is not
  std::optional<Time> issued_at;  ///< elsewhere
  std::optional<Time> suspended_at;
  std::optional<Time> revoked_at;
  std::string revoke_reason;
  std::string source;  ///< a digest: equal for what says the same
};

class ImportReader {
 public:
  using PlanMap = std::map<std::string, std::string>;

  /// `new_keys`: keys that are none of ours are replaced. `catalog` outlives this.
  ImportReader(const Catalog& catalog, PlanMap plans, bool new_keys, Time now)
      : catalog_(catalog), plans_(std::move(plans)), new_keys_(new_keys), now_(now), rows_({}, catalog, now) {}

  /// Absent: `faults` got all that is wrong with it.
  [[nodiscard]] std::optional<ImportRow> read(const ImportItem& item, std::vector<Fault>& faults) const;

 private:
  std::optional<ImportRow> read_cells(const ImportItem& item, std::vector<Fault>& faults) const;
  std::optional<ImportRow> read_exact(const ImportItem& item, std::vector<Fault>& faults) const;
  [[nodiscard]] std::vector<Cell> create_cells(const ImportItem& item) const;
  void read_key(const InputRow& row, const Cell& cell, ImportRow& out, std::vector<Fault>& faults) const;
  void read_standing(const InputRow& row, ImportRow& out, std::vector<Fault>& faults) const;
  void read_identity(const InputRow& row, ImportRow& out, std::vector<Fault>& faults) const;
  [[nodiscard]] std::string mapped(const std::string& plan) const;

  const Catalog& catalog_;
  PlanMap plans_;
  bool new_keys_;
  Time now_;
  RowReader rows_;
};

}  // namespace lic::app
