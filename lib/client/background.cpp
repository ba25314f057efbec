#include "client/background.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

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
  const pid_t process = ::getpid();
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;

  void run(std::chrono::seconds interval, const std::function<void()>& work) {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, interval, [this] { return stopping; })) {
      lock.unlock();
      work();
      lock.lock();
    }
  }
};

BackgroundThread::BackgroundThread() noexcept = default;
BackgroundThread::~BackgroundThread() { stop(); }

void BackgroundThread::start(std::chrono::seconds interval, std::function<void()> work) {
  stop();
  if (interval.count() <= 0) return;
  auto loop = std::make_unique<Loop>();
  const SignalsBlocked blocked;
  loop->thread = std::thread([one = loop.get(), interval, work = std::move(work)] { one->run(interval, work); });
  loop_ = std::move(loop);
}

void BackgroundThread::stop() noexcept {
  if (!loop_) return;
  if (loop_->process != ::getpid()) {
    // The thread is the parent's; its mutex may be held by it for ever.
    static_cast<void>(loop_.release());  // NOLINT(bugprone-unused-return-value)
    return;
  }
  {
    const std::lock_guard guard(loop_->mutex);
    loop_->stopping = true;
  }
  loop_->wake.notify_all();
  loop_->thread.join();
  loop_.reset();
}

}  // namespace lic
