#pragma once

/// Licenses from elsewhere, as files tell of them (docs/cli.md, "licgen import").

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "licgen/row_source.hpp"
#include "licgen/row_terms.hpp"

namespace lic::app {

/// `input` outlives what is returned. Errors: those of CsvRows::open().
[[nodiscard]] Result<std::unique_ptr<RowSource>> open_csv_import(InputFile& input);
[[nodiscard]] Result<std::unique_ptr<RowSource>> open_jsonl_import(InputFile& input);

class ImportReader {
 public:
  using PlanMap = std::map<std::string, std::string>;

  /// `new_keys`: keys that are none of ours are replaced. `catalog` outlives this.
  ImportReader(const Catalog& catalog, PlanMap plans, bool new_keys, Time now)
      : catalog_(catalog), plans_(std::move(plans)), new_keys_(new_keys), now_(now), rows_({}, catalog, now) {}

  /// Absent: `faults` got all that is wrong with it.
  /// Any thread may call it.
  [[nodiscard]] std::optional<RowTerms> read(const RowItem& item, Look look, std::vector<Fault>& faults) const;

 private:
  std::optional<RowTerms> read_cells(const RowItem& item, std::vector<Fault>& faults) const;
  std::optional<RowTerms> read_exact(const RowItem& item, std::vector<Fault>& faults) const;
  [[nodiscard]] InputRow create_row(const RowItem& item) const;
  void read_key(const InputRow& row, const Cell& cell, Origin& origin, std::vector<Fault>& faults) const;
  void read_standing(const InputRow& row, Origin& origin, std::vector<Fault>& faults) const;
  void read_identity(const InputRow& row, Terms& terms, Origin& origin, std::vector<Fault>& faults) const;
  void check_document(const RowItem& item, RowTerms& row, std::vector<Fault>& faults) const;
  [[nodiscard]] std::string mapped(const std::string& plan) const;

  const Catalog& catalog_;
  PlanMap plans_;
  bool new_keys_;
  Time now_;
  RowReader rows_;
};

}  // namespace lic::app
