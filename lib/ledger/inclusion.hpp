#pragma once

/// Proofs that the history names a document.

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"
#include "trust/inclusion_proof.hpp"

namespace lic {

/// Which document a proof is wanted of.
struct ProofSubject {
  std::string digest;  ///< SHA-256 of the document, hex; empty: of the newest one of the license
  std::string key;     ///< license key, where there is no digest
};

/// Proves that one of the first `size` entries of the history names that document. Reads
/// the history twice, in memory that does not grow with it.
/// Errors: not_found (none of them does), invalid_input (there are fewer entries).
[[nodiscard]] Result<InclusionProof> prove_inclusion(Ledger& ledger, std::string_view product,
                                                     const ProofSubject& subject, std::int64_t size);

}  // namespace lic
