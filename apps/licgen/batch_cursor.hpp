#pragma once

/// Goes through what a batch has issued for the rows of a file, in the order of issue, in
/// bounded memory.

#include <cstdint>
#include <string>
#include <vector>

#include "licgen/issuing.hpp"

namespace lic::app {

class BatchCursor {
 public:
  struct Entry {
    std::int64_t line = 0;
    IssuedLicense license;
  };

  /// An empty `batch` has issued nothing. `ledger` outlives this.
  BatchCursor(Ledger& ledger, std::string batch, Time now) : ledger_(ledger), batch_(std::move(batch)), now_(now) {}

  /// The next license; null when there is none. Errors: conflict (one that no row made).
  [[nodiscard]] Result<const Entry*> peek();
  /// Precondition: peek() gave one.
  void pop() { ++at_; }
  /// Asks the ledger again, after the end, for what came later.
  void look_again() noexcept { ended_ = false; }
  /// Begins again.
  void rewind() {
    page_.clear();
    at_ = 0;
    last_key_.clear();
    ended_ = false;
  }
  /// Goes on after that license, which the caller has just issued at the end.
  void skip_to(std::string key) { last_key_ = std::move(key); }

 private:
  Result<void> read_page();

  Ledger& ledger_;
  std::string batch_;
  Time now_;
  std::vector<Entry> page_;
  std::size_t at_ = 0;
  std::string last_key_;
  bool ended_ = false;
};

}  // namespace lic::app
