#pragma once

/// How often somebody may ask: a bucket of tokens for each name.

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lic {

/// From any thread.
class RateLimiter {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  /// `a_minute` requests in each minute, in the long run; half as many at once. 0: no limit.
  explicit RateLimiter(int a_minute);

  /// Takes one token of that name. Absent: it may go on; else after how many seconds, 1 at least.
  [[nodiscard]] std::optional<int> take(std::string_view name, Moment now);

  /// Names that are remembered. No more than kMostNames: then those that were quiet are forgotten, and if
  /// none was, all are.
  [[nodiscard]] std::size_t size() const;
  static constexpr std::size_t kMostNames = 30'000;

 private:
  struct Bucket {
    double tokens = 0;
    Moment at{};
  };

  void forget(Moment now);

  double rate_;  ///< tokens a second
  double most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace lic
