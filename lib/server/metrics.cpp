#include "server/metrics.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"

namespace lic {
namespace {

double seconds(std::chrono::steady_clock::duration span) { return std::chrono::duration<double>(span).count(); }

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += concat("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n');
}

}  // namespace

void Metrics::Histogram::add(double value) {
  const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
  if (bound != kBounds.end()) ++buckets[static_cast<std::size_t>(bound - kBounds.begin())];
  ++count;
  sum += value;
}

void Metrics::count_request(std::string_view route, int status, std::chrono::steady_clock::duration took) {
  const std::scoped_lock lock(mutex_);
  ++requests_[{std::string(route), status}];
  durations_.add(seconds(took));
}

void Metrics::count_answer(std::string_view action, std::string_view outcome) {
  const std::scoped_lock lock(mutex_);
  ++answers_[{std::string(action), std::string(outcome)}];
}

void Metrics::count_round(std::size_t requests, std::chrono::steady_clock::duration took) {
  const std::scoped_lock lock(mutex_);
  rounds_.add(seconds(took));
  round_requests_ += static_cast<std::int64_t>(requests);
}

void Metrics::count_flush(std::chrono::steady_clock::duration took) {
  const std::scoped_lock lock(mutex_);
  flushes_.add(seconds(took));
}

void Metrics::set_webhooks(std::int64_t delivered, std::int64_t failed, std::int64_t given_up,
                           std::chrono::seconds lag) {
  const std::scoped_lock lock(mutex_);
  webhooks_ = {delivered, failed, given_up};
  webhook_lag_ = lag;
}

void Metrics::write(std::string& out, std::string_view name, std::string_view help, const Histogram& histogram) {
  head(out, name, "histogram", help);
  std::int64_t below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += histogram.buckets[i];
    out += concat(name, "_bucket{le=\"", number(kBounds[i]), "\"} ", below, '\n');
  }
  out += concat(name, "_bucket{le=\"+Inf\"} ", histogram.count, '\n');
  out += concat(name, "_sum ", number(histogram.sum), '\n', name, "_count ", histogram.count, '\n');
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  head(out, "lic_connections", "gauge", "Connections that are open.");
  out += concat("lic_connections ", connections_.load(), '\n');
  head(out, "lic_requests_total", "counter", "Requests by route and status.");
  for (const auto& [labels, count] : requests_)
    out += concat("lic_requests_total{route=\"", labels.first, "\",status=\"", labels.second, "\"} ", count, '\n');
  head(out, "lic_answers_total", "counter", "Signed answers by action and what they say.");
  for (const auto& [labels, count] : answers_)
    out += concat("lic_answers_total{action=\"", labels.first, "\",outcome=\"", labels.second, "\"} ", count, '\n');
  write(out, "lic_request_duration_seconds", "From the last byte of a head to the first of the reply.", durations_);
  write(out, "lic_round_duration_seconds", "Transactions of the ledger, each for all requests that waited.", rounds_);
  head(out, "lic_round_requests_total", "counter", "Requests that were decided in these transactions.");
  out += concat("lic_round_requests_total ", round_requests_, '\n');
  write(out, "lic_flush_duration_seconds", "Waiting for the disk, each time for all that was committed by then.",
        flushes_);
  head(out, "lic_webhook_attempts_total", "counter", "Posts to webhooks by what came of them.");
  constexpr std::array<std::string_view, 3> kOutcomes = {"delivered", "failed", "given_up"};
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    out += concat("lic_webhook_attempts_total{outcome=\"", kOutcomes[i], "\"} ", webhooks_[i], '\n');
  head(out, "lic_webhook_lag_seconds", "gauge", "How long the delivery that is due longest waits.");
  out += concat("lic_webhook_lag_seconds ", webhook_lag_.count(), '\n');
  return out;
}

}  // namespace lic
