#include "licgen/row_signing.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "issue/license_stamp.hpp"
#include "license/envelope.hpp"
#include "licgen/issuing.hpp"

namespace lic::app {
namespace {

constexpr std::int64_t kMostInBlock = 500;
constexpr std::int64_t kBlockBytes = 4 * 1024 * 1024;  // of documents

}  // namespace

RowSigning::RowSigning(RowSource& source, const RowSink& sink, const SigningKey& signer, Plan plan, Workers& workers)
    : sink_(sink),
      signer_(signer),
      plan_(std::move(plan)),
      block_size_(
          std::clamp<std::int64_t>(kBlockBytes / std::max<std::int64_t>(plan_.largest_document, 1), 1, kMostInBlock)),
      reading_(source, sink, Look::again, workers),
      workers_(workers),
      ahead_(blocks_ahead(), [this] { return begin_block(); }) {}

Result<SignedRow*> RowSigning::peek() {
  while (at_ == block_.size()) {
    LIC_TRY_ASSIGN(auto block, ahead_.next());
    if (!block) return nullptr;
    block_ = *std::move(block);
    at_ = 0;
  }
  return &block_[at_];
}

Result<std::optional<std::future<RowSigning::Block>>> RowSigning::begin_block() {
  std::vector<Draft> drafts;
  std::int64_t left = block_size_;
  while (left > 0 && std::ssize(drafts) < kMostInBlock) {
    if (lacking_ == 0) {
      const auto found = next_row();
      if (!found && drafts.empty()) return found.error();
      if (!found || !*found) break;  // an error comes again, behind these
    }
    drafts.push_back(draft(left));
    left -= std::ssize(drafts.back().draws);
  }
  if (drafts.empty()) return std::optional<std::future<Block>>();
  const auto count = static_cast<std::size_t>(block_size_ - left);
  return std::optional(workers_.begin(count, [this, planned = std::move(drafts)]() mutable {
    Block block;
    block.reserve(planned.size());
    for (Draft& draft : planned) {
      sign(draft);
      block.push_back(std::move(draft.row));
    }
    return block;
  }));
}

/// Makes the next row the current one.
Result<bool> RowSigning::next_row() {
  if (rows_ == plan_.standings.size()) return false;
  LIC_TRY_ASSIGN(current_, reading_.next());
  if (!current_) return false;
  const bool wanted = plan_.standings[rows_++] == RowStanding::wanted && current_->terms;
  lacking_ = wanted ? sink_.lacking(*current_->terms, current_->raw.line) : 0;
  return true;
}

/// The current row with at most so many of the licenses that it lacks.
RowSigning::Draft RowSigning::draft(std::int64_t most) {
  Draft draft;
  draft.row.row = current_;
  draft.row.standing = plan_.standings[rows_ - 1];
  const std::int64_t count = std::min(most, lacking_);
  draft.draws = draws_.take(static_cast<std::size_t>(count), plan_.lacking);
  for (std::int64_t i = 0; i < count; ++i) draft.ids.push_back(ids_.next(plan_.now));
  lacking_ -= count;
  plan_.lacking -= count;
  draft.row.ends = lacking_ == 0;
  return draft;
}

void RowSigning::sign(Draft& draft) const {
  if (draft.draws.empty()) return;
  Terms& terms = draft.row.row->terms->terms;
  const Origin* origin = draft.row.row->terms->origin ? &*draft.row.row->terms->origin : nullptr;
  const bool alone = draft.row.row->terms->count == 1;  // nobody else works with these terms
  const auto key_of = [&](std::size_t i) {
    if (origin != nullptr && origin->key) return origin->key->text();
    return LicenseKey::make(plan_.key_prefix, draft.row.row->terms->plan_code, draft.draws[i]).text();
  };
  std::optional<LicenseStamp> stamp;
  if (!alone) stamp.emplace(terms, key_of(0), signer_);
  for (std::size_t i = 0; i < draft.draws.size(); ++i) {
    NewLicense& license = draft.row.licenses.emplace_back();
    license.terms = &terms;
    license.id = terms.id.empty() ? std::move(draft.ids[i]) : terms.id;
    license.key = key_of(i);
    if (alone) {
      terms.id = license.id;
      terms.key = license.key;
    }
    license.document = stamp ? stamp->document(license.id, license.key)
                             : sign_document(DocumentKind::license, terms.to_json(), signer_).to_json();
  }
  sink_.complete(draft.row, signer_);
}

}  // namespace lic::app
