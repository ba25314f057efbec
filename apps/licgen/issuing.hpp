#pragma once

/// Issues the licenses of one order into the ledger, in transactions of bounded
/// size: what next() returns is committed.

#include <cstdint>
#include <string>
#include <vector>

#include "issue/issuer.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

struct Order {
  Terms terms;  ///< all but id and key
  std::string key_prefix;
  std::string plan_code;
  std::string note;
  std::int64_t count = 1;
  std::string batch;          ///< empty: none
  std::string batch_request;  ///< equal for equal orders
};

struct IssuedLicense {
  std::string key;
  std::string document;
};

class Issuing {
 public:
  /// One transaction issues no more than this.
  static constexpr std::int64_t kChunk = 10'000;

  /// `signer` and `vendor` must outlive this.
  Issuing(const Order& order, const SigningKey& signer, Ledger& ledger, const Vendor& vendor)
      : order_(order), signer_(signer), ledger_(ledger), vendor_(vendor) {}

  [[nodiscard]] bool done() const noexcept { return seen_ >= order_.count; }
  /// How many there are so far, issued now or in an earlier run of the batch.
  [[nodiscard]] std::int64_t seen() const noexcept { return seen_; }
  /// How many of them were issued now.
  [[nodiscard]] std::int64_t issued() const noexcept { return issued_; }

  /// The next licenses: those that the batch has already, then new ones. An error
  /// leaves in the ledger what earlier calls returned.
  /// Errors: conflict (the batch was opened for another order), unavailable, failure.
  [[nodiscard]] Result<std::vector<IssuedLicense>> next();

 private:
  Result<std::vector<IssuedLicense>> issued_before();
  Result<IssuedLicense> issue_one(Transaction& transaction);

  const Order& order_;
  const SigningKey& signer_;
  Ledger& ledger_;
  const Vendor& vendor_;
  UlidSource ids_;
  std::string last_key_;  // of the batch, in the order of issue
  std::int64_t seen_ = 0;
  std::int64_t issued_ = 0;
};

/// Whether a license under `order` is one that clients will take: not too large,
/// and verified as they do. Errors: invalid_input, conflict.
[[nodiscard]] Result<void> check_order(const Order& order, const SigningKey& signer, const ProductFile& product);

}  // namespace lic::app
