#pragma once

/// Many licenses that differ in their id and key alone.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/signing.hpp"
#include "license/terms.hpp"

namespace lic {

/// Signs licenses of the same terms at little more than the cost of the signature: the
/// document is made once, and of each further one only what differs.
/// Any number of threads may use one at a time.
class LicenseStamp {
 public:
  /// `key_sample` is a key of the form that all of them have. `signer` must outlive this.
  LicenseStamp(Terms terms, std::string_view key_sample, const SigningKey& signer);

  /// The signed document: the very text that sign_document() gives for these terms.
  /// Precondition: `id` is a ULID, `key` as long as the sample.
  [[nodiscard]] std::string document(std::string_view id, std::string_view key) const;

 private:
  /// A text within the payload that differs, and the base64 that covers it.
  struct Place {
    std::size_t at = 0;
    std::size_t size = 0;
  };

  void put_base64(const Bytes& message, const Place& place, std::string& text) const;

  const SigningKey* signer_;
  Bytes message_;               ///< what is signed: the payload is its end
  std::size_t payload_at_ = 0;  ///< in message_
  Place id_;                    ///< in the payload
  Place key_;
  std::string text_;                   ///< the document
  std::size_t text_payload_at_ = 0;    ///< of the payload's base64 in text_
  std::size_t text_signature_at_ = 0;  ///< of the signature's
};

}  // namespace lic
