#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "lic/result.hpp"

namespace lic {

/// A thread that does something again and again until this is destroyed. It takes no
/// signals. Of the process that started it: a forked child leaves its copy alone.
class BackgroundThread {
 public:
  BackgroundThread() noexcept;
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;
  ~BackgroundThread();

  /// Does `work`, which throws nothing, each `interval`, the first time after one; hurry() has it done sooner. Ends
  /// what was started before; so does an interval of 0. Any thread may call it. Errors: usage (called from within
  /// `work`), failure (there can be no thread). Throws std::bad_alloc.
  Result<void> start(std::chrono::seconds interval, std::function<void()> work);
  /// Has it done once within that time, if something is done at all. Any thread may call it, also from within `work`.
  void hurry(std::chrono::seconds within) noexcept;
  /// Waits for the work that is being done. Not from within it.
  void stop() noexcept;

 private:
  struct Loop;

  void stop_without_lock() noexcept;

  std::mutex mutex_;  ///< of `loop_`; never taken by the thread itself
  std::unique_ptr<Loop> loop_;
  std::atomic<std::thread::id> worker_{};
};

}  // namespace lic
