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
constexpr std::array<Point, 5> kSmallOrder = {{
    {},
    {0x01},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
}};

/// Whether y, without the sign bit, is below p = 2^255 - 19.
bool is_canonical(const Point& point) noexcept {
  const bool ends_in_ones = (point[31] & 0x7F) == 0x7F && std::all_of(point.begin() + 1, point.begin() + 31,
                                                                      [](std::uint8_t b) { return b == 0xFF; });
  return !(ends_in_ones && point[0] >= 0xED);
}

bool has_small_order(Point point) noexcept {
  point[31] &= 0x7F;
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), point) != kSmallOrder.end();
}

}  // namespace

Result<PublicKey> PublicKey::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize)
    return error(Errc::invalid_input, concat("a public key has ", kSize, " bytes, this one has ", bytes.size()));
  Point point{};
  std::copy(bytes.begin(), bytes.end(), point.begin());
  if (!is_canonical(point)) return error(Errc::invalid_input, "the public key is not a canonical Ed25519 encoding");
  if (has_small_order(point))
    return error(Errc::invalid_input, "the public key is of small order: anyone could sign for it");
  return PublicKey(point);
}

Result<PublicKey> PublicKey::from_base64(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes) return error(Errc::invalid_input, "the public key is not strict base64");
  return from_bytes(*bytes);
}

std::string PublicKey::base64() const { return base64_encode(bytes_); }

KeyId PublicKey::id() const {
  constexpr std::string_view kDomain("lic-key-v1\0\x01", 12);
  std::array<std::uint8_t, kDomain.size() + kSize> input{};
  std::copy(bytes_.begin(), bytes_.end(), std::copy(kDomain.begin(), kDomain.end(), input.begin()));
  return KeyId(hex_encode(sha256(input)));
}

bool PublicKey::verifies(ByteView message, ByteView signature) const noexcept {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), bytes_.data()) == 0;
}

}  // namespace lic
