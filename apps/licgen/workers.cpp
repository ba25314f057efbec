#include "licgen/workers.hpp"

#include <algorithm>

namespace lic::app {

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    pieces_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::size_t Workers::count() noexcept { return std::max(2U, std::thread::hardware_concurrency()); }

void Workers::add(std::function<void()> piece) {
  while (threads_.size() < count()) threads_.emplace_back([this] { run(); });
  {
    const std::lock_guard lock(mutex_);
    pieces_.push_back(std::move(piece));
  }
  changed_.notify_one();
}

void Workers::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !pieces_.empty(); });
    if (ended_) return;
    const auto piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    piece();
  }
}

}  // namespace lic::app
