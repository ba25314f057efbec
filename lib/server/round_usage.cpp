/// Usage statements (docs/formats.md, 14), as `licgen usage import` takes them without its waivers.

#include "base/result.hpp"
#include "desk/usage_intake.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

/// Whether a device that states its usage for the first time may.
Result<bool> may_begin(const Round& round, const UsageStatement& statement, const LicenseRecord& record,
                       const UsagePlace& place) {
  if (!asking_machine(statement.facts)) return false;
  // By another key this machine has stated before: its state was lost, and what it says is the vendor's to judge.
  if (other_key_of_machine(place.devices, statement) != nullptr) return false;
  LIC_TRY_ASSIGN(const auto license, round.known.of(record.summary.key, record.summary.serial, record.document));
  return is_of_license(round.ledger, license->terms, statement);
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
  LIC_TRY(store_usage(*round.transaction, statement, request.statement, round.now, kServerActor));
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

  LIC_TRY_ASSIGN(const UsagePlace place, place_usage(round.ledger, *statement));
  switch (place.standing) {
    case UsageStanding::next:
      return store(round, request, *statement);
    case UsageStanding::known:
      return recorded(place.newest);
    case UsageStanding::gap:
      return with_newest(denied(DenialReason::usage_missing), place.newest);
    case UsageStanding::another:
    case UsageStanding::forked:
      return denied(DenialReason::usage_refused);
    case UsageStanding::first:
      break;
  }
  LIC_TRY_ASSIGN(const bool may, may_begin(round, *statement, *record, place));
  return may ? store(round, request, *statement) : denied(DenialReason::usage_refused);
}

}  // namespace lic
