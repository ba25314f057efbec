#include "licgen/issuing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "license/envelope.hpp"
#include "trust/verify.hpp"

namespace lic::app {

Result<std::vector<IssuedLicense>> Issuing::next() {
  LIC_TRY_ASSIGN(const auto transaction, ledger_.begin());
  if (!order_.batch.empty()) {
    LIC_TRY(transaction->open_batch(order_.batch, order_.batch_request, vendor_.now()));
    LIC_TRY_ASSIGN(auto before, issued_before());
    if (!before.empty()) return before;
  }
  std::vector<IssuedLicense> licenses;
  const std::int64_t count = std::min(kChunk, order_.count - seen_);
  licenses.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    LIC_TRY_ASSIGN(auto license, issue_one(*transaction));
    licenses.push_back(std::move(license));
  }
  LIC_TRY(transaction->commit());
  seen_ += count;
  issued_ += count;
  last_key_ = licenses.back().key;
  return licenses;
}

/// What the batch has after last_key_, by an earlier run or another process.
Result<std::vector<IssuedLicense>> Issuing::issued_before() {
  LicenseFilter filter;
  filter.batch = order_.batch;
  filter.after = last_key_;
  filter.limit = std::min(kChunk, order_.count - seen_);
  std::vector<IssuedLicense> licenses;
  LIC_TRY(ledger_.documents(filter, vendor_.now(), [&](const LicenseRecord& record) -> Result<void> {
    licenses.push_back({record.summary.key, record.document});
    return {};
  }));
  seen_ += static_cast<std::int64_t>(licenses.size());
  if (!licenses.empty()) last_key_ = licenses.back().key;
  return licenses;
}

Result<IssuedLicense> Issuing::issue_one(Transaction& transaction) {
  constexpr int kTries = 8;  // 65 random bits meet again once in a blue moon
  Terms terms = order_.terms;
  Result<void> added;
  for (int i = 0; i < kTries; ++i) {
    terms.id = ids_.next(vendor_.now());
    terms.key = random_license_key(order_.key_prefix, order_.plan_code).text();
    std::string document = sign_document(DocumentKind::license, terms.to_json(), signer_).to_json();
    added = transaction.add_license(terms, document, order_.note, order_.batch);
    if (!added && added.error().code == Errc::conflict) continue;
    LIC_TRY(added);
    const nlohmann::ordered_json detail = {
        {"id", terms.id}, {"serial", terms.serial}, {"plan", terms.plan}, {"sha256", document_digest(document)}};
    LIC_TRY(transaction.record({vendor_.now(), vendor_.actor(), "create", terms.key, "", json_text(detail)}));
    return IssuedLicense{terms.key, std::move(document)};
  }
  return added.error();
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
