#pragma once

/// The product file: whom a client trusts, and for what (docs/formats.md, 4).

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/catalog.hpp"

namespace lic {

/// What a signing key may sign.
enum class Role { license, revocations, lease };

[[nodiscard]] LIC_INTERNAL std::string_view token(Role role) noexcept;

/// A key that the roots have delegated to, with what it may do and when.
struct TrustedKey {
  PublicKey key;
  std::vector<Role> roles;
  std::optional<Time> not_before;  ///< compared with a document's issued_at
  std::optional<Time> not_after;

  [[nodiscard]] LIC_INTERNAL bool may(Role role) const noexcept;
};

class ProductFile;

/// What a client remembers of the product file it trusts, so that only a rightful
/// successor takes its place.
struct ProductPin {
  std::string product;
  std::int64_t version = 0;
  std::int64_t threshold = 1;
  std::vector<PublicKey> roots;
  Digest digest{};  ///< BLAKE2b-256 of the signed bytes

  /// Whether `next` may take the place of the pinned file: the same product, not
  /// an older version, not another file of the same version, and signed by the
  /// threshold of the pinned roots.
  /// Errors: untrusted, saying which of these fails.
  [[nodiscard]] LIC_INTERNAL Result<void> accepts(const ProductFile& next) const;
};

/// A product file whose signatures hold. Only open() makes one; copies are cheap,
/// as they share what was read.
class LIC_INTERNAL ProductFile {
 public:
  /// Parses and checks that `threshold` of the roots named inside have signed it.
  /// (Whether those are the right roots is the caller's to know: the file was
  /// embedded, or given by the user, or succeeds one that was: see accepts().)
  /// Errors: invalid_input (malformed, a weak key), untrusted (signatures, kind).
  static Result<ProductFile> open(ByteView bytes, std::string_view what);

  [[nodiscard]] const std::string& id() const noexcept { return data_->id; }
  [[nodiscard]] const Catalog& catalog() const noexcept { return data_->catalog; }
  [[nodiscard]] std::int64_t version() const noexcept { return data_->version; }
  [[nodiscard]] const std::vector<PublicKey>& roots() const noexcept { return data_->roots; }
  [[nodiscard]] std::int64_t threshold() const noexcept { return data_->threshold; }
  [[nodiscard]] const std::vector<TrustedKey>& keys() const noexcept { return data_->keys; }
  [[nodiscard]] Time issued_at() const noexcept { return data_->issued_at; }
  /// The envelope as it was read.
  [[nodiscard]] const Bytes& bytes() const noexcept { return data_->bytes; }

  /// The key of that id; null when this product trusts none such.
  [[nodiscard]] const TrustedKey* find_key(const KeyId& id) const noexcept;

  [[nodiscard]] const Digest& digest() const noexcept { return data_->digest; }
  [[nodiscard]] ProductPin pin() const;
  /// pin().accepts(next)
  [[nodiscard]] Result<void> accepts(const ProductFile& next) const { return pin().accepts(next); }
  /// How many of `roots` have signed.
  [[nodiscard]] std::size_t signatures_by(const std::vector<PublicKey>& roots) const;

 private:
  struct Data {
    std::string id;
    Catalog catalog;
    std::int64_t version = 0;
    std::vector<PublicKey> roots;
    std::int64_t threshold = 1;
    std::vector<TrustedKey> keys;
    Time issued_at{};
    Bytes bytes;
    Bytes signed_bytes;
    Digest digest{};  ///< BLAKE2b-256 of signed_bytes
    std::vector<std::pair<KeyId, Bytes>> signatures;
  };

  explicit ProductFile(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};

/// The payload of a product file, ready to sign: `catalog_json` is the catalogue
/// as imported, to which this adds v, id, issued_at, version, roots and keys.
[[nodiscard]] LIC_INTERNAL std::string product_payload(std::string_view catalog_json, std::string_view id,
                                                       Time issued_at, std::int64_t version,
                                                       const std::vector<PublicKey>& roots, std::int64_t threshold,
                                                       const std::vector<TrustedKey>& keys);

}  // namespace lic
