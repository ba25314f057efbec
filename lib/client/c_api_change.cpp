// Usage, changes and refreshing, of lic/lic.h.

#include "base/codes.hpp"
#include "base/text.hpp"
#include "client/c_api.hpp"

using namespace lic::c_api;

namespace {

using lic::code_of;
using lic::Result;

int answer_done(const Result<void>& done, lic_error* error) noexcept {
  return done ? answer(error, LIC_OK) : answer(error, done.error());
}

/// What is to be said where a limit, or a license, does not let anything be used.
int refuse_usage(const lic::Decision& decision, const lic::LimitUsage& usage, std::string_view name, lic_error* error) {
  const int code = code_of(decision.reason);
  if (error == nullptr) return code;
  if (code != LIC_USAGE_LIMIT_REACHED) return answer(error, code, lic::find_code(code)->meaning);
  std::string message = lic::concat(lic::in_quotes(name), ": ", usage.used, " used");
  if (usage.limit.max) message += lic::concat(" of ", *usage.limit.max);
  return answer(error, code, message,
                usage.resets ? "it starts anew then; a larger plan has more" : "give some back, or get a larger plan");
}

/// lic_consume() and lic_release().
template <class Count>
int count_usage(lic_manager* manager, const char* name, lic_limit* limit, lic_error* error, Count count) noexcept {
  if (limit != nullptr && !has_size(limit)) return missing(error, "lic_limit with its size");
  const std::size_t size = limit == nullptr ? 0 : limit->size;
  if (limit != nullptr) write_sized(limit, size, lic_limit{});
  if (manager == nullptr) return no_manager(error);
  if (is_absent(name)) return missing(error, "the name of the limit");
  return guarded(error, [&] {
    const Result<lic::Consumption> done = count();
    if (!done) return answer(error, done.error());
    const bool shown = done->decision.allowed() || done->decision.reason == lic::Reason::usage_limit_reached;
    if (limit != nullptr && shown) write_sized(limit, size, limit_of(name, done->usage));
    if (done->decision.allowed()) return answer(error, LIC_OK);
    return refuse_usage(done->decision, done->usage, name, error);
  });
}

}  // namespace

int lic_get_limit(lic_manager* manager, const char* name, lic_limit* limit, lic_error* error) {
  if (!has_size(limit)) return missing(error, "lic_limit with its size");
  const std::size_t size = limit->size;
  write_sized(limit, size, lic_limit{});
  if (manager == nullptr) return no_manager(error);
  if (is_absent(name)) return missing(error, "the name of the limit");
  return guarded(error, [&] {
    const auto all = manager->manager.usage();
    if (!all) return answer(error, all.error());
    for (const auto& [known, usage] : *all) {
      if (known != name) continue;
      write_sized(limit, size, limit_of(known, usage));
      return answer(error, LIC_OK);
    }
    const lic::Decision decision = manager->manager.decision();
    const bool lapsed = !decision.allowed() && decision.reason != lic::Reason::no_license;
    if (lapsed) return refuse_usage(decision, {}, name, error);
    return answer(error, lic::no_such_limit(name, manager->manager.limits()));
  });
}

int lic_usage(lic_manager* manager, lic_limit* limits, size_t* count, lic_error* error) {
  CallersArray out(limits, count);
  if (const int code = out.begin(manager, error); code != LIC_OK) return code;
  return guarded(error, [&] {
    const auto all = manager->manager.usage();
    if (!all) return answer(error, all.error());
    for (const auto& [name, usage] : *all) out.add(limit_of(name, usage));
    return out.end(error);
  });
}

int lic_consume(lic_manager* manager, const char* name, int64_t n, lic_limit* limit, lic_error* error) {
  return count_usage(manager, name, limit, error, [&] { return manager->manager.consume(name, n); });
}

int lic_release(lic_manager* manager, const char* name, int64_t n, lic_limit* limit, lic_error* error) {
  return count_usage(manager, name, limit, error, [&] { return manager->manager.release(name, n); });
}

int lic_flush_usage(lic_manager* manager, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] { return answer_done(manager->manager.flush_usage(), error); });
}

int lic_activate(lic_manager* manager, const char* license_key, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (is_absent(license_key)) return missing(error, "the license key");
  return guarded(error, [&] { return answer_change(manager->heard(manager->manager.activate(license_key)), error); });
}

int lic_activate_document(lic_manager* manager, const void* document, size_t size, const char* name,
                          const char* license_key, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (document == nullptr) return missing(error, "the signed license");
  return guarded(error, [&] {
    return answer_change(manager->heard(manager->manager.activate_document(
                             bytes_of(document, size), is_absent(name) ? "given" : name, or_empty(license_key))),
                         error);
  });
}

int lic_activate_file(lic_manager* manager, const char* path, const char* license_key, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (is_absent(path)) return missing(error, "the path of the license file");
  return guarded(error, [&] {
    return answer_change(manager->heard(manager->manager.activate_file(path, or_empty(license_key))), error);
  });
}

int lic_start_trial(lic_manager* manager, const char* email, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] { return answer_change(manager->manager.start_trial(or_empty(email)), error); });
}

int lic_deactivate(lic_manager* manager, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] { return answer_change(manager->manager.deactivate(), error); });
}

int lic_borrow(lic_manager* manager, int64_t until, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  constexpr std::int64_t kLatest = 253402300799;  // the end of the year 9999
  if (until < 0 || until > kLatest) return answer(error, LIC_INVALID_INPUT, "that is no time to borrow until");
  return guarded(error, [&] {
    return answer_change(manager->heard(manager->manager.borrow(lic::Time{std::chrono::seconds{until}})), error);
  });
}

int lic_check_in(lic_manager* manager, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] { return answer_change(manager->manager.check_in(), error); });
}

int lic_queue_place(const lic_manager* manager, int64_t* place, int64_t* retry_at, lic_error* error) {
  if (place != nullptr) *place = manager == nullptr ? 0 : manager->queue.load();
  if (retry_at != nullptr) *retry_at = manager == nullptr ? 0 : manager->retry_at.load();
  return manager == nullptr ? no_manager(error) : answer(error, LIC_OK);
}

int lic_keep_state_key(lic_manager* manager, int place, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (place != LIC_KEY_PLACE_FILE && place != LIC_KEY_PLACE_KEYRING)
    return answer(error, LIC_USAGE, "that is no lic_key_place");
  return guarded(error, [&] {
    const bool keyring = place == LIC_KEY_PLACE_KEYRING;
    const auto kept = manager->manager.keep_state_key(keyring ? lic::KeyPlace::keyring : lic::KeyPlace::file);
    return kept ? answer(error, LIC_OK, kept->message, kept->hint) : answer(error, kept.error());
  });
}

int lic_refresh(lic_manager* manager, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] { return answer_done(manager->manager.refresh(), error); });
}

int lic_refresh_every(lic_manager* manager, int64_t seconds, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (manager->in_listener.has_this_thread())
    return answer(error, LIC_USAGE, "the listener cannot change how often the license is refreshed",
                  "do it when the listener is done");
  return guarded(error,
                 [&] { return answer_done(manager->manager.refresh_every(std::chrono::seconds{seconds}), error); });
}

int lic_on_change(lic_manager* manager, lic_listener listener, void* user, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] {
    if (listener == nullptr) return answer_done(manager->manager.on_change({}), error);
    return answer_done(manager->manager.on_change([manager, listener, user](const lic::Status& status) {
      const InListener::Mark here(manager->in_listener);
      lic_status told = status_of(status);
      told.size = sizeof told;
      listener(user, &told);
    }),
                       error);
  });
}
