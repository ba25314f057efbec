#include "crypto/key_check.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/signing.hpp"

namespace lic {
namespace {

struct PublishedKey {
  std::string_view hex;
  std::string_view source;
};

/// Keys of standards, which many programs have in their examples.
constexpr std::array kPublished = {
    PublishedKey{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "RFC 8032, 7.1, test 1"},
    PublishedKey{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "RFC 8032, 7.1, test 2"},
    PublishedKey{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "RFC 8032, 7.1, test 3"},
    PublishedKey{"278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e", "RFC 8032, 7.1, test 1024"},
    PublishedKey{"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", "RFC 8032, 7.1, test SHA(abc)"},
    PublishedKey{"19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1", "RFC 8410, 10"},
};

PublicKey public_key_of(Bytes seed) { return SigningKey::from_seed(SecretBytes(std::move(seed))).value().public_key(); }

/// Seeds that are written down in a moment: one byte throughout, as in test vectors (ours
/// too), or the numbers from 0 or 1.
std::string guessed_seed(const PublicKey& key) {
  for (unsigned byte = 0; byte <= 0xFF; ++byte)
    if (public_key_of(Bytes(SigningKey::kSeedSize, static_cast<std::uint8_t>(byte))) == key)
      return concat("the byte ", byte, ' ', SigningKey::kSeedSize, " times");
  for (const std::uint8_t first : {std::uint8_t{0}, std::uint8_t{1}}) {
    Bytes seed(SigningKey::kSeedSize);
    std::uint8_t next = first;
    for (auto& byte : seed) byte = next++;
    if (public_key_of(std::move(seed)) == key) return concat("the bytes from ", int{first}, " on");
  }
  return {};
}

/// Typed rather than made: so few different bytes, text, or steps of one size. That a key is
/// so by chance is less likely than 2^-45.
bool is_placeholder(ByteView key) {
  constexpr std::size_t kFew = 8;
  if (std::set<std::uint8_t>(key.begin(), key.end()).size() <= kFew) return true;
  if (std::all_of(key.begin(), key.end(), [](std::uint8_t byte) { return byte >= 0x20 && byte <= 0x7E; })) return true;
  const int step = key[1] - key[0];
  return std::adjacent_find(key.begin(), key.end(), [step](int a, int b) { return b - a != step; }) == key.end();
}

}  // namespace

std::string key_fault(const PublicKey& key) {
  if (is_placeholder(key.bytes())) return "is a placeholder, no key that someone made";
  const std::string hex = hex_encode(key.bytes());
  const auto published =
      std::find_if(kPublished.begin(), kPublished.end(), [&](const PublishedKey& known) { return known.hex == hex; });
  if (published != kPublished.end())
    return concat("is an example (", published->source,
                  "): its private half is published, so anyone could sign for it");
  if (const std::string seed = guessed_seed(key); !seed.empty())
    return concat("was made from ", seed, ": anyone could sign for it");
  // Beyond small order, which PublicKey refuses: no point of the curve, or one outside the subgroup of prime order.
  if (crypto_core_ed25519_is_valid_point(key.bytes().data()) == 0)
    return "is no point that an Ed25519 private key has: nobody can sign for it as it should be";
  return {};
}

}  // namespace lic
