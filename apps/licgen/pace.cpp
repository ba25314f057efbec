#include "licgen/pace.hpp"

#include <algorithm>
#include <thread>

#include "ledger/ledger.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kAtFirst = 2'000;
constexpr std::int64_t kLeast = 1'000;

}  // namespace

Pace::Pace(std::int64_t most) : most_(most), at_once_(std::min(kAtFirst, most)), last_turn_(Clock::now()) {}

void Pace::begin() {
  if (Clock::now() - last_turn_ >= std::chrono::seconds(1)) {
    std::this_thread::sleep_for(kLedgerTurn);
    last_turn_ = Clock::now();
  }
  start_ = Clock::now();
}

void Pace::end(std::int64_t done) {
  const std::chrono::duration<double> elapsed = Clock::now() - start_;
  const double two_seconds = 2 * static_cast<double>(done) / std::max(elapsed.count(), 1e-3);
  at_once_ = std::clamp(static_cast<std::int64_t>(two_seconds), std::min(kLeast, most_), most_);
}

}  // namespace lic::app
