#include "crypto/merkle.hpp"

#include <algorithm>

namespace lic {
namespace {

Digest hash_leaf(std::string_view leaf) {
  Bytes input{0x00};
  input.insert(input.end(), leaf.begin(), leaf.end());
  return sha256(input);
}

Digest hash_children(const Digest& left, const Digest& right) {
  Bytes input{0x01};
  input.insert(input.end(), left.begin(), left.end());
  input.insert(input.end(), right.begin(), right.end());
  return sha256(input);
}

/// The largest power of two below `size`, which is above 1.
std::int64_t split(std::int64_t size) noexcept {
  std::int64_t power = 1;
  while (power < size - power) power *= 2;
  return power;
}

}  // namespace

void MerkleTree::add(std::string_view leaf) {
  peaks_.push_back(hash_leaf(leaf));
  // Each bit at the end of the size that turns over joins two trees of equal height.
  for (std::int64_t joined = size_; (joined & 1) == 1; joined >>= 1) {
    const Digest right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = hash_children(peaks_.back(), right);
  }
  ++size_;
}

Digest MerkleTree::root() const {
  if (peaks_.empty()) return sha256({});
  Digest root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = hash_children(*peak, root);
  return root;
}

MerklePath::MerklePath(std::int64_t index, std::int64_t size) {
  std::int64_t begin = 0;
  std::int64_t end = size;
  while (end - begin > 1) {
    const std::int64_t middle = begin + split(end - begin);
    if (index < middle) {
      siblings_.push_back({middle, end, {}});
      end = middle;
    } else {
      siblings_.push_back({begin, middle, {}});
      begin = middle;
    }
  }
}

void MerklePath::add(std::string_view leaf) {
  const std::int64_t index = next_++;
  for (Sibling& sibling : siblings_)
    if (sibling.begin <= index && index < sibling.end) sibling.tree.add(leaf);
}

std::vector<Digest> MerklePath::hashes() const {
  std::vector<Digest> path;
  path.reserve(siblings_.size());
  for (auto sibling = siblings_.rbegin(); sibling != siblings_.rend(); ++sibling) path.push_back(sibling->tree.root());
  return path;
}

std::optional<Digest> merkle_root(std::string_view leaf, std::int64_t index, std::int64_t size,
                                  const std::vector<Digest>& path) {
  if (index < 0 || index >= size) return std::nullopt;
  std::int64_t node = index;
  std::int64_t last = size - 1;
  Digest root = hash_leaf(leaf);
  for (const Digest& sibling : path) {
    if (last == 0) return std::nullopt;  // more hashes than the tree is high
    if ((node & 1) == 1 || node == last) {
      root = hash_children(sibling, root);
      while ((node & 1) == 0 && node != 0) {  // levels on which this node has no sibling
        node >>= 1;
        last >>= 1;
      }
    } else {
      root = hash_children(root, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return std::nullopt;
  return root;
}

}  // namespace lic
