#pragma once

/// The rows of `create --from-csv`: a license, or several, for each.
///
/// Under a batch, a row is known by its line: what an earlier run or another process
/// has issued for it is found again and not issued twice, whenever they ended. Rows are
/// issued in their order, so one that was passed over as bad while later ones were
/// issued stays passed over.

#include <cstdint>
#include <string>

#include "licgen/batch_cursor.hpp"
#include "licgen/create_request.hpp"
#include "licgen/row_intake.hpp"
#include "licgen/row_sink.hpp"
#include "licgen/seen_texts.hpp"

namespace lic::app {

class CreateRows final : public RowSink {
 public:
  struct Batch {
    std::string name;     ///< empty: none
    std::string request;  ///< equal for equal files and options
  };

  /// `input`: how messages call the file. `options`, `catalog`, `ledger` and `vendor` outlive this.
  CreateRows(const CreateOptions& options, Batch batch, std::string input, const Catalog& catalog, Ledger& ledger,
             const Vendor& vendor);

  /// Whether the options are good by themselves, and the batch may be used for this.
  /// Errors: those of RowReader::check_defaults(); conflict (it was begun with another file).
  [[nodiscard]] Result<void> check_options();

  [[nodiscard]] const Words& words() const noexcept override;
  [[nodiscard]] Result<std::unique_ptr<RowSource>> open(InputFile& input) const override;
  [[nodiscard]] std::optional<RowTerms> read(const RowItem& item, Look look, std::vector<Fault>& faults) const override;
  [[nodiscard]] Result<RowStanding> check(const ReadRow& row, std::vector<Fault>& faults) override;
  [[nodiscard]] std::int64_t lacking(const RowTerms& row, std::int64_t line) const override;
  void complete(SignedRow& row, const SigningKey& signer) const override;
  [[nodiscard]] Result<void> begin(Transaction& transaction, bool changed) override;
  [[nodiscard]] Result<bool> settle(SignedRow& row, RowIntake& intake) override;
  [[nodiscard]] Result<void> added(Transaction& transaction) override;
  [[nodiscard]] std::vector<std::string_view> key_line(const RowSource& source, const ReadRow& row,
                                                       std::string_view key) const override;
  void tell(const RowCounts& counts, Output& output) const override;
  [[nodiscard]] nlohmann::ordered_json numbers(const RowCounts& counts) const override;
  [[nodiscard]] std::string remains(const RowCounts& counts) const override;
  [[nodiscard]] std::string way_on() const override;

 private:
  [[nodiscard]] std::int64_t wanted(const InputRow& row) const;
  Result<std::int64_t> count_present(std::int64_t line);
  Result<std::string> key_of_order(const std::string& order);
  Result<void> check_order_is_new(const InputRow& row, const std::string& order, std::vector<Fault>& faults);

  const CreateOptions& options_;
  Batch batch_;
  std::string input_;
  const Catalog& catalog_;
  Ledger& ledger_;
  const Vendor& vendor_;
  RowReader reader_;

  SeenTexts seen_orders_;
  BatchCursor cursor_;             // while rows are checked, then from the beginning again
  std::int64_t partial_line_ = 0;  // the row that an earlier run ended in, and what it has
  std::int64_t partial_ = 0;

  bool issuing_ = false;
  bool changed_ = false;    // by others, since the check
  std::int64_t line_ = 0;   // of the row that is settled
  std::int64_t given_ = 0;  // of what it asks for
};

/// The names of the column of keys in --out FILE.csv.
inline constexpr std::string_view kKeyColumn = "key";

}  // namespace lic::app
