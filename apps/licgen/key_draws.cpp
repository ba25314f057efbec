#include "licgen/key_draws.hpp"

#include <algorithm>
#include <functional>

#include "crypto/random.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kMostDrawn = 120'000;

std::vector<KeyDraws::Draw> draw(std::size_t count) {
  std::vector<KeyDraws::Draw> draws(count);
  const Bytes random = random_bytes(count * std::tuple_size_v<KeyDraws::Draw>);
  auto symbol = random.begin();
  for (KeyDraws::Draw& one : draws)
    for (std::uint8_t& drawn : one) drawn = *symbol++ & 31;
  std::sort(draws.begin(), draws.end(), std::greater<>());
  return draws;
}

}  // namespace

std::vector<KeyDraws::Draw> KeyDraws::take(std::size_t count, std::int64_t expected) {
  std::vector<Draw> taken;
  taken.reserve(count);
  while (taken.size() < count) {
    const auto missing = static_cast<std::int64_t>(count - taken.size());
    if (drawn_.empty()) drawn_ = draw(static_cast<std::size_t>(std::max(missing, std::min(expected, kMostDrawn))));
    taken.push_back(drawn_.back());
    drawn_.pop_back();
  }
  return taken;
}

}  // namespace lic::app
