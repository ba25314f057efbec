#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "license/clock_code.hpp"
#include "policy/decide.hpp"
#include "trust/clock_reset.hpp"

// Times seen, and the vendor's word that one of them was wrong (docs/formats.md, 13).

namespace lic {
namespace {

constexpr std::size_t kMostResets = 32;

Error not_behind() {
  return error(Errc::conflict, "the clock is not behind the latest time seen here, so there is nothing to reset",
               "set the clock right first, if it is not");
}

/// Where a trial that began while the clock ran ahead would have begun, so that what was left of
/// it is left: `until` is the wrong time, `now` the right one.
Time moved_back(Time began, Time until, Time now) {
  if (began <= now) return began;
  return now - std::max(until - began, std::chrono::seconds{0});
}

}  // namespace

void Installation::witness(Time time) noexcept {
  if (!witnessed_ || *witnessed_ < time) witnessed_ = time;
}

/// Files from the future are a weak witness: anyone may touch a file, so they only warn.
void Installation::look_at_file_times() {
  if (!environment_.modified_at || judges_file() || loaded_.condition != StateCondition::intact) return;
  const Time now = environment_.now();
  const auto written = std::max({loaded_.written, usage_written_, environment_.modified_at(store_.directory())});
  if (!clock_moved_back(now, written) || clock_moved_back(now, loaded_.state.high_water)) return;
  standing_.warnings.push_back(concat("the license state was written on ", format_time(*written),
                                      ", after what the clock says (", format_time(now),
                                      "): see that the clock is right"));
}

/// That nobody has edited the state, which a change would hide.
Result<void> Installation::check_untouched() const {
  if (loaded_.condition != StateCondition::edited) return {};
  return error(Errc::untrusted, loaded_.problem, "activate the license again: licctl --activate-license KEY");
}

/// The latest time seen, which the clock is behind, and no signed date is the cause.
Result<Time> Installation::time_to_reset(Time now) const {
  LIC_TRY(check_untouched());
  const Time signed_at = standing_.signed_at();
  if (clock_moved_back(now, signed_at))
    return error(Errc::conflict,
                 concat("the clock says ", format_time(now), ", but the vendor has signed a document here at ",
                        format_time(signed_at)),
                 "set the clock right; if it is, ask the vendor for a new license or product file: no reset changes a "
                 "signed date");
  if (!clock_moved_back(now, loaded_.state.high_water)) return not_behind();
  return *loaded_.state.high_water;
}

Result<ClockCodeInfo> Installation::clock_code() {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  const Time now = environment_.now();
  LIC_TRY_ASSIGN(const Time latest, time_to_reset(now));
  ClockCode fresh = ClockCode::make(standing_.info->id, standing_.fingerprint, latest);
  std::string& waiting = loaded_.state.clock_code;
  const auto before = ClockCode::parse(waiting);
  // One that is marked as used though it waits (the process was killed halfway) has no answer any more.
  if (before && before->latest() == fresh.latest() && !marks_.is_used(before->text()))
    return ClockCodeInfo{before->text(), latest, now, false};
  waiting = fresh.text();
  LIC_TRY(save(now));
  return ClockCodeInfo{fresh.text(), latest, now, true};
}

/// Whether that reset counts here and now; gives the time that it replaces.
Result<Time> Installation::check_reset(const ClockReset& reset, std::string_view what, Time now) const {
  const ClientState& state = loaded_.state;
  const std::string& code = reset.code.text();
  const bool used = std::find(state.clock_resets.begin(), state.clock_resets.end(), code) != state.clock_resets.end();
  if (used || marks_.is_used(code))
    return error(Errc::conflict, concat(what, " was used here before, and counts once"),
                 "licctl --clock-code prints a new code for the vendor");
  if (state.clock_code != code)
    return error(Errc::conflict,
                 concat(what, " answers the code ", code,
                        state.clock_code.empty() ? ", and none waits on this machine"
                                                 : concat(", but this machine waits for ", state.clock_code)),
                 "each code is for one machine, once; licctl --clock-code prints that of this one");
  LIC_TRY_ASSIGN(const Time latest, time_to_reset(now));
  if (clock_moved_back(now, reset.issued_at))
    return error(Errc::conflict,
                 concat("the clock says ", format_time(now), ", but the vendor signed ", what, " at ",
                        format_time(reset.issued_at)),
                 "set the clock right and try again");
  return latest;
}

/// What was counted and begun while the clock ran ahead goes on from `right`; all of it in the
/// state, so that it is written at once. True: usage_data.json is the older one then.
Result<bool> Installation::move_back(Time wrong, Time right) {
  ClientState& state = loaded_.state;
  state.high_water = right;
  if (state.license) state.license->activated_at = std::min(state.license->activated_at, right);
  if (state.grant) state.grant->started_at = moved_back(state.grant->started_at, wrong, right);
  UsageBook next = book_;
  for (auto& [name, counter] : next.counters) set_back(counter, right);
  if (next == book_) return false;
  ++next.seq;
  if (usage_damaged_) LIC_TRY(store_.set_usage_aside(right));
  state.usage = std::move(next);
  return true;
}

/// Where the state could not be written after the mark of `code`: that is taken back, if the state on disk
/// waits for the answer still.
Error Installation::reset_failed(const std::string& code, Error fault) {
  const bool waits = read_state() && loaded_.state.clock_code == code;
  if (waits && (!marks_.is_used(code) || marks_.forget(code) || !marks_.is_used(code))) return fault;
  fault.message = concat(waits ? "the clock reset is used up, but nothing was set back: "
                               : "the latest time seen here may be set back, but: ",
                         fault.message);
  fault.hint = waits ? "licctl --clock-code prints a new code for the vendor"
                     : "licctl --license-info shows how the license stands";
  return fault;
}

Result<Change> Installation::apply_clock_reset(ByteView document, std::string_view name) {
  const std::string what = concat("clock reset ", in_quotes(name));
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  LIC_TRY_ASSIGN(const ClockReset reset, ClockReset::open(document, standing_.product, what));
  const Time now = environment_.now();
  LIC_TRY_ASSIGN(const Time wrong, check_reset(reset, what, now));
  const std::string code = reset.code.text();
  // The mark first: killed after it, the code is spent and another is needed; never is one used twice.
  if (const auto marked = marks_.use(code, now); !marked) return reset_failed(code, marked.error());
  ClientState& state = loaded_.state;
  state.clock_code.clear();
  state.clock_resets.push_back(code);
  if (state.clock_resets.size() > kMostResets) state.clock_resets.erase(state.clock_resets.begin());
  const auto moved = move_back(wrong, reset.issued_at);
  if (!moved) return reset_failed(code, moved.error());
  take_license();
  drop_given_back();
  if (auto saved = save(now); !saved) return reset_failed(code, std::move(saved).error());
  if (*moved) static_cast<void>(write_usage(book_, reset.issued_at));  // what the state says counts, too
  LIC_TRY(read_state());
  return Change{true,
                standing_.decision_at(now),
                concat("the latest time seen here was ", format_time(wrong), " and is now ",
                       format_time(loaded_.state.high_water.value_or(now))),
                {}};
}

}  // namespace lic
