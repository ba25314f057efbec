#include "ledger/inclusion.hpp"

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/merkle.hpp"
#include "ledger/history_chain.hpp"

namespace lic {
namespace {

/// Whether the entry made a signed document.
bool made_document(const HistoryEntry& entry) {
  const auto detail = json::parse(entry.detail, "detail");
  const json::Value* digest = detail ? detail->find("sha256") : nullptr;
  return digest != nullptr && digest->as_string() != nullptr;
}

bool is_subject(const HistoryEntry& entry, const ProofSubject& subject) {
  if (!subject.digest.empty()) return names_document(entry.detail, subject.digest);
  return entry.key == subject.key && !entry.detail.empty() && made_document(entry);
}

}  // namespace

Result<InclusionProof> prove_inclusion(Ledger& ledger, std::string_view product, const ProofSubject& subject,
                                       std::int64_t size) {
  InclusionProof proof;
  proof.product = product;
  proof.size = size;
  LIC_TRY(ledger.history_by_number([&](const HistoryRow& row) -> Result<void> {
    if (row.number > size || !is_subject(row.entry, subject)) return {};
    proof.number = row.number;
    proof.entry = history_text(row.number, row.entry);
    return {};
  }));
  if (proof.number == 0)
    return error(Errc::not_found,
                 concat("none of the ", size, " entries of the history names ",
                        subject.key.empty() ? "that document" : concat("a document of ", subject.key)),
                 "what was issued after a checkpoint needs a newer one: licgen audit --checkpoint FILE");
  MerklePath path(proof.number - 1, size);
  std::int64_t entries = 0;
  LIC_TRY(ledger.history_by_number([&](const HistoryRow& row) -> Result<void> {
    if (entries < size) path.add(history_text(row.number, row.entry)), ++entries;
    return {};
  }));
  if (entries < size) return error(Errc::invalid_input, concat("the history has ", entries, " entries, not ", size));
  proof.path = path.hashes();
  return proof;
}

}  // namespace lic
