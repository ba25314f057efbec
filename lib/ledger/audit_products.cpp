#include "ledger/audit_products.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"
#include "license/envelope.hpp"
#include "trust/product.hpp"

namespace lic {
namespace {

using Json = nlohmann::json;

std::int64_t number_in(const Json& detail, const char* name) {
  return detail.contains(name) && detail[name].is_number_integer() ? detail[name].get<std::int64_t>() : 0;
}

/// A catalogue without what a product file adds to it.
Json vendors_words(std::string_view text) {
  Json words = Json::parse(text, nullptr, false);
  if (!words.is_object()) return {};
  for (const char* member : {"id", "issued_at", "crit", "version", "roots", "threshold", "keys"}) words.erase(member);
  return words;
}

/// What is wrong with a product file as it is stored; absent: nothing.
std::optional<std::string> fault_of(const CatalogVersion& stored, const std::string& document, const ProductFile& file,
                                    const std::optional<ProductFile>& before, const std::string& told_sha256) {
  const auto envelope = Envelope::parse(view_bytes(document), "product file");
  if (!envelope) return envelope.error().message;
  if (file.version() != stored.version) return concat("says that it is version ", file.version());
  if (!told_sha256.empty() && hex_encode(bulk_sha256(view_bytes(envelope->bare().to_json()))) != told_sha256)
    return "is not the one that the history names";
  if (before && !before->accepts(file)) return "is no rightful successor of the one before it";
  const Bytes& payload = envelope->payload();
  if (vendors_words(stored.catalog) != vendors_words(std::string(payload.begin(), payload.end())))
    return "does not say what its catalogue says";
  return std::nullopt;
}

/// The keys that a product file names, as the ledger records them; those that an earlier
/// one has named stay as they are.
void name_keys(const ProductFile& file, std::map<std::string, KeyRecord>& named) {
  for (const PublicKey& root : file.roots())
    named.try_emplace(root.id().hex(), KeyRecord{"root", {root, {}, std::nullopt, std::nullopt}, {}});
  for (const TrustedKey& key : file.keys()) {
    const bool licenses = key.may(Role::license) || key.roles.empty();
    named.try_emplace(key.key.id().hex(),
                      KeyRecord{std::string(licenses ? "license" : token(key.roles.front())), key, {}});
  }
}

/// Compares the keys of the ledger with those that were named.
void check_keys(const std::vector<KeyRecord>& stored, const std::map<std::string, KeyRecord>& named,
                const std::function<void(std::string)>& find) {
  for (const auto& [id, wanted] : named) {
    const auto is_it = [&key = wanted.key.key](const KeyRecord& record) { return record.key.key == key; };
    const auto found = std::find_if(stored.begin(), stored.end(), is_it);
    if (found == stored.end())
      find(concat("key ", id, " is in a product file, but not in the ledger"));
    else if (found->purpose != wanted.purpose || found->key.roles != wanted.key.roles ||
             found->key.not_before != wanted.key.not_before || found->key.not_after != wanted.key.not_after)
      find(concat("key ", id, " is not recorded as the product file names it"));
  }
  for (const KeyRecord& record : stored) {
    const std::string& id = record.key.key.id().hex();
    if (!named.contains(id)) find(concat("key ", id, " is in the ledger, but in no product file"));
  }
}

}  // namespace

void ProductAudit::take(const HistoryEntry& entry) {
  const Json detail = Json::parse(entry.detail, nullptr, false);
  if (!detail.is_object()) return;  // a finding of others
  if (entry.action == "restore") {
    kept_ = std::max(kept_, number_in(detail, "product_version"));
    restored_at_.insert(entry.at);
  }
  newest_list_ = std::max(newest_list_, number_in(detail, "seq"));
  if (const std::int64_t version = number_in(detail, "version"); version > 0) {
    const bool told = detail.contains("sha256") && detail["sha256"].is_string();
    versions_[version] = {entry.at, told ? detail["sha256"].get<std::string>() : std::string()};
  }
}

Result<void> ProductAudit::check_products(Ledger& ledger, const std::function<void(std::string)>& find,
                                          std::map<std::string, KeyRecord>& named) const {
  std::map<std::int64_t, Told> missing = versions_;
  std::optional<ProductFile> before;
  std::int64_t count = 0;
  LIC_TRY(ledger.catalogs([&](const CatalogVersion& stored) -> Result<void> {
    ++count;
    const std::string name = concat("version ", stored.version, " of the product file");
    const auto told = missing.extract(stored.version);
    if (told.empty() && stored.version > kept_) find(concat(name, " is in the ledger, but not in the history"));
    const bool from_then =
        told.empty() ? restored_at_.contains(stored.imported_at) : told.mapped().at == stored.imported_at;
    if (!from_then && (!told.empty() || stored.version <= kept_))
      find(concat(name, " is not from the time it was made"));
    LIC_TRY_ASSIGN(const std::string document, ledger.product_file_of(stored.version));
    const auto file = ProductFile::open(view_bytes(document), name);
    if (!file) {
      find(file.error().message);
      return {};
    }
    if (const auto fault = fault_of(stored, document, *file, before, told.empty() ? "" : told.mapped().sha256))
      find(concat(name, " ", *fault));
    name_keys(*file, named);
    before = *file;
    return {};
  }));
  for (const auto& [version, told] : missing)
    find(concat("version ", version, " of the product file is in the history, but not in the ledger"));
  LIC_TRY_ASSIGN(const auto versions, ledger.product_versions());
  if (std::ssize(versions) != count) find("a product file was added by hand, with a version that there cannot be");
  return {};
}

Result<void> ProductAudit::check(Ledger& ledger, const std::function<void(std::string)>& find) const {
  std::map<std::string, KeyRecord> named;
  LIC_TRY(check_products(ledger, find, named));
  const auto keys = ledger.keys();
  if (keys)
    check_keys(*keys, named, find);
  else if (keys.error().code == Errc::invalid_input)
    find(keys.error().message);
  else
    return keys.error();
  LIC_TRY_ASSIGN(const std::int64_t list, ledger.newest_revocation_seq());
  if (list < newest_list_)
    find(concat("the number of the newest revocation list is ", list, ", by the history it is ", newest_list_));
  return {};
}

}  // namespace lic
