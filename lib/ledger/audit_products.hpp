#pragma once

/// Whether the catalogues, product files and keys in a ledger are those that were made.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic {

/// Follows the entries that are of no license, then compares what they tell with what is
/// stored.
class ProductAudit {
 public:
  /// The next entry of no license, in the order of numbers.
  void take(const HistoryEntry& entry);

  /// Calls `find` for each thing that is wrong. Checked are: every product file is genuine,
  /// the rightful successor of the one before it, and the one that the history names by
  /// `sha256`; its catalogue says what it says, and is from the moment that the history
  /// tells; none is missing, and none is there that neither an entry nor a restoring
  /// tells of; the keys are those that the product files name; no number of a
  /// revocation list can be given twice.
  /// Errors: those of reading.
  [[nodiscard]] Result<void> check(Ledger& ledger, const std::function<void(std::string)>& find) const;

 private:
  struct Told {
    Time at{};
    std::string sha256;  ///< of the bare envelope, compact, hex; empty: not told
  };

  [[nodiscard]] Result<void> check_products(Ledger& ledger, const std::function<void(std::string)>& find,
                                            std::map<std::string, KeyRecord>& named) const;

  std::map<std::int64_t, Told> versions_;
  std::int64_t kept_ = 0;  ///< product files up to this version may be from a ledger that was replaced
  std::set<Time> restored_at_;
  std::int64_t newest_list_ = 0;
};

}  // namespace lic
