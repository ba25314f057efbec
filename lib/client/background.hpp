#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace lic {

/// A thread that does something again and again until this is destroyed. It takes no
/// signals. A forked child has none, and needs no end of it.
class BackgroundThread {
 public:
  BackgroundThread() noexcept;
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;
  ~BackgroundThread();

  /// Does `work`, which throws nothing, each `interval`, the first time after one. Ends what
  /// was started before; so does an interval of 0. Not from within `work`.
  /// Throws std::system_error when there can be no thread, std::bad_alloc.
  void start(std::chrono::seconds interval, std::function<void()> work);
  /// Waits for the work that is being done.
  void stop() noexcept;

 private:
  struct Loop;

  std::unique_ptr<Loop> loop_;
};

}  // namespace lic
