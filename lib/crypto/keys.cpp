#include "crypto/keys.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace lic {
namespace {

using Point = std::array<std::uint8_t, PublicKey::kSize>;

/// The y coordinates of the points of order 1, 2, 4 and 8, little-endian; the
/// sign of x makes no difference to the order. (Derived from the curve; the same
/// list stands in libsodium's ge25519_has_small_order.)
constexpr std::array<std::string_view, 5> kSmallOrder = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/// Whether y, without the sign bit, is below p = 2^255 - 19.
bool is_canonical(const Point& point) noexcept {
  const bool ends_in_ones = (point[31] & 0x7F) == 0x7F && std::all_of(point.begin() + 1, point.begin() + 31,
                                                                      [](std::uint8_t b) { return b == 0xFF; });
  return !(ends_in_ones && point[0] >= 0xED);
}

bool has_small_order(Point point) {
  point[31] &= 0x7F;
  const std::string hex = hex_encode(point);
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), hex) != kSmallOrder.end();
}

KeyId id_of(const Point& point) {
  static constexpr std::string_view kDomain("lic-key-v1\0\x01", 12);
  Bytes input(kDomain.begin(), kDomain.end());
  input.insert(input.end(), point.begin(), point.end());
  return KeyId(hex_encode(sha256(input)));
}

}  // namespace

PublicKey::PublicKey(ByteView bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  id_ = id_of(bytes_);
}

Result<PublicKey> PublicKey::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize)
    return error(Errc::invalid_input, concat("a public key has ", kSize, " bytes, this one has ", bytes.size()));
  Point point{};
  std::copy(bytes.begin(), bytes.end(), point.begin());
  if (!is_canonical(point)) return error(Errc::invalid_input, "the public key is not a canonical Ed25519 encoding");
  if (has_small_order(point))
    return error(Errc::invalid_input, "the public key is of small order: anyone could sign for it");
  return PublicKey(bytes);
}

Result<PublicKey> PublicKey::from_base64(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes) return error(Errc::invalid_input, "the public key is not strict base64");
  return from_bytes(*bytes);
}

std::string PublicKey::base64() const { return base64_encode(bytes_); }

bool PublicKey::verifies(ByteView message, ByteView signature) const noexcept {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), bytes_.data()) == 0;
}

}  // namespace lic
