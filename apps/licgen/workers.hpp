#pragma once

/// A thread for each processor, for work that comes in pieces.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lic::app {

class Workers {
 public:
  /// Threads begin with the first piece that is worth one.
  Workers() = default;
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Waits for what is under way. What nobody has begun is given up.
  ~Workers();

  /// How many threads there are at most.
  [[nodiscard]] static std::size_t count() noexcept;

  /// Does `work` on `size` things, pieces in the order in which they come here; where the things
  /// are so few that a thread would cost more, when somebody waits for it.
  template <class Work>
  [[nodiscard]] auto begin(std::size_t size, Work work) -> std::future<decltype(work())> {
    constexpr std::size_t kFew = 50;
    if (size < kFew) return std::async(std::launch::deferred, std::move(work));
    // A function must be copyable: the task is shared.
    auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
    auto result = task->get_future();
    add([task] { (*task)(); });
    return result;
  }

 private:
  void add(std::function<void()> piece);
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> pieces_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lic::app
