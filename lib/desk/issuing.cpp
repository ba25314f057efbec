#include "desk/issuing.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::int64_t kBlock = 1'000;  // licenses that are signed in one go
constexpr std::int64_t kFew = 50;       // so many are signed where they are needed
constexpr std::int64_t kAtFirst = 10'000;

/// What the history says of a license's beginning. Nothing in it needs
/// escaping.
std::string beginning_of(const NewLicense& license) {
  return concat(R"({"id":")", license.id, R"(","serial":)", license.terms->serial, R"(,"plan":")", license.terms->plan,
                R"(","sha256":")", document_digest(license.document), R"("})");
}

std::string random_key(const Order& order) { return random_license_key(order.key_prefix, order.plan_code).text(); }

/// Keys come in the order of the draws. From any thread.
std::vector<NewLicense> sign_licenses(const Order& order, const LicenseStamp& stamp, const std::vector<KeyDraw>& draws,
                                      std::vector<std::string> ids) {
  std::vector<NewLicense> block(draws.size());
  for (std::size_t i = 0; i < draws.size(); ++i) {
    NewLicense& license = block[i];
    license.terms = &order.terms;
    license.id = std::move(ids[i]);
    license.key = LicenseKey::make(order.key_prefix, order.plan_code, draws[i]).text();
    license.document = stamp.document(license.id, license.key);
    license.detail = beginning_of(license);
  }
  return block;
}

/// Largest first.
std::vector<KeyDraw> draw_keys(std::size_t count) {
  std::vector<KeyDraw> draws(count);
  const Bytes random = random_bytes(count * std::tuple_size_v<KeyDraw>);
  auto symbol = random.begin();
  for (KeyDraw& draw : draws)
    for (std::uint8_t& drawn : draw) drawn = *symbol++ & 31;
  std::sort(draws.begin(), draws.end(), std::greater<>());
  return draws;
}

/// How many blocks are signed before they are needed: more than there are
/// processors, so that these are not idle while a transaction waits for the
/// disk.
std::size_t blocks_ahead() { return 5 * std::max(2U, std::thread::hardware_concurrency()); }

}  // namespace

Issuing::Issuing(const Order& order, const Signer& signer, Desk desk, std::int64_t most_at_once)
    : order_(order),
      stamp_(order.terms, random_key(order), signer.key),
      signer_(signer),
      desk_(std::move(desk)),
      most_at_once_(most_at_once),
      at_once_(std::min(kAtFirst, most_at_once)),
      last_turn_(Clock::now()) {}

Result<void> Issuing::next(const Take& take) {
  let_others_turn();
  const auto start = Clock::now();
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(desk_.ledger, signer_));
  if (!order_.batch.empty()) {
    LIC_TRY(transaction->open_batch(order_.batch, order_.batch_request, desk_.now));
    LIC_TRY_ASSIGN(const std::int64_t before, take_issued_before(take));
    seen_ += before;
    if (before > 0) return {};
  }
  const std::int64_t count = std::min(at_once_, order_.count - seen_);
  LIC_TRY(issue(count, take, *transaction));
  LIC_TRY(transaction->commit());
  seen_ += count;
  issued_ += count;
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  const double two_seconds = 2 * static_cast<double>(count) / std::max(elapsed.count(), 1e-3);
  at_once_ = std::clamp(static_cast<std::int64_t>(two_seconds), std::min(kBlock, most_at_once_), most_at_once_);
  return {};
}

/// Once a second or so.
void Issuing::let_others_turn() {
  if (Clock::now() - last_turn_ < std::chrono::seconds(1)) return;
  std::this_thread::sleep_for(kLedgerTurn);
  last_turn_ = Clock::now();
}

/// What the batch has after last_key_, by an earlier run or another process.
Result<std::int64_t> Issuing::take_issued_before(const Take& take) {
  LicenseFilter filter;
  filter.batch = order_.batch;
  filter.after = last_key_;
  filter.limit = std::min(kMostHeld, order_.count - seen_);
  std::int64_t count = 0;
  LIC_TRY(desk_.ledger.documents(filter, desk_.now, [&](const LicenseFile& file) -> Result<void> {
    ++count;
    last_key_ = file.key;
    return take(file.key, file.document);
  }));
  return count;
}

Result<void> Issuing::issue(std::int64_t count, const Take& take, Transaction& transaction) {
  const Issue common{desk_.now, desk_.actor, "create", order_.note, order_.batch};
  while (count > 0) {
    const auto licenses = signed_licenses(count);
    LIC_TRY(transaction.add_licenses(licenses, common));
    for (const NewLicense& license : licenses) LIC_TRY(take(license.key, license.document));
    last_key_ = licenses.back().key;
    count -= std::ssize(licenses);
  }
  return {};
}

/// The next licenses, at least one and not more than `most`.
std::span<const NewLicense> Issuing::signed_licenses(std::int64_t most) {
  if (block_at_ == block_.size()) {
    sign_ahead();
    block_ = ahead_.front().get();
    ahead_.pop_front();
    block_at_ = 0;
    sign_ahead();
  }
  const auto count = std::min(static_cast<std::size_t>(most), block_.size() - block_at_);
  const auto licenses = std::span<const NewLicense>(block_).subspan(block_at_, count);
  block_at_ += count;
  return licenses;
}

void Issuing::sign_ahead() {
  // Another process may issue some of a batch meanwhile: then a few are signed
  // in vain.
  while (ahead_.size() < blocks_ahead() && unnamed() > 0) {
    const std::int64_t missing = unnamed();
    auto draws = take_draws(static_cast<std::size_t>(std::min(missing, kBlock)));
    std::vector<std::string> ids(draws.size());
    std::generate(ids.begin(), ids.end(), [this] { return ids_.next(desk_.now); });
    const auto policy = missing < kFew ? std::launch::deferred : std::launch::async;
    ahead_.push_back(std::async(policy, [this, named = std::move(draws), names = std::move(ids)]() mutable {
      return sign_licenses(order_, stamp_, named, std::move(names));
    }));
  }
}

/// Keys are drawn many at a time and used in their order: random places all
/// over the ledger's index of them would cost more than all the rest.
std::vector<Issuing::Draw> Issuing::take_draws(std::size_t count) {
  if (draws_.empty()) draws_ = draw_keys(static_cast<std::size_t>(std::min(unnamed(), most_at_once_)));
  count = std::min(count, draws_.size());
  std::vector<Draw> taken(draws_.rbegin(), draws_.rbegin() + static_cast<std::ptrdiff_t>(count));
  draws_.resize(draws_.size() - count);
  named_ += static_cast<std::int64_t>(count);
  return taken;
}

Result<Order> order_of(const Catalog& catalog, const LicenseRequest& request, const std::string& note,
                       std::int64_t count, Time now) {
  Order order;
  LIC_TRY_ASSIGN(order.terms, terms_for(catalog, request, now));
  order.key_prefix = catalog.key_prefix;
  order.plan_code = catalog.find_plan(request.plan)->code;
  order.note = note;
  order.count = count;
  return order;
}

Result<std::vector<NewLicense>> issue_few(Transaction& transaction, const Desk& desk, const Order& order,
                                          const SigningKey& key) {
  const LicenseStamp stamp(order.terms, random_key(order), key);
  UlidSource source;
  std::vector<std::string> ids(static_cast<std::size_t>(order.count));
  std::generate(ids.begin(), ids.end(), [&] { return source.next(desk.now); });
  auto draws = draw_keys(ids.size());
  std::reverse(draws.begin(), draws.end());
  auto licenses = sign_licenses(order, stamp, draws, std::move(ids));
  LIC_TRY(transaction.add_licenses(licenses, {desk.now, desk.actor, "create", order.note, order.batch}));
  return licenses;
}

Result<void> check_order(const Order& order, const SigningKey& signer, const ProductFile& product) {
  Terms terms = order.terms;
  UlidSource ids;
  terms.id = ids.next(terms.issued_at);
  terms.key = random_license_key(order.key_prefix, order.plan_code).text();
  LIC_TRY(sign_license(terms, signer, product));
  return {};
}

}  // namespace lic
