#pragma once

/// Merkle trees as in RFC 6962, 2.1: a short head over a long list, and short proofs
/// that one entry is in it. All in memory that grows with the logarithm of the list.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/hash.hpp"

namespace lic {

/// The tree head of a growing list.
class LIC_INTERNAL MerkleTree {
 public:
  void add(std::string_view leaf);
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  /// Of the leaves so far; SHA-256 of nothing for none.
  [[nodiscard]] Digest root() const;

 private:
  std::int64_t size_ = 0;
  std::vector<Digest> peaks_;  ///< of the perfect trees that the leaves make up, largest first
};

/// The audit path (RFC 6962, 2.1.1) of one leaf of a list that is read once, in order.
class LIC_INTERNAL MerklePath {
 public:
  /// For the leaf at `index`, from 0, of a list of `size`. Precondition: 0 <= index < size.
  MerklePath(std::int64_t index, std::int64_t size);

  /// The next leaf; those beyond the size are left out.
  void add(std::string_view leaf);
  /// From the leaf's sibling up to the root's child. Complete once `size` leaves were added.
  [[nodiscard]] std::vector<Digest> hashes() const;

 private:
  /// A subtree beside the way from the leaf to the root.
  struct Sibling {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    MerkleTree tree;
  };

  std::int64_t next_ = 0;
  std::vector<Sibling> siblings_;  ///< from the root down
};

/// The head of a list of `size` leaves whose leaf at `index` is `leaf`, by that audit
/// path (RFC 9162, 2.1.3.2). Absent where the path is not one of such a leaf.
[[nodiscard]] LIC_INTERNAL std::optional<Digest> merkle_root(std::string_view leaf, std::int64_t index,
                                                             std::int64_t size, const std::vector<Digest>& path);

}  // namespace lic
