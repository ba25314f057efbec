#include "license/envelope.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

constexpr std::array kKinds = {DocumentKind::license,
                               DocumentKind::product,
                               DocumentKind::revocations,
                               DocumentKind::lease,
                               DocumentKind::activation_request,
                               DocumentKind::checkpoint,
                               DocumentKind::clock_reset,
                               DocumentKind::usage};

constexpr std::string_view kTypePrefix = "application/vnd.lic.";
constexpr std::string_view kTypeSuffix = ".v1+json";

/// How large a document of that kind may be.
std::size_t most_bytes(std::optional<DocumentKind> kind) {
  if (kind == DocumentKind::revocations) return kMaxRevocations;
  return kind == DocumentKind::usage ? kMaxUsage : kMaxDocument;
}

std::optional<DocumentKind> kind_of(std::string_view type) {
  if (!type.starts_with(kTypePrefix) || !type.ends_with(kTypeSuffix)) return std::nullopt;
  type.remove_prefix(kTypePrefix.size());
  for (const DocumentKind kind : kKinds)
    if (type.substr(0, token(kind).size()) == token(kind) && type.substr(token(kind).size()) == kTypeSuffix)
      return kind;
  return std::nullopt;
}

std::vector<Envelope::SignatureEntry> read_signatures(json::Reader& document, Envelope::Unsigned none) {
  std::vector<Envelope::SignatureEntry> entries;
  const json::Array& listed = document.array("signatures");
  if (listed.empty() && none == Envelope::Unsigned::refuse)
    document.fault("signatures", "must hold at least one signature");
  if (listed.size() > kMaxSignatures) {
    document.fault("signatures", concat("holds more than ", kMaxSignatures, " signatures"));
    return entries;
  }
  entries.reserve(listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    json::Reader entry(listed[i], document, "signatures", i);
    KeyId claimed(entry.string("keyid"));
    auto signature = base64_decode(entry.text("sig"));
    if (!signature || signature->size() != Signature{}.size()) entry.fault("sig", "is not the base64 of 64 bytes");
    entries.push_back({std::move(claimed), std::move(signature).value_or(Bytes{})});
  }
  return entries;
}

/// Nothing signs this list: what is no list holds nothing.
std::vector<std::string> read_before(const json::Reader& document) {
  std::vector<std::string> files;
  const json::Value* member = document.member("before");
  const json::Array* listed = member == nullptr ? nullptr : member->as_array();
  if (listed == nullptr) return files;
  for (std::size_t i = 0; i < std::min(listed->size(), kMaxBefore); ++i) files.push_back(json::dump((*listed)[i]));
  return files;
}

}  // namespace

std::string_view token(DocumentKind kind) noexcept {
  switch (kind) {
    case DocumentKind::license:
      return "license";
    case DocumentKind::product:
      return "product";
    case DocumentKind::revocations:
      return "revocations";
    case DocumentKind::lease:
      return "lease";
    case DocumentKind::activation_request:
      return "activation-request";
    case DocumentKind::checkpoint:
      return "checkpoint";
    case DocumentKind::clock_reset:
      return "clock-reset";
    case DocumentKind::usage:
      return "usage";
  }
  return {};
}

std::string payload_type(DocumentKind kind) { return concat(kTypePrefix, token(kind), kTypeSuffix); }

Bytes pre_authentication_encoding(std::string_view type, ByteView body) {
  const std::string head = concat("DSSEv1 ", type.size(), ' ', type, ' ', body.size(), ' ');
  Bytes bytes;
  bytes.reserve(head.size() + body.size());
  bytes.insert(bytes.end(), head.begin(), head.end());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

Result<Envelope> Envelope::parse(ByteView bytes, std::string_view what, Unsigned none) {
  if (bytes.size() > kMaxRevocations)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxRevocations / 1024, " KiB"));
  if (bytes.empty()) return error(Errc::invalid_input, concat(what, " is empty"));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(bytes), what));

  json::Faults faults;
  json::Reader document(value, faults);
  Envelope envelope;
  envelope.type_ = document.string("payloadType");
  envelope.kind_ = kind_of(envelope.type_);
  if (auto payload = base64_decode(document.text("payload"))) {
    envelope.payload_ = *std::move(payload);
  } else {
    document.fault("payload", "is not strict base64");
  }
  envelope.signatures_ = read_signatures(document, none);
  envelope.before_ = read_before(document);
  if (document.has("product")) envelope.carried_product_ = json::dump(*document.member("product"));
  if (!faults.empty()) return faults.first(what);

  if (const std::size_t most = most_bytes(envelope.kind_); bytes.size() > most)
    return error(Errc::invalid_input, concat(what, " is larger than ", most / 1024, " KiB"));
  return envelope;
}

Envelope Envelope::of(DocumentKind kind, Bytes payload, std::vector<SignatureEntry> signatures) {
  Envelope envelope;
  envelope.type_ = payload_type(kind);
  envelope.kind_ = kind;
  envelope.payload_ = std::move(payload);
  envelope.signatures_ = std::move(signatures);
  return envelope;
}

Envelope Envelope::bare() const {
  Envelope envelope = *this;
  envelope.carried_product_.clear();
  envelope.before_.clear();
  return envelope;
}

Bytes Envelope::signed_bytes() const { return pre_authentication_encoding(type_, payload_); }

Result<void> Envelope::expect(DocumentKind wanted, std::string_view what) const {
  if (kind_ == wanted) return {};
  const std::string found = kind_ ? std::string(token(*kind_)) : in_quotes(type_);
  return error(Errc::untrusted,
               concat(what, " is a ", found, " document, where a ", token(wanted), " document is needed"));
}

}  // namespace lic
