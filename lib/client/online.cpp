#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "protocol/offline_exchange.hpp"

// The licensing server (docs/protocol.md): what its word changes. What is asked: online_questions.cpp.

namespace lic {
namespace {

constexpr std::chrono::seconds kClockDifference{10};

/// What a denial makes of the license that it is about.
Reason reason_of(DenialReason reason) noexcept {
  switch (reason) {
    case DenialReason::revoked:
      return Reason::revoked;
    case DenialReason::suspended:
      return Reason::suspended;
    case DenialReason::expired:
      return Reason::expired;
    case DenialReason::not_yet_valid:
      return Reason::not_yet_valid;
    case DenialReason::wrong_machine:
      return Reason::wrong_machine;
    case DenialReason::no_seat_left:
    case DenialReason::transfers_used_up:
    case DenialReason::not_activated:
      return Reason::no_seat_left;
    case DenialReason::trial_not_available:
      return Reason::trial_not_available;
    case DenialReason::unknown_license:
    case DenialReason::wrong_secret:
    case DenialReason::usage_missing:
    case DenialReason::usage_refused:
      return Reason::no_license;
  }
  return Reason::no_license;
}

/// Whether it is about the license itself, or this machine's seat of it, and so ends what is cached.
bool ends_lease(DenialReason reason) noexcept {
  switch (reason) {
    case DenialReason::unknown_license:
    case DenialReason::revoked:
    case DenialReason::suspended:
    case DenialReason::expired:
    case DenialReason::wrong_machine:
    case DenialReason::not_activated:
      return true;
    case DenialReason::not_yet_valid:
    case DenialReason::no_seat_left:
    case DenialReason::transfers_used_up:
    case DenialReason::wrong_secret:
    case DenialReason::trial_not_available:
    case DenialReason::usage_missing:
    case DenialReason::usage_refused:
      return false;
  }
  return false;
}

std::string_view said_of(DenialReason reason) noexcept {
  switch (reason) {
    case DenialReason::unknown_license:
      return "is not known there";
    case DenialReason::revoked:
      return "was revoked by the vendor";
    case DenialReason::suspended:
      return "is suspended by the vendor";
    case DenialReason::expired:
      return "has expired";
    case DenialReason::not_yet_valid:
      return "is not valid yet";
    case DenialReason::wrong_machine:
      return "is for other machines";
    case DenialReason::no_seat_left:
      return "has no seat left";
    case DenialReason::transfers_used_up:
      return "goes to no machine that it was not on";
    case DenialReason::not_activated:
      return "has no seat for this machine any more";
    case DenialReason::wrong_secret:
      return "is held here by another copy of this state";
    case DenialReason::trial_not_available:
    case DenialReason::usage_missing:
    case DenialReason::usage_refused:
      break;
  }
  return "is refused";
}

/// The reason of that token, of those that a denial is remembered with.
std::optional<Reason> remembered(std::string_view name) noexcept {
  for (const Reason reason : {Reason::revoked, Reason::suspended, Reason::expired, Reason::wrong_machine,
                              Reason::no_seat_left, Reason::no_license})
    if (token(reason) == name) return reason;
  return std::nullopt;
}

}  // namespace

/// What the server has said of a license: a lease that runs or ran out, or a no. A no does not count against what the
/// vendor signed later, unless it says that the license was revoked. Gives what is Context::lease_from.
Time Installation::judge_by_seat(const Terms& terms, std::optional<LeaseInfo>& lease,
                                 std::optional<DenialInfo>& denied) const {
  lease.reset();
  denied.reset();
  const OnlineSeat* seat = seat_of(terms.key);
  if (seat == nullptr || seat->leaving) return {};
  const auto reason = remembered(seat->denied);
  if (reason && (*reason == Reason::revoked || terms.issued_at <= seat->denied_at))
    denied = DenialInfo{*reason, seat->denied_at};
  if (!seat->lease.empty() && seat->license == terms.id)
    lease = LeaseInfo{seat->server, seat->granted_at, seat->refresh_at,
                      terms.floating ? seat->expires_at : std::max(seat->expires_at, terms.issued_at)};
  return seat->taken_at;
}

void Installation::settle_seat() {
  standing_.lease.reset();
  standing_.denied.reset();
  if (!standing_.license || !loaded_.state.license) return;
  standing_.lease_from = judge_by_seat(standing_.license->terms(), standing_.lease, standing_.denied);
}

/// What a lease leaves to remember, where no other process has gone on since the question.
/// One of a license that floats is so short that this clock measures it, from now on, where the two differ by more than
/// a question takes.
void Installation::take_lease(const ServerQuestion& asked, const ServerAnswer& answer, bool floating) {
  OnlineSeat& seat = own_seat(asked.request.key);
  const bool anew = asked.request.action == OnlineAction::activate;
  if (!asked.next_secret.empty() && (anew || seat.next_secret == asked.next_secret)) {
    seat.secret = asked.next_secret;
    seat.next_secret.clear();
  }
  seat.server = asked.server;
  seat.license = answer.lease->license;
  seat.lease = answer.lease->id;
  seat.granted_at = answer.issued_at;
  seat.refresh_at = answer.lease->refresh_at;
  seat.expires_at = answer.lease->expires_at;
  const Time now = environment_.now();
  const auto ahead = now - answer.issued_at;
  seat.taken_at = floating ? now : Time{};
  if (floating && std::chrono::abs(ahead) > kClockDifference) {
    seat.refresh_at += ahead;
    seat.expires_at += ahead;
  }
  seat.denied.clear();
  seat.ask_after = Time{};
  seat.tried_at = Time{};
  seat.leaving = false;
  auto& mark = loaded_.state.high_water;
  mark = std::max(mark.value_or(answer.issued_at), answer.issued_at);
}

/// A no to what is active, or was leased here.
Result<void> Installation::remember_denial(const ServerQuestion& asked, const ServerAnswer& answer) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  const std::string& key = asked.request.key;
  if (seat_of(key) == nullptr && active_key() != key) return {};
  OnlineSeat& seat = own_seat(key);
  seat.server = asked.server;
  seat.denied = token(reason_of(answer.denial->reason));
  seat.denied_at = answer.issued_at;
  seat.lease.clear();
  seat.secret.clear();
  seat.next_secret.clear();
  return save(environment_.now());
}

/// The no holds also where it cannot be written down.
Result<Change> Installation::take_denial(const ServerQuestion& asked, const ServerAnswer& answer) {
  const std::string& key = asked.request.key;
  const DenialReason reason = answer.denial->reason;
  const auto kept = ends_lease(reason) ? remember_denial(asked, answer) : Result<void>();
  const Catalog& catalog = standing_.product.catalog();
  std::string message = concat("the licensing server says: ", key, ' ', said_of(reason));
  std::string hint = concat("ask ", catalog.support.empty() ? "the vendor" : catalog.support, "; key ", key,
                            ", machine id ", standing_.fingerprint);
  if (const auto& retry = answer.denial->retry_at) message += concat(" before ", format_time(*retry));
  if (!kept) message += concat("; this could not be kept for later: ", kept.error().message);
  if (answer.denial->queue) {
    message += concat("; place ", *answer.denial->queue, " of those that wait");
    hint = "ask again then, to keep the place until it is this machine's turn";
  } else if (reason == DenialReason::no_seat_left) {
    hint = concat("deactivate it on another machine (licctl --deactivate-license), or wait; or ", hint);
  }
  if (reason == DenialReason::unknown_license)
    return error(Errc::not_found, message, concat("look at the key again, or ", hint));
  return Change{false,           {reason_of(reason), {}}, std::move(message),
                std::move(hint), answer.denial->queue,    answer.denial->retry_at};
}

Result<Change> Installation::take_activation(const ServerQuestion& asked, const ServerWord& word) {
  if (word.answer.denial) return take_denial(asked, word.answer);
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(asked.request.key));
  const Granted granted{asked, word};
  LIC_TRY_ASSIGN(Change change, activate_bytes(view_bytes(concat(word.license, '\n')),
                                               "the license that the server gave", key, Wanted::any, &granted));
  const auto& wanted = asked.request.borrow_until;
  if (change.changed && wanted && word.answer.lease->expires_at < *wanted)
    change.hint = "that is for as long as the license allows";
  return change;
}

Result<Change> Installation::check_in(const Question& question, const Asked* asked) {
  if (!question) return Change{false, standing_.decision_at(environment_.now()), "no seat is held here", {}};
  if (asked == nullptr) return error(Errc::failure, "out of memory");
  if (const auto* silence = std::get_if<Unanswered>(asked)) return silence->error;
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  const std::string& key = question->request.key;
  OnlineSeat& seat = own_seat(key);
  seat.lease.clear();
  seat.secret.clear();
  seat.next_secret.clear();
  const Time now = environment_.now();
  LIC_TRY(save(now));
  return Change{true, standing_.decision_at(now), concat("gave back the seat of ", key), {}};
}

/// What the server's word changes. Gives the no that it was, for the license asked about.
Result<std::optional<Change>> Installation::take_word(const ServerQuestion& asked, const ServerWord& word) {
  if (asked.request.action == OnlineAction::trial) {
    LIC_TRY(adopt_trial(word.answer));
    return std::optional<Change>();
  }
  if (word.answer.denial) {
    auto told = take_denial(asked, word.answer);
    if (told) return std::optional(std::move(told).value());
    if (told.error().code != Errc::not_found) return std::move(told).error();
    return std::optional(Change{false, {Reason::no_license, {}}, told.error().message, told.error().hint});
  }
  const bool beats = asked.request.action == OnlineAction::lease;
  if (beats || asked.request.action == OnlineAction::validate) {
    const OnlineSeat* seat = seat_of(asked.request.key);
    const Lease& lease = *word.answer.lease;
    const bool known = !beats && seat != nullptr && seat->lease == lease.id && seat->expires_at == lease.expires_at;
    if (known && seat->denied.empty() && !word.product) return std::optional<Change>();
    LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
    LIC_TRY(take_product(word));
    take_lease(asked, word.answer, floats());
    const auto seen = loaded_.state.seen.find(lease.license);
    const bool newer = beats && seen != loaded_.state.seen.end() && seen->second < lease.serial;
    if (newer)
      own_seat(asked.request.key).refresh_at =
          std::min(word.answer.issued_at, environment_.now());  // the document is to be fetched
    LIC_TRY(save(environment_.now()));
    return std::optional<Change>();
  }
  LIC_TRY_ASSIGN(Change change, take_activation(asked, word));
  return change.changed ? std::optional<Change>() : std::optional(std::move(change));
}

Result<Confirmation> Installation::take_confirmation(const ServerQuestion& question, const Asked& asked) {
  const ServerWord* const word = std::get_if<ServerWord>(&asked);
  if (word == nullptr) {
    const Unanswered& silence = std::get<Unanswered>(asked);
    note_unanswered(question, silence);
    return Confirmation{standing_.decision_at(environment_.now()), checked_here(standing_), silence.error.message};
  }
  Confirmation confirmed{{}, CheckedBy::server, {}};
  LIC_TRY_ASSIGN(auto no, take_word(question, *word));
  if (no) {
    confirmed.message = std::move(no->message);
    confirmed.queue = no->queue;
    confirmed.retry_at = no->retry_at;
  }
  if (!word->revocations.empty()) {
    const auto imported = import_revocations(view_bytes(word->revocations), "of the licensing server");
    if (!imported && imported.error().code != Errc::conflict) confirmed.message = imported.error().message;
  }
  confirmed.decision = standing_.decision_at(environment_.now());
  // It may be active by its file, and have no seat as far as the server knows.
  if (no && (no->queue || confirmed.decision.allowed())) confirmed.decision = no->decision;
  return confirmed;
}

/// When the server wants to be asked next, and that it was asked in vain. Of no weight: where it cannot be written, it
/// is asked sooner.
void Installation::note_unanswered(const ServerQuestion& asked, const Unanswered& why) {
  if (asked.request.key.empty() || seat_of(asked.request.key) == nullptr) return;
  const auto lock = store_.lock(std::chrono::milliseconds{0});
  if (!lock || !read_state() || loaded_.condition != StateCondition::intact) return;
  if (seat_of(asked.request.key) == nullptr) return;
  const Time now = environment_.now();
  OnlineSeat& seat = own_seat(asked.request.key);
  seat.tried_at = now;
  if (why.retry_after.count() > 0) seat.ask_after = now + why.retry_after;
  static_cast<void>(save(now));
}

/// A seat of the server's for what was just given up. Gives what to tell of it.
std::string Installation::leave_seat(const std::string& key, const Asked* asked) {
  const OnlineSeat* seat = seat_of(key);
  if (seat == nullptr) return {};
  const Unanswered* silence = asked == nullptr ? nullptr : std::get_if<Unanswered>(asked);
  const bool has_seat = !seat->secret.empty() && (!seat->lease.empty() || seat->leaving);
  if (has_seat && (asked == nullptr || silence != nullptr)) {
    own_seat(key).leaving = true;
    const std::string cause = silence == nullptr ? "no server was asked" : silence->error.message;
    return concat("its seat is not given back yet (", cause, "): it comes back by itself on ",
                  format_time(seat->expires_at), ", or when --deactivate-license is called again");
  }
  std::erase_if(loaded_.state.seats, [&](const OnlineSeat& one) { return one.key == key; });
  return {};
}

/// Where nothing is active: the seat of what was given up before, if the server has not taken it back yet.
Result<Change> Installation::leave_later(const Asked* asked) {
  const auto& seats = loaded_.state.seats;
  const auto found = std::find_if(seats.begin(), seats.end(), [](const OnlineSeat& one) { return one.leaving; });
  if (found == seats.end()) return Change{false, {Reason::no_license, {}}, "nothing is activated here", {}};
  const std::string key = found->key;
  std::string left = leave_seat(key, asked);
  if (!left.empty())
    return Change{false, {Reason::no_license, {}}, concat("nothing is activated here; of ", key, ", ", left), {}};
  const Time now = environment_.now();
  LIC_TRY(save(now));
  return Change{true, standing_.decision_at(now), concat("gave back the seat of ", key), {}};
}

}  // namespace lic
