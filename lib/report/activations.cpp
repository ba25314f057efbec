#include "report/activations.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.hpp"

namespace lic {
namespace {

constexpr std::int64_t kFewestMachines = 3;
constexpr std::int64_t kMovesOfAnyone = 5;
constexpr std::chrono::days kShortTime{7};

std::optional<std::string> machine_in(const HistoryEntry& entry) {
  const auto detail = json::parse(entry.detail, "detail");
  const json::Value* machine = detail ? detail->find("machine") : nullptr;
  const std::string* name = machine == nullptr ? nullptr : machine->as_string();
  if (name == nullptr) return std::nullopt;
  return *name;
}

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

std::vector<Activation> activations_of(const LicenseSummary& license, const std::vector<HistoryEntry>& history) {
  std::vector<Activation> activations;
  std::map<std::string, std::size_t> active;  // machine: its place in activations
  for (const HistoryEntry& entry : history) {
    const bool release = entry.action == "release";
    if (!release && entry.action != "activate") continue;
    const auto machine = machine_in(entry);
    if (!machine) continue;
    const auto open = active.find(*machine);
    if (release && open != active.end()) {
      activations[open->second].released_at = entry.at;
      active.erase(open);
    } else if (!release && open == active.end()) {
      active.emplace(*machine, activations.size());
      activations.push_back({license.key, *machine, entry.at, std::nullopt});
    }
  }
  return activations;
}

std::int64_t seats_in_use(const std::vector<Activation>& activations, Time now) {
  return std::count_if(activations.begin(), activations.end(), [&](const Activation& a) {
    return a.activated_at <= now && (!a.released_at || *a.released_at > now);
  });
}

ActivationPattern pattern_of(const std::vector<Activation>& activations, std::int64_t seats, Time from, Time to) {
  std::set<std::string_view> machines;
  std::vector<Time> moves;
  const auto note = [&](Time moment) {
    if (moment >= from && moment < to) moves.push_back(moment);
  };
  for (const Activation& activation : activations) {
    const bool active = activation.activated_at < to && (!activation.released_at || *activation.released_at > from);
    if (active) machines.insert(activation.machine);
    note(activation.activated_at);
    if (activation.released_at) note(*activation.released_at);
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
