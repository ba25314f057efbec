#include "licgen/issuing.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"
#include "license/envelope.hpp"
#include "trust/verify.hpp"

namespace lic::app {
namespace {

std::string random_key(const Order& order) { return random_license_key(order.key_prefix, order.plan_code).text(); }

}  // namespace

std::size_t blocks_ahead() { return 5 * Workers::count(); }

std::string beginning_of(const NewLicense& license, const AddMembers& more) {
  std::string detail;
  {
    json::ObjectWriter object(detail);
    object.text("id", license.id);
    object.number("serial", license.terms->serial);
    object.text("plan", license.terms->plan);
    object.text("sha256", document_digest(license.document));
    if (more) more(object);
  }
  return detail;
}

Issuing::Issuing(const Order& order, const Signer& signer, Ledger& ledger, const Vendor& vendor,
                 std::int64_t most_at_once)
    : order_(order),
      stamp_(order.terms, random_key(order), signer.key),
      signer_(signer),
      ledger_(ledger),
      vendor_(vendor),
      pace_(most_at_once),
      ahead_(blocks_ahead(), [this] { return begin_block(); }) {}

Result<void> Issuing::next(const Take& take) {
  pace_.begin();
  LIC_TRY_ASSIGN(const auto transaction, begin_signing(ledger_, signer_));
  if (!order_.batch.empty()) {
    LIC_TRY(transaction->open_batch(order_.batch, order_.batch_request, vendor_.now()));
    LIC_TRY_ASSIGN(const std::int64_t before, take_issued_before(take));
    seen_ += before;
    if (before > 0) return {};
  }
  const std::int64_t count = std::min(pace_.at_once(), order_.count - seen_);
  LIC_TRY(issue(count, take, *transaction));
  LIC_TRY(transaction->commit());
  seen_ += count;
  issued_ += count;
  pace_.end(count);
  return {};
}

/// What the batch has after last_key_, by an earlier run or another process.
Result<std::int64_t> Issuing::take_issued_before(const Take& take) {
  LicenseFilter filter;
  filter.batch = order_.batch;
  filter.after = last_key_;
  filter.limit = std::min(kMostHeld, order_.count - seen_);
  std::int64_t count = 0;
  LIC_TRY(ledger_.documents(filter, vendor_.now(), [&](const LicenseFile& file) -> Result<void> {
    ++count;
    last_key_ = file.key;
    return take(file.key, file.document);
  }));
  return count;
}

Result<void> Issuing::issue(std::int64_t count, const Take& take, Transaction& transaction) {
  const Issue common{vendor_.now(), vendor_.actor(), "create"};
  while (count > 0) {
    LIC_TRY_ASSIGN(const auto licenses, signed_licenses(count));
    LIC_TRY(transaction.add_licenses(licenses, common));
    for (const NewLicense& license : licenses) LIC_TRY(take(license.key, license.document));
    last_key_ = licenses.back().key;
    count -= std::ssize(licenses);
  }
  return {};
}

/// The next licenses, at least one and not more than `most`.
Result<std::span<const NewLicense>> Issuing::signed_licenses(std::int64_t most) {
  if (block_at_ == block_.size()) {
    LIC_TRY_ASSIGN(auto block, ahead_.next());
    if (!block) return error(Errc::failure, "no license is left to issue");
    block_ = *std::move(block);
    block_at_ = 0;
  }
  const auto count = std::min(static_cast<std::size_t>(most), block_.size() - block_at_);
  const auto licenses = std::span<const NewLicense>(block_).subspan(block_at_, count);
  block_at_ += count;
  return licenses;
}

/// Another process may issue some of a batch meanwhile: then a few are signed in vain.
std::optional<std::future<Issuing::Block>> Issuing::begin_block() {
  const std::int64_t missing = unnamed();
  if (missing <= 0) return std::nullopt;
  auto draws = draws_.take(static_cast<std::size_t>(std::min(missing, kSigningBlock)), missing);
  named_ += std::ssize(draws);
  std::vector<std::string> ids(draws.size());
  std::generate(ids.begin(), ids.end(), [this] { return ids_.next(vendor_.now()); });
  return workers_.begin(draws.size(), [this, named = std::move(draws), names = std::move(ids)]() mutable {
    return sign(named, std::move(names));
  });
}

Issuing::Block Issuing::sign(const std::vector<KeyDraws::Draw>& draws, std::vector<std::string> ids) const {
  Block block(draws.size());
  for (std::size_t i = 0; i < draws.size(); ++i) {
    NewLicense& license = block[i];
    license.terms = &order_.terms;
    license.note = order_.note;
    license.batch = order_.batch;
    license.id = std::move(ids[i]);
    license.key = LicenseKey::make(order_.key_prefix, order_.plan_code, draws[i]).text();
    license.document = stamp_.document(license.id, license.key);
    license.detail = beginning_of(license);
  }
  return block;
}

Result<void> check_order(const Order& order, const SigningKey& signer, const ProductFile& product) {
  Terms terms = order.terms;
  UlidSource ids;
  terms.id = ids.next(terms.issued_at);
  terms.key = random_license_key(order.key_prefix, order.plan_code).text();
  const std::string document = sign_document(DocumentKind::license, terms.to_json(), signer).to_json();
  if (document.size() > kMaxDocument)
    return error(Errc::invalid_input, concat("the license would be larger than ", kMaxDocument / 1024, " KiB"),
                 "clients take no larger one: leave out features, machines or metadata");
  const auto verified = verify(view_bytes(document), product, "the license");
  if (verified) return {};
  return error(Errc::conflict, concat("clients would refuse the license: ", verified.error().message));
}

}  // namespace lic::app
