#pragma once

/// Tells webhooks what is in the outbox of a ledger, until they have it or it is given up (docs/webhooks.md).

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "webhook/event.hpp"
#include "webhook/sender.hpp"

namespace lic::webhook {

/// A message, signed, to one webhook. Errors: invalid_input (its secret is none).
[[nodiscard]] Result<Post> post_of(const WebhookRecord& webhook, const Message& message, Time at);

/// Why a delivery that was answered so has failed; empty: it has not.
[[nodiscard]] std::string trouble_of(const Answer& answer);

/// When a delivery is tried again of which that attempt (1: the first) failed; absent: it is given up.
[[nodiscard]] std::optional<std::chrono::seconds> wait_after(std::int64_t attempt);

/// What attempts have come to.
struct Tally {
  std::int64_t delivered = 0;
  std::int64_t failed = 0;    ///< attempts that are made again
  std::int64_t given_up = 0;  ///< deliveries
};

/// Any number of dispatchers may work on one ledger: a delivery is claimed before it is sent, for a minute, and the
/// claim is on disk by then. What is sent and not noted (a crash comes between) is sent again after that.
///
/// One that fails holds its webhook up, longer each time, five minutes at most, so that a receiver that is down is
/// asked now and then, and the others are not kept waiting. For one thread at a time.
class Dispatcher {
 public:
  using Clock = std::function<Time()>;
  using MakeSender = std::function<Result<std::unique_ptr<Sender>>()>;
  /// What the operator should know: a webhook fails, has come back, a delivery was given up.
  using Tell = std::function<void(std::string_view)>;

  enum class Patience {
    holds,     ///< goes on for long: a webhook that fails is held up
    gives_up,  ///< sends what is due, once: a webhook is left alone after some failures in a row
  };

  /// `ledger` outlives it. `make_sender` is called when something is to be sent.
  Dispatcher(Ledger& ledger, std::string product, Clock clock, MakeSender make_sender, Tell tell,
             Patience patience = Patience::holds);

  /// Notes what has ended, and starts what is due, unless `only_end`. Errors: those of the ledger and of `make_sender`;
  /// what has ended is noted the next time.
  [[nodiscard]] Result<void> step(bool only_end = false);

  /// Waits so long at most until a post that runs has ended.
  void wait(std::chrono::milliseconds patience);

  [[nodiscard]] bool is_running() const noexcept { return !running_.empty(); }
  /// Whether something has ended that step() has not noted.
  [[nodiscard]] bool has_ended() const noexcept { return !ended_.empty(); }
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
  /// For how long what is due longest has been so, at the last step().
  [[nodiscard]] std::chrono::seconds lag() const noexcept { return lag_; }

 private:
  /// How a webhook is doing.
  struct Health {
    std::int64_t running = 0;
    std::int64_t window = 1;    ///< how many may run at once
    std::int64_t failures = 0;  ///< since something was delivered
    Time held_until{};
  };

  struct Sent {
    std::string webhook;  ///< id
    std::string name;
    DueEvent event;
  };

  /// A webhook, and how much more of its outbox may run.
  struct Wanted {
    WebhookRecord webhook;
    std::int64_t most = 0;
  };

  [[nodiscard]] bool is_held(const Health& health, Time now) const;
  [[nodiscard]] std::vector<Wanted> wanted(const std::vector<WaitingWebhook>& waiting, Time now);
  void start(const WebhookRecord& webhook, DueEvent event, Time now);
  void end(const Sent& sent, const Answer& answer);
  void note_health(const Sent& sent, const Attempt& attempt, const Answer& answer);

  Ledger& ledger_;
  std::string product_;
  Clock clock_;
  MakeSender make_sender_;
  Tell tell_;
  Patience patience_;
  std::unique_ptr<Sender> sender_;        // null: nothing was to be sent yet
  std::map<std::string, Health> health_;  // by id of the webhook
  std::map<std::int64_t, Sent> running_;
  std::vector<Attempt> ended_;
  std::int64_t next_number_ = 1;
  Tally tally_;
  std::chrono::seconds lag_{0};
};

}  // namespace lic::webhook
