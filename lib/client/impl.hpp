#pragma once

/// What stands behind LicenseManager: one Installation for many threads.

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "client/background.hpp"
#include "client/installation.hpp"
#include "client/metering.hpp"
#include "client/without_throwing.hpp"

namespace lic {

/// Questions are answered from the published Standing, without a lock. Whatever works on
/// files does so under a mutex and publishes what came of it.
///
/// A Standing that was published once stays until the end, as threads may be reading it and
/// callers hold pointers into it. One that answers like an earlier one is not published, so
/// there are as many as there were changes of license.
class [[gnu::visibility("hidden")]] LicenseManager::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const OpenOptions& options, Environment environment);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const Standing& standing() const noexcept { return *published_.load(std::memory_order_acquire); }
  [[nodiscard]] Decision decision() const noexcept;
  /// Throws std::bad_alloc.
  [[nodiscard]] Status status();
  [[nodiscard]] const std::string& state_dir() const noexcept { return state_dir_; }

  Result<Consumption> consume(std::string_view name, std::int64_t n);
  Result<Consumption> release(std::string_view name, std::int64_t n);
  Result<Usage> usage();
  Result<void> give_back_drawn(bool all);
  Result<UsageReport> report_usage(std::string_view license_key, bool new_key);

  // online_manager.cpp: the licensing server is asked while no lock is held.
  /// `activate_here`: where there is nobody to ask, or nobody answers.
  Result<Change> activate(FunctionRef<Result<Question>(Installation&)> ask_what,
                          FunctionRef<Result<Change>(Installation&)> activate_here);
  Result<Change> start_trial(std::string_view email);
  /// `keeps_license`: of one that floats, the seat alone is given back.
  Result<Change> deactivate(bool keeps_license);
  Result<Change> borrow(Time until);
  Result<Confirmation> confirm();
  Result<void> refresh_lease();
  Result<SentUsage> send_usage(std::string_view license_key);
  std::string server();

  /// Does `work(Installation&)` while nobody else does, publishes what came of it, and tells
  /// the listener of a change. That memory ran out becomes an Error.
  template <class Work>
  auto change(Work work) noexcept->decltype(work(std::declval<Installation&>())) {
    return changed<decltype(work(std::declval<Installation&>()))>(work);
  }

  Result<void> refresh();
  /// What `work(const Installation&)` says of what never changes: the machine. Needs no state.
  template <class Work>
  auto ask(Work work) noexcept->Result<decltype(work(std::declval<const Installation&>()))> {
    return without_throwing([&]() -> Result<decltype(work(std::declval<const Installation&>()))> {
      LIC_TRY_ASSIGN(Workshop* const shop, workshop());
      return work(std::as_const(*shop->installation));
    });
  }

  Result<void> on_change(std::function<void(const Status&)> listener);
  [[nodiscard]] Time now() const { return now_(); }
  Result<void> refresh_every(std::chrono::seconds interval);

 private:
  using Listener = std::function<void(const Status&)>;

  /// What the listener was last told of.
  struct Told {
    Reason reason = Reason::no_license;
    std::string license;
    std::int64_t serial = 0;
    friend bool operator==(const Told&, const Told&) = default;
  };

  /// All that changes, of one process.
  struct Workshop {
    Workshop(std::unique_ptr<Installation> opened, std::int64_t block, std::chrono::milliseconds interval)
        : installation(std::move(opened)), metering(block, interval) {}

    const pid_t process = ::getpid();
    std::mutex mutex;  ///< of the three below
    std::unique_ptr<Installation> installation;
    std::vector<std::unique_ptr<const Standing>> standings;
    bool interrupted = false;  ///< the last work failed, so `installation` may be half read or half changed
    Metering metering;
    std::string clock_reset;  ///< Standing::clock_reset, as last published

    std::mutex listener_mutex;  ///< of the two below
    std::shared_ptr<const Listener> listener;
    Told told;

    BackgroundThread background;  // the last, so that it ends first
  };

  Impl(std::unique_ptr<Installation> installation, const OpenOptions& options);

  /// In two steps, so that there is one function for each kind of result, and what all have in common once.
  template <class Work>
  auto work_alone(Work work) noexcept->decltype(work(std::declval<Workshop&>())) {
    return done_alone<decltype(work(std::declval<Workshop&>()))>(work);
  }
  template <class Answer>
  Answer done_alone(FunctionRef<Answer(Workshop&)> work) noexcept;
  template <class Answer>
  Answer changed(FunctionRef<Answer(Installation&)> work) noexcept {
    return done_alone<Answer>([&](Workshop& shop) { return work(*shop.installation); });
  }
  /// Of work that says only whether it was done.
  Result<void> alone(FunctionRef<bool(Workshop&)> work) noexcept;

  std::shared_ptr<const Asked> ask(const Question& question) noexcept;
  /// The silence in place of an answer, null where there is one. Errors: usage, of the caller's server.
  [[nodiscard]] Result<const Unanswered*> silence_in(const std::shared_ptr<const Asked>& asked) const;

  /// That of this process: a forked child makes its own, as a thread of its parent may have
  /// held the mutex, and what the parent drew is the parent's.
  Result<Workshop*> workshop();
  /// Whether there was memory for it; if not, the last answers stand.
  bool publish(Workshop & workshop) noexcept;
  [[nodiscard]] Told to_tell() const;
  void tell_of_change(Workshop & workshop) noexcept;
  /// The latest time seen, in the state or by this process, which has now seen `now`.
  [[nodiscard]] std::optional<Time> latest_seen(Time now) const noexcept;

  const std::string state_dir_;
  const std::int64_t block_;
  const std::chrono::milliseconds interval_;
  const std::function<Time()> now_;
  const Ask ask_;
  const bool chose_server_;  ///< the options say which: then it is the caller's fault where it cannot be asked so
  std::atomic<Workshop*> workshop_;
  std::atomic<const Standing*> published_{nullptr};
  std::atomic<std::int64_t> high_water_{0};      ///< Standing::high_water, seconds; 0: none
  std::atomic<std::int64_t> verified_at_{0};     ///< Standing::verified_at
  mutable std::atomic<std::int64_t> latest_{0};  ///< the latest that the clock has said to this process
};

template <class Answer>
Answer LicenseManager::Impl::done_alone(FunctionRef<Answer(Workshop&)> work) noexcept {
  std::optional<Answer> result;
  auto done = alone([&](Workshop& shop) { return result.emplace(work(shop)).has_value(); });
  if (!done) return std::move(done).error();
  return *std::move(result);
}

}  // namespace lic
