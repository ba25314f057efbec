#pragma once

/// What the C interface (lic/lic.h) is made of: the handle, and how answers leave it.

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include "client/impl.hpp"
#include "lic/lic.h"

namespace lic::c_api {

/// Which threads are in the application's listener. Without a lock, so that a forked child
/// finds none held; one thread more than there is room for is not known.
class InListener {
 public:
  class Mark {
   public:
    explicit Mark(InListener& threads) noexcept;
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark();

   private:
    std::atomic<pid_t>* place_ = nullptr;
  };
  [[nodiscard]] bool has_this_thread() const noexcept;

 private:
  std::array<std::atomic<pid_t>, 32> threads_{};
};

/// Cut at a character where it does not fit into `room` bytes with its zero.
void copy_text(char* out, std::size_t room, std::string_view text) noexcept;
template <std::size_t kRoom>
void copy_text(char (&out)[kRoom], std::string_view text) noexcept {
  copy_text(out, kRoom, text);
}

/// Fills `out`, which may be null, and returns the code.
int answer(lic_error* out, int code, std::string_view message = {}, std::string_view hint = {}) noexcept;
int answer(lic_error* out, const Error& error) noexcept;
/// Of a change: LIC_OK where it was done, else the no.
int answer_change(const Result<Change>& change, lic_error* out) noexcept;
int no_manager(lic_error* out) noexcept;
int missing(lic_error* out, const char* what) noexcept;

/// What `work(context)` returns; that memory ran out, or whatever is thrown, as an answer.
int run_guarded(lic_error* out, int (*work)(void* context), void* context) noexcept;
template <class Work>
int guarded(lic_error* out, Work work) noexcept {
  return run_guarded(
      out, [](void* context) { return (*static_cast<Work*>(context))(); }, &work);
}

/// A string that may be absent.
[[nodiscard]] inline std::string_view or_empty(const char* text) noexcept { return text == nullptr ? "" : text; }
[[nodiscard]] inline bool is_absent(const char* text) noexcept { return text == nullptr || *text == '\0'; }
[[nodiscard]] inline std::int64_t seconds_or_zero(const std::optional<Time>& time) noexcept {
  return time ? time->time_since_epoch().count() : 0;
}

/// Bytes that may be absent.
[[nodiscard]] inline std::span<const unsigned char> bytes_of(const void* data, std::size_t size) noexcept {
  return {static_cast<const unsigned char*>(data), data == nullptr ? 0 : size};
}

/// Whether the caller has set the member `size` of a structure to something that can be one.
template <class Sized>
[[nodiscard]] bool has_size(const Sized* caller) noexcept {
  constexpr std::size_t kMost = 64 * 1024;
  return caller != nullptr && caller->size > sizeof caller->size && caller->size <= kMost;
}
/// Writes as much of `ours` as the caller has room for, and zeros beyond.
template <class Sized>
void write_sized(void* caller, std::size_t size, Sized ours) noexcept {
  ours.size = size;
  const std::size_t common = std::min(size, sizeof ours);
  std::memcpy(caller, &ours, common);
  std::memset(static_cast<char*>(caller) + common, 0, size - common);
}

/// An array of the caller's, as lic_plans() describes it: begin(), add() each, end().
class CallersArray {
 public:
  template <class Sized>
  CallersArray(Sized* first, std::size_t* count) noexcept
      : next_(reinterpret_cast<char*>(first)),
        count_(count),
        room_(first == nullptr || count == nullptr ? 0 : *count),
        size_(room_ > 0 && has_size(first) ? first->size : 0),
        asks_(first == nullptr && count != nullptr && *count == 0) {}

  /// What is wrong with it, or with the manager, as an answer; LIC_OK: nothing.
  int begin(const lic_manager* manager, lic_error* error) noexcept;
  template <class Sized>
  void add(const Sized& one) noexcept {
    if (++*count_ > room_) return;
    write_sized(next_, size_, one);
    next_ += size_;
  }
  int end(lic_error* error) const noexcept;

 private:
  char* next_;
  std::size_t* count_;
  std::size_t room_;
  std::size_t size_;
  bool asks_;
};

[[nodiscard]] lic_verdict verdict_of(const Decision& decision) noexcept;
[[nodiscard]] lic_status status_of(const Status& status) noexcept;
[[nodiscard]] lic_limit limit_of(std::string_view name, const LimitUsage& usage) noexcept;

/// A text into a buffer of the caller's, as lic_feature_value().
int give_buffer(std::string_view text, char* buffer, std::size_t size, std::size_t* needed, lic_error* error) noexcept;
/// A copy that lic_free() frees. Throws std::bad_alloc.
int give_copy(const std::string& text, char** out, lic_error* error);

/// Fills a place for a text, which is null unless all went well.
template <class Work>
int with_text(lic_manager* manager, char** text, lic_error* error, Work work) noexcept {
  if (text == nullptr) return missing(error, "the place for the text");
  *text = nullptr;
  if (manager == nullptr) return no_manager(error);
  return guarded(error, work);
}

}  // namespace lic::c_api

struct lic_manager {
  explicit lic_manager(std::unique_ptr<lic::LicenseManager::Impl> opened) : impl(*opened), manager(std::move(opened)) {}

  lic::LicenseManager::Impl& impl;
  lic::LicenseManager manager;
  lic::c_api::InListener in_listener;
  std::atomic<std::int64_t> queue{0};     ///< for lic_queue_place(): of the last change or confirmation
  std::atomic<std::int64_t> retry_at{0};  ///< the same

  /// Keeps the place that came of it.
  template <class Told>
  const lic::Result<Told>& heard(const lic::Result<Told>& told) noexcept {
    queue = told ? told->queue.value_or(0) : 0;
    retry_at = told && told->retry_at ? told->retry_at->time_since_epoch().count() : 0;
    return told;
  }
};
