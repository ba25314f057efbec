#pragma once

/// Work that is done ahead, in blocks, on all processors (workers.hpp).

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "base/result.hpp"

namespace lic::app {

/// Gives blocks in the order in which they were begun, while some more are under way.
template <class Block>
class Ahead {
 public:
  /// Begins the next block, on the thread that calls next(). Absent: there is none.
  using Begin = std::function<Result<std::optional<std::future<Block>>>()>;

  /// `blocks`: how many are under way at a time.
  Ahead(std::size_t blocks, Begin begin) : blocks_(blocks), begin_(std::move(begin)) {}
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;
  /// Waits for what is under way.
  ~Ahead() {
    for (const auto& block : under_way_)
      if (block.wait_for(std::chrono::seconds(0)) != std::future_status::deferred) block.wait();
  }

  /// Absent at the end. Errors: those of `begin`, after the blocks that came before.
  [[nodiscard]] Result<std::optional<Block>> next() {
    fill();
    if (under_way_.empty()) {
      if (fault_) return *fault_;
      return std::optional<Block>();
    }
    std::optional<Block> block = under_way_.front().get();
    under_way_.pop_front();
    fill();
    return block;
  }

 private:
  void fill() {
    while (!ended_ && under_way_.size() < blocks_) {
      auto begun = begin_();
      ended_ = !begun || !*begun;
      if (!begun) {
        fault_ = begun.error();
      } else if (*begun) {
        under_way_.push_back(**std::move(begun));
      }
    }
  }

  std::size_t blocks_;
  Begin begin_;
  std::deque<std::future<Block>> under_way_;
  bool ended_ = false;
  std::optional<Error> fault_;
};

}  // namespace lic::app
