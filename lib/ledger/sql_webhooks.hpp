#pragma once

/// Webhooks and the outbox of their deliveries in a ledger. For lib/ledger/ alone.

#include <cstdint>
#include <string_view>
#include <vector>

#include "ledger/sql.hpp"
#include "ledger/webhook_record.hpp"

namespace lic {
struct DueEvent;
}

namespace lic::sql {

/// Puts into the outbox what each webhook is to be told of the entries of history after `after` and up to `last`.
Result<void> enqueue_events(Connection& connection, std::int64_t after, std::int64_t last);

/// As the members of Transaction.
Result<void> insert_webhook(Connection& connection, const WebhookRecord& record);
[[nodiscard]] Result<bool> mark_webhook_removed(Connection& connection, std::string_view id, Time at);
[[nodiscard]] Result<std::vector<DueEvent>> claim_deliveries(Connection& connection, std::string_view webhook, Time now,
                                                             Time until, std::int64_t most);
Result<void> note_attempt(Connection& connection, const Attempt& attempt);
[[nodiscard]] Result<std::int64_t> replay(Connection& connection, std::string_view webhook, const Replay& what,
                                          Time now);
Result<void> forget_deliveries(Connection& connection, Time before, std::int64_t most);

/// As the members of Ledger.
[[nodiscard]] Result<std::vector<WebhookRecord>> webhooks(Connection& connection);
[[nodiscard]] Result<std::vector<WaitingWebhook>> waiting_webhooks(Connection& connection);
[[nodiscard]] Result<std::vector<Delivery>> deliveries(Connection& connection, const DeliveryFilter& filter);

}  // namespace lic::sql
