#pragma once

/// The one thread that works on the ledger. Whatever waits is decided together, so that as many answers
/// as there are requests cost one write to the disk.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/metrics.hpp"
#include "server/service.hpp"
#include "server/vendor_service.hpp"

namespace lic {

class Decider {
 public:
  /// Called on the thread of the ledger when the change is durable, and so quick: it hands over.
  using Done = std::function<void(Outcome, std::shared_ptr<const ServiceDocuments>)>;
  using Clock = std::function<Time()>;
  /// What the operator should know.
  using Trouble = std::function<void(std::string_view)>;

  /// All of these outlive the decider.
  Decider(std::unique_ptr<Ledger> ledger, LeasePolicy policy, std::shared_ptr<const ServiceDocuments> documents,
          Metrics& metrics, Clock clock, Trouble trouble);
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;
  ~Decider();

  /// Decides what waits, and ends. Whoever is called by it must still be there.
  void end();

  /// False: too many wait already, or the decider ends; `done` is not called then.
  [[nodiscard]] bool submit(OnlineRequest request, Done done);

  /// As Done.
  using VendorDone = std::function<void(VendorOutcome)>;
  /// The same for a request to the vendor API: one at a time, and a round of machines before each.
  [[nodiscard]] bool submit(VendorRequest request, VendorDone done);

  /// From the next round on.
  void replace(std::shared_ptr<const ServiceDocuments> documents);
  [[nodiscard]] std::shared_ptr<const ServiceDocuments> documents() const;

  static constexpr std::size_t kMostWaiting = 4096;
  static constexpr std::size_t kMostInRound = 256;
  static constexpr std::size_t kMostVendorWaiting = 64;

 private:
  struct VendorWork {
    VendorRequest request;
    VendorDone done;
  };

  void run();
  void decide(VendorWork work);
  void decide(std::vector<OnlineRequest>& requests, std::vector<Done>& done);

  std::unique_ptr<Ledger> ledger_;
  Service service_;
  VendorService vendor_;
  Metrics& metrics_;
  Clock clock_;
  Trouble trouble_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<const ServiceDocuments> documents_;
  std::vector<OnlineRequest> waiting_;
  std::vector<Done> waiting_done_;
  std::deque<VendorWork> vendor_waiting_;
  bool ends_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace lic
