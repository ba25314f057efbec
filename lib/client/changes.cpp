#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/installation.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "policy/decide.hpp"

namespace lic {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};

std::string until(const std::optional<Time>& end) { return end ? concat(" until ", format_time(*end)) : std::string{}; }

}  // namespace

Result<void> done_but(Result<void> rest, std::string_view done) {
  if (rest) return rest;
  Error fault = std::move(rest).error();
  fault.message = concat(done, ", but: ", fault.message);
  fault.hint = "when that is mended, do the same again: the rest is done then";
  return fault;
}

Result<void> Installation::check_changeable() const {
  if (!judges_file()) return {};
  return error(Errc::usage, "nothing can be changed while a license file is judged in place of the state");
}

/// Every change begins here: no other process writes while the lock is held, and
/// what is judged is what is on disk now.
Result<FileLock> Installation::lock_and_read() {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(FileLock lock, store_.lock(kPatience));
  LIC_TRY(read_state());
  if (loaded_.condition == StateCondition::damaged || loaded_.condition == StateCondition::foreign ||
      loaded_.condition == StateCondition::keyless) {
    LIC_TRY_ASSIGN(const std::string kept, store_.set_aside(environment_.now()));
    kept_note_ = concat(loaded_.problem, "; it is kept as ", kept);
    LIC_TRY(read_state());
  }
  return lock;
}

Result<void> Installation::save(Time now) {
  auto written = write_state(now);
  auto read = read_state();  // what is on disk counts, also where it could not be written
  return written ? read : written;
}

Result<void> Installation::write_state(Time now) {
  ClientState& state = loaded_.state;
  state.high_water = std::max(state.high_water.value_or(now), now);
  for (OnlineSeat& seat : state.seats)
    if (seat.taken_at != Time{}) seat.taken_at = std::max(seat.taken_at, now);
  // Kept beside the pin: the file that the application brings may be an older one next time.
  if (!state.pin || state.pin->version != standing_.product.version())
    LIC_TRY(write_file(store_.product_file(), standing_.product.bytes()));
  state.pin = standing_.product.pin();
  standing_.forced.reset();
  settle();
  return store_.save(state, summary_json(now), machine_);
}

Result<void> Installation::change_usage(FunctionRef<bool(UsageBook&, Time now)> change, bool& counted) {
  counted = false;
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  const Time now = standing_.time_at(environment_.now());
  UsageBook next = book_;
  for (auto& [name, counter] : next.counters) move_on(counter, now);
  if (!change(next, now)) return {};
  next.seq = book_.seq + 1;
  if (usage_damaged_) LIC_TRY(store_.set_usage_aside(now));
  const std::int64_t seq = next.seq;
  UsageBook former = book_;
  std::optional<UsageBook> mark = next;
  auto done = write_usage(next, now);
  if (done) {
    counted = true;
    book_ = std::move(next);
    loaded_.state.usage.swap(mark);
    done = save(environment_.now());
  }
  if (done) return {};
  return uncounted(std::move(former), seq, now, std::move(done).error(), counted);
}

/// Without its mark in the state, what was counted could be undone with a copy of the file, so
/// it is not granted. Then it is not to stay counted either: the book of before is written
/// anew, above `seq`, the number of the one that may be on disk. `fault` is what there is to tell.
Error Installation::uncounted(UsageBook former, std::int64_t seq, Time now, Error fault, bool& counted) {
  const auto is_at = [this](std::int64_t number) { return read_usage() && book_.seq == number; };
  counted = !read_usage() || book_.seq >= seq;
  if (!counted) return fault;  // nothing was written
  former.seq = seq + 1;
  counted = !write_usage(former, now) && !is_at(former.seq);
  if (!counted) {
    book_ = std::move(former);
    return fault;
  }
  fault.message = concat("it is recorded, but not confirmed: ", fault.message);
  fault.hint = "when that is mended, look at what is used before it is done again";
  return fault;
}

Result<LicenseKey> Installation::key_of_product(std::string_view typed) const {
  LIC_TRY_ASSIGN(LicenseKey key, LicenseKey::parse(typed));
  const Catalog& catalog = standing_.product.catalog();
  if (key.prefix() == catalog.key_prefix) return key;
  return error(Errc::invalid_input, concat("license key ", key.text(), " is not one of ", catalog.name),
               concat("its keys begin with ", catalog.key_prefix, "-"));
}

Result<Change> Installation::activate(std::string_view license_key) {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const LicenseKey key, key_of_product(license_key));
  const Catalog& catalog = standing_.product.catalog();
  const Path path = store_.license_file(key.text());
  const std::string what = concat("license file ", in_quotes(path.native()));
  const auto bytes = read_file(path, "license file", {.follow_symlink = false});
  if (bytes) return activate_bytes(*bytes, what, key);
  const bool active = standing_.license && loaded_.state.license && standing_.license->terms().key == key.text();
  if (active) {
    const std::string document = loaded_.state.license->document;
    return activate_bytes(view_bytes(document), what, key);
  }
  if (bytes.error().code != Errc::not_found) return Error(bytes.error());
  return error(
      Errc::not_found, concat("there is no signed license file for ", key.text(), " in ", in_quotes(state_dir_)),
      concat("put the vendor's file ", key.text(), ".json there, or name it: --activate-license FILE; or write to ",
             catalog.support.empty() ? "the vendor" : catalog.support, " with the key ", key.text(),
             " and the machine id ", standing_.fingerprint));
}

Result<Change> Installation::activate_document(ByteView document, std::string_view name, std::string_view license_key) {
  const std::string what = concat("license file ", in_quotes(name));
  if (license_key.empty()) return activate_bytes(document, what, std::nullopt);
  LIC_TRY_ASSIGN(const LicenseKey key, LicenseKey::parse(license_key));
  return activate_bytes(document, what, key);
}

/// The product file to judge a document by: ours, or the successor that it carries.
Result<ProductFile> Installation::product_for(ByteView document, std::string_view what) const {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(document, what));
  if (envelope.carried_product().empty()) return standing_.product;
  LIC_TRY_ASSIGN(ProductFile carried,
                 ProductFile::open(view_bytes(envelope.carried_product()), concat("the product file inside ", what)));
  if (carried.version() <= standing_.product.version()) return standing_.product;
  LIC_TRY(standing_.product.accepts(carried));
  return carried;
}

Result<void> Installation::check_may_replace(const VerifiedLicense& license, Time now) const {
  const Terms& terms = license.terms();
  const auto seen = loaded_.state.seen.find(terms.id);
  if (seen != loaded_.state.seen.end() && seen->second > terms.serial)
    return error(Errc::conflict,
                 concat("this file of ", name_of(license), " has serial ", terms.serial, "; serial ", seen->second,
                        " of it was activated here before"),
                 "use the newest file from the vendor");
  const bool paid_holds =
      standing_.license && is_paid(standing_.license->terms().kind) && standing_.decision_at(now).allowed();
  if (!is_paid(terms.kind) && paid_holds)
    return error(Errc::conflict,
                 concat(name_of(*standing_.license), " is active; a ", token(terms.kind), " license never replaces it"),
                 "deactivate it first if that is what you want");
  return {};
}

Result<Change> Installation::activate_bytes(ByteView document, std::string_view what,
                                            const std::optional<LicenseKey>& key, Wanted wanted,
                                            const Granted* granted) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  if (granted != nullptr) LIC_TRY(take_product(granted->word));
  LIC_TRY_ASSIGN(ProductFile product, product_for(document, what));
  LIC_TRY_ASSIGN(VerifiedLicense license, verify(document, product, what));
  if (key && license.terms().key != key->text())
    return error(Errc::invalid_input, concat(what, " is of the key ", license.terms().key, ", not of ", key->text()));
  if (wanted == Wanted::answer && !license.terms().activation)
    return error(Errc::invalid_input, concat(what, " is a license, but not the answer to a request"),
                 "activate it with --activate-license FILE");
  const Time now = environment_.now();
  if (granted != nullptr) take_lease(granted->asked, granted->word.answer, license.terms().floating.has_value());
  const Checked checked = check_revoked(license.terms());
  const MachineFit fit = fit_of(license);
  const Decision decision = judge_candidate(license, fit, now, checked);
  if (checked.is_new) LIC_TRY(save(now));  // it stays revoked, whatever becomes of the list
  if (!decision.allowed())
    return standing_.refusal(license, fit, decision, checked.revocation ? &*checked.revocation : nullptr);
  if (granted == nullptr) LIC_TRY(check_exchange(license.terms(), what));
  LIC_TRY(check_may_replace(license, now));
  if (granted != nullptr) LIC_TRY(take_seat_again(license.terms()));

  const Terms& terms = license.terms();
  const bool same = standing_.license && loaded_.state.license && standing_.license->terms().id == terms.id;
  const Time activated_at = same ? loaded_.state.license->activated_at : now;
  LIC_TRY(write_file(store_.license_file(terms.key), document));
  standing_.product = std::move(product);
  const Source source = granted == nullptr ? Source::offline : Source::online;
  loaded_.state.license = ActiveLicense{to_text(document), activated_at, std::string(token(source))};
  loaded_.state.grant.reset();
  loaded_.state.seen[terms.id] = terms.serial;
  std::erase(loaded_.state.given_up, terms.id);
  take_exchange(terms);
  standing_.license = license;
  LIC_TRY(save(now));
  if (terms.activation) LIC_TRY(done_but(marks_.take_again(terms.id, machine_), concat(terms.key, " is active")));
  const Plan* plan = standing_.plan_of(license);
  return Change{true,
                decision,
                concat("activated ", terms.key, " (", plan == nullptr ? terms.plan : printable(plan->name), ")",
                       until(terms.expires_at), terms.floating && standing_.lease ? ", with a seat" : "",
                       terms.floating && standing_.lease ? until(standing_.lease->expires_at) : std::string()),
                {}};
}

/// The product file that the server signs under, if it is another than ours.
Result<void> Installation::take_product(const ServerWord& word) {
  if (!word.product || word.product->version() <= standing_.product.version()) return {};
  LIC_TRY(standing_.product.accepts(*word.product));
  standing_.product = *word.product;
  return {};
}

/// A seat that was given back with a receipt is taken again by the server's lease.
Result<void> Installation::take_seat_again(const Terms& terms) {
  if (!is_given_back(terms)) return {};
  LIC_TRY(marks_.take_again(terms.id, machine_));
  std::erase_if(loaded_.state.exchanges, [&](const Exchange& one) { return one.license == terms.id; });
  return {};
}

/// The plan that an e-mail address alone grants, else the trial. `note` tells of a
/// plan that the address is for but that only a signed license grants.
Result<const Plan*> Installation::plan_to_grant(std::string_view email, std::string& note) const {
  const Catalog& catalog = standing_.product.catalog();
  if (!email.empty() && !is_email(email))
    return error(Errc::invalid_input, concat(in_quotes(email), " is not an e-mail address"));
  for (const auto& plan : catalog.plans) {
    if (!email_matches(email, plan.email_domains)) continue;
    if (plan.grant_by_email) return &plan;
    note = concat("the plan ", printable(plan.name), " is for your address: ask ",
                  catalog.support.empty() ? "the vendor" : catalog.support, " for a license of it");
  }
  if (const Plan* plan = catalog.plan_of_kind(Kind::trial)) return plan;
  return error(Errc::not_found, concat(catalog.name, " has no trial"), note);
}

/// The server knows since when the trial of this machine runs, or that it is over.
Result<void> Installation::adopt_trial(const ServerAnswer& answer) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  auto& grant = loaded_.state.grant;
  if (!grant) return {};
  if (answer.trial && answer.trial->plan == grant->plan) {
    if (answer.trial->starts_at >= grant->started_at) return {};
    grant->started_at = answer.trial->starts_at;
  } else if (answer.denial && answer.denial->reason == DenialReason::trial_not_available) {
    grant.reset();
  } else {
    return {};
  }
  return save(environment_.now());
}

Result<Change> Installation::start_trial(std::string_view email, const Asked* asked) {
  if (environment_.home.empty())
    return error(Errc::failure, "HOME is not set, and a trial is kept there", "set HOME and try again");
  std::string note;
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  LIC_TRY_ASSIGN(const Plan* plan, plan_to_grant(email, note));
  const Time now = environment_.now();
  if (loaded_.condition == StateCondition::edited && loaded_.state.grant && standing_.license) {
    LIC_TRY(save(now));  // the trial that was running, with its readable part written anew
    const Decision still = standing_.decision_at(now);
    return Change{still.allowed(),
                  still,
                  concat(name_of(*standing_.license), " was restored", until(standing_.license->terms().expires_at)),
                  {}};
  }
  if (standing_.license && is_paid(standing_.license->terms().kind) && standing_.decision_at(now).allowed())
    return error(Errc::conflict, concat(name_of(*standing_.license), " is active; a trial never replaces it"));

  const ServerWord* const word = asked == nullptr ? nullptr : std::get_if<ServerWord>(asked);
  if (word != nullptr && word->answer.denial)
    return Change{
        false,
        {Reason::trial_not_available, {}},
        "the licensing server says: this machine has had its trial",
        standing_.info->purchase_url.empty() ? note : concat("buy a license at ", standing_.info->purchase_url)};
  const TrialGrant* const registered = word == nullptr || !word->answer.trial ? nullptr : &*word->answer.trial;
  if (registered != nullptr) {
    const Plan* const theirs = standing_.product.catalog().find_plan(registered->plan);
    if (theirs == nullptr)
      return error(Errc::conflict,
                   concat("the server has registered a trial of the plan ", in_quotes(registered->plan),
                          ", which the product file does not have"),
                   "get the newest product file from the vendor");
    plan = theirs;
  }

  ClientState& state = loaded_.state;
  const auto marked = marks_.find(plan->id, machine_);
  const bool granted = std::find(state.granted.begin(), state.granted.end(), plan->id) != state.granted.end();
  const bool runs = state.grant && state.grant->plan == plan->id && standing_.decision_at(now).allowed();
  if (runs && !marked) return finish_trial(plan->name, note, now);
  // What the server registered no later than it was marked here is the same trial, of which the state was lost.
  const bool same = registered != nullptr && !state.grant && marked && registered->starts_at <= *marked;
  if ((marked || granted) && !same)
    return Change{
        false,
        {Reason::trial_not_available, {}},
        concat("the ", printable(plan->name), " was used on this machine before",
               marked ? concat(", from ", format_time(*marked)) : std::string{}),
        standing_.info->purchase_url.empty() ? note : concat("buy a license at ", standing_.info->purchase_url)};

  LocalGrant begun{plan->id, random_trial_key(standing_.product.catalog().key_prefix).text(), std::string(email), now};
  if (registered != nullptr) begun = {plan->id, registered->key, begun.email, registered->starts_at};
  return begin_grant(*plan, begun, note, now);
}

/// Nothing has begun where the mark of it cannot be made.
Result<Change> Installation::begin_grant(const Plan& plan, const LocalGrant& begun, const std::string& note, Time now) {
  VerifiedLicense license = grant(standing_.product, plan, begun.key, {"", begun.email}, begun.started_at);
  const MachineFit fit = fit_of(license);
  const Decision decision = decide(license, standing_.context_for(license, fit, now, standing_.high_water));
  if (!decision.allowed()) return standing_.refusal(license, fit, decision);
  const std::string name = plan.name;
  ClientState& state = loaded_.state;
  ClientState before = state;
  state.license.reset();
  state.grant = begun;
  state.granted.push_back(plan.id);
  standing_.license = std::move(license);
  LIC_TRY(save(now));
  auto finished = finish_trial(name, note, now);
  if (finished) return finished;
  if (!marks_.find(begun.plan, machine_)) {  // a trial that cannot be marked is not given
    loaded_.state = std::move(before);
    take_license();
    if (save(now)) return finished;
  }
  return done_but(std::move(finished).error(), "the trial has begun").error();
}

/// Marks the trial that the state has, for good. Killed before that, the next call goes on here.
Result<Change> Installation::finish_trial(const std::string& name, const std::string& note, Time now) const {
  const LocalGrant& grant = *loaded_.state.grant;
  LIC_TRY(marks_.add(grant.plan, machine_, grant.started_at));
  const std::optional<Time> end = standing_.license ? standing_.license->terms().expires_at : std::nullopt;
  return Change{true, standing_.decision_at(now), concat("started ", printable(name), until(end)), note};
}

Result<Change> Installation::deactivate(const Asked* asked) {
  LIC_TRY(check_changeable());
  if (loaded_.condition == StateCondition::absent)
    return Change{false, {Reason::no_license, {}}, "nothing is activated here", {}};
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  ClientState& state = loaded_.state;
  if (!state.license && !state.grant) return leave_later(asked);
  const std::string name = standing_.license ? name_of(*standing_.license) : "the license";
  const bool keeps_file = state.license.has_value();
  const bool keeps_seat = keeps_file && standing_.license &&
                          std::any_of(state.exchanges.begin(), state.exchanges.end(), [&](const Exchange& one) {
                            return one.license == standing_.license->terms().id;
                          });
  std::string left = leave_seat(active_key(), asked);
  if (state.license && standing_.license) state.given_up.push_back(standing_.license->terms().id);
  state.license.reset();
  state.grant.reset();
  standing_.license.reset();
  LIC_TRY(save(environment_.now()));
  return Change{true, standing_.decision_at(environment_.now()), concat("deactivated ", name),
                concat(left, left.empty() || !keeps_file ? "" : "; ",
                       keeps_file ? "its signed file stays in the state directory and can be activated again" : "",
                       keeps_seat ? "; its seat stays taken until a receipt gives it back to the vendor" : "")};
}

}  // namespace lic
