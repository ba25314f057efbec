#pragma once

/// How much of long work one transaction takes on: about two seconds of it. In between
/// others get their turn.

#include <chrono>
#include <cstdint>

namespace lic::app {

class Pace {
 public:
  /// `most`: what a transaction takes on at most, however fast it goes.
  explicit Pace(std::int64_t most);

  /// Before a transaction. Waits for others where it is their turn, once a second or so.
  void begin();
  /// How much this one takes on.
  [[nodiscard]] std::int64_t at_once() const noexcept { return at_once_; }
  /// It has ended, with so much done.
  void end(std::int64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t most_;
  std::int64_t at_once_;
  Clock::time_point last_turn_;  // of others
  Clock::time_point start_;
};

}  // namespace lic::app
