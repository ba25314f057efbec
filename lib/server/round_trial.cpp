/// Trials: one for a machine, whatever is deleted there.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "license/catalog.hpp"
#include "server/round.hpp"

namespace lic {
namespace {

Outcome trial_of(const TrialRecord& trial) {
  Outcome outcome;
  outcome.answer.verdict = Verdict::trial;
  outcome.answer.trial = TrialGrant{trial.key, trial.plan, trial.at};
  return outcome;
}

Result<Outcome> begin_trial(const Round& round, const OnlineRequest& request, const AskingMachine& machine,
                            const Plan& plan) {
  const Catalog& catalog = round.documents.product().catalog();
  TrialRecord trial{random_trial_key(catalog.key_prefix).text(),
                    plan.id,
                    machine.fingerprint,
                    machine.marks,
                    request.email,
                    round.now};
  auto added = round.transaction->add_trial(trial);
  while (!added && added.error().code == Errc::conflict) {  // 25 random bits: another trial has that name
    trial.key = random_trial_key(catalog.key_prefix).text();
    added = round.transaction->add_trial(trial);
  }
  LIC_TRY(added);
  const nlohmann::ordered_json detail = {{"trial", trial.key}, {"plan", trial.plan}, {"machine", trial.machine}};
  LIC_TRY(round.transaction->record({round.now, std::string(kServerActor), "trial", "", "", detail.dump()}));
  return trial_of(trial);
}

}  // namespace

Result<Outcome> decide_trial(const Round& round, const OnlineRequest& request, const AskingMachine& machine) {
  const Catalog& catalog = round.documents.product().catalog();
  LIC_TRY_ASSIGN(const auto alike, round.ledger.trials_like(machine.marks));
  const auto own = std::find_if(alike.begin(), alike.end(),
                                [&](const TrialRecord& trial) { return is_machine(machine, trial.machine); });
  if (own == alike.end()) {
    const Plan* plan = catalog.plan_of_kind(Kind::trial);
    return plan == nullptr ? denied(DenialReason::trial_not_available) : begin_trial(round, request, machine, *plan);
  }
  const Plan* plan = catalog.find_plan(own->plan);
  if (plan == nullptr) return denied(DenialReason::trial_not_available);
  const auto end = plan_end(*plan, own->at);
  return end && round.now >= *end ? denied(DenialReason::trial_not_available) : trial_of(*own);
}

}  // namespace lic
