#include "server/decider.hpp"

#include <algorithm>
#include <iterator>

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

}  // namespace

Decider::Decider(std::unique_ptr<Ledger> ledger, LeasePolicy policy, std::shared_ptr<const ServiceDocuments> documents,
                 Metrics& metrics, Clock clock, Trouble trouble)
    : ledger_(std::move(ledger)),
      service_(*ledger_, policy),
      vendor_(*ledger_),
      metrics_(metrics),
      clock_(std::move(clock)),
      trouble_(std::move(trouble)),
      documents_(std::move(documents)),
      thread_([this] { run(); }) {}

Decider::~Decider() { end(); }

void Decider::end() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Decider::submit(OnlineRequest request, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (ends_ || waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(request));
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

void Decider::replace(std::shared_ptr<const ServiceDocuments> documents) {
  const std::scoped_lock lock(mutex_);
  documents_ = std::move(documents);
}

std::shared_ptr<const ServiceDocuments> Decider::documents() const {
  const std::scoped_lock lock(mutex_);
  return documents_;
}

void Decider::run() {
  while (true) {
    std::vector<OnlineRequest> requests;
    std::vector<Done> done;
    std::optional<VendorWork> vendor;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ends_ || !waiting_.empty() || !vendor_waiting_.empty(); });
      if (waiting_.empty() && vendor_waiting_.empty()) return;
      requests = take_front(waiting_, kMostInRound);
      done = take_front(waiting_done_, kMostInRound);
      if (!vendor_waiting_.empty()) {
        vendor = std::move(vendor_waiting_.front());
        vendor_waiting_.pop_front();
      }
    }
    if (!requests.empty()) decide(requests, done);
    if (vendor) decide(*std::move(vendor));
  }
}

void Decider::decide(VendorWork work) {
  VendorOutcome outcome = vendor_.decide(work.request, *documents(), clock_());
  if (!outcome.cause.empty()) trouble_(outcome.cause);
  work.done(std::move(outcome));
}

void Decider::decide(std::vector<OnlineRequest>& requests, std::vector<Done>& done) {
  const auto begun = std::chrono::steady_clock::now();
  const auto documents = this->documents();
  auto outcomes = service_.decide(requests, *documents, clock_());
  metrics_.count_round(requests.size(), std::chrono::steady_clock::now() - begun);
  const auto failed = std::find_if(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) {
    return outcome.fault && !outcome.fault->cause.empty();
  });
  if (failed != outcomes.end()) trouble_(failed->fault->cause);  // of a round one tells enough
  for (std::size_t i = 0; i < outcomes.size(); ++i) done[i](std::move(outcomes[i]), documents);
}

}  // namespace lic
