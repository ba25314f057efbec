#include "protocol/offline_exchange.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"
#include "protocol/facts_json.hpp"

namespace lic {
namespace {

constexpr std::string_view kRequestType = "activation-request";
constexpr std::string_view kReceiptType = "activation-receipt";
constexpr std::string_view kCheckMember = "check";
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kCheckBytes = 8;

/// The first 8 bytes of the SHA-256 of the document without its check, as compact JSON.
std::string check_of(const json::Value& document) {
  const Digest digest = sha256(view_bytes(json::dump_without(document, kCheckMember)));
  return hex_encode(ByteView(digest).first(kCheckBytes));
}

std::string write_document(json::Value document) {
  const std::string check = check_of(document);
  return json::dump(json::ObjectBuilder(std::move(document)).string(kCheckMember, check).take());
}

/// What both kinds begin with.
json::ObjectBuilder head(std::string_view type, const std::string& id, const std::string& product, Time issued_at,
                         const LicenseKey& key) {
  json::ObjectBuilder out;
  out.integer("v", 1).string("type", type).string("id", id).string("product", product);
  out.time("issued_at", issued_at).string("key", key.text());
  return out;
}

const json::Text* text_member(const json::Value& document, std::string_view name) {
  const json::Value* member = document.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

/// The document, seen to be of that type and whole.
Result<json::Document> open_document(ByteView bytes, std::string_view type, std::string_view what) {
  if (bytes.size() > kMaxExchange)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxExchange / 1024, " KiB"));
  LIC_TRY_ASSIGN(json::Document document, json::parse(view_text(bytes), what));
  const json::Text* found = text_member(document, "type");
  if (found == nullptr || *found != type) {
    if (document.find("payload") != nullptr)
      return error(Errc::invalid_input, concat(what, " is a signed document, not an ", type));
    return error(Errc::invalid_input, concat(what, " is not an ", type),
                 found == nullptr ? "" : concat("it says that it is an ", in_quotes(*found)));
  }
  json::Faults faults;
  json::Reader reader(document, faults);
  read_version(reader);
  if (!faults.empty()) return faults.first(what);
  const json::Text* check = text_member(document, kCheckMember);
  if (check == nullptr || *check != check_of(document))
    return error(Errc::invalid_input, concat(what, " was altered, or copied wrongly: its check does not hold"),
                 "take the file as licctl wrote it, or scan its code once more");
  return document;
}

std::string hex_member(json::Reader& reader, std::string_view name, std::size_t size) {
  std::string value = reader.string(name);
  const auto raw = hex_decode(value);
  if (!raw || raw->size() != size) reader.fault(name, concat("is not ", size, " bytes in hex"));
  return value;
}

Result<LicenseKey> key_in_normal_form(const std::string& typed, std::string_view what) {
  LIC_TRY_ASSIGN(LicenseKey key, LicenseKey::parse(typed));
  if (key.text() != typed)
    return error(Errc::invalid_input, concat(what, ": /key: ", in_quotes(typed), " is not in normal form"));
  return key;
}

}  // namespace

std::string ActivationRequest::to_json() const {
  json::ObjectBuilder document = head(kRequestType, id, product, issued_at, key);
  document.value("facts", facts_json(facts)).string("receipt_hash", receipt_hash);
  return write_document(document.take());
}

Result<ActivationRequest> ActivationRequest::parse(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Document document, open_document(bytes, kRequestType, what));
  json::Faults faults;
  json::Reader reader(document, faults);
  std::string id = hex_member(reader, "id", kIdBytes);
  std::string product = reader.string("product");
  const Time issued_at = reader.time("issued_at");
  const std::string typed_key = reader.string("key");
  FactDigests facts;
  if (reader.has("facts")) {
    json::Reader listed(*reader.member("facts"), reader, "facts");
    facts = read_fact_digests(listed);
  }
  if (facts.empty()) reader.fault("facts", "must name at least one fact");
  std::string receipt_hash = hex_member(reader, "receipt_hash", Digest{}.size());
  if (!faults.empty()) return faults.first(what);
  LIC_TRY_ASSIGN(LicenseKey key, key_in_normal_form(typed_key, what));
  return ActivationRequest{std::move(id),  std::move(product), issued_at,
                           std::move(key), std::move(facts),   std::move(receipt_hash)};
}

std::string ActivationReceipt::to_json() const {
  json::ObjectBuilder document = head(kReceiptType, id, product, issued_at, key);
  document.string("secret", secret);
  return write_document(document.take());
}

Result<ActivationReceipt> ActivationReceipt::parse(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Document document, open_document(bytes, kReceiptType, what));
  json::Faults faults;
  json::Reader reader(document, faults);
  std::string id = hex_member(reader, "id", kIdBytes);
  std::string product = reader.string("product");
  const Time issued_at = reader.time("issued_at");
  const std::string typed_key = reader.string("key");
  std::string secret = hex_member(reader, "secret", kSecretBytes);
  if (!faults.empty()) return faults.first(what);
  LIC_TRY_ASSIGN(LicenseKey key, key_in_normal_form(typed_key, what));
  return ActivationReceipt{std::move(id), std::move(product), issued_at, std::move(key), std::move(secret)};
}

std::string ActivationReceipt::hash() const { return receipt_hash_of(secret); }

std::string random_request_id() { return hex_encode(random_bytes(kIdBytes)); }
std::string random_receipt_secret() { return hex_encode(random_bytes(kSecretBytes)); }

std::string receipt_hash_of(std::string_view secret) {
  return hex_encode(sha256(hex_decode(secret).value_or(Bytes{})));
}

}  // namespace lic
