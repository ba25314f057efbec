#pragma once

/// Reads of the vendor API, on a thread and a connection to the ledger of their own: machines do not wait for them, nor
/// they for machines.
///
/// A read that begins after a change was answered sees that change; and none is told what is not durable yet, though it
/// may have read it (Decider::pass_on()).

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "server/decider.hpp"

namespace lic {

class VendorReader {
 public:
  /// The decider outlives it. `most`: so many may wait.
  VendorReader(std::unique_ptr<Ledger> ledger, Decider& decider, Decider::Clock clock, std::size_t most);
  VendorReader(const VendorReader&) = delete;
  VendorReader& operator=(const VendorReader&) = delete;
  ~VendorReader();

  /// Answers what waits, and ends; what is thorough is given up. Whoever is called by it must still be there, and the
  /// decider must not have ended.
  void end();

  /// False: too many wait already, or it ends; `done` is not called then. Precondition: the route changes nothing.
  [[nodiscard]] bool submit(VendorRequest request, Decider::VendorDone done);

 private:
  struct Work {
    VendorRequest request;
    Decider::VendorDone done;
  };

  void run();

  std::unique_ptr<Ledger> ledger_;
  Decider& decider_;
  VendorService service_;
  Decider::Clock clock_;
  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  std::atomic<bool> ends_{false};  // set under the mutex
  std::thread thread_;             // last: it uses the others
};

/// Who reads a license or a page, and who reads as many licenses as there are and may be long about it.
struct VendorReaders {
  VendorReader& brief;
  VendorReader& thorough;

  static constexpr std::size_t kMostBrief = 64;
  static constexpr std::size_t kMostThorough = 4;
};

}  // namespace lic
