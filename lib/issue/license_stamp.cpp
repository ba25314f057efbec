#include "issue/license_stamp.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "issue/issuer.hpp"
#include "license/envelope.hpp"

namespace lic {

LicenseStamp::LicenseStamp(Terms terms, std::string_view key_sample, const SigningKey& signer) : signer_(&signer) {
  // Fresh random names, so that they are found where they belong and nowhere else.
  UlidSource ids;
  terms.id = ids.next(terms.issued_at);
  terms.key = key_sample;
  const std::string payload = terms.to_json();
  id_ = {payload.find(terms.id), terms.id.size()};
  key_ = {payload.find(terms.key), terms.key.size()};
  message_ = pre_authentication_encoding(payload_type(DocumentKind::license), view_bytes(payload));
  payload_at_ = message_.size() - payload.size();
  const Envelope sample = sign_document(DocumentKind::license, payload, signer);
  text_ = sample.to_json();
  text_payload_at_ = text_.find(base64_encode(view_bytes(payload)));
  text_signature_at_ = text_.find(base64_encode(sample.signatures().front().signature));
}

/// Writes anew the groups of four symbols that cover `place`: of whole groups of three
/// bytes, counted from the payload's beginning.
void LicenseStamp::put_base64(const Bytes& message, const Place& place, std::string& text) const {
  const std::size_t first = place.at / 3;
  const std::size_t last = (place.at + place.size + 2) / 3;
  const ByteView payload = ByteView(message).subspan(payload_at_);
  const ByteView groups = payload.subspan(first * 3, std::min(last * 3, payload.size()) - first * 3);
  const std::string encoded = base64_encode(groups);
  std::copy(encoded.begin(), encoded.end(), text.begin() + static_cast<std::ptrdiff_t>(text_payload_at_ + first * 4));
}

std::string LicenseStamp::document(std::string_view id, std::string_view key) const {
  Bytes message = message_;
  const auto put = [&](const Place& place, std::string_view value) {
    std::copy(value.begin(), value.end(), message.begin() + static_cast<std::ptrdiff_t>(payload_at_ + place.at));
  };
  put(id_, id);
  put(key_, key);
  const std::string signature = base64_encode(signer_->sign(message));
  std::string text = text_;
  put_base64(message, id_, text);
  put_base64(message, key_, text);
  std::copy(signature.begin(), signature.end(), text.begin() + static_cast<std::ptrdiff_t>(text_signature_at_));
  return text;
}

}  // namespace lic
