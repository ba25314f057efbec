#pragma once

/// Tokens of the vendor API (docs/vendor-api.md), and what was answered to requests that may be sent again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lic/types.hpp"

namespace lic {

/// What the holder of a token may do. The words are those of --scope and of the history.
enum class TokenScope {
  read,    ///< look at licenses
  issue,   ///< issue licenses
  change,  ///< renew, change, suspend, reinstate and transfer licenses, and free seats
  revoke,  ///< revoke licenses
  admin,   ///< all of these
};

[[nodiscard]] std::string_view token(TokenScope scope) noexcept;
/// Absent for another word.
[[nodiscard]] std::optional<TokenScope> parse_token_scope(std::string_view word);
/// All of them, in the order of the enumeration.
[[nodiscard]] const std::vector<TokenScope>& token_scopes();

/// The token itself is in no ledger: only its hash.
struct TokenRecord {
  std::string id;    ///< ULID
  std::string name;  ///< no two that are not revoked have the same
  std::string hash;  ///< SHA-256 of the token, hex
  std::vector<TokenScope> scopes;
  Time created_at{};
  Time expires_at{};  ///< from then on it is refused
  std::optional<Time> revoked_at{};
  std::optional<Time> used_at{};  ///< to about an hour

  [[nodiscard]] bool may(TokenScope scope) const noexcept;
  [[nodiscard]] bool holds(Time now) const noexcept { return !revoked_at && now < expires_at; }
};

/// What was answered to a request that changed something, for when it comes again.
struct ReplyRecord {
  std::string token;    ///< id
  std::string key;      ///< of the request, chosen by who asked; of one token each names one request
  std::string request;  ///< digest of all that the request says, hex
  std::int64_t status = 0;
  std::string body;
  Time at{};
};

}  // namespace lic
