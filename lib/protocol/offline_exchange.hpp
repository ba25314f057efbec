#pragma once

/// The documents by which a machine without a network gets a seat and gives it back
/// (docs/formats.md, 11): the request, and the receipt. The answer is a license.
///
/// Neither is signed, since no client has a key to sign with. Both carry a check by
/// which an alteration on the way is noticed that nobody made on purpose. What
/// proves that a receipt is that of a request is its secret, of which the request
/// had the hash.

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/hash.hpp"
#include "crypto/secret.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/key.hpp"
#include "license/terms.hpp"

namespace lic {

/// A request or a receipt has no more bytes than this.
inline constexpr std::size_t kMaxExchange = 16 * 1024;

/// Asks for a seat of the license `key` for the machine of `facts`.
struct ActivationRequest {
  std::string id;  ///< 128 random bits, hex: the answer names it
  std::string product;
  Time issued_at{};
  LicenseKey key;
  FactDigests facts;         ///< as machine bindings have them; what they are worth is the reader's to judge
  std::string receipt_hash;  ///< SHA-256 of the receipt's secret, hex

  /// The document: one line of compact JSON, ASCII, without a newline.
  [[nodiscard]] LIC_INTERNAL std::string to_json() const;

  /// Errors: invalid_input (malformed, altered or copied wrongly, of another kind, of
  /// a newer version).
  static Result<ActivationRequest> LIC_INTERNAL parse(ByteView bytes, std::string_view what);
};

/// Gives the seat of one request back: whoever shows the secret had the activation.
struct ActivationReceipt {
  std::string id;  ///< of the request
  std::string product;
  Time issued_at{};
  LicenseKey key;
  std::string secret;  ///< 256 random bits, hex

  [[nodiscard]] LIC_INTERNAL std::string to_json() const;

  /// Errors: as ActivationRequest::parse().
  static Result<ActivationReceipt> LIC_INTERNAL parse(ByteView bytes, std::string_view what);

  /// The hash that the request of this receipt had, if it is genuine.
  [[nodiscard]] LIC_INTERNAL std::string hash() const;
};

/// A fresh id of a request, and a fresh secret of its receipt; hex.
[[nodiscard]] LIC_INTERNAL std::string random_request_id();
[[nodiscard]] std::string random_receipt_secret();

/// What a request has as `receipt_hash` for that secret: hex of the SHA-256 of its
/// bytes. Precondition: `secret` is hex.
[[nodiscard]] LIC_INTERNAL std::string receipt_hash_of(std::string_view secret);

}  // namespace lic
