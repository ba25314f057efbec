#pragma once

/// Issues the licenses of one order into the ledger: signed ahead on several threads,
/// stored by one, in transactions of about two seconds.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json_writer.hpp"
#include "issue/issuer.hpp"
#include "issue/license_stamp.hpp"
#include "licgen/ahead.hpp"
#include "licgen/key_draws.hpp"
#include "licgen/pace.hpp"
#include "licgen/product_document.hpp"
#include "licgen/vendor.hpp"
#include "licgen/workers.hpp"

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

/// One transaction issues no more than this.
inline constexpr std::int64_t kMostAtOnce = 120'000;
/// The same where the documents are held until it is committed.
inline constexpr std::int64_t kMostHeld = 10'000;
/// Licenses that are signed in one go.
inline constexpr std::int64_t kSigningBlock = 1'000;
/// How many such blocks are signed before they are needed: more than there are processors, so
/// that these are not idle while a transaction waits for the disk.
[[nodiscard]] std::size_t blocks_ahead();

/// What the history says of the beginning of `license`, whose document is there: a JSON
/// object, which ends with the members that `more` adds.
using AddMembers = std::function<void(json::ObjectWriter&)>;
[[nodiscard]] std::string beginning_of(const NewLicense& license, const AddMembers& more = {});

class Issuing {
 public:
  using Take = std::function<Result<void>(std::string_view key, std::string_view document)>;

  /// All but `order`, which is copied, must outlive this.
  Issuing(const Order& order, const Signer& signer, Ledger& ledger, const Vendor& vendor, std::int64_t most_at_once);

  [[nodiscard]] bool done() const noexcept { return seen_ >= order_.count; }
  /// How many there are so far, issued now or in an earlier run of the batch.
  [[nodiscard]] std::int64_t seen() const noexcept { return seen_; }
  /// How many of them were issued now.
  [[nodiscard]] std::int64_t issued() const noexcept { return issued_; }

  /// The next licenses: those that the batch has already, then new ones. `take` is
  /// called for each while the transaction goes on: they are issued when this returns
  /// success, and not at all when it returns an error, which leaves in the ledger what
  /// earlier calls issued.
  /// Errors: conflict (the batch was opened for another order), unavailable, failure,
  /// and those of `take`.
  [[nodiscard]] Result<void> next(const Take& take);

 private:
  using Block = std::vector<NewLicense>;

  Result<std::int64_t> take_issued_before(const Take& take);
  Result<void> issue(std::int64_t count, const Take& take, Transaction& transaction);
  Result<std::span<const NewLicense>> signed_licenses(std::int64_t most);
  /// How many licenses are missing that no key was drawn for.
  [[nodiscard]] std::int64_t unnamed() const noexcept { return order_.count - seen_ - (named_ - issued_); }
  std::optional<std::future<Block>> begin_block();
  Block sign(const std::vector<KeyDraws::Draw>& draws, std::vector<std::string> ids) const;

  Order order_;
  LicenseStamp stamp_;
  Signer signer_;
  Ledger& ledger_;
  const Vendor& vendor_;
  Pace pace_;
  UlidSource ids_;
  KeyDraws draws_;
  std::int64_t named_ = 0;
  std::string last_key_;  // of the batch, in the order of issue
  std::int64_t seen_ = 0;
  std::int64_t issued_ = 0;
  Block block_;  // given out from block_at_ on
  std::size_t block_at_ = 0;
  Workers workers_;
  Ahead<Block> ahead_;  // goes first: its blocks use what stands above
};

/// Whether a license under `order` is one that clients will take: not too large,
/// and verified as they do. Errors: invalid_input, conflict.
[[nodiscard]] Result<void> check_order(const Order& order, const SigningKey& signer, const ProductFile& product);

}  // namespace lic::app
