#include "trust/revocations.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"
#include "trust/verify.hpp"

namespace lic {
namespace {

bool by_id(const Revocation& a, const Revocation& b) { return a.id < b.id; }

RevocationList read_list(json::Reader& document) {
  RevocationList list;
  read_version(document);
  list.id = document.string("id");
  list.product = document.string("product");
  list.seq = document.integer("seq", 1, json::kMaxInteger);
  list.issued_at = document.time("issued_at");
  list.next_update = document.time("next_update");
  const json::Array& entries = document.array("entries");
  list.entries.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json::Reader entry(entries[i], document, "entries", i);
    list.entries.push_back({entry.string("id"), entry.string_or("reason", ""), entry.time("revoked_at")});
  }
  std::sort(list.entries.begin(), list.entries.end(), by_id);
  return list;
}

}  // namespace

const Revocation* RevocationList::find(std::string_view license_id) const noexcept {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), license_id,
                       [](const Revocation& entry, std::string_view wanted) { return entry.id < wanted; });
  return found == entries.end() || found->id != license_id ? nullptr : &*found;
}

Result<RevocationList> RevocationList::open(ByteView bytes, const ProductFile& product, std::string_view what) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::revocations, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, product, Role::revocations, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));
  json::Faults faults;
  json::Reader document(value, faults);
  RevocationList list = read_list(document);
  if (!faults.empty()) return faults.first(what);
  if (list.product != product.catalog().id)
    return error(Errc::untrusted, concat(what, " is for the product ", in_quotes(list.product), ", not for ",
                                         in_quotes(product.catalog().id)));
  LIC_TRY(check_in_force(product, signer, list.issued_at, what));
  list.digest = blake2b(envelope.signed_bytes());
  return list;
}

}  // namespace lic
