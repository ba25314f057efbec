#include "webhook/background.hpp"

namespace lic::webhook {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{1000};  // how often the outbox is looked into
constexpr std::chrono::milliseconds kGather{
    50};  // what ends meanwhile is one transaction: machines wait for the same disk
constexpr std::chrono::milliseconds kSlice{100};  // how soon the end is noticed while posts run
constexpr std::chrono::seconds kLastWait{5};

}  // namespace

Background::Background(std::unique_ptr<Ledger> ledger, std::string product, Dispatcher::Clock clock,
                       Dispatcher::MakeSender make_sender, Dispatcher::Tell trouble, Told told)
    : ledger_(std::move(ledger)),
      trouble_(std::move(trouble)),
      told_(std::move(told)),
      dispatcher_(*ledger_, std::move(product), std::move(clock), std::move(make_sender), trouble_),
      thread_([this] { run(); }) {}

void Background::end() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Background::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, time, [this] { return ends_; });
}

void Background::step(bool only_end) {
  Result<void> done;
  if (!only_end) done = ledger_->check_version();
  if (done) done = dispatcher_.step(only_end);
  const std::string now = done ? std::string() : done.error().message;
  if (!now.empty() && now != last_trouble_) trouble_(now);
  last_trouble_ = now;
  told_(dispatcher_.tally(), dispatcher_.lag(), *ledger_);
}

void Background::run() {
  auto looked = steady_clock::time_point{};
  while (true) {
    const bool some_ended = dispatcher_.has_ended() && last_trouble_.empty();
    if (steady_clock::now() - looked >= (some_ended ? kGather : kLook)) {
      step(false);
      looked = steady_clock::now();
    }
    const bool runs = dispatcher_.is_running();
    if (pause(runs ? std::chrono::milliseconds{0} : kSlice)) break;
    if (runs) dispatcher_.wait(kSlice);
    if (runs && dispatcher_.has_ended() && pause(kGather)) break;
  }
  const auto give_up = steady_clock::now() + kLastWait;
  while (dispatcher_.is_running() && steady_clock::now() < give_up) dispatcher_.wait(kSlice);
  step(true);
}

}  // namespace lic::webhook
