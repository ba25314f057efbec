#pragma once

/// The one thread that changes the ledger, and the one that waits for the disk. Whatever waits is decided together, in
/// one transaction; and while that is on its way to the disk, the next is worked on. Nobody is told an
/// outcome before all that it rests on is durable.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "server/metrics.hpp"
#include "server/service.hpp"
#include "server/vendor_service.hpp"

namespace lic {

class Decider {
 public:
  /// Called on a thread of the decider when the change is durable, and so quick: it hands over.
  using Done = std::function<void(Outcome, std::shared_ptr<const ServiceDocuments>)>;
  using Clock = std::function<Time()>;
  /// What the operator should know.
  using Trouble = std::function<void(std::string_view)>;

  /// All of these outlive the decider. `flushers`: none: the ledger's.
  Decider(std::unique_ptr<Ledger> ledger, LeasePolicy policy, std::shared_ptr<const ServiceDocuments> documents,
          Metrics& metrics, Clock clock, Trouble trouble, std::vector<std::shared_ptr<Flusher>> flushers = {});
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;
  ~Decider();

  /// Decides what waits, and ends. Whoever is called by it must still be there.
  void end();

  /// False: too many wait already, or the decider ends; `done` is not called then.
  [[nodiscard]] bool submit(OnlineRequest request, Done done);

  /// As Done.
  using VendorDone = std::function<void(VendorOutcome)>;
  /// The same for a request to the vendor API that changes something: one at a time, and a round of machines before
  /// each.
  [[nodiscard]] bool submit(VendorRequest request, VendorDone done);

  /// Tells what was read over another connection to the ledger, once all is durable that it can have seen; before
  /// that notes the use of the token, if there is room for it. From any thread, also after the end.
  void pass_on(Looked looked, VendorDone done);

  /// From the next round on.
  void replace(std::shared_ptr<const ServiceDocuments> documents);
  [[nodiscard]] std::shared_ptr<const ServiceDocuments> documents() const;

  /// What the disk said when it failed, so that nobody knows what it has of the ledger; or that the ledger has become
  /// one of a newer version. From then on nothing is decided, and every outcome is a fault, until the server is started
  /// again, which reads the ledger anew.
  [[nodiscard]] std::optional<Error> lost() const;

  /// If that is what was found over this connection to the ledger: so it is lost(). From any thread.
  void note_outdated(const Ledger& ledger);

  static constexpr std::size_t kMostWaiting = 4096;
  static constexpr std::size_t kMostInRound = 256;
  /// The same where a flusher makes rounds durable: small ones come back while the next is decided, as long as a flush
  /// takes no less than what a round costs by itself.
  static constexpr std::size_t kMostInFlushedRound = 12;
  static constexpr std::size_t kMostVendorWaiting = 64;

 private:
  struct VendorWork {
    std::variant<VendorRequest, Looked> what;
    VendorDone done;
  };

  /// What was read by others, and waits for the rounds that it can have seen.
  struct Read {
    VendorOutcome outcome;
    VendorDone done;
    std::uint64_t seen = 0;  ///< so many have to be durable
  };

  /// A round, or a request to the vendor API, that was decided.
  struct Decided {
    std::vector<Outcome> outcomes;
    std::vector<Done> done;
    std::shared_ptr<const ServiceDocuments> documents;
    VendorOutcome vendor_outcome{};
    VendorDone vendor_done{};  ///< none: a round
    bool wrote = false;
  };

  void run();
  [[nodiscard]] bool await_work(std::unique_lock<std::mutex>& lock);
  void tidy();
  void lose(const Error& why);
  [[nodiscard]] Decided decide(std::vector<ServiceRequest> requests, std::vector<Done> done);
  [[nodiscard]] Decided decide(VendorWork work);
  void run_flushing(Flusher& flusher);
  [[nodiscard]] std::optional<Error> flush(Flusher& flusher);
  void finish(std::vector<Decided> rounds, const std::optional<Error>& lost);
  void hand_over(Decided round);
  void tell(Decided round);
  void tell(const VendorDone& done, VendorOutcome outcome);
  [[nodiscard]] std::vector<Read> take_readable(std::uint64_t rounds);

  std::unique_ptr<Ledger> ledger_;
  bool untidy_ = false;                             ///< something was written since tidy(); of the deciding thread
  std::vector<std::shared_ptr<Flusher>> flushers_;  ///< none: a round that was decided is durable
  Service service_;
  VendorService vendor_;
  Metrics& metrics_;
  Clock clock_;
  Trouble trouble_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<const ServiceDocuments> documents_;
  std::vector<ServiceRequest> waiting_;
  std::vector<Done> waiting_done_;
  std::deque<VendorWork> vendor_waiting_;
  bool ends_ = false;
  std::uint64_t begun_ = 0;     ///< rounds and requests that were taken on, and so may be committed
  std::uint64_t finished_ = 0;  ///< so many of them are durable, or lost, and what was committed before each is too
  std::deque<Read> reads_;      ///< in the order of `seen`
  std::vector<Decided> unflushed_;
  int flushes_ = 0;  ///< that are going on
  std::condition_variable flush_;
  bool all_decided_ = false;
  std::optional<Error> lost_;
  std::vector<std::thread> flushing_threads_;  // these two last: they use the others
  std::thread thread_;
};

}  // namespace lic
