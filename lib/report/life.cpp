#include "report/life.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

/// One that moved the license on, with what the license was before it.
struct Turn {
  LifeStep step = LifeStep::created;
  Time at{};
  LicenseState before;
  LicenseState after;
};

/// Puts back what `change`, an element of "changes" in a history entry, had replaced.
void undo(const json::Value& change, LicenseState& state) {
  const json::Value* member_value = change.find("member");
  const json::Value* before_value = change.find("before");
  const json::Text* member = member_value == nullptr ? nullptr : member_value->as_string();
  if (member == nullptr || before_value == nullptr) return;
  const json::Text* before = before_value->as_string();  // null: was not there
  const auto time = before == nullptr ? std::nullopt : parse_timestamp(*before);
  if (*member == "plan" && before != nullptr) state.plan = *before;
  if (*member == "kind" && before != nullptr) state.kind = parse_kind(*before).value_or(state.kind);
  if (*member == "starts_at" && time) state.starts_at = *time;
  if (*member == "expires_at") state.expires_at = time;
  if (*member == "maintenance_until") state.maintenance_until = time;
  if (*member == "grace_days" && before != nullptr)
    state.grace_days = parse_integer(*before).value_or(state.grace_days);
}

bool differs(const LicenseState& a, const LicenseState& b) {
  return a.plan != b.plan || a.kind != b.kind || a.expires_at != b.expires_at || a.grace_days != b.grace_days;
}

bool is_begin(const HistoryEntry& entry) { return entry.action == "create" || entry.action == "import"; }

std::int64_t serial_of(const json::Value& detail) {
  const json::Value* serial = detail.find("serial");
  const std::int64_t* number = serial == nullptr ? nullptr : serial->as_integer();
  return number == nullptr ? 0 : *number;
}

/// From the newest to the oldest, so that each change can be undone.
std::vector<Turn> turns_of(const LicenseSummary& license, const std::vector<HistoryEntry>& history) {
  LicenseState state{license.plan,       license.kind,       license.starts_at,
                     license.expires_at, license.grace_days, license.maintenance_until};
  std::vector<Turn> turns;
  if (license.revoked_at) turns.push_back({LifeStep::revoked, *license.revoked_at, state, state});
  LifeStep begin = LifeStep::created;
  for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
    if (is_begin(*entry)) {
      begin = entry->action == "import" ? LifeStep::imported : LifeStep::created;
      break;
    }
    if (entry->detail.find("\"changes\"") == std::string::npos) continue;
    const auto detail = json::parse(entry->detail, "detail");
    if (!detail || serial_of(*detail) > license.serial) continue;
    const json::Value* changes = detail->find("changes");
    if (changes == nullptr || changes->as_array() == nullptr) continue;
    const LicenseState after = state;
    for (const json::Value& change : *changes->as_array()) undo(change, state);
    const bool renewal = entry->action == "renew";
    if (renewal || differs(state, after))
      turns.push_back({renewal ? LifeStep::renewed : LifeStep::changed, entry->at, state, after});
  }
  turns.push_back({begin, license.created_at, state, state});
  std::reverse(turns.begin(), turns.end());
  return turns;
}

}  // namespace

std::optional<Time> LicenseState::lost_at() const {
  if (!expires_at) return std::nullopt;
  return *expires_at + std::chrono::days{grace_days};
}

std::vector<LifeEvent> life_of(const LicenseSummary& license, const std::vector<HistoryEntry>& history, Time now) {
  std::vector<LifeEvent> life;
  bool held = false;
  const auto lapse_until = [&](Time until) {
    if (life.empty() || !held) return;
    const LifeEvent& last = life.back();
    const auto lost_at = last.after.lost_at();
    if (!lost_at || *lost_at > until) return;
    life.push_back({LifeStep::lapsed, std::max(*lost_at, last.at), last.after, last.after, true, false});
    held = false;
  };
  for (Turn& turn : turns_of(license, history)) {
    lapse_until(turn.at);
    const bool before = held;
    const auto lost_at = turn.after.lost_at();
    const bool begins = life.empty();  // what was issued with an end in the past lapses at once
    held = turn.step != LifeStep::revoked && (begins || !lost_at || *lost_at > turn.at);
    life.push_back({turn.step, turn.at, std::move(turn.before), std::move(turn.after), before, held});
  }
  lapse_until(now);
  return life;
}

}  // namespace lic
