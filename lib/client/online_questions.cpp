#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "policy/decide.hpp"
#include "protocol/offline_exchange.hpp"

// The licensing server (docs/protocol.md): what it is asked, and when. Asking itself is done by who holds no lock
// (LicenseManager::Impl); what an answer changes: online.cpp.

namespace lic {
namespace {

constexpr std::size_t kMostSeats = 32;
constexpr std::chrono::minutes kTryAgain{15};
constexpr std::chrono::seconds kLeastWait{2};

}  // namespace

std::string Installation::server_of(const OnlineSeat* seat) const {
  if (beginning_.server.offline) return {};
  if (!beginning_.server.url.empty()) return beginning_.server.url;
  const std::string& published = standing_.product.catalog().server_url;
  return published.empty() && seat != nullptr ? seat->server : published;
}

const OnlineSeat* Installation::seat_of(std::string_view key) const {
  const auto& seats = loaded_.state.seats;
  const auto found = std::find_if(seats.begin(), seats.end(), [&](const OnlineSeat& seat) { return seat.key == key; });
  return found == seats.end() ? nullptr : &*found;
}

OnlineSeat& Installation::own_seat(const std::string& key) {
  auto& seats = loaded_.state.seats;
  const auto found = std::find_if(seats.begin(), seats.end(), [&](const OnlineSeat& seat) { return seat.key == key; });
  if (found != seats.end()) return *found;
  if (seats.size() == kMostSeats) seats.erase(seats.begin());
  OnlineSeat& seat = seats.emplace_back();
  seat.key = key;
  return seat;
}

const std::string& Installation::active_key() const {
  static const std::string kNone;
  return standing_.license && loaded_.state.license ? standing_.license->terms().key : kNone;
}

std::shared_ptr<ServerQuestion> Installation::question(OnlineAction action, const std::string& key,
                                                       std::string server) const {
  auto asked = std::make_shared<ServerQuestion>(standing_.product);
  asked->server = std::move(server);
  asked->ca_file = beginning_.server.ca_file;
  asked->patience = beginning_.server.patience;
  asked->request.action = action;
  asked->request.nonce = random_request_id();
  asked->request.product = standing_.info->id;
  asked->request.key = key;
  asked->request.facts = machine_.facts();
  return asked;
}

Result<Question> Installation::question_to_activate(std::string_view license_key) const {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const LicenseKey key, key_of_product(license_key));
  return question_to_activate(key);
}

Result<Question> Installation::question_to_activate(ByteView document, std::string_view name,
                                                    std::string_view license_key) const {
  LIC_TRY(check_changeable());
  const std::string what = concat("license file ", in_quotes(name));
  LIC_TRY_ASSIGN(const ProductFile product, product_for(document, what));
  LIC_TRY_ASSIGN(const VerifiedLicense license, verify(document, product, what));
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(license.terms().key));
  if (!license_key.empty()) {
    LIC_TRY_ASSIGN(const LicenseKey wanted, LicenseKey::parse(license_key));
    if (wanted.text() != key.text()) return Question();  // which activate_document() tells
  }
  return question_to_activate(key);
}

/// The secret need not be stored before: who loses it activates again and has the same seat.
Question Installation::question_to_activate(const LicenseKey& key, bool with_list,
                                            std::optional<Time> borrow_until) const {
  std::string server = server_of(seat_of(key.text()));
  if (server.empty()) return nullptr;
  auto asked = question(OnlineAction::activate, key.text(), std::move(server));
  asked->next_secret = random_receipt_secret();
  asked->request.next_hash = receipt_hash_of(asked->next_secret);
  asked->wants_revocations = with_list;
  asked->request.borrow_until = borrow_until;
  return asked;
}

Result<Question> Installation::question_to_confirm(std::optional<Time> borrow_until) {
  const Time now = environment_.now();
  if (judges_file()) return Question();
  if (loaded_.state.grant && standing_.license) return question_of_trial(loaded_.state.grant->email);
  const std::string key = active_key();
  const OnlineSeat* seat = seat_of(key);
  std::string server = key.empty() ? std::string() : server_of(seat);
  if (server.empty()) return Question();
  if (seat != nullptr && now < seat->ask_after && seat->ask_after - now <= std::chrono::hours{24})
    return error(Errc::unavailable, concat("the server wants no question before ", format_time(seat->ask_after)),
                 "try again then");
  const auto& list = loaded_.state.list;
  const bool with_list = standing_.license->terms().fresh_revocations || (list && now >= list->next_update);
  // A seat that the vendor has released is taken again by an activation that somebody wants, not by a look.
  const bool released = !borrow_until && seat != nullptr && seat->denied == token(Reason::no_seat_left);
  const bool leased = is_leased(seat);
  if (!released && (!leased || seat->leaving)) {
    LIC_TRY_ASSIGN(const LicenseKey parsed, LicenseKey::parse(key));
    return question_to_activate(parsed, with_list, borrow_until);
  }
  const bool due = leased && (borrow_until || is_refresh_due(*seat));
  // Where a heartbeat has told of a newer document, the refresh that brings it is due at once.
  const bool brings = borrow_until || !floats() || (leased && seat->refresh_at <= seat->granted_at);
  const OnlineAction renewal = brings ? OnlineAction::refresh : OnlineAction::lease;
  auto asked = question(due ? renewal : OnlineAction::validate, key, std::move(server));
  asked->wants_revocations = with_list;
  asked->request.borrow_until = borrow_until;
  if (due) {
    const auto ready = add_secrets(*asked);
    if (!ready && (borrow_until || ready.error().code == Errc::unavailable)) return ready.error();
    // In a state that cannot be written no secret goes on; what the server says of the lease counts all the same.
    if (!ready) asked->request.action = OnlineAction::validate;
  }
  return Question(std::move(asked));
}

bool Installation::is_leased(const OnlineSeat* seat) const {
  return seat != nullptr && !seat->lease.empty() && !seat->secret.empty() && environment_.now() < seat->expires_at;
}

Result<Question> Installation::question_to_borrow(Time until) {
  LIC_TRY(check_changeable());
  if (active_key().empty()) return error(Errc::not_found, "nothing is activated here");
  const auto& floating = standing_.license->terms().floating;
  if (!floating || floating->borrow_days == 0)
    return error(Errc::conflict, "the active license is none of those that may be borrowed");
  if (until <= environment_.now()) return error(Errc::invalid_input, "a seat is borrowed until a time to come");
  LIC_TRY_ASSIGN(Question asked, question_to_confirm(until));
  return asked ? Result<Question>(std::move(asked)) : error(Errc::usage, "no licensing server is known to borrow from");
}

Result<Question> Installation::question_to_check_in() const {
  LIC_TRY(check_changeable());
  if (!floats()) return error(Errc::conflict, "no license that floats is active here");
  return is_leased(seat_of(active_key())) ? question_to_leave() : Result<Question>(Question());
}

/// The next secret is on disk before it is sent, so that a yes that nobody sees loses nothing.
Result<void> Installation::add_secrets(ServerQuestion& asked) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  const OnlineSeat* seat = seat_of(asked.request.key);
  if (seat != nullptr && !seat->secret.empty() && seat->next_secret.empty()) {
    own_seat(asked.request.key).next_secret = random_receipt_secret();
    LIC_TRY(save(environment_.now()));
    seat = seat_of(asked.request.key);
  }
  if (seat == nullptr || seat->secret.empty())
    return error(Errc::unavailable, "another process has given up the seat just now", "try again");
  asked.request.secret = seat->secret;
  asked.next_secret = seat->next_secret;
  asked.request.next_hash = receipt_hash_of(asked.next_secret);
  return {};
}

Result<Question> Installation::question_of_trial(std::string_view email) const {
  std::string server = server_of(nullptr);
  if (server.empty() || judges_file() || standing_.product.catalog().plan_of_kind(Kind::trial) == nullptr)
    return Question();
  auto asked = question(OnlineAction::trial, {}, std::move(server));
  asked->request.email = email;
  return Question(std::move(asked));
}

/// Of the active license; where nothing is active, of one that was given up before without the server's knowledge.
Result<Question> Installation::question_to_leave() const {
  const OnlineSeat* seat = seat_of(active_key());
  const auto& seats = loaded_.state.seats;
  if (!loaded_.state.license && !loaded_.state.grant) {
    const auto left = std::find_if(seats.begin(), seats.end(), [](const OnlineSeat& one) { return one.leaving; });
    seat = left == seats.end() ? nullptr : &*left;
  }
  if (seat == nullptr || seat->secret.empty()) return Question();
  std::string server = server_of(seat);
  if (server.empty()) return Question();
  auto asked = question(OnlineAction::deactivate, seat->key, std::move(server));
  asked->request.secret = seat->secret;
  return Question(std::move(asked));
}

/// How long it is not asked again after it was asked in vain.
std::chrono::seconds Installation::patience_of(const OnlineSeat& seat) const {
  if (!floats()) return kTryAgain;
  return std::min<std::chrono::seconds>(std::chrono::minutes{1}, (seat.expires_at - seat.refresh_at) / 4);
}

std::optional<std::chrono::seconds> Installation::time_to_refresh() const {
  const OnlineSeat* seat = floats() ? seat_of(active_key()) : nullptr;
  if (seat == nullptr || seat->lease.empty() || seat->leaving || server_of(seat).empty()) return std::nullopt;
  return std::max<std::chrono::seconds>(seat->refresh_at - environment_.now(), kLeastWait + patience_of(*seat));
}

bool Installation::is_lease_due() const {
  const OnlineSeat* seat = seat_of(active_key());
  if (seat == nullptr || seat->lease.empty() || seat->leaving) return false;
  const Time now = environment_.now();
  const bool tried = seat->tried_at <= now && now - seat->tried_at < patience_of(*seat);
  return is_refresh_due(*seat) && !tried && !server_of(seat).empty();
}

/// Also where the clock was set back since, so that what it measures does not count any more.
bool Installation::is_refresh_due(const OnlineSeat& seat) const {
  const Time now = environment_.now();
  return now >= seat.refresh_at || (seat.taken_at != Time{} && now < lease_counts_from(seat.taken_at, seat.expires_at));
}

std::string Installation::server_asked() const {
  return judges_file() ? std::string() : server_of(seat_of(active_key()));
}

}  // namespace lic
