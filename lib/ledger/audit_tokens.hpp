#pragma once

/// Whether the tokens in a ledger are those that were made.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic {

/// Follows the entries that are of no license, then compares what they tell of tokens with what is stored.
class TokenAudit {
 public:
  /// The next entry of no license, in the order of numbers.
  void take(const HistoryEntry& entry);

  /// Calls `find` for each thing that is wrong: a token that was altered, added or removed, or whose revocation is not
  /// what the history tells. Errors: those of reading.
  [[nodiscard]] Result<void> check(Ledger& ledger, const std::function<void(std::string)>& find) const;

 private:
  struct Told {
    Time created_at{};
    std::string detail;  ///< of its first entry
    std::optional<Time> revoked_at{};
  };

  std::map<std::string, Told> told_;  ///< by id
};

/// What the history tells of a new token: JSON object.
[[nodiscard]] std::string told_of(const TokenRecord& record);

}  // namespace lic
