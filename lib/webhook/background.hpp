#pragma once

/// A dispatcher in a thread of its own, for a server.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "ledger/ledger.hpp"
#include "webhook/dispatcher.hpp"

namespace lic::webhook {

class Background {
 public:
  /// Told after each step, in that thread. Each but the last looks at the version of the ledger: Ledger::outdated()
  /// says what was found.
  using Told = std::function<void(const Tally&, std::chrono::seconds lag, const Ledger&)>;

  /// `trouble` is told when the ledger cannot be worked on, once until it can be again.
  Background(std::unique_ptr<Ledger> ledger, std::string product, Dispatcher::Clock clock,
             Dispatcher::MakeSender make_sender, Dispatcher::Tell trouble, Told told);
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() { end(); }

  /// Starts nothing more, waits for what runs, some seconds at most, and ends.
  void end();

 private:
  void run();
  void step(bool only_end);
  [[nodiscard]] bool pause(std::chrono::milliseconds time);

  std::unique_ptr<Ledger> ledger_;
  Dispatcher::Tell trouble_;
  Told told_;
  Dispatcher dispatcher_;
  std::string last_trouble_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace lic::webhook
