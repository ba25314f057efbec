#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "base/codes.hpp"
#include "base/text.hpp"
#include "client/c_api.hpp"

namespace lic::c_api {
namespace {

pid_t this_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

lic_standing standing_of(Reason reason) noexcept {
  if (reason == Reason::valid) return LIC_STANDING_VALID;
  if (reason == Reason::expiring) return LIC_STANDING_EXPIRING;
  if (reason == Reason::grace) return LIC_STANDING_GRACE;
  if (reason == Reason::trial) return LIC_STANDING_TRIAL;
  return reason == Reason::free ? LIC_STANDING_FREE : LIC_STANDING_NONE;
}

lic_period period_of(const std::optional<Period>& period) noexcept {
  if (!period) return LIC_PERIOD_NONE;
  switch (*period) {
    case Period::day:
      return LIC_PERIOD_DAY;
    case Period::month:
      return LIC_PERIOD_MONTH;
    case Period::year:
      return LIC_PERIOD_YEAR;
  }
  return LIC_PERIOD_NONE;
}

}  // namespace

InListener::Mark::Mark(InListener& threads) noexcept {
  for (auto& place : threads.threads_) {
    pid_t nobody = 0;
    if (!place.compare_exchange_strong(nobody, this_thread())) continue;
    place_ = &place;
    return;
  }
}

InListener::Mark::~Mark() {
  if (place_ != nullptr) place_->store(0);
}

bool InListener::has_this_thread() const noexcept {
  const pid_t thread = this_thread();
  return std::any_of(threads_.begin(), threads_.end(), [&](const auto& one) { return one.load() == thread; });
}

void copy_text(char* out, std::size_t room, std::string_view text) noexcept {
  std::size_t length = std::min(text.size(), room - 1);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  if (length < text.size())
    while (length > 0 && continues(length)) --length;
  std::copy_n(text.data(), length, out);
  out[length] = '\0';
}

int answer(lic_error* out, int code, std::string_view message, std::string_view hint) noexcept {
  if (out != nullptr) {
    out->code = code;
    copy_text(out->message, message);
    copy_text(out->hint, hint);
  }
  return code;
}

int answer(lic_error* out, const Error& error) noexcept {
  return answer(out, code_of(error.code), error.message, error.hint);
}

int answer_change(const Result<Change>& change, lic_error* out) noexcept {
  if (!change) return answer(out, change.error());
  return answer(out, change->changed ? LIC_OK : code_of(change->decision.reason), change->message, change->hint);
}

int run_guarded(lic_error* out, int (*work)(void* context), void* context) noexcept {
  try {
    return work(context);
  } catch (const std::bad_alloc&) {
    return answer(out, LIC_FAILURE, "out of memory");
  } catch (...) {
    return answer(out, LIC_FAILURE, "internal fault");
  }
}

int no_manager(lic_error* out) noexcept {
  return answer(out, LIC_USAGE, "no license manager is open", "lic_open gives one, and lic_close takes it away");
}

int missing(lic_error* out, const char* what) noexcept {
  if (out == nullptr) return LIC_USAGE;
  answer(out, LIC_USAGE, what);
  std::strncat(out->message, " is missing", sizeof out->message - std::strlen(out->message) - 1);
  return LIC_USAGE;
}

int CallersArray::begin(const lic_manager* manager, lic_error* error) noexcept {
  if (count_ == nullptr) return missing(error, "the place for the number");
  *count_ = 0;
  if (room_ > 0 && size_ == 0) return missing(error, "the size of the first structure");
  return manager == nullptr ? no_manager(error) : LIC_OK;
}

int CallersArray::end(lic_error* error) const noexcept {
  if (asks_ || *count_ <= room_) return answer(error, LIC_OK);
  return answer(error, LIC_USAGE, "there is no room for all of them");
}

lic_verdict verdict_of(const Decision& decision) noexcept {
  return {code_of(decision.reason), standing_of(decision.reason), decision.days_left.value_or(-1)};
}

lic_status status_of(const Status& status) noexcept {
  lic_status out{};
  out.verdict = verdict_of(status.decision);
  out.at = seconds_or_zero(status.at);
  out.starts = seconds_or_zero(status.starts);
  out.expires = seconds_or_zero(status.expires);
  out.maintenance_until = seconds_or_zero(status.maintenance_until);
  out.activated_at = seconds_or_zero(status.activated_at);
  out.verified_at = seconds_or_zero(status.verified_at);
  out.serial = status.serial;
  out.seats = status.seats;
  copy_text(out.status, token(status.decision.reason));
  copy_text(out.kind, status.kind ? token(*status.kind) : std::string_view());
  copy_text(out.source, status.source == Source::none ? std::string_view() : token(status.source));
  copy_text(out.license_key, status.license_key);
  copy_text(out.plan, status.plan);
  copy_text(out.plan_name, status.plan_name);
  copy_text(out.customer_name, status.customer.name);
  copy_text(out.customer_email, status.customer.email);
  copy_text(out.next_action, status.next.action);
  copy_text(out.next_url, status.next.url);
  out.latest_time = seconds_or_zero(status.latest_time);
  if (status.revocations) {
    out.revocations_until = seconds_or_zero(status.revocations->next_update);
    out.revocations_seq = status.revocations->seq;
    out.revocations_at = seconds_or_zero(status.revocations->issued_at);
  }
  if (status.revoked) {
    out.revoked_at = seconds_or_zero(status.revoked->at);
    copy_text(out.revoked_reason, status.revoked->reason);
  }
  copy_text(out.obstacle, status.obstacle);
  if (status.lease) {
    out.lease_granted = seconds_or_zero(status.lease->granted_at);
    out.lease_refresh = seconds_or_zero(status.lease->refresh_at);
    out.lease_expires = seconds_or_zero(status.lease->expires_at);
    copy_text(out.server, status.lease->server);
  }
  if (status.floating) {
    out.floating_minutes = status.floating->minutes;
    out.borrow_days = status.floating->borrow_days;
  }
  return out;
}

lic_limit limit_of(std::string_view name, const LimitUsage& usage) noexcept {
  lic_limit out{};
  copy_text(out.name, name);
  out.max = usage.limit.max.value_or(-1);
  out.used = usage.used;
  out.left = usage.left.value_or(-1);
  out.resets = seconds_or_zero(usage.resets);
  out.overage = usage.limit.overage;
  out.period = period_of(usage.limit.per);
  out.is_near = usage.is_near() ? 1 : 0;
  return out;
}

int give_buffer(std::string_view text, char* buffer, std::size_t size, std::size_t* needed, lic_error* error) noexcept {
  if (needed != nullptr) *needed = text.size() + 1;
  if (buffer == nullptr && size == 0) return answer(error, LIC_OK);
  if (buffer == nullptr) return missing(error, "the buffer");
  if (size > text.size()) {
    copy_text(buffer, size, text);
    return answer(error, LIC_OK);
  }
  if (size > 0) *buffer = '\0';
  return answer(error, LIC_USAGE, "the buffer is too small");
}

int give_copy(const std::string& text, char** out, lic_error* error) {
  *out = static_cast<char*>(std::malloc(text.size() + 1));
  if (*out == nullptr) throw std::bad_alloc();
  std::memcpy(*out, text.c_str(), text.size() + 1);
  return answer(error, LIC_OK);
}

}  // namespace lic::c_api
