/// Usage statements (docs/formats.md, 14), as `licgen usage import` takes them without its waivers.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/usage_statement.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

std::string fingerprint_of(const UsageStatement& statement) {
  const auto machine = MachineIdentity::from_digests(statement.facts);
  return machine && !machine->facts().empty() ? machine->fingerprint() : std::string();
}

/// Whether the license names that machine, names none, or had a seat for it once.
Result<bool> is_of_license(const Round& round, const AskingMachine& machine, const LicenseRecord& record) {
  LIC_TRY_ASSIGN(const std::shared_ptr<const Terms> terms, round.known.of(record));
  if (terms->machines.empty() || machine.identity.matches_any(terms->machines)) return true;
  LIC_TRY_ASSIGN(const auto activations, round.ledger.activations(record.summary.key));
  return std::any_of(activations.begin(), activations.end(),
                     [&](const Activation& one) { return is_machine(machine, one.holder()); });
}

/// Whether a device that states its usage for the first time may.
Result<bool> may_begin(const Round& round, const UsageStatement& statement, const LicenseRecord& record,
                       const std::vector<UsageRecord>& devices) {
  const auto machine = asking_machine(statement.facts);
  if (!machine) return false;
  // By another key this machine has stated before: its state was lost, and what it says is the vendor's to judge.
  if (std::any_of(devices.begin(), devices.end(),
                  [&](const UsageRecord& device) { return is_machine(*machine, device.machine); }))
    return false;
  return is_of_license(round, *machine, record);
}

Outcome with_newest(Outcome outcome, std::int64_t newest) {
  outcome.answer.usage_seq = newest;
  return outcome;
}

Outcome recorded(std::int64_t newest) {
  Outcome outcome;
  outcome.answer.verdict = Verdict::recorded;
  return with_newest(std::move(outcome), newest);
}

Result<Outcome> store(const Round& round, const OnlineRequest& request, const UsageStatement& statement) {
  const UsageRecord record{statement.key,
                           statement.device.base64(),
                           fingerprint_of(statement),
                           statement.seq,
                           statement.digest,
                           statement.previous,
                           statement.from,
                           statement.to,
                           request.statement,
                           round.now};
  LIC_TRY(round.transaction->add_usage(record));
  const nlohmann::ordered_json detail = {{"statement", statement.seq},
                                         {"device", statement.device.id().hex()},
                                         {"machine", record.machine},
                                         {"to", format_time(statement.to)},
                                         {"usage", usage_record_digest(record)}};
  LIC_TRY(round.transaction->record(
      {round.now, std::string(kServerActor), std::string(kUsageImport), statement.key, "", detail.dump()}));
  return recorded(statement.seq);
}

}  // namespace

Result<Outcome> decide_usage(const Round& round, const OnlineRequest& request) {
  const auto statement = UsageStatement::open(view_bytes(request.statement), "statement");
  if (!statement) return faulty(400, "bad-request", statement.error().message);
  const auto key = LicenseKey::parse(statement->key);
  auto record = key ? round.ledger.find_uncounted(*key, round.now) : Result<LicenseRecord>(Error(key.error()));
  if (!record && key && record.error().code != Errc::not_found) return Error(record.error());
  if (!record) return denied(DenialReason::unknown_license);
  if (statement->product != request.product || statement->license != record->summary.id)
    return denied(DenialReason::usage_refused);

  const std::string device = statement->device.base64();
  LIC_TRY_ASSIGN(const auto devices, round.ledger.newest_usage(statement->key));
  const auto head =
      std::find_if(devices.begin(), devices.end(), [&](const UsageRecord& newest) { return newest.device == device; });
  const std::int64_t newest = head == devices.end() ? 0 : head->seq;
  if (statement->seq > newest + 1) return with_newest(denied(DenialReason::usage_missing), newest);
  if (statement->seq <= newest) {
    LIC_TRY_ASSIGN(const auto known, round.ledger.find_usage(statement->key, device, statement->seq));
    return known && known->digest == statement->digest ? recorded(newest) : denied(DenialReason::usage_refused);
  }
  if (newest > 0)
    return statement->previous == head->digest ? store(round, request, *statement)
                                               : denied(DenialReason::usage_refused);
  LIC_TRY_ASSIGN(const bool may, may_begin(round, *statement, *record, devices));
  return may ? store(round, request, *statement) : denied(DenialReason::usage_refused);
}

}  // namespace lic
