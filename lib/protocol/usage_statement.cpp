#include "protocol/usage_statement.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/month.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"
#include "license/limits_json.hpp"
#include "protocol/facts_json.hpp"

namespace lic {
namespace {

constexpr std::size_t kIdBytes = 16;

json::Value counter_json(const StatedCounter& counter) {
  json::ObjectBuilder months;
  for (const auto& [month, used] : counter.months) months.integer(format_month(month), used);
  json::ObjectBuilder out;
  out.integer("level", counter.level).integer("total", counter.total).value("months", months.take());
  return out.take();
}

/// The key that the statement says it is signed by, before anything of it counts.
Result<PublicKey> device_of(const json::Value& payload, std::string_view what) {
  json::Faults faults;
  json::Reader document(payload, faults);
  if (!document.has("device")) document.fault("device", "is missing");
  if (!faults.empty()) return faults.first(what);
  json::Reader device(*document.member("device"), document, "device");
  auto key = PublicKey::from_base64(device.string("public"));
  if (!key) device.fault("public", key.error().message);
  if (!faults.empty()) return faults.first(what);
  return key;
}

Result<void> check_signature(const Envelope& envelope, const PublicKey& device, std::string_view what) {
  if (envelope.signatures().size() != 1)
    return error(Errc::invalid_input, concat(what, ": /signatures: a usage statement has exactly one signature"));
  const auto& [claimed, signature] = envelope.signatures().front();
  if (claimed != device.id())
    return error(Errc::untrusted, concat(what, " names another device than the one whose key it says has signed it"));
  if (!device.verifies(envelope.signed_bytes(), signature))
    return error(Errc::untrusted, concat(what, " was altered: the signature of its device does not hold"),
                 "take the file as the device wrote it: licctl --usage-report FILE --statement N writes it again");
  return {};
}

std::string hex_member(json::Reader& reader, std::string_view name, std::size_t size) {
  std::string value = reader.string(name);
  const auto raw = hex_decode(value);
  if (!raw || raw->size() != size) reader.fault(name, concat("is not ", size, " bytes in hex"));
  return value;
}

void read_license(json::Reader& document, UsageStatement& statement) {
  if (!document.has("license")) {
    document.fault("license", "is missing");
    return;
  }
  json::Reader license(*document.member("license"), document, "license");
  statement.license = license.string("id");
  statement.key = license.string("key");
  statement.serial = license.integer("serial", 1, json::kMaxInteger);
  statement.plan = license.string("plan");
  const auto key = LicenseKey::parse(statement.key);
  if (!key || key->text() != statement.key) license.fault("key", "is no license key in normal form");
}

FactDigests read_facts(json::Reader& document) {
  json::Reader device(*document.member("device"), document, "device");
  if (!device.has("facts")) return {};
  json::Reader facts(*device.member("facts"), device, "facts");
  return read_fact_digests(facts);
}

StatedCounter read_counter(json::Reader& reader) {
  StatedCounter counter;
  counter.level = reader.integer("level", 0, json::kMaxInteger);
  counter.total = reader.integer("total", 0, json::kMaxInteger);
  if (!reader.has("months")) return counter;
  json::Reader months(*reader.member("months"), reader, "months");
  if (std::ssize(months.members()) > kMostStatedMonths) reader.fault("months", "are too many");
  for (const auto& [name, value] : months.members()) {
    const auto month = parse_month(name);
    if (!month) months.fault(name, "is not a month, such as 2026-11");
    const std::int64_t used = months.integer(name, -json::kMaxInteger, json::kMaxInteger);
    if (month) counter.months[*month] = used;
  }
  return counter;
}

void read_counters(json::Reader& document, UsageStatement& statement) {
  if (!document.has("counters")) {
    document.fault("counters", "is missing");
    return;
  }
  json::Reader counters(*document.member("counters"), document, "counters");
  if (counters.members().size() > kMostStatedCounters) document.fault("counters", "are too many");
  for (const auto& [name, value] : counters.members()) {
    if (!is_name(name)) counters.fault(name, "is not a name (1 to 64 of a-z, 0-9, '-', '_', '.')");
    json::Reader reader(value, counters, name);
    statement.counters[name] = read_counter(reader);
  }
}

void read_chain(json::Reader& document, UsageStatement& statement) {
  statement.seq = document.integer("seq", 1, json::kMaxInteger);
  if (document.has("previous")) statement.previous = hex_member(document, "previous", Digest{}.size());
  if (statement.previous.empty() != (statement.seq == 1))
    document.fault("previous", statement.seq == 1 ? "must be null in the first statement" : "is missing");
  statement.from = document.time("from");
  statement.to = document.time("to");
  const auto most = add_months(statement.from, kMostStatedMonths);
  if (statement.to < statement.from) document.fault("to", "lies before /from");
  if (most && statement.to > *most)
    document.fault("to", concat("lies more than ", kMostStatedMonths, " months after /from"));
}

}  // namespace

std::string UsageStatement::to_json() const {
  json::ObjectBuilder of;
  of.string("id", license).string("key", key).integer("serial", serial).string("plan", plan);
  json::ObjectBuilder by;
  by.string("public", device.base64()).value("facts", facts_json(facts));
  json::ObjectBuilder stated;
  for (const auto& [name, counter] : counters) stated.value(name, counter_json(counter));
  json::ObjectBuilder out;
  out.integer("v", 1).string("id", id).string("product", product).time("issued_at", issued_at);
  out.value("license", of.take()).value("device", by.take());
  out.integer("seq", seq).string_or_null("previous", previous).time("from", from).time("to", to);
  out.value("limits", limits_json(limits)).value("counters", stated.take());
  return json::dump(out.take());
}

std::string usage_document(std::string_view payload, const KeyId& device, const Signature& signature) {
  json::ObjectBuilder entry;
  entry.string("keyid", device.hex()).string("sig", base64_encode(signature));
  json::ObjectBuilder out;
  out.string("payloadType", payload_type(DocumentKind::usage));
  out.string("payload", base64_encode(view_bytes(payload))).array("signatures", {entry.take()});
  return json::dump(out.take());
}

Result<UsageStatement> UsageStatement::open(ByteView bytes, std::string_view what) {
  LIC_TRY_ASSIGN(const Envelope envelope, Envelope::parse(bytes, what));
  LIC_TRY(envelope.expect(DocumentKind::usage, what));
  LIC_TRY_ASSIGN(const json::Document value, json::parse(view_text(envelope.payload()), what));
  LIC_TRY_ASSIGN(PublicKey device, device_of(value, what));
  LIC_TRY(check_signature(envelope, device, what));
  json::Faults faults;
  json::Reader document(value, faults);
  read_version(document);
  UsageStatement statement{document.string("id"),
                           document.string("product"),
                           document.time("issued_at"),
                           {},
                           {},
                           1,
                           {},
                           device,
                           read_facts(document),
                           1,
                           {},
                           {},
                           {},
                           read_limits(document, "limits"),
                           {},
                           {}};
  read_license(document, statement);
  read_chain(document, statement);
  read_counters(document, statement);
  if (!faults.empty()) return faults.first(what);
  statement.digest = usage_payload_digest(view_text(envelope.payload()));
  return statement;
}

std::string usage_payload_digest(std::string_view payload) { return hex_encode(sha256(view_bytes(payload))); }

std::string random_statement_id() { return hex_encode(random_bytes(kIdBytes)); }

}  // namespace lic
