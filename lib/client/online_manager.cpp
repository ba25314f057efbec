#include "base/result.hpp"
#include "base/text.hpp"
#include "client/impl.hpp"

// What asks the licensing server: a question is made under the lock, asked without it, and what was
// said is taken under it again.

namespace lic {
namespace {

/// What to tell of an activation that the server could not confirm.
Result<Change> unconfirmed(Result<Change> here, const Unanswered& silence, std::string_view license_key) {
  if (here) {
    if (!here->changed) return here;
    here->hint = concat(here->hint, here->hint.empty() ? "" : "; ",
                        "the licensing server did not confirm it: ", silence.error.message);
    return here;
  }
  if (here.error().code != Errc::not_found) return here;
  // There is no signed file either.
  Error fault = silence.error;
  fault.message = concat(license_key, " was not activated: ", fault.message);
  fault.hint = concat(fault.hint, fault.hint.empty() ? "" : "; ", "without the server, ", here.error().hint);
  return fault;
}

/// A server lends no seat to a machine that it could not tell from others: it would say no more than that the request
/// is bad, unsigned.
Result<void> check_told_apart(const OnlineRequest& request) {
  if (request.action == OnlineAction::usage) return {};
  LIC_TRY_ASSIGN(const MachineIdentity machine, MachineIdentity::from_digests(request.facts));
  LIC_TRY(machine.binding());
  return {};
}

Error refused(const Denial& denial, std::int64_t seq, std::string_view license_key) {
  if (denial.reason == DenialReason::unknown_license)
    return Error{Errc::not_found, concat("the licensing server knows no license ", license_key), {}};
  return Error{Errc::conflict,
               concat("the licensing server refuses usage statement ", seq, " of license ", license_key,
                      ": it goes on from none that the server has of this device"),
               "ask the vendor; after a restored backup, --usage-report FILE --new-key begins anew"};
}

}  // namespace

std::shared_ptr<const Asked> LicenseManager::Impl::ask(const Question& question) noexcept {
  auto asked = without_throwing([&]() -> Result<std::shared_ptr<const Asked>> {
    if (auto alike = check_told_apart(question->request); !alike)
      return std::make_shared<const Asked>(Unanswered{std::move(alike).error()});
    if (!ask_) return std::make_shared<const Asked>(Unanswered{Error{Errc::failure, "no server can be asked", {}}});
    return ask_(*question);
  });
  return asked ? std::move(asked).value() : nullptr;
}

Result<const Unanswered*> LicenseManager::Impl::silence_in(const std::shared_ptr<const Asked>& asked) const {
  if (!asked) return Error{Errc::failure, "out of memory", {}};
  const auto* silence = std::get_if<Unanswered>(asked.get());
  if (silence != nullptr && chose_server_ && silence->error.code == Errc::usage) return silence->error;
  return silence;
}

Result<Change> LicenseManager::Impl::activate(FunctionRef<Result<Question>(Installation&)> ask_what,
                                              FunctionRef<Result<Change>(Installation&)> activate_here) {
  LIC_TRY_ASSIGN(const Question question, changed(ask_what));
  if (!question) return changed(activate_here);
  const auto asked = ask(question);
  LIC_TRY_ASSIGN(const Unanswered* silence, silence_in(asked));
  if (silence != nullptr) return unconfirmed(changed(activate_here), *silence, question->request.key);
  return change([&](Installation& one) { return one.take_activation(*question, std::get<ServerWord>(*asked)); });
}

Result<Change> LicenseManager::Impl::start_trial(std::string_view email) {
  LIC_TRY_ASSIGN(const Question question, change([&](Installation& one) { return one.question_of_trial(email); }));
  const auto asked = question && !standing().license ? ask(question) : nullptr;
  return change([&](Installation& one) { return one.start_trial(email, asked.get()); });
}

Result<Change> LicenseManager::Impl::deactivate(bool keeps_license) {
  LIC_TRY_ASSIGN(const Question question, change([keeps_license](Installation& one) {
                   return keeps_license ? one.question_to_check_in() : one.question_to_leave();
                 }));
  const auto asked = question ? ask(question) : nullptr;
  return change([&](Installation& one) {
    return keeps_license ? one.check_in(question, asked.get()) : one.deactivate(asked.get());
  });
}

Result<Change> LicenseManager::Impl::borrow(Time until) {
  LIC_TRY_ASSIGN(const Question question, change([&](Installation& one) { return one.question_to_borrow(until); }));
  const auto asked = ask(question);
  LIC_TRY_ASSIGN(const Unanswered* silence, silence_in(asked));
  if (silence != nullptr) return silence->error;
  return change([&](Installation& one) { return one.take_activation(*question, std::get<ServerWord>(*asked)); });
}

Result<Confirmation> LicenseManager::Impl::confirm() {
  LIC_TRY(refresh());
  const auto question = change([](Installation& one) { return one.question_to_confirm(); });
  if (!question && question.error().code != Errc::unavailable) return Error(question.error());
  if (!question || !*question)
    return Confirmation{decision(), checked_here(standing()), question ? std::string() : question.error().message};
  const auto asked = ask(*question);
  LIC_TRY(silence_in(asked));
  return change([&](Installation& one) { return one.take_confirmation(**question, *asked); });
}

Result<void> LicenseManager::Impl::refresh_lease() {
  bool due = false;
  LIC_TRY(change([&](Installation& one) -> Result<void> {
    due = one.is_lease_due();
    return {};
  }));
  if (due) LIC_TRY(confirm());
  return {};
}

Result<SentUsage> LicenseManager::Impl::send_usage(std::string_view license_key) {
  SentUsage done;
  std::int64_t seq = 0;
  std::int64_t last = 0;
  do {
    LIC_TRY_ASSIGN(const Question question,
                   change([&](Installation& one) { return one.question_of_usage(seq, license_key); }));
    if (last == 0) last = seq;
    done.license_key = question->request.key;
    const auto asked = ask(question);
    LIC_TRY_ASSIGN(const Unanswered* silence, silence_in(asked));
    if (silence != nullptr) return silence->error;
    const ServerAnswer& answer = std::get<ServerWord>(*asked).answer;
    done.newest = answer.usage_seq.value_or(0);
    if (answer.verdict == Verdict::recorded) ++done.sent;
    // It misses those before: from the first of them on. That it misses one before that again cannot be.
    const bool misses = answer.denial && answer.denial->reason == DenialReason::usage_missing && done.newest < seq - 1;
    if (answer.denial && !misses) return refused(*answer.denial, seq, done.license_key);
    seq = done.newest + 1;
  } while (done.newest < last);
  return done;
}

std::string LicenseManager::Impl::server() {
  std::string address;
  static_cast<void>(change([&](Installation& one) -> Result<void> {
    address = one.server_asked();
    return {};
  }));
  return address;
}

}  // namespace lic
