#pragma once

/// Webhooks: whom the ledger tells what happens.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "desk/desk.hpp"
#include "ledger/webhook_record.hpp"
#include "lic/result.hpp"

namespace lic {

struct WebhookRequest {
  std::string name;
  std::string url;                  ///< https://HOST[:PORT][/PATH][?QUERY]; http:// for this machine alone
  std::vector<std::string> events;  ///< types, or "license.*"; empty: all
  bool allow_plain_http = false;    ///< http:// for others too
};

/// Makes a webhook with a new secret, and its entry of history. It is told what happens from then on, this entry first.
/// Errors: invalid_input (no name, or one that is too long or like an id; an address that is none, has a password in it
/// or no TLS; no such event), conflict (a webhook of that name is not removed; there are too many).
[[nodiscard]] Result<WebhookRecord> add_webhook(Transaction& transaction, const Desk& desk,
                                                const WebhookRequest& request);

struct RemovedWebhook {
  WebhookRecord record;
  bool changed = false;  ///< false: it was removed before
};

/// Removes the webhook of that id, or the one of that name that is not removed, or was removed last.
/// Errors: not_found.
[[nodiscard]] Result<RemovedWebhook> remove_webhook(Transaction& transaction, const Desk& desk,
                                                    std::string_view name_or_id, std::string_view reason);

/// The webhook of that id or name; `in_use`: one that is not removed. Errors: not_found.
[[nodiscard]] Result<WebhookRecord> find_webhook(Ledger& ledger, std::string_view name_or_id, bool in_use = true);

}  // namespace lic
