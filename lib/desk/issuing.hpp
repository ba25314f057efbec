#pragma once

/// Issues the licenses of one order into the ledger: signed ahead on several
/// threads, stored by one, in transactions of about two seconds.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "desk/desk.hpp"
#include "desk/signing.hpp"
#include "issue/issuer.hpp"
#include "issue/license_stamp.hpp"
#include "license/catalog.hpp"
#include "license/key.hpp"

namespace lic {

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
  std::string id{};  ///< empty: not looked up
};

/// `count` licenses of what `request` asks for under the catalogue, without a
/// batch. Errors: those of terms_for().
[[nodiscard]] Result<Order> order_of(const Catalog& catalog, const LicenseRequest& request, const std::string& note,
                                     std::int64_t count, Time now);

/// Issues all licenses of an order without a batch within a transaction of
/// begin_signing(): few of them, since all are held; their terms are those of
/// `order`. Precondition: check_order(). Errors: those of the ledger.
[[nodiscard]] Result<std::vector<NewLicense>> issue_few(Transaction& transaction, const Desk& desk, const Order& order,
                                                        const SigningKey& key);

/// The random symbols of a license key.
using KeyDraw = std::array<std::uint8_t, LicenseKey::kBodySymbols - LicenseKey::kCheckSymbols>;

class Issuing {
 public:
  /// One transaction issues no more than this.
  static constexpr std::int64_t kMostAtOnce = 120'000;
  /// The same where the documents are held until it is committed.
  static constexpr std::int64_t kMostHeld = 10'000;

  using Take = std::function<Result<void>(std::string_view key, std::string_view document)>;

  /// What `signer` and `desk` refer to must outlive this.
  Issuing(const Order& order, const Signer& signer, Desk desk, std::int64_t most_at_once);

  [[nodiscard]] bool done() const noexcept { return seen_ >= order_.count; }
  /// How many there are so far, issued now or in an earlier run of the batch.
  [[nodiscard]] std::int64_t seen() const noexcept { return seen_; }
  /// How many of them were issued now.
  [[nodiscard]] std::int64_t issued() const noexcept { return issued_; }

  /// The next licenses: those that the batch has already, then new ones. `take`
  /// is called for each while the transaction goes on: they are issued when
  /// this returns success, and not at all when it returns an error, which
  /// leaves in the ledger what earlier calls issued. Errors: conflict (the
  /// batch was opened for another order), unavailable, failure, and those of
  /// `take`.
  [[nodiscard]] Result<void> next(const Take& take);

 private:
  using Block = std::vector<NewLicense>;
  using Draw = KeyDraw;
  using Clock = std::chrono::steady_clock;

  void let_others_turn();

  Result<std::int64_t> take_issued_before(const Take& take);
  Result<void> issue(std::int64_t count, const Take& take, Transaction& transaction);
  std::span<const NewLicense> signed_licenses(std::int64_t most);
  /// How many licenses are missing that no key was drawn for.
  [[nodiscard]] std::int64_t unnamed() const noexcept { return order_.count - seen_ - (named_ - issued_); }
  void sign_ahead();
  std::vector<Draw> take_draws(std::size_t count);

  Order order_;
  LicenseStamp stamp_;
  Signer signer_;
  Desk desk_;
  std::int64_t most_at_once_;
  std::int64_t at_once_;
  UlidSource ids_;
  std::vector<Draw> draws_;  // not given out: the smallest is the last
  std::int64_t named_ = 0;
  std::deque<std::future<Block>> ahead_;
  Block block_;  // the front one: given out from block_at_ on
  std::size_t block_at_ = 0;
  Clock::time_point last_turn_;
  std::string last_key_;  // of the batch, in the order of issue
  std::int64_t seen_ = 0;
  std::int64_t issued_ = 0;
};

/// Whether a license under `order` is one that clients will take: not too
/// large, and verified as they do. Errors: invalid_input, conflict.
[[nodiscard]] Result<void> check_order(const Order& order, const SigningKey& signer, const ProductFile& product);

}  // namespace lic
