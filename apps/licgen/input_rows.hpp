#pragma once

/// Rows that come from a file of many: cells with a name and a place, and what is wrong
/// with them.

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/output.hpp"
#include "csv/reader.hpp"
#include "lic/result.hpp"
#include "licgen/input_file.hpp"

namespace lic::app {

/// What is wrong, and where.
struct Fault {
  std::int64_t line = 0;    ///< 0: the message says where
  std::int64_t column = 0;  ///< the number of the field, from 1; 0 where there are no columns
  std::string name;         ///< of the column or member; may be empty
  std::string message;
  bool conflict = false;  ///< good in itself, but the ledger has it otherwise
};

/// "line 3, column 5 (months): 'x' is not a whole number"
[[nodiscard]] std::string fault_text(const Fault& fault);
/// All of a row, one behind the other.
[[nodiscard]] std::string fault_texts(const std::vector<Fault>& faults);
/// What went wrong, and the way out in the same line.
[[nodiscard]] std::string one_line(const Error& error);

/// Counts all faults, keeps the first of them.
class FaultList {
 public:
  static constexpr std::size_t kMostKept = 100;

  /// Of one row.
  void add(const std::vector<Fault>& faults);
  /// What ended the reading.
  void add_end(const Error& error) { add({{0, 0, {}, one_line(error), false}}); }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  /// Names them all, one a line: conflict if they all are, else invalid_input.
  /// `outcome`: "nothing was issued".
  [[nodiscard]] Error error_of(std::string_view what, std::string_view outcome, std::string_view hint) const;
  /// `[{"line", "column", "name", "message"}]`; a column of 0 and an empty name are null.
  [[nodiscard]] nlohmann::ordered_json to_json() const;

 private:
  std::vector<Fault> kept_;
  std::int64_t count_ = 0;
  std::int64_t conflicts_ = 0;
  std::int64_t rows_ = 0;
};

/// Tells `error`, with --json as `{"error", "faults"}` if there are any. Returns the exit code.
int fail_with_faults(const Error& error, const FaultList& faults, Output& output);

/// A value that is given: empty cells are none.
struct Cell {
  std::string name;  ///< what it means: an option of create without its hyphens, say
  std::string text;
  std::int64_t line = 0;
  std::int64_t column = 0;  ///< 0: of a JSON object
  std::string shown;        ///< its name in the file, where that is another
};

struct InputRow {
  std::int64_t line = 0;
  std::vector<Cell> cells;
  const std::vector<std::string>* columns = nullptr;  ///< of a CSV file, which it must not outlive
  std::vector<Fault> faults;                          ///< of its form: it cannot be understood, whatever it means

  [[nodiscard]] const Cell* find(std::string_view name) const noexcept;
  [[nodiscard]] Fault fault_at(const Cell& cell, std::string message) const {
    return {cell.line, cell.column, cell.shown.empty() ? cell.name : cell.shown, std::move(message), false};
  }
  /// At the cell of that name, which may be empty; at the row as a whole for no name.
  [[nodiscard]] Fault fault(std::string_view name, std::string message) const;
};

/// A CSV file whose first line names the columns.
class CsvRows {
 public:
  /// Why a column of that name cannot be taken, or nothing.
  using ColumnRule = std::function<std::optional<std::string>(const std::string& name)>;

  /// Reads the head. `input` outlives this.
  /// Errors: invalid_input (empty file; the reader's; every fault of the head).
  static Result<CsvRows> open(InputFile& input, const ColumnRule& rule);

  /// The next row that holds anything; false at the end. Errors: those of the reader.
  [[nodiscard]] Result<bool> next(InputRow& row);

  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return *columns_; }
  [[nodiscard]] bool has(std::string_view column) const noexcept;
  [[nodiscard]] char separator() const noexcept { return reader_.separator(); }
  /// The fields of the last row as they stand, for writing it again.
  [[nodiscard]] const std::vector<csv::Field>& fields() const noexcept { return row_.fields; }

 private:
  explicit CsvRows(csv::Reader reader)
      : reader_(std::move(reader)), columns_(std::make_unique<std::vector<std::string>>()) {}

  csv::Reader reader_;
  csv::Row row_;
  std::unique_ptr<std::vector<std::string>> columns_;  ///< stays where it is: rows point to it
};

/// The column that says what was wrong in a file of bad rows; passed over when read.
inline constexpr std::string_view kFaultColumn = "fault";

/// The head, and the fields of the row read last, to be written again: without the
/// column of faults, and with one in front or behind where that is not empty.
[[nodiscard]] std::vector<std::string_view> head_with(const CsvRows& rows, std::string_view first,
                                                      std::string_view last);
[[nodiscard]] std::vector<std::string_view> with_field(const CsvRows& rows, std::string_view first,
                                                       std::string_view last);

}  // namespace lic::app
