#pragma once

/// Usage statements in a ledger. For lib/ledger/ alone.

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/sql.hpp"
#include "ledger/usage_record.hpp"

namespace lic::sql {

/// As Transaction::add_usage().
Result<void> insert_usage(Connection& connection, const UsageRecord& record);

/// As the members of Ledger.
[[nodiscard]] Result<std::optional<UsageRecord>> find_usage(Connection& connection, std::string_view key,
                                                            std::string_view device, std::int64_t seq);
[[nodiscard]] Result<std::vector<UsageRecord>> newest_usage(Connection& connection, std::string_view key);
[[nodiscard]] Result<void> usage_of(Connection& connection, std::string_view key,
                                    const std::function<Result<void>(const UsageRecord&)>& visit);

}  // namespace lic::sql
