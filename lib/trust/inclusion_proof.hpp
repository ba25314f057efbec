#pragma once

/// An inclusion proof (docs/formats.md, 9): that one entry is in the history of which a
/// checkpoint was made. Nothing signs it: the checkpoint's signature carries it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/hash.hpp"
#include "lic/result.hpp"
#include "trust/checkpoint.hpp"

namespace lic {

struct InclusionProof {
  std::string product;
  std::int64_t size = 0;     ///< entries of the checkpoint that it is for
  std::int64_t number = 0;   ///< of the entry, from 1 to `size`
  std::string entry;         ///< its text, as docs/ledger.md has it
  std::vector<Digest> path;  ///< RFC 6962, 2.1.1

  [[nodiscard]] LIC_INTERNAL std::string to_json() const;
  /// Errors: invalid_input (malformed, of a newer version).
  static Result<InclusionProof> LIC_INTERNAL parse(ByteView bytes, std::string_view what);

  /// Whether it shows that the history of `checkpoint` has an entry that names the
  /// document with the SHA-256 `digest` (lower-case hex).
  /// Errors: untrusted, saying which part of it does not hold.
  [[nodiscard]] LIC_INTERNAL Result<void> check(const Checkpoint& checkpoint, std::string_view digest,
                                                std::string_view what) const;
};

/// A proof has at most this many bytes: an entry and 53 hashes.
inline constexpr std::size_t kMaxProof = std::size_t{1} << 20;

/// Whether the detail of an entry of the history (a JSON object) names a document by
/// this SHA-256: as `sha256`, or as `answer_sha256`.
[[nodiscard]] LIC_INTERNAL bool names_document(std::string_view detail, std::string_view digest);

}  // namespace lic
