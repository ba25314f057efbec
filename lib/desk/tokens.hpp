#pragma once

/// Tokens of the vendor API. A token is "lic_", 32 random bytes and 4 bytes of their checksum, in lower-case hex;
/// it is given out once, and never kept.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desk/desk.hpp"
#include "ledger/token_record.hpp"
#include "lic/result.hpp"

namespace lic {

/// No token holds for longer.
inline constexpr std::int64_t kLongestTokenMonths = 12;

struct TokenRequest {
  std::string name;
  std::vector<TokenScope> scopes;
  Time expires_at{};
};

struct NewToken {
  std::string text;  ///< the token: a secret
  TokenRecord record;
};

/// Makes a token, and its entry of history.
/// Errors: invalid_input (no name, or one that is too long or like an id; no scope; an end that is past or too far
/// away), conflict (a token of that name is not revoked).
[[nodiscard]] Result<NewToken> create_token(Transaction& transaction, const Desk& desk, const TokenRequest& request);

struct RevokedToken {
  TokenRecord record;
  bool changed = false;  ///< false: it was revoked before
};

/// Revokes the token of that id, or the one of that name that is not revoked, or was revoked last.
/// Errors: not_found.
[[nodiscard]] Result<RevokedToken> revoke_token(Transaction& transaction, const Desk& desk, std::string_view name_or_id,
                                                std::string_view reason);

/// What the ledger knows a token by. Absent: such a text was never a token of ours.
[[nodiscard]] std::optional<std::string> hash_of_token(std::string_view text);

}  // namespace lic
