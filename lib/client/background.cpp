#include "client/background.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "base/result.hpp"

namespace lic {
namespace {

/// Threads started while it lives take no signals: those are the application's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

struct BackgroundThread::Loop {
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::chrono::steady_clock::time_point next;
  std::thread thread;

  void run(std::chrono::seconds interval, const std::function<void()>& work) {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (const auto now = std::chrono::steady_clock::now(); now < next) {
        wake.wait_for(lock, next - now);
        continue;
      }
      next = std::chrono::steady_clock::now() + interval;
      lock.unlock();
      work();
      lock.lock();
    }
  }
};

BackgroundThread::BackgroundThread() noexcept = default;
BackgroundThread::~BackgroundThread() { stop(); }

Result<void> BackgroundThread::start(std::chrono::seconds interval, std::function<void()> work) {
  if (worker_.load() == std::this_thread::get_id())
    return error(Errc::usage, "the thread that refreshes cannot end itself", "call this from another thread");
  const std::lock_guard guard(mutex_);
  stop_without_lock();
  if (interval.count() <= 0) return {};
  constexpr std::chrono::hours kLongest{24 * 365};  // far from where the clock's arithmetic overflows
  interval = std::min<std::chrono::seconds>(interval, kLongest);
  auto loop = std::make_unique<Loop>();
  loop->next = std::chrono::steady_clock::now() + interval;
  const SignalsBlocked blocked;
  try {
    loop->thread = std::thread([one = loop.get(), interval, work = std::move(work)] { one->run(interval, work); });
  } catch (const std::system_error&) {
    return error(Errc::failure, "no thread can be had to refresh the license");
  }
  worker_.store(loop->thread.get_id());
  loop_ = std::move(loop);
  return {};
}

void BackgroundThread::hurry(std::chrono::seconds within) noexcept {
  // Whoever starts or stops it holds the mutex, and may be waiting for this very thread.
  const std::unique_lock guard(mutex_, std::try_to_lock);
  if (!guard.owns_lock() || !loop_) return;
  const auto then = std::chrono::steady_clock::now() + within;
  {
    const std::lock_guard inner(loop_->mutex);
    if (then >= loop_->next) return;
    loop_->next = then;
  }
  loop_->wake.notify_all();
}

void BackgroundThread::stop() noexcept {
  const std::lock_guard guard(mutex_);
  stop_without_lock();
}

void BackgroundThread::stop_without_lock() noexcept {
  if (!loop_) return;
  {
    const std::lock_guard guard(loop_->mutex);
    loop_->stopping = true;
  }
  loop_->wake.notify_all();
  loop_->thread.join();
  worker_.store({});
  loop_.reset();
}

}  // namespace lic
