#pragma once

/// What a command makes of the rows of a file: `create --from-csv` and `import`.

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/output.hpp"
#include "ledger/ledger.hpp"
#include "licgen/product_document.hpp"
#include "licgen/row_source.hpp"
#include "licgen/row_terms.hpp"

namespace lic::app {

class RowIntake;

/// A row, and what it asks for.
struct ReadRow {
  RawRow raw;                     ///< for Look::again without the text of a line
  RowItem item;                   ///< empty for Look::again
  std::optional<RowTerms> terms;  ///< absent: `faults` says why
  std::vector<Fault> faults;
};

/// What a row turned out to be when all were checked.
enum class RowStanding {
  bad,
  there,  ///< what it asks for is in the ledger, or will never be
  wanted,
};

/// A row on its way into the ledger, or a part of one that asks for very many.
struct SignedRow {
  std::shared_ptr<ReadRow> row;
  RowStanding standing = RowStanding::wanted;
  std::vector<NewLicense> licenses;  ///< those that it lacked when all were checked
  /// Of an import that is suspended from the beginning: what comes after the first document.
  std::optional<Terms> suspended;
  std::string suspended_document;
  bool ends = true;  ///< no further part of it follows
};

/// How far a run has come.
struct RowCounts {
  std::int64_t rows = 0;      ///< of the file
  std::int64_t bad = 0;       ///< of them
  std::int64_t issued = 0;    ///< licenses, now
  std::int64_t present = 0;   ///< and before
  std::int64_t replaced = 0;  ///< of either, with a new key in place of one that is none of ours
  std::int64_t line = 0;      ///< of the last license; 0: there is none yet
};

class RowSink {
 public:
  /// How messages speak of it.
  struct Words {
    std::string_view action;  ///< "create": in the history
    std::string_view done;    ///< "issued"
    std::string_view rows;    ///< " rows are", and of one
    std::string_view row;
    std::string_view mend;  ///< what to do about bad ones
  };

  virtual ~RowSink() = default;

  [[nodiscard]] virtual const Words& words() const noexcept = 0;
  /// The rows from the beginning. `input` outlives what is returned.
  [[nodiscard]] virtual Result<std::unique_ptr<RowSource>> open(InputFile& input) const = 0;
  /// What a row asks for by itself. Absent: `faults` got all that is wrong with it. Any thread
  /// may call it.
  [[nodiscard]] virtual std::optional<RowTerms> read(const RowItem& item, Look look,
                                                     std::vector<Fault>& faults) const = 0;

  /// Looks at a row beside those before it and the ledger; adds to `faults` or takes away. The
  /// answer counts where no fault is left.
  [[nodiscard]] virtual Result<RowStanding> check(const ReadRow& row, std::vector<Fault>& faults) = 0;
  /// How many licenses a wanted row lacks, as far as is known.
  [[nodiscard]] virtual std::int64_t lacking(const RowTerms& row, std::int64_t line) const = 0;

  /// Fills in what new licenses have beside terms, id, key and document. Any thread may call it.
  virtual void complete(SignedRow& row, const SigningKey& signer) const = 0;
  /// A transaction has begun. `changed`: others have changed the ledger since the check.
  [[nodiscard]] virtual Result<void> begin(Transaction& transaction, bool changed) = 0;
  /// Gives `intake` what there is of a row and what it lacks; the rows come in their order.
  /// False: `intake` was full before the end of it, and the next transaction takes the rest.
  /// Errors: conflict (with what came into the ledger since the check).
  [[nodiscard]] virtual Result<bool> settle(SignedRow& row, RowIntake& intake) = 0;
  /// What `intake` got of new licenses is in the ledger.
  [[nodiscard]] virtual Result<void> added(Transaction& transaction) = 0;

  /// The line of a license in the file of keys, where the command writes one; empty: it has none.
  [[nodiscard]] virtual std::vector<std::string_view> key_line(const RowSource& source, const ReadRow& row,
                                                               std::string_view key) const = 0;
  /// What was done, for people.
  virtual void tell(const RowCounts& counts, Output& output) const = 0;
  /// The members of --json after `keys` and `files`.
  [[nodiscard]] virtual nlohmann::ordered_json numbers(const RowCounts& counts) const = 0;
  /// After a failure: what was done, and how to go on.
  [[nodiscard]] virtual std::string remains(const RowCounts& counts) const = 0;
  [[nodiscard]] virtual std::string way_on() const = 0;
};

}  // namespace lic::app
