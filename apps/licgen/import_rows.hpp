#pragma once

/// The rows of `import`: licenses from elsewhere. What was taken before is found again by its
/// key, or by the key that it had elsewhere.

#include <cstdint>
#include <string>
#include <vector>

#include "licgen/import_reader.hpp"
#include "licgen/row_intake.hpp"
#include "licgen/row_sink.hpp"
#include "licgen/seen_texts.hpp"

namespace lic::app {

class ImportRows final : public RowSink {
 public:
  enum class Format { csv, jsonl };

  /// `key_file`: the name of the file of new keys, if there is one. `ledger` and `vendor` outlive this.
  ImportRows(Format format, ImportReader reader, std::string key_file, Ledger& ledger, const Vendor& vendor)
      : format_(format), reader_(std::move(reader)), key_file_(std::move(key_file)), ledger_(ledger), vendor_(vendor) {}

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
  /// A license that is suspended or revoked once it is in the ledger.
  struct Later {
    std::shared_ptr<const ReadRow> row;
    std::string key;
    std::optional<Terms> suspended;
    std::string document;
  };

  bool was_seen(const ReadRow& row, std::vector<Fault>& faults);
  Result<std::optional<IssuedLicense>> find(const RowTerms& row);
  Result<void> suspend(const Later& license, Transaction& transaction) const;
  Result<void> revoke(const Later& license, Transaction& transaction) const;

  Format format_;
  ImportReader reader_;
  std::string key_file_;
  Ledger& ledger_;
  const Vendor& vendor_;

  SeenTexts seen_;           // keys and ids, while rows are checked
  std::int64_t signed_ = 0;  // good rows with a signature that nobody looked at
  bool changed_ = false;     // by others, since the check
  Transaction* transaction_ = nullptr;
  std::vector<Later> later_;
};

}  // namespace lic::app
