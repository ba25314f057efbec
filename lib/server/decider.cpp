#include "server/decider.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/text.hpp"

namespace lic {
namespace {

/// Moves at most `most` from the front of `from`.
template <class T>
std::vector<T> take_front(std::vector<T>& from, std::size_t most) {
  if (from.size() <= most) return std::exchange(from, {});
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(most);
  std::vector<T> taken(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
  return taken;
}

/// What fails after the operator was told why.
Outcome failed_since(const Error& lost) {
  Outcome outcome = failed(lost);
  outcome.fault->cause.clear();
  return outcome;
}

VendorOutcome failed_for_vendor_since(const Error& lost) {
  VendorOutcome outcome = failed_for_vendor(lost);
  outcome.cause.clear();
  return outcome;
}

/// The kernel's struct sched_attr, which older C libraries do not have, as of its first version.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;  ///< of a thread without a special policy: its turn in nanoseconds (Linux 6.12)
  std::uint64_t deadline;
  std::uint64_t period;
};

/// This thread asks for short turns on the processor, in return for which it need not wait until the long one of
/// another is over: all that was decided waits for it. A wish: older kernels, and sandboxes, do not hear it.
void wish_short_turns() noexcept {
  constexpr std::uint64_t kTurn = 100'000;  // ns; the shortest that Linux grants
  SchedulingAttributes attributes{};
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != 0) return;
  attributes.runtime = kTurn;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

Decider::Decider(std::unique_ptr<Ledger> ledger, LeasePolicy policy, std::shared_ptr<const ServiceDocuments> documents,
                 Metrics& metrics, Clock clock, Trouble trouble, std::vector<std::shared_ptr<Flusher>> flushers)
    : ledger_(std::move(ledger)),
      flushers_(flushers.empty() ? ledger_->flushers() : std::move(flushers)),
      service_(*ledger_, policy),
      vendor_(*ledger_),
      metrics_(metrics),
      clock_(std::move(clock)),
      trouble_(std::move(trouble)),
      documents_(std::move(documents)) {
  for (const auto& flusher : flushers_) flushing_threads_.emplace_back([this, &flusher] { run_flushing(*flusher); });
  thread_ = std::thread([this] { run(); });
}

Decider::~Decider() { end(); }

void Decider::end() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  {
    const std::scoped_lock lock(mutex_);
    all_decided_ = true;
  }
  flush_.notify_all();
  for (std::thread& flushing : flushing_threads_)
    if (flushing.joinable()) flushing.join();
}

bool Decider::submit(OnlineRequest request, Done done) {
  ServiceRequest prepared(std::move(request));  // on this thread, of which there are several
  {
    const std::scoped_lock lock(mutex_);
    if (ends_ || waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(prepared));
    waiting_done_.push_back(std::move(done));
  }
  wake_.notify_one();
  return true;
}

bool Decider::submit(VendorRequest request, VendorDone done) {
  {
    const std::scoped_lock lock(mutex_);
    if (ends_ || vendor_waiting_.size() >= kMostVendorWaiting) return false;
    vendor_waiting_.push_back({std::move(request), std::move(done)});
  }
  wake_.notify_one();
  return true;
}

void Decider::pass_on(Looked looked, VendorDone done) {
  {
    const std::scoped_lock lock(mutex_);
    if (!looked.token.empty() && !ends_ && vendor_waiting_.size() < kMostVendorWaiting) {
      vendor_waiting_.push_back({std::move(looked), std::move(done)});
      wake_.notify_one();
      return;
    }
    if (lost_) {
      looked.outcome = failed_for_vendor_since(*lost_);
    } else if (!flushers_.empty() && finished_ < begun_) {
      reads_.push_back({std::move(looked.outcome), std::move(done), begun_});
      return;
    }
  }
  tell(done, std::move(looked.outcome));
}

void Decider::replace(std::shared_ptr<const ServiceDocuments> documents) {
  const std::scoped_lock lock(mutex_);
  documents_ = std::move(documents);
}

std::shared_ptr<const ServiceDocuments> Decider::documents() const {
  const std::scoped_lock lock(mutex_);
  return documents_;
}

std::optional<Error> Decider::lost() const {
  const std::scoped_lock lock(mutex_);
  return lost_;
}

/// Until there is work. False: there was none for a while, and the ledger is untidy.
bool Decider::await_work(std::unique_lock<std::mutex>& lock) {
  constexpr std::chrono::seconds kQuiet{1};
  const auto has_work = [this] { return ends_ || !waiting_.empty() || !vendor_waiting_.empty(); };
  if (untidy_ && !wake_.wait_for(lock, kQuiet, has_work)) return false;
  wake_.wait(lock, has_work);
  return true;
}

void Decider::tidy() {
  untidy_ = false;
  if (lost()) return;
  const auto tidied = ledger_->tidy();
  if (tidied) return;
  untidy_ = tidied.error().code == Errc::unavailable;  // soon, then
  if (!untidy_) trouble_(tidied.error().message);
}

void Decider::run() {
  const std::size_t most = flushers_.empty() ? kMostInRound : kMostInFlushedRound;
  while (true) {
    std::vector<ServiceRequest> requests;
    std::vector<Done> done;
    std::optional<VendorWork> vendor;
    {
      std::unique_lock lock(mutex_);
      if (!await_work(lock)) {
        lock.unlock();
        tidy();
        continue;
      }
      if (waiting_.empty() && vendor_waiting_.empty()) return;
      requests = take_front(waiting_, most);
      done = take_front(waiting_done_, most);
      if (!vendor_waiting_.empty()) {
        vendor = std::move(vendor_waiting_.front());
        vendor_waiting_.pop_front();
      }
      begun_ += (requests.empty() ? 0U : 1U) + (vendor ? 1U : 0U);
    }
    if (!requests.empty()) hand_over(decide(std::move(requests), std::move(done)));
    if (vendor) hand_over(decide(*std::move(vendor)));
  }
}

Decider::Decided Decider::decide(VendorWork work) {
  Decided decided;
  decided.vendor_done = std::move(work.done);
  decided.wrote = true;
  if (const auto lost = this->lost()) {
    decided.vendor_outcome = failed_for_vendor_since(*lost);
  } else if (const auto* request = std::get_if<VendorRequest>(&work.what)) {
    decided.vendor_outcome = vendor_.change(*request, *documents(), clock_());
  } else {
    auto& looked = std::get<Looked>(work.what);
    decided.vendor_outcome = std::move(looked.outcome);
    if (const auto noted = vendor_.note_use(looked.token, clock_()); !noted && decided.vendor_outcome.cause.empty())
      decided.vendor_outcome.cause = noted.error().message;
  }
  note_outdated(*ledger_);
  return decided;
}

Decider::Decided Decider::decide(std::vector<ServiceRequest> requests, std::vector<Done> done) {
  const auto begun = std::chrono::steady_clock::now();
  Decided round;
  round.documents = documents();
  round.done = std::move(done);
  if (auto lost = this->lost()) {
    round.outcomes.assign(requests.size(), failed_since(*lost));
    return round;
  }
  round.outcomes = service_.decide(requests, *round.documents, clock_());
  round.wrote = std::any_of(requests.begin(), requests.end(),
                            [](const ServiceRequest& asked) { return may_write(asked.request.action); });
  metrics_.count_round(requests.size(), std::chrono::steady_clock::now() - begun);
  note_outdated(*ledger_);
  return round;
}

void Decider::note_outdated(const Ledger& ledger) {
  if (const auto& outdated = ledger.outdated()) lose(*outdated);
}

/// The operator is told once; all that fails from then on fails for that.
void Decider::lose(const Error& why) {
  {
    const std::scoped_lock lock(mutex_);
    if (lost_) return;
    lost_ = why;
  }
  trouble_(concat("nothing is decided any more: ", why.message, why.hint.empty() ? "" : "; ", why.hint));
}

/// Also of rounds that only read: they may have read what is not durable yet.
void Decider::hand_over(Decided round) {
  untidy_ = untidy_ || round.wrote;
  if (flushers_.empty()) return tell(std::move(round));
  {
    const std::scoped_lock lock(mutex_);
    unflushed_.push_back(std::move(round));
  }
  flush_.notify_one();
}

void Decider::run_flushing(Flusher& flusher) {
  wish_short_turns();
  while (true) {
    std::vector<Decided> rounds;
    bool rests_on_a_flush = false;
    bool wrote = false;
    {
      std::unique_lock lock(mutex_);
      flush_.wait(lock, [this] { return all_decided_ || !unflushed_.empty(); });
      if (unflushed_.empty()) return;
      rounds = std::exchange(unflushed_, {});
      wrote = std::any_of(rounds.begin(), rounds.end(), [](const Decided& round) { return round.wrote; });
      rests_on_a_flush = flushes_ > 0 || wrote;
      if (rests_on_a_flush) ++flushes_;
    }
    finish(std::move(rounds), rests_on_a_flush ? flush(flusher) : lost());
    if (wrote) flusher.make_room();
  }
}

/// What the disk said, to this flush or to another one; absent: all that was committed before is durable.
std::optional<Error> Decider::flush(Flusher& flusher) {
  std::optional<Error> fault;
  if (!lost()) {
    const auto begun = std::chrono::steady_clock::now();
    if (auto flushed = flusher.flush(); !flushed) fault = std::move(flushed).error();
    metrics_.count_flush(std::chrono::steady_clock::now() - begun);
  }
  if (fault) lose(*fault);
  const std::scoped_lock lock(mutex_);
  --flushes_;
  return lost_;
}

void Decider::finish(std::vector<Decided> rounds, const std::optional<Error>& lost) {
  for (Read& read : take_readable(rounds.size()))
    tell(read.done, lost ? failed_for_vendor_since(*lost) : std::move(read.outcome));
  for (Decided& round : rounds) {
    if (lost) round.outcomes.assign(round.outcomes.size(), failed_since(*lost));
    if (lost && round.vendor_done) round.vendor_outcome = failed_for_vendor_since(*lost);
    tell(std::move(round));
  }
}

/// So many more rounds are finished: what waited for them alone.
std::vector<Decider::Read> Decider::take_readable(std::uint64_t rounds) {
  const std::scoped_lock lock(mutex_);
  finished_ += rounds;
  std::vector<Read> ready;
  for (; !reads_.empty() && reads_.front().seen <= finished_; reads_.pop_front())
    ready.push_back(std::move(reads_.front()));
  return ready;
}

void Decider::tell(const VendorDone& done, VendorOutcome outcome) {
  if (!outcome.cause.empty()) trouble_(outcome.cause);
  done(std::move(outcome));
}

void Decider::tell(Decided round) {
  if (round.vendor_done) return tell(round.vendor_done, std::move(round.vendor_outcome));
  const auto failure = std::find_if(round.outcomes.begin(), round.outcomes.end(), [](const Outcome& outcome) {
    return outcome.fault && !outcome.fault->cause.empty();
  });
  if (failure != round.outcomes.end()) trouble_(failure->fault->cause);  // of a round one tells enough
  for (std::size_t i = 0; i < round.outcomes.size(); ++i) round.done[i](std::move(round.outcomes[i]), round.documents);
}

}  // namespace lic
