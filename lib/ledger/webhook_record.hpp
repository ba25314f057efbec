#pragma once

/// Webhooks (docs/webhooks.md): whom the ledger tells what happens in it, and what is on its way there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lic/types.hpp"

namespace lic {

struct WebhookRecord {
  std::string id;                    ///< ULID
  std::string name;                  ///< no two that are not removed have the same
  std::string url;                   ///< where it is told
  std::string secret;                ///< what deliveries are signed with, as text ("whsec_...")
  std::vector<std::string> actions;  ///< of the history, which are told; empty: all
  Time created_at{};
  std::optional<Time> removed_at{};
};

/// A webhook that is not removed, and the next that it is to be told.
struct WaitingWebhook {
  WebhookRecord webhook;
  std::optional<Time> due_at{};  ///< when the next delivery is to be tried; absent: there is none
};

enum class DeliveryState {
  pending,    ///< to be tried at `due_at`
  delivered,  ///< at `ended_at`
  failed,     ///< given up at `ended_at`
};

/// "pending", "delivered", "failed".
[[nodiscard]] std::string_view token(DeliveryState state) noexcept;

/// An entry of the history that a webhook is told.
struct Delivery {
  std::string webhook;     ///< id
  std::int64_t event = 0;  ///< number of the entry
  std::string action;      ///< of the entry
  DeliveryState state = DeliveryState::pending;
  std::int64_t attempts = 0;
  std::optional<Time> due_at{};
  std::optional<Time> tried_at{};  ///< the last time
  std::optional<Time> ended_at{};
  std::int64_t status = 0;  ///< of HTTP, at the last attempt; 0: no answer came
  std::string trouble;      ///< why the last attempt failed; empty: it did not, or there was none
};

/// What became of one attempt.
struct Attempt {
  std::string webhook;  ///< id
  std::int64_t event = 0;
  Time at{};
  std::int64_t status = 0;
  std::string trouble;             ///< empty: it is delivered
  std::optional<Time> again_at{};  ///< when it is tried again; absent after a failure: it is given up
};

struct DeliveryFilter {
  std::string webhook;  ///< id; empty: any
  std::optional<DeliveryState> state;
  std::int64_t limit = 100;
};

/// What a webhook is to be told once more; one of these.
struct Replay {
  bool failed = false;                ///< all that was given up
  std::vector<std::int64_t> numbers;  ///< these entries of the history
  std::optional<Time> since;          ///< entries since then, as far as the webhook is told such
};

}  // namespace lic
