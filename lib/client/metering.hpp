#pragma once

/// Counting what is used, fast: units are drawn from usage_data.json in blocks and then used
/// from memory.

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "client/installation.hpp"
#include "policy/usage.hpp"

namespace lic {

/// The error that names the limits there are.
[[nodiscard]] Error no_such_limit(std::string_view name, const Limits& limits);

class Metering {
 public:
  /// As OpenOptions::usage_block and usage_interval.
  Metering(std::int64_t block, std::chrono::milliseconds interval)
      : block_(block), interval_(std::min<std::chrono::milliseconds>(interval, std::chrono::hours{24})) {}

  /// Uses `n` of what was drawn before; absent: too little is left, or it was kept too long.
  /// Any thread may ask.
  [[nodiscard]] std::optional<Consumption> use_drawn(std::string_view name, const Limit& limit, std::int64_t n,
                                                     Decision decision, Time now);
  /// Uses `n` from the file, and draws a block of a counter. As LicenseManager::consume().
  Result<Consumption> draw(Installation& installation, std::string_view name, std::int64_t n);
  /// As LicenseManager::release().
  Result<Consumption> release(Installation& installation, std::string_view name, std::int64_t n);
  /// Whether anything was drawn and not given back.
  [[nodiscard]] bool has_drawn() const;
  /// Gives back to the file what was drawn and not used: all, or only what was kept too long.
  /// Errors: those of Installation::change_usage(); it then stays drawn.
  Result<void> give_back(Installation& installation, bool all);

  /// Learns what was read, if there is memory for it. Any thread may then ask usage().
  void know(const UsageBook& book) noexcept;
  [[nodiscard]] Usage usage(const Limits& limits, Time now) const;

 private:
  struct Drawn {
    std::int64_t left = 0;
    Time at{};            ///< counted at; used on that day only
    std::string license;  ///< id of the one that it was counted under; empty: none that was signed
    std::chrono::steady_clock::time_point since{};
  };
  using DrawnByName = std::map<std::string, Drawn, std::less<>>;
  class InFlight;

  [[nodiscard]] bool is_stale(const Drawn& drawn, Time now) const;
  [[nodiscard]] LimitUsage usage_without_lock(std::string_view name, const Limit& limit, Time now) const;

  const std::int64_t block_;
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;  ///< of the two below; never held while a file is touched
  UsageBook book_;
  DrawnByName drawn_;
};

}  // namespace lic
