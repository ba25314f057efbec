#include <algorithm>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "client/installation.hpp"
#include "license/envelope.hpp"
#include "license/key.hpp"

// Statements of what was used (docs/formats.md, 14).

namespace lic {
namespace {

constexpr std::size_t kMaxStatementFile = kMaxUsage + 1;  // with its newline

Result<DeviceKey> device_key_of(const ClientState& state) {
  if (state.device_seed.empty()) return DeviceKey::generate();
  auto seed = hex_decode(state.device_seed);
  return DeviceKey::from_seed(SecretBytes(std::move(seed).value_or(Bytes{})));
}

const UsageChain* chain_of(const ClientState& state, std::string_view license) {
  const auto found = std::find_if(state.chains.begin(), state.chains.end(),
                                  [&](const UsageChain& chain) { return chain.license == license; });
  return found == state.chains.end() ? nullptr : &*found;
}

void put_chain(ClientState& state, UsageChain next) {
  std::erase_if(state.chains, [&](const UsageChain& chain) { return chain.license == next.license; });
  state.chains.push_back(std::move(next));
}

/// The first moment of the oldest month that was counted in; absent: nothing was.
std::optional<Time> oldest_month(const MeteredLicense& metered) {
  std::optional<Time> oldest;
  for (const auto& [name, counted] : metered.meters)
    if (!counted.months.empty()) oldest = std::min(oldest.value_or(counted.months[0].start), counted.months[0].start);
  return oldest;
}

StatedCounter stated(const Meter& counted) {
  StatedCounter counter;
  counter.total = counted.total;
  for (const auto& month : counted.months) counter.months[month.start] = month.used;
  return counter;
}

UsageReport report_of(const UsageStatement& statement, std::string document) {
  return {statement.key, statement.seq, statement.from, statement.to, statement.device.id().hex(), std::move(document)};
}

}  // namespace

std::optional<LicenseName> Installation::signed_license() const {
  if (!loaded_.state.license || !standing_.license) return std::nullopt;
  const Terms& terms = standing_.license->terms();
  return LicenseName{terms.id, terms.key, terms.serial, terms.plan};
}

Result<MeteredLicense> Installation::license_to_report(std::string_view typed_key) const {
  const auto active = signed_license();
  std::string key = active ? active->key : std::string();
  if (!typed_key.empty()) {
    LIC_TRY_ASSIGN(const LicenseKey wanted, key_of_product(typed_key));
    key = wanted.text();
  } else if (!active && book_.metered.size() == 1) {
    key = book_.metered.front().license.key;
  }
  const auto of_key = [&](const MeteredLicense& one) { return one.license.key == key; };
  const auto counted = std::find_if(book_.metered.rbegin(), book_.metered.rend(), of_key);
  if (active && active->key == key)
    return MeteredLicense{*active,
                          counted == book_.metered.rend() ? decltype(MeteredLicense::meters)() : counted->meters};
  if (counted != book_.metered.rend()) return *counted;
  if (typed_key.empty())
    return error(Errc::not_found, "no license of the vendor's is active, so there is no usage to state",
                 book_.metered.empty() ? "activate one; what is used without is nobody's to bill"
                                       : "name the license whose usage is to be stated, by its key");
  return error(Errc::not_found, concat("nothing was counted here under license ", key),
               "name the key of a license that was active on this machine");
}

UsageStatement Installation::next_statement(const MeteredLicense& metered, const DeviceKey& device, Time now) const {
  const LicenseName& license = metered.license;
  const UsageChain* last = chain_of(loaded_.state, license.id);
  const auto active = signed_license();
  const bool is_active = active && active->id == license.id;
  const Time begun = is_active ? loaded_.state.license->activated_at : oldest_month(metered).value_or(now);
  UsageStatement statement{random_statement_id(),
                           standing_.info->id,
                           now,
                           license.id,
                           license.key,
                           license.serial,
                           license.plan,
                           device.public_key(),
                           machine_.facts(),
                           last == nullptr ? 1 : last->seq + 1,
                           last == nullptr ? std::string() : last->digest,
                           std::min(last == nullptr ? begun : last->to, now),
                           now,
                           is_active ? standing_.license->terms().limits : Limits{},
                           {},
                           {}};
  for (const auto& [name, limit] : statement.limits) {
    const auto held = book_.counters.find(name);
    StatedCounter& counter = statement.counters[name];
    if (!limit.per && held != book_.counters.end()) counter.level = held->second.level;
  }
  for (const auto& [name, counted] : metered.meters) {
    const auto known = statement.counters.find(name);
    if (known == statement.counters.end()) statement.limits.emplace_back(name, counted.limit);
    const std::int64_t level = known == statement.counters.end() ? 0 : known->second.level;
    StatedCounter& counter = statement.counters[name] = stated(counted);
    counter.level = level;
  }
  return statement;
}

/// Where the state on disk has it, though a fault came after.
Error Installation::not_surely_made(const UsageStatement& statement, std::string_view digest, Error fault) const {
  const UsageChain* const last = chain_of(loaded_.state, statement.license);
  if (last == nullptr || last->digest != digest) return fault;
  fault.message = concat("usage statement ", statement.seq, " is made and counts as told, but: ", fault.message);
  fault.hint = concat("licctl --usage-report FILE --statement ", statement.seq, " writes it");
  return fault;
}

Result<UsageReport> Installation::report_usage(std::string_view license_key, bool new_key) {
  LIC_TRY_ASSIGN(const FileLock lock, lock_and_read());
  LIC_TRY(check_untouched());  // nothing is signed by an edited one
  LIC_TRY_ASSIGN(const MeteredLicense metered, license_to_report(license_key));
  ClientState& state = loaded_.state;
  if (new_key) {
    state.device_seed.clear();
    state.chains.clear();
  }
  LIC_TRY_ASSIGN(const DeviceKey device, device_key_of(state));
  const Time now = standing_.time_at(environment_.now());
  const UsageStatement statement = next_statement(metered, device, now);
  const std::string payload = statement.to_json();
  std::string document = usage_document(payload, device.public_key().id(), device.sign_usage(view_bytes(payload)));
  // A document that could not be read again must not count as told.
  LIC_TRY(UsageStatement::open(view_bytes(document), "the new usage statement"));

  UsageBook next = book_;
  const bool told = mark_told(next, statement.license);
  if (told && usage_damaged_) LIC_TRY(store_.set_usage_aside(now));
  // Kept before it counts, so that one that counts is never lost.
  LIC_TRY(store_.keep_statement(statement.key, device.public_key().id(), statement.seq, document));
  state.device_seed = hex_encode(device.seed().view());
  const std::string digest = usage_payload_digest(payload);
  put_chain(state, {statement.license, statement.seq, digest, statement.to});
  if (told) {
    next.seq = book_.seq + 1;
    state.usage = next;
  }
  // One file, so the chain and what it has told move on together. The mark in it counts
  // where usage_data.json, written after it, is the older one.
  if (auto saved = save(environment_.now()); !saved)
    return not_surely_made(statement, digest, std::move(saved).error());
  if (told && write_usage(next, now)) LIC_TRY(read_state());
  return report_of(statement, std::move(document));
}

Result<Question> Installation::question_of_usage(std::int64_t& seq, std::string_view license_key) const {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const MeteredLicense metered, license_to_report(license_key));
  const std::string& key = metered.license.key;
  std::string server = server_of(seat_of(key));
  if (server.empty())
    return error(Errc::usage, "no licensing server is known to give usage statements to", "name it with --server URL");
  const UsageChain* last = chain_of(loaded_.state, metered.license.id);
  if (last == nullptr)
    return error(Errc::not_found, concat("no usage statement of license ", key, " was made here yet"),
                 "make one with --usage-report FILE");
  if (seq == 0) seq = last->seq;
  LIC_TRY_ASSIGN(UsageReport report, reported_usage(seq, key));
  auto asked = question(OnlineAction::usage, key, std::move(server));
  asked->request.statement = std::move(report.document);
  return Question(std::move(asked));
}

Result<UsageReport> Installation::reported_usage(std::int64_t seq, std::string_view license_key) const {
  LIC_TRY(check_changeable());
  LIC_TRY_ASSIGN(const MeteredLicense metered, license_to_report(license_key));
  const UsageChain* last = chain_of(loaded_.state, metered.license.id);
  const std::string& key = metered.license.key;
  if (last == nullptr || seq < 1 || seq > last->seq)
    return error(Errc::not_found, concat("there is no usage statement ", seq, " of license ", key, " here"),
                 last == nullptr ? std::string("none was made yet") : concat("the last one is ", last->seq));
  LIC_TRY_ASSIGN(const DeviceKey device, device_key_of(loaded_.state));
  const std::string what = concat("usage statement ", seq, " of license ", key);
  const ReadOptions options{.limit = kMaxStatementFile, .follow_symlink = false, .must_be_ours = true};
  auto bytes = read_file(store_.statement_file(key, device.public_key().id(), seq), what, options);
  if (!bytes && bytes.error().code == Errc::not_found)
    return error(Errc::not_found, concat(what, " is not kept here any more"), "the last 120 are");
  if (!bytes) return Error(bytes.error());
  std::string document = to_text(*bytes);
  while (!document.empty() && document.back() == '\n') document.pop_back();
  LIC_TRY_ASSIGN(const UsageStatement statement, UsageStatement::open(view_bytes(document), what));
  return report_of(statement, std::move(document));
}

}  // namespace lic
