#include "trust/product.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"

namespace lic {
namespace {

constexpr std::array kRoles = {Role::license, Role::revocations, Role::lease};
constexpr std::size_t kMostKeys = 64;

constexpr TextView kOtherId = "is not the id of that public key";

/// Reads "public" and "keyid", which is compared with it, now or by check_signatures().
std::optional<PublicKey> read_key(json::Reader& entry, KeyId& claimed, bool compare) {
  auto key = PublicKey::from_base64(entry.text("public"));
  if (!key) {
    entry.fault("public", key.error().message);
    return std::nullopt;
  }
  claimed = KeyId(entry.string("keyid"));
  if (compare ? claimed != key->id() : claimed.hex().empty()) entry.fault("keyid", kOtherId);
  return std::move(key).value();
}

std::vector<PublicKey> read_roots(json::Reader& document, std::vector<KeyId>& ids, bool compare) {
  std::vector<PublicKey> roots;
  const json::Array& listed = document.array("roots");
  if (listed.size() > kMostKeys) document.fault("roots", concat("names more than ", kMostKeys, " keys"));
  for (std::size_t i = 0; i < std::min(listed.size(), kMostKeys); ++i) {
    json::Reader entry(listed[i], document, "roots", i);
    KeyId claimed;
    auto key = read_key(entry, claimed, compare);
    if (!key) continue;
    ids.push_back(std::move(claimed));
    if (std::find(roots.begin(), roots.end(), *key) != roots.end()) entry.fault("public", "is listed twice");
    roots.push_back(*key);
  }
  return roots;
}

std::vector<Role> read_roles(json::Reader& entry) {
  std::vector<Role> roles;
  for (const auto& name : entry.strings_or_empty("roles")) {
    // A role that a later version invents is no concern of this one.
    for (const Role role : kRoles)
      if (token(role) == name) roles.push_back(role);
  }
  return roles;
}

std::vector<TrustedKey> read_keys(json::Reader& document, std::vector<KeyId>& ids, bool compare) {
  std::vector<TrustedKey> keys;
  const json::Array& listed = document.array("keys");
  if (listed.size() > kMostKeys) document.fault("keys", concat("names more than ", kMostKeys, " keys"));
  for (std::size_t i = 0; i < std::min(listed.size(), kMostKeys); ++i) {
    json::Reader entry(listed[i], document, "keys", i);
    KeyId claimed;
    auto key = read_key(entry, claimed, compare);
    auto roles = read_roles(entry);
    const auto not_before = entry.optional_time("not_before");
    const auto not_after = entry.optional_time("not_after");
    if (!key) continue;
    keys.push_back({*key, std::move(roles), not_before, not_after});
    ids.push_back(std::move(claimed));
  }
  return keys;
}

Result<void> check_size(ByteView bytes, std::string_view what) {
  if (bytes.size() <= kMaxDocument) return {};
  return error(Errc::invalid_input, concat(what, " is larger than ", kMaxDocument / 1024, " KiB"));
}

/// pin.accepts(next), by the signatures of `next` alone.
Result<void> accepts_directly(const ProductPin& pin, const ProductFile& next) {
  const std::string& name = next.catalog().id;
  if (name != pin.product)
    return error(Errc::untrusted,
                 concat("the product file is for ", in_quotes(name), ", not for ", in_quotes(pin.product)));
  if (next.version() < pin.version)
    return error(Errc::untrusted, concat("the product file is version ", next.version(), ", older than version ",
                                         pin.version, " known here"));
  // What open() checked was then signed by the pinned roots: they are in what was signed.
  if (next.version() == pin.version && next.digest() == pin.digest) return {};
  if (next.version() == pin.version)
    return error(Errc::untrusted, concat("the product file is another one of the same version ", pin.version),
                 "ask the vendor which of the two is right");
  if (next.signatures_by(pin.roots) < static_cast<std::size_t>(pin.threshold))
    return error(Errc::untrusted, "the product file is not signed by the root keys that are trusted here",
                 "get it again from the vendor whose product this is");
  return {};
}

}  // namespace

std::string_view token(Role role) noexcept {
  switch (role) {
    case Role::license:
      return "license";
    case Role::revocations:
      return "revocations";
    case Role::lease:
      return "lease";
  }
  return {};
}

bool TrustedKey::may(Role role) const noexcept { return std::find(roles.begin(), roles.end(), role) != roles.end(); }

Result<ProductFile> ProductFile::open(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(ProductFile product, open_unchecked(bytes, what, Ids::check));
  LIC_TRY(product.check_signatures(what));
  return product;
}

Result<ProductFile> ProductFile::open_unchecked(ByteView bytes, std::string_view what) {
  return open_unchecked(bytes, what, Ids::leave);
}

Result<ProductFile> ProductFile::open_unchecked(ByteView bytes, std::string_view what, Ids ids) {
  LIC_TRY(check_size(bytes, what));
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  return read(envelope, bytes, what, ids);
}

Result<void> ProductFile::check_signatures(std::string_view what) const {
  if (!data_->has_checked_ids) LIC_TRY(check_ids(what));
  if (signatures_by(roots()) >= static_cast<std::size_t>(threshold())) return {};
  return error(Errc::untrusted, concat(what, " is not signed by ", threshold(), " of its root keys"),
               "get the product file again from the vendor");
}

Result<void> ProductFile::check_ids(std::string_view what) const {
  const auto other_id = [&](TextView list, std::size_t index) {
    return error(Errc::invalid_input, concat(what, ": /", list, '/', index, "/keyid: ", kOtherId));
  };
  for (std::size_t i = 0; i < roots().size(); ++i)
    if (data_->root_ids[i] != roots()[i].id()) return other_id("roots", i);
  for (std::size_t i = 0; i < keys().size(); ++i)
    if (data_->key_ids[i] != keys()[i].key.id()) return other_id("keys", i);
  return {};
}

Result<ProductFile> ProductFile::read(const Envelope& envelope, ByteView bytes, std::string_view what, Ids ids) {
  LIC_TRY(envelope.expect(DocumentKind::product, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));

  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  const auto data = std::make_shared<Data>();
  data->has_checked_ids = ids == Ids::check;
  data->roots = read_roots(document, data->root_ids, data->has_checked_ids);
  data->threshold = document.integer("threshold", 1, static_cast<std::int64_t>(kMostKeys));
  data->keys = read_keys(document, data->key_ids, data->has_checked_ids);
  const std::int64_t version = document.integer("version", 1, json::kMaxInteger);
  data->issued_at = document.time("issued_at");
  data->catalog = read_catalog(document, false);
  data->catalog.version = version;
  data->id = document.string("id");
  if (!faults.empty()) return faults.first(what);

  data->bytes.assign(bytes.begin(), bytes.end());
  data->signed_bytes = envelope.signed_bytes();
  data->digest = blake2b(data->signed_bytes);
  for (const auto& entry : envelope.signatures()) data->signatures.emplace_back(entry.claimed, entry.signature);
  data->before = envelope.before();
  return ProductFile(data);
}

Result<ProductProposal> ProductProposal::parse(ByteView bytes, std::string_view what) {
  LIC_TRY(check_size(bytes, what));
  LIC_TRY_ASSIGN(Envelope envelope, Envelope::parse(bytes, what, Envelope::Unsigned::allow));
  LIC_TRY_ASSIGN(ProductFile content, ProductFile::read(envelope, bytes, what, ProductFile::Ids::check));
  return ProductProposal(std::move(envelope), std::move(content));
}

std::int64_t ProductProposal::lacking(const std::vector<PublicKey>& roots, std::int64_t threshold) const {
  return std::max<std::int64_t>(0, threshold - static_cast<std::int64_t>(content_.signatures_by(roots)));
}

bool ProductProposal::is_complete(const ProductFile& now) const {
  return lacking(now.roots(), now.threshold()) == 0 && lacking(content_.roots(), content_.threshold()) == 0;
}

std::size_t ProductFile::signatures_by(const std::vector<PublicKey>& roots) const {
  return static_cast<std::size_t>(std::count_if(roots.begin(), roots.end(), [&](const PublicKey& root) {
    const KeyId id = root.id();
    return std::any_of(data_->signatures.begin(), data_->signatures.end(), [&](const auto& entry) {
      return entry.first == id && root.verifies(data_->signed_bytes, entry.second);
    });
  }));
}

const TrustedKey* ProductFile::find_key(const KeyId& id) const noexcept {
  const auto& ids = data_->key_ids;
  const auto found = std::find(ids.begin(), ids.end(), id);
  return found == ids.end() ? nullptr : &keys()[static_cast<std::size_t>(found - ids.begin())];
}

ProductPin ProductFile::pin() const { return {catalog().id, version(), threshold(), roots(), digest()}; }

Result<void> ProductPin::accepts(const ProductFile& next) const {
  auto direct = accepts_directly(*this, next);
  if (direct || next.before().empty()) return direct;
  ProductPin pin = *this;
  for (const std::string& text : next.before()) {
    const auto step = ProductFile::open(view_bytes(text), "an earlier product file");
    if (step && step->version() > pin.version && accepts_directly(pin, *step)) pin = step->pin();
  }
  return accepts_directly(pin, next) ? Result<void>() : direct;
}

}  // namespace lic
