#include "server/vendor_reader.hpp"

namespace lic {

VendorReader::VendorReader(std::unique_ptr<Ledger> ledger, Decider& decider, Decider::Clock clock, std::size_t most)
    : ledger_(std::move(ledger)),
      decider_(decider),
      service_(*ledger_),
      clock_(std::move(clock)),
      most_(most),
      thread_([this] { run(); }) {}

VendorReader::~VendorReader() { end(); }

void VendorReader::end() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool VendorReader::submit(VendorRequest request, Decider::VendorDone done) {
  {
    const std::scoped_lock lock(mutex_);
    if (ends_ || waiting_.size() >= most_) return false;
    waiting_.push_back({std::move(request), std::move(done)});
  }
  wake_.notify_one();
  return true;
}

void VendorReader::run() {
  while (true) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    auto lost = decider_.lost();
    Looked looked =
        lost ? Looked{failed_for_vendor(*lost)} : service_.look(work.request, *decider_.documents(), clock_(), ends_);
    decider_.note_outdated(*ledger_);
    decider_.pass_on(std::move(looked), std::move(work.done));
  }
}

}  // namespace lic
