#pragma once

/// DSSE v1 envelopes (secure-systems-lab/dsse): what is signed, and by whom it
/// says it is (docs/formats.md, 2). Parsed here; believed only in trust/.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/keys.hpp"
#include "lic/result.hpp"

namespace lic {

/// What a signed document is for; the <kind> of its payload type.
enum class DocumentKind { license, product, revocations, lease, activation_request, checkpoint, clock_reset, usage };

[[nodiscard]] LIC_INTERNAL std::string_view token(DocumentKind kind) noexcept;
/// `application/vnd.lic.<kind>.v1+json`
[[nodiscard]] LIC_INTERNAL std::string payload_type(DocumentKind kind);

inline constexpr std::size_t kMaxDocument = 64 * 1024;
inline constexpr std::size_t kMaxRevocations = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxUsage = 1024 * 1024;
inline constexpr std::size_t kMaxSignatures = 16;
inline constexpr std::size_t kMaxBefore = 16;

/// The bytes that are signed: "DSSEv1" SP len(type) SP type SP len(body) SP body.
[[nodiscard]] LIC_INTERNAL Bytes pre_authentication_encoding(std::string_view type, ByteView body);

class LIC_INTERNAL Envelope {
 public:
  struct SignatureEntry {
    KeyId claimed;  ///< as the document says; to be compared, never believed
    Bytes signature;
  };

  /// Whether a document without any signature is one: only before it is signed.
  enum class Unsigned { refuse, allow };

  /// `what` begins messages ("license file 'a.json'").
  /// Errors: invalid_input, for anything that formats.md 2 refuses.
  static Result<Envelope> parse(ByteView bytes, std::string_view what, Unsigned none = Unsigned::refuse);

  /// Builds an envelope around signatures that were just made.
  static Envelope of(DocumentKind kind, Bytes payload, std::vector<SignatureEntry> signatures);

  /// Absent when the payload type is none of ours.
  [[nodiscard]] std::optional<DocumentKind> kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  [[nodiscard]] const Bytes& payload() const noexcept { return payload_; }
  [[nodiscard]] const std::vector<SignatureEntry>& signatures() const noexcept { return signatures_; }
  /// The newest product file that a license file may carry; empty when none.
  [[nodiscard]] const std::string& carried_product() const noexcept { return carried_product_; }
  /// The earlier product files that a product file may carry (docs/formats.md, 4), oldest
  /// first: the beginning of them, where there are more than kMaxBefore.
  [[nodiscard]] const std::vector<std::string>& before() const noexcept { return before_; }
  void set_before(std::vector<std::string> files) { before_ = std::move(files); }

  /// The same without what it carries: what was signed, and by whom.
  [[nodiscard]] Envelope bare() const;

  /// The bytes that every signature is over.
  [[nodiscard]] Bytes signed_bytes() const;

  /// Errors: untrusted, naming both kinds, when this is not a `wanted` document.
  [[nodiscard]] Result<void> expect(DocumentKind wanted, std::string_view what) const;

  /// Compact JSON, one line, no newline at the end.
  [[nodiscard]] std::string to_json() const;

 private:
  Envelope() = default;

  std::string type_;
  std::optional<DocumentKind> kind_;
  Bytes payload_;
  std::vector<SignatureEntry> signatures_;
  std::string carried_product_;
  std::vector<std::string> before_;
};

}  // namespace lic
