#pragma once

/// Tokens of the vendor API and remembered answers in a ledger. For lib/ledger/ alone.

#include <optional>
#include <string_view>
#include <vector>

#include "ledger/sql.hpp"
#include "ledger/token_record.hpp"

namespace lic::sql {

/// As the members of Transaction.
Result<void> insert_token(Connection& connection, const TokenRecord& record);
[[nodiscard]] Result<bool> mark_token_revoked(Connection& connection, std::string_view id, Time at);
Result<void> note_token_use(Connection& connection, std::string_view id, Time at);
Result<void> put_reply(Connection& connection, const ReplyRecord& reply);
Result<void> forget_replies(Connection& connection, Time before, std::int64_t most);

/// As the members of Ledger.
[[nodiscard]] Result<std::vector<TokenRecord>> tokens(Connection& connection);
[[nodiscard]] Result<std::optional<TokenRecord>> find_token(Connection& connection, std::string_view hash);
[[nodiscard]] Result<std::optional<ReplyRecord>> find_reply(Connection& connection, std::string_view token,
                                                            std::string_view key);

}  // namespace lic::sql
