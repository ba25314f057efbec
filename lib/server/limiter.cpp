#include "server/limiter.hpp"

#include <algorithm>
#include <cmath>

namespace lic {
namespace {

constexpr double kMinute = 60;

double seconds_between(RateLimiter::Moment from, RateLimiter::Moment to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace

RateLimiter::RateLimiter(int a_minute) : rate_(a_minute / kMinute), most_(std::max(1.0, a_minute / 2.0)) {}

std::optional<int> RateLimiter::take(std::string_view name, Moment now) {
  if (rate_ <= 0) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (buckets_.size() >= kMostNames) forget(now);
  Bucket& bucket = buckets_.try_emplace(std::string(name), Bucket{most_, now}).first->second;
  bucket.tokens = std::min(most_, bucket.tokens + seconds_between(bucket.at, now) * rate_);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  return static_cast<int>(std::ceil((1 - bucket.tokens) / rate_));
}

std::size_t RateLimiter::size() const {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

void RateLimiter::forget(Moment now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.tokens + seconds_between(entry.second.at, now) * rate_ >= most_;
  });
  if (buckets_.size() >= kMostNames) buckets_.clear();
}

}  // namespace lic
