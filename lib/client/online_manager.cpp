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

}  // namespace

std::shared_ptr<const Asked> LicenseManager::Impl::ask(const Question& question) noexcept {
  auto asked = without_throwing([&]() -> Result<std::shared_ptr<const Asked>> {
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

Result<Change> LicenseManager::Impl::deactivate() {
  LIC_TRY_ASSIGN(const Question question, change([](Installation& one) { return one.question_to_leave(); }));
  const auto asked = question ? ask(question) : nullptr;
  return change([&](Installation& one) { return one.deactivate(asked.get()); });
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

std::string LicenseManager::Impl::server() {
  std::string address;
  static_cast<void>(change([&](Installation& one) -> Result<void> {
    address = one.server_asked();
    return {};
  }));
  return address;
}

}  // namespace lic
