#pragma once

/// What the server counts of itself, as Prometheus reads it (text format 0.0.4).

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lic {

/// From any thread. Labels are words of ours, never anything that a client sent.
class Metrics {
 public:
  void count_request(std::string_view route, int status, std::chrono::steady_clock::duration took);
  /// `outcome`: a verdict, or the reason of a denial.
  void count_answer(std::string_view action, std::string_view outcome);
  void count_round(std::size_t requests, std::chrono::steady_clock::duration took);
  void count_flush(std::chrono::steady_clock::duration took);
  /// Of all attempts so far, and how long what is due longest waits.
  void set_webhooks(std::int64_t delivered, std::int64_t failed, std::int64_t given_up, std::chrono::seconds lag);
  void connection_opened() noexcept { ++connections_; }
  void connection_closed() noexcept { --connections_; }
  [[nodiscard]] std::int64_t connections() const noexcept { return connections_; }

  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5};

  struct Histogram {
    std::array<std::int64_t, kBounds.size()> buckets{};  ///< of values up to that bound and above the one before
    std::int64_t count = 0;
    double sum = 0;
    void add(double value);
  };

  static void write(std::string& out, std::string_view name, std::string_view help, const Histogram& histogram);

  std::atomic<std::int64_t> connections_{0};
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::int64_t> requests_;
  std::map<std::pair<std::string, std::string>, std::int64_t> answers_;
  Histogram durations_;
  Histogram rounds_;
  Histogram flushes_;
  std::int64_t round_requests_ = 0;
  std::array<std::int64_t, 3> webhooks_{};  ///< delivered, failed, given up
  std::chrono::seconds webhook_lag_{0};
};

}  // namespace lic
