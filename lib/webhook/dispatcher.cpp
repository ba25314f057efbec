#include "webhook/dispatcher.hpp"

#include <algorithm>
#include <array>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "webhook/signature.hpp"

namespace lic::webhook {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

/// By Standard Webhooks 1.0.0, "Retry schedule": over three days.
constexpr std::array<seconds, 9> kWaits = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr seconds kClaim{60};  // longer than a post can take
constexpr std::int64_t kMostAtOnce = 16;
constexpr seconds kLongestHold{300};
constexpr std::chrono::days kKept{30};
constexpr std::int64_t kForgottenAtOnce = 200;
constexpr std::int64_t kGone = 410;

bool is_success(std::int64_t status) noexcept { return status >= 200 && status < 300; }

}  // namespace

Result<Post> post_of(const WebhookRecord& webhook, const Message& message, Time at) {
  LIC_TRY_ASSIGN(const std::string signature, signature_of(webhook.secret, message.id, at, message.body));
  return Post{
      webhook.url,
      {concat("webhook-id: ", message.id), concat("webhook-timestamp: ", std::int64_t{at.time_since_epoch().count()}),
       concat("webhook-signature: ", signature)},
      message.body};
}

std::string trouble_of(const Answer& answer) {
  if (answer.status == 0) return answer.trouble;
  if (is_success(answer.status)) return {};
  const bool redirects = answer.status >= 300 && answer.status < 400;
  return concat("it answered ", answer.status, redirects ? ", and no redirect is followed" : "");
}

std::optional<seconds> wait_after(std::int64_t attempt) {
  if (attempt < 1 || attempt > std::ssize(kWaits)) return std::nullopt;
  return kWaits[static_cast<std::size_t>(attempt - 1)];
}

Dispatcher::Dispatcher(Ledger& ledger, std::string product, Clock clock, MakeSender make_sender, Tell tell,
                       Patience patience)
    : ledger_(ledger),
      product_(std::move(product)),
      clock_(std::move(clock)),
      make_sender_(std::move(make_sender)),
      tell_(std::move(tell)),
      patience_(patience) {}

/// Not for longer than it would be from now on: the clock may have been set back.
bool Dispatcher::is_held(const Health& health, Time now) const {
  constexpr std::int64_t kMostFailures = 5;
  if (patience_ == Patience::gives_up) return health.failures >= kMostFailures;
  return now < health.held_until && health.held_until - now <= kLongestHold;
}

std::vector<Dispatcher::Wanted> Dispatcher::wanted(const std::vector<WaitingWebhook>& waiting, Time now) {
  std::vector<Wanted> wanted;
  lag_ = seconds{0};
  for (const auto& [webhook, due_at] : waiting) {
    if (!due_at || *due_at > now) continue;
    lag_ = std::max(lag_, now - *due_at);
    const Health& health = health_[webhook.id];
    if (!is_held(health, now) && health.running < health.window)
      wanted.push_back({webhook, health.window - health.running});
  }
  return wanted;
}

Result<void> Dispatcher::step(bool only_end) {
  const Time now = clock_();
  std::vector<Wanted> wanted;
  if (!only_end) {
    LIC_TRY_ASSIGN(const auto waiting, ledger_.waiting_webhooks());
    wanted = this->wanted(waiting, now);
  }
  if (wanted.empty() && ended_.empty()) return {};
  if (!wanted.empty() && !sender_) {
    LIC_TRY_ASSIGN(sender_, make_sender_());
  }
  std::vector<std::pair<const WebhookRecord*, std::vector<DueEvent>>> claimed;
  {
    LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());
    for (const Attempt& attempt : ended_) LIC_TRY(transaction->note_attempt(attempt));
    if (!ended_.empty()) LIC_TRY(transaction->forget_deliveries(now - kKept, kForgottenAtOnce));
    for (const Wanted& one : wanted) {
      LIC_TRY_ASSIGN(auto events, transaction->claim_deliveries(one.webhook.id, now, now + kClaim, one.most));
      claimed.emplace_back(&one.webhook, std::move(events));
    }
    LIC_TRY(transaction->commit());
  }
  ended_.clear();
  for (auto& [webhook, events] : claimed)
    for (DueEvent& event : events) start(*webhook, std::move(event), now);
  return {};
}

void Dispatcher::start(const WebhookRecord& webhook, DueEvent event, Time now) {
  Sent sent{webhook.id, webhook.name, std::move(event)};
  ++health_[webhook.id].running;
  auto post = post_of(webhook, message_of(sent.event, product_), now);
  if (!post) return end(sent, {0, post.error().message});
  const std::int64_t number = next_number_++;
  running_.emplace(number, std::move(sent));
  sender_->start(number, *std::move(post));
}

void Dispatcher::wait(std::chrono::milliseconds patience) {
  if (!sender_) return;
  for (auto& [number, answer] : sender_->wait(patience)) {
    const auto sent = running_.extract(number);
    end(sent.mapped(), answer);
  }
}

void Dispatcher::end(const Sent& sent, const Answer& answer) {
  const Time now = clock_();
  Attempt attempt{sent.webhook, sent.event.row.number, now, answer.status, trouble_of(answer)};
  if (!attempt.trouble.empty() && answer.status != kGone) {
    if (auto wait = wait_after(sent.event.attempts + 1))
      attempt.again_at = now + std::max(*wait, answer.retry_after.value_or(0s));
  }
  note_health(sent, attempt, answer);
  ended_.push_back(std::move(attempt));
}

void Dispatcher::note_health(const Sent& sent, const Attempt& attempt, const Answer& answer) {
  Health& health = health_[sent.webhook];
  --health.running;
  const std::string name = concat("webhook ", in_quotes(sent.name));
  if (attempt.trouble.empty()) {
    ++tally_.delivered;
    if (health.failures > 0) tell_(concat(name, " takes deliveries again"));
    health.failures = 0;
    health.held_until = {};
    health.window = std::min(kMostAtOnce, health.window * 2);
    return;
  }
  ++(attempt.again_at ? tally_.failed : tally_.given_up);
  if (!attempt.again_at)
    tell_(concat(name, ": event ", attempt.event, " is given up: ", attempt.trouble,
                 "; licgen webhooks replay sends it again"));
  health.window = 1;
  // Of those that ran at once the first counts.
  if (patience_ == Patience::holds && is_held(health, attempt.at)) return;
  if (health.failures == 0 && attempt.again_at) tell_(concat(name, " fails: ", attempt.trouble));
  const seconds doubled{std::int64_t{1} << std::min<std::int64_t>(health.failures, 16)};
  ++health.failures;
  health.held_until = attempt.at + std::min(std::max(doubled, answer.retry_after.value_or(0s)), kLongestHold);
}

}  // namespace lic::webhook
