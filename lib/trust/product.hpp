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
#include "license/envelope.hpp"

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
  /// threshold of the pinned roots; or of those roots that took their place step by
  /// step in the files that `next` carries.
  /// Errors: untrusted, saying which of these fails.
  [[nodiscard]] LIC_INTERNAL Result<void> accepts(const ProductFile& next) const;
};

/// A product file whose signatures hold, as open() makes it (see open_unchecked() for the one
/// exception). Copies are cheap, as they share what was read.
class LIC_INTERNAL ProductFile {
 public:
  /// Parses and checks that `threshold` of the roots named inside have signed it.
  /// (Whether those are the right roots is the caller's to know: the file was
  /// embedded, or given by the user, or succeeds one that was: see accepts().)
  /// Errors: invalid_input (malformed, a weak key), untrusted (signatures, kind).
  static Result<ProductFile> open(ByteView bytes, std::string_view what);
  /// The same without a look at the signatures. Nothing may count by such a file until
  /// check_signatures() has passed, or its digest is that of a ProductPin: then the very bytes
  /// passed when they were pinned. That goes for the ids which it gives its keys as well.
  static Result<ProductFile> open_unchecked(ByteView bytes, std::string_view what);
  /// Errors: untrusted; invalid_input (a key has another id than the file says).
  [[nodiscard]] Result<void> check_signatures(std::string_view what) const;

  [[nodiscard]] const std::string& id() const noexcept { return data_->id; }
  [[nodiscard]] const Catalog& catalog() const noexcept { return data_->catalog; }
  /// What an application is told of it; it shares this file's memory.
  [[nodiscard]] std::shared_ptr<const ProductInfo> info() const noexcept { return {data_, &data_->catalog}; }
  [[nodiscard]] std::int64_t version() const noexcept { return data_->catalog.version; }
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
  /// The earlier files that it carries, as JSON: nothing signs this list.
  [[nodiscard]] const std::vector<std::string>& before() const noexcept { return data_->before; }

 private:
  friend class ProductProposal;

  enum class Ids { check, leave };

  /// Everything but whether enough have signed.
  static Result<ProductFile> read(const Envelope& envelope, ByteView bytes, std::string_view what, Ids ids);
  static Result<ProductFile> open_unchecked(ByteView bytes, std::string_view what, Ids ids);
  [[nodiscard]] Result<void> check_ids(std::string_view what) const;

  struct Data {
    std::string id;
    Catalog catalog;
    std::vector<PublicKey> roots;
    std::vector<KeyId> root_ids;  ///< of `roots`, as the file says
    std::int64_t threshold = 1;
    std::vector<TrustedKey> keys;
    std::vector<KeyId> key_ids;  ///< of `keys`, as the file says
    bool has_checked_ids = false;
    Time issued_at{};
    Bytes bytes;
    Bytes signed_bytes;
    Digest digest{};  ///< BLAKE2b-256 of signed_bytes
    std::vector<std::pair<KeyId, Bytes>> signatures;
    std::vector<std::string> before;
  };

  explicit ProductFile(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};

/// What is to become a product file once its roots have signed it: whose signatures it
/// has, and whose it lacks. Only ProductFile::open() makes it one to be trusted.
class LIC_INTERNAL ProductProposal {
 public:
  /// As ProductFile::open(), but any number of signatures will do.
  /// Errors: invalid_input; untrusted (another kind of document).
  static Result<ProductProposal> parse(ByteView bytes, std::string_view what);

  /// What it says, not yet to be trusted.
  [[nodiscard]] const ProductFile& content() const noexcept { return content_; }
  [[nodiscard]] const Envelope& envelope() const noexcept { return envelope_; }
  /// Whether that root has signed.
  [[nodiscard]] bool is_signed_by(const PublicKey& root) const { return content_.signatures_by({root}) == 1; }
  /// How many signatures of `roots` there are too few for `threshold`; 0: enough.
  [[nodiscard]] std::int64_t lacking(const std::vector<PublicKey>& roots, std::int64_t threshold) const;
  /// Whether the roots of `now` and its own have signed as a successor needs it.
  [[nodiscard]] bool is_complete(const ProductFile& now) const;

 private:
  ProductProposal(Envelope envelope, ProductFile content)
      : envelope_(std::move(envelope)), content_(std::move(content)) {}

  Envelope envelope_;
  ProductFile content_;
};

/// The payload of a product file, ready to sign: `catalog_json` is the catalogue
/// as imported, to which this adds v, id, issued_at, version, roots and keys.
[[nodiscard]] LIC_INTERNAL std::string product_payload(std::string_view catalog_json, std::string_view id,
                                                       Time issued_at, std::int64_t version,
                                                       const std::vector<PublicKey>& roots, std::int64_t threshold,
                                                       const std::vector<TrustedKey>& keys);

}  // namespace lic
