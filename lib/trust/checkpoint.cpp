#include "trust/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"
#include "trust/verify.hpp"

namespace lic {

std::string Checkpoint::to_json() const {
  const nlohmann::ordered_json out = {
      {"v", 1},       {"id", id},    {"product", product}, {"issued_at", format_time(issued_at)},
      {"size", size}, {"root", root}};
  return out.dump();
}

Result<Checkpoint> Checkpoint::open(ByteView bytes, const ProductFile& product, std::string_view what) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::checkpoint, what));
  LIC_TRY_ASSIGN(const KeyId signer, signer_of(envelope, product, Role::license, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));
  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  Checkpoint checkpoint;
  checkpoint.id = document.string("id");
  checkpoint.product = document.string("product");
  checkpoint.issued_at = document.time("issued_at");
  checkpoint.size = document.integer("size", 0, json::kMaxInteger);
  checkpoint.root = document.string("root");
  const auto root = hex_decode(checkpoint.root);
  if (!root || root->size() != Digest{}.size()) document.fault("root", "is not a SHA-256 in hex");
  if (!faults.empty()) return faults.first(what);
  if (checkpoint.product != product.catalog().id)
    return error(Errc::untrusted, concat(what, " is for the product ", in_quotes(checkpoint.product), ", not for ",
                                         in_quotes(product.catalog().id)));
  LIC_TRY(check_in_force(product, signer, checkpoint.issued_at, what));
  return checkpoint;
}

}  // namespace lic
