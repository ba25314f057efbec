#include "report/activations.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace lic {
namespace {

constexpr std::int64_t kFewestMachines = 3;
constexpr std::int64_t kMovesOfAnyone = 5;
constexpr std::chrono::days kShortTime{7};

/// The most of the sorted moments that lie within kShortTime.
std::int64_t most_in_short_time(const std::vector<Time>& moments) {
  std::int64_t most = 0;
  auto first = moments.begin();
  for (auto last = moments.begin(); last != moments.end(); ++last) {
    while (*last - *first >= kShortTime) ++first;
    most = std::max<std::int64_t>(most, last - first + 1);
  }
  return most;
}

}  // namespace

std::vector<SeatUse> seat_uses(const std::vector<Activation>& activations) {
  std::vector<SeatUse> uses;
  std::map<std::string_view, std::size_t> goes_on;  // a machine's use whose seat was taken over
  for (const Activation& activation : activations) {
    const auto open = goes_on.find(activation.machine);
    const std::size_t place = open == goes_on.end() ? uses.size() : open->second;
    if (place == uses.size()) uses.push_back({activation.machine, activation.at, std::nullopt});
    // A lease that ran out holds no seat, whether that was noted or not.
    uses[place].released_at = activation.lease ? activation.lease->expires_at : activation.ended_at;
    if (open != goes_on.end()) goes_on.erase(open);
    if (activation.ended_by == kEndedByRequest) goes_on.emplace(activation.machine, place);
  }
  return uses;
}

std::int64_t seats_in_use(const std::vector<SeatUse>& uses, Time now) {
  return std::count_if(uses.begin(), uses.end(), [&](const SeatUse& use) {
    return use.taken_at <= now && (!use.released_at || *use.released_at > now);
  });
}

ActivationPattern pattern_of(const std::vector<SeatUse>& uses, std::int64_t seats, Time from, Time to) {
  std::set<std::string_view> machines;
  std::vector<Time> moves;
  const auto note = [&](Time moment) {
    if (moment >= from && moment < to) moves.push_back(moment);
  };
  for (const SeatUse& use : uses) {
    const bool active = use.taken_at < to && (!use.released_at || *use.released_at > from);
    if (active) machines.insert(use.machine);
    note(use.taken_at);
    if (use.released_at) note(*use.released_at);
  }
  std::sort(moves.begin(), moves.end());
  ActivationPattern pattern;
  pattern.machines = static_cast<std::int64_t>(machines.size());
  pattern.moves = most_in_short_time(moves);
  pattern.many_machines = pattern.machines >= kFewestMachines && pattern.machines > 2 * seats;
  pattern.many_moves = pattern.moves > kMovesOfAnyone && pattern.moves > 3 * seats;
  return pattern;
}

}  // namespace lic
