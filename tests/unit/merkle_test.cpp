#include <array>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/merkle.hpp"
#include "support/catch.hpp"

using namespace lic;

namespace {

std::vector<std::string> hex_path(const std::vector<Digest>& path) {
  std::vector<std::string> text;
  for (const Digest& hash : path) text.push_back(hex_encode(hash));
  return text;
}

std::vector<Digest> path_of(std::size_t index, const std::vector<std::string>& leaves) {
  MerklePath path(static_cast<std::int64_t>(index), static_cast<std::int64_t>(leaves.size()));
  for (const std::string& leaf : leaves) path.add(leaf);
  return path.hashes();
}

Digest head_of(const std::vector<std::string>& leaves) {
  MerkleTree tree;
  for (const std::string& leaf : leaves) tree.add(leaf);
  return tree.root();
}

/// PATH(m, D[n]) as RFC 6962, 2.1.1 writes it down, by recursion over all of the list.
std::vector<Digest> path_by_the_book(std::size_t index, const std::vector<std::string>& leaves) {
  if (leaves.size() == 1) return {};
  std::size_t middle = 1;
  while (middle * 2 < leaves.size()) middle *= 2;
  const auto cut = leaves.begin() + static_cast<std::ptrdiff_t>(middle);
  const std::vector<std::string> left(leaves.begin(), cut);
  const std::vector<std::string> right(cut, leaves.end());
  auto path = index < middle ? path_by_the_book(index, left) : path_by_the_book(index - middle, right);
  path.push_back(head_of(index < middle ? right : left));
  return path;
}

}  // namespace

TEST_CASE("merkle: audit paths are those of the certificate-transparency project", "[merkle]") {
  // Inputs and paths of merkle_tree_test.cc in google/certificate-transparency (Apache-2.0).
  std::vector<std::string> inputs;
  for (const char* hex :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"})
    inputs.push_back(to_text(hex_decode(hex).value()));
  struct Known {
    std::size_t leaf;  // from 1
    std::size_t size;
    std::vector<std::string> path;
  };
  const std::vector<Known> known = {
      {1, 1, {}},
      {1,
       8,
       {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
      {6,
       8,
       {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
      {3, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
      {2,
       5,
       {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
  };
  for (const Known& one : known) {
    CAPTURE(one.leaf, one.size);
    const std::vector<std::string> leaves(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(one.size));
    const auto path = path_of(one.leaf - 1, leaves);
    CHECK(hex_path(path) == one.path);
    CHECK(merkle_root(leaves[one.leaf - 1], static_cast<std::int64_t>(one.leaf) - 1,
                      static_cast<std::int64_t>(one.size), path) == head_of(leaves));
  }
}

TEST_CASE("merkle: every leaf of every tree of up to 64 has its path, and only that", "[merkle]") {
  std::vector<std::string> leaves;
  for (std::size_t size = 1; size <= 64; ++size) {
    leaves.push_back(concat("leaf ", size));
    const Digest head = head_of(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      const auto number = static_cast<std::int64_t>(index);
      const auto count = static_cast<std::int64_t>(size);
      const auto path = path_of(index, leaves);
      bool holds = path == path_by_the_book(index, leaves);
      holds = holds && merkle_root(leaves[index], number, count, path) == head;
      // Nothing else leads to the head.
      holds = holds && merkle_root("another leaf", number, count, path) != head;
      if (size > 1) holds = holds && merkle_root(leaves[index], (number + 1) % count, count, path) != head;
      for (std::size_t i = 0; i < path.size(); ++i) {
        auto altered = path;
        altered[i][0] ^= 1;
        holds = holds && merkle_root(leaves[index], number, count, altered) != head;
      }
      auto longer = path;
      longer.push_back(head);
      holds = holds && !merkle_root(leaves[index], number, count, longer);
      if (!path.empty()) {
        auto shorter = path;
        shorter.pop_back();
        holds = holds && !merkle_root(leaves[index], number, count, shorter);
      }
      if (!holds) FAIL("leaf " << index << " of " << size);
    }
  }
}

TEST_CASE("merkle: leaves beyond the size are left out, indexes beyond it have no path", "[merkle]") {
  const std::vector<std::string> leaves = {"a", "b", "c"};
  MerklePath path(1, 3);
  for (const std::string& leaf : leaves) path.add(leaf);
  path.add("a later one");
  CHECK(merkle_root("b", 1, 3, path.hashes()) == head_of(leaves));
  CHECK_FALSE(merkle_root("b", 3, 3, path.hashes()));
  CHECK_FALSE(merkle_root("b", -1, 3, path.hashes()));
  CHECK_FALSE(merkle_root("b", 0, 0, {}));
}
