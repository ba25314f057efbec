#include "protocol/online.hpp"

#include <array>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "license/envelope.hpp"
#include "protocol/facts_json.hpp"
#include "trust/verify.hpp"

namespace lic {
namespace {

constexpr std::string_view kPathPrefix = "/v1/";
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kMaxKey = 128;
constexpr std::size_t kMaxEmail = 254;  // RFC 5321
constexpr std::array kActions = {OnlineAction::activate, OnlineAction::validate,   OnlineAction::refresh,
                                 OnlineAction::lease,    OnlineAction::deactivate, OnlineAction::trial,
                                 OnlineAction::usage};

bool has_key(OnlineAction action) { return action != OnlineAction::trial && action != OnlineAction::usage; }
bool has_facts(OnlineAction action) { return action != OnlineAction::usage; }
bool gives_license(OnlineAction action) { return action == OnlineAction::activate || action == OnlineAction::refresh; }
bool has_next(OnlineAction action) { return gives_license(action) || action == OnlineAction::lease; }
bool has_secret(OnlineAction action) {
  return action == OnlineAction::refresh || action == OnlineAction::lease || action == OnlineAction::deactivate;
}

std::string read_hex(json::Reader& reader, std::string_view name, std::size_t size) {
  std::string value = reader.string(name);
  const auto raw = hex_decode(value);
  if (!raw || raw->size() != size) reader.fault(name, concat("is not ", size, " bytes in hex"));
  return value;
}

std::string read_text(json::Reader& reader, std::string_view name, std::size_t most) {
  std::string value = reader.string(name);
  if (value.size() > most) reader.fault(name, concat("has more than ", most, " bytes"));
  return value;
}

FactDigests read_facts(json::Reader& document) {
  FactDigests facts;
  if (document.has("facts")) {
    json::Reader listed(*document.member("facts"), document, "facts");
    facts = read_fact_digests(listed);
  }
  if (facts.empty()) document.fault("facts", "must name at least one fact");
  return facts;
}

/// The member, which is an object, as the document that it is by itself; empty where it is missing.
std::string read_document(json::Reader& document, std::string_view name) {
  const json::Value* member = document.member(name);
  if (member == nullptr || member->is_null()) return {};
  if (member->as_object() == nullptr) document.fault(name, "is not an object");
  return json::dump(*member);
}

/// A signed document that was just made, or checked: it is JSON.
json::Value as_value(const std::string& document) {
  const auto read = json::parse(document, "document");
  return read ? json::Value(*read) : json::Value();
}

/// The verdict that is a yes to such a request.
Verdict yes_to(OnlineAction action) {
  switch (action) {
    case OnlineAction::activate:
    case OnlineAction::validate:
    case OnlineAction::refresh:
    case OnlineAction::lease:
      return Verdict::granted;
    case OnlineAction::deactivate:
      return Verdict::released;
    case OnlineAction::trial:
      return Verdict::trial;
    case OnlineAction::usage:
      return Verdict::recorded;
  }
  return Verdict::denied;
}

Error other_request(std::string_view what, std::string_view member) {
  return error(Errc::untrusted, concat(what, " is the answer to another request: its ", member, " differs"));
}

}  // namespace

std::string_view token(OnlineAction action) noexcept {
  switch (action) {
    case OnlineAction::activate:
      return "activate";
    case OnlineAction::validate:
      return "validate";
    case OnlineAction::refresh:
      return "refresh";
    case OnlineAction::lease:
      return "lease";
    case OnlineAction::deactivate:
      return "deactivate";
    case OnlineAction::trial:
      return "trial";
    case OnlineAction::usage:
      return "usage";
  }
  return {};
}

std::optional<OnlineAction> action_of_path(std::string_view path) noexcept {
  if (!path.starts_with(kPathPrefix)) return std::nullopt;
  path.remove_prefix(kPathPrefix.size());
  for (const OnlineAction action : kActions)
    if (token(action) == path) return action;
  return std::nullopt;
}

std::string path_of(OnlineAction action) { return concat(kPathPrefix, token(action)); }

std::string OnlineRequest::to_json() const {
  json::ObjectBuilder out;
  out.integer("v", 1).string("nonce", nonce).string("product", product);
  if (has_key(action)) out.string("key", key);
  if (has_facts(action)) out.value("facts", facts_json(facts));
  if (has_secret(action)) out.string("secret", secret);
  if (has_next(action)) out.string("next_hash", next_hash);
  if (gives_license(action) && borrow_until) out.time("borrow_until", *borrow_until);
  if (action == OnlineAction::trial && !email.empty()) out.string("email", email);
  if (action == OnlineAction::usage) out.value("statement", as_value(statement));
  return json::dump(out.take());
}

Result<OnlineRequest> OnlineRequest::parse(OnlineAction action, ByteView bytes, std::string_view what) {
  if (bytes.size() > most_bytes(action))
    return error(Errc::invalid_input, concat(what, " is larger than ", most_bytes(action) / 1024, " KiB"));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(bytes), what));
  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  OnlineRequest request;
  request.action = action;
  request.nonce = read_hex(document, "nonce", kNonceBytes);
  request.product = document.string("product");
  if (has_key(action)) request.key = read_text(document, "key", kMaxKey);
  if (has_facts(action)) request.facts = read_facts(document);
  if (has_secret(action)) request.secret = read_hex(document, "secret", Digest{}.size());
  if (has_next(action)) request.next_hash = read_hex(document, "next_hash", Digest{}.size());
  if (gives_license(action) && document.has("borrow_until")) request.borrow_until = document.time("borrow_until");
  if (action == OnlineAction::trial && document.has("email")) request.email = read_text(document, "email", kMaxEmail);
  if (action == OnlineAction::usage) {
    request.statement = read_document(document, "statement");
    if (request.statement.empty()) document.fault("statement", "is missing");
  }
  if (!faults.empty()) return faults.first(what);
  return request;
}

std::string reply_json(std::string_view answer, std::string_view license) {
  // Both are compact JSON already: nothing is gained by reading them once more.
  return concat(R"({"answer":)", answer, license.empty() ? "" : R"(,"license":)", license, '}');
}

Result<OnlineReply> OnlineReply::parse(ByteView bytes, std::string_view what) {
  if (bytes.size() > kMaxOnlineReply)
    return error(Errc::invalid_input, concat(what, " is larger than ", kMaxOnlineReply / 1024, " KiB"));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(bytes), what));
  json::Faults faults;
  json::Reader document(value, faults);
  OnlineReply reply{read_document(document, "answer"), read_document(document, "license")};
  if (faults.empty() && reply.answer.empty()) document.fault("answer", "is missing");
  if (!faults.empty()) return faults.first(what);
  return reply;
}

Result<ServerAnswer> open_reply(const OnlineReply& reply, const OnlineRequest& request, const ProductFile& product,
                                std::string_view what) {
  LIC_TRY_ASSIGN(ServerAnswer answer, ServerAnswer::open(view_bytes(reply.answer), product, what));
  if (answer.action != token(request.action)) return other_request(what, "action");
  if (answer.nonce != request.nonce) return other_request(what, "nonce");
  if (has_key(request.action) && answer.key_hash != online_key_hash(request.key)) return other_request(what, "key");
  if (has_facts(request.action) && (!answer.machine || answer.machine->facts != request.facts))
    return other_request(what, "machine");
  if (answer.verdict == Verdict::denied) return answer;
  if (answer.verdict != yes_to(request.action)) return other_request(what, "verdict");
  if (!gives_license(request.action)) return answer;
  if (reply.license.empty()) return error(Errc::invalid_input, concat(what, ": /license: is missing"));
  LIC_TRY_ASSIGN(const VerifiedLicense license, verify(view_bytes(reply.license), product, what));
  if (license.terms().key != request.key)
    return error(Errc::untrusted, concat(what, " comes with another license than ", printable(request.key)));
  LIC_TRY(answer.fits(license.terms(), what));
  return answer;
}

std::string online_key_hash(std::string_view key) {
  constexpr std::string_view kPurpose = "lic-online-key-v1";
  return hex_encode(sha256(view_bytes(concat(kPurpose, '\0', key))));
}

}  // namespace lic
