#pragma once

/// Whether the tokens and webhooks in a ledger are those that were made.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace lic {

/// Follows the entries that are of no license, then compares what they tell of things of one kind with what is stored.
class MadeAudit {
 public:
  /// The words of a kind.
  struct Kind {
    std::string_view noun;   ///< "token": also the member of `detail` that has the id
    std::string_view makes;  ///< "token-create": the action of its first entry
    std::string_view ends;   ///< "token-revoke"
    std::string_view ended;  ///< "revoked"
  };

  /// A thing as it is stored.
  struct Thing {
    std::string id;
    std::string told;  ///< what the history should tell of it
    Time made_at{};
    std::optional<Time> ended_at{};
  };

  explicit MadeAudit(Kind kind) : kind_(kind) {}

  /// The next entry of no license, in the order of numbers.
  void take(const HistoryEntry& entry);

  /// Calls `find` for each thing that is wrong: one that was altered, added or removed, or whose end is not what the
  /// history tells.
  void check(const std::vector<Thing>& stored, const std::function<void(std::string)>& find) const;

 private:
  struct Told {
    Time made_at{};
    std::string detail;  ///< of its first entry
    std::optional<Time> ended_at{};
  };

  Kind kind_;
  std::map<std::string, Told> told_;  ///< by id
};

/// The audits of tokens and of webhooks.
class MadeAudits {
 public:
  /// As those of MadeAudit. Errors: those of reading.
  void take(const HistoryEntry& entry);
  [[nodiscard]] Result<void> check(Ledger& ledger, const std::function<void(std::string)>& find) const;

 private:
  MadeAudit tokens_{{"token", "token-create", "token-revoke", "revoked"}};
  MadeAudit webhooks_{{"webhook", "webhook-add", "webhook-remove", "removed"}};
};

/// What the history tells of a new token, of a new webhook: JSON object.
[[nodiscard]] std::string told_of(const TokenRecord& record);
[[nodiscard]] std::string told_of(const WebhookRecord& record);

}  // namespace lic
