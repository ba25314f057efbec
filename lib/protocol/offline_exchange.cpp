#include "protocol/offline_exchange.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"

namespace lic {
namespace {

constexpr std::string_view kRequestType = "activation-request";
constexpr std::string_view kReceiptType = "activation-receipt";
constexpr std::string_view kCheckMember = "check";
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kCheckBytes = 8;

using Member = std::pair<std::string, json::Value>;

Member text(std::string name, std::string value) { return {std::move(name), json::Value(std::move(value))}; }

/// The first 8 bytes of the SHA-256 of the document without its check, as compact JSON.
std::string check_of(const json::Object& document) {
  json::Object rest;
  std::copy_if(document.begin(), document.end(), std::back_inserter(rest),
               [](const auto& member) { return member.first != kCheckMember; });
  const Digest digest = sha256(view_bytes(json::dump(json::Value(std::move(rest)))));
  return hex_encode(ByteView(digest).first(kCheckBytes));
}

std::string write_document(json::Object members) {
  std::string check = check_of(members);
  members.push_back(text(std::string(kCheckMember), std::move(check)));
  return json::dump(json::Value(std::move(members)));
}

/// What both kinds begin with.
json::Object head(std::string_view type, const std::string& id, const std::string& product, Time issued_at,
                  const LicenseKey& key) {
  return {{"v", json::Value(std::int64_t{1})},
          text("type", std::string(type)),
          text("id", id),
          text("product", product),
          text("issued_at", format_time(issued_at)),
          text("key", key.text())};
}

json::Value facts_value(const FactDigests& facts) {
  json::Object out;
  for (const auto& [name, digests] : facts) {
    if (digests.size() == 1) {
      out.push_back(text(name, digests.front()));
      continue;
    }
    json::Array several;
    for (const auto& digest : digests) several.emplace_back(digest);
    out.emplace_back(name, json::Value(std::move(several)));
  }
  return json::Value(std::move(out));
}

const std::string* text_member(const json::Value& document, std::string_view name) {
  const json::Value* member = document.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

/// The document, seen to be of that type and whole.
Result<json::Value> open_document(ByteView bytes, std::string_view type, std::string_view what) {
  if (bytes.size() > kMaxExchange)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxExchange / 1024, " KiB"));
  LIC_TRY_ASSIGN(json::Value document, json::parse(view_text(bytes), what));
  const std::string* found = text_member(document, "type");
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
  const std::string* check = text_member(document, kCheckMember);
  if (check == nullptr || *check != check_of(*document.as_object()))
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
  json::Object document = head(kRequestType, id, product, issued_at, key);
  document.emplace_back("facts", facts_value(facts));
  document.push_back(text("receipt_hash", receipt_hash));
  return write_document(std::move(document));
}

Result<ActivationRequest> ActivationRequest::parse(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Value document, open_document(bytes, kRequestType, what));
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
  json::Object document = head(kReceiptType, id, product, issued_at, key);
  document.push_back(text("secret", secret));
  return write_document(std::move(document));
}

Result<ActivationReceipt> ActivationReceipt::parse(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(const json::Value document, open_document(bytes, kReceiptType, what));
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
