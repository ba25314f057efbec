// What there is to show, of lic/lic.h: plans, license files, warnings, the machine.

#include "base/text.hpp"
#include "client/c_api.hpp"
#include "client/info_json.hpp"

using namespace lic::c_api;

namespace {

lic_plan plan_of(const lic::Plan& plan) noexcept {
  lic_plan out{};
  copy_text(out.id, plan.id);
  copy_text(out.name, plan.name);
  copy_text(out.code, plan.code);
  copy_text(out.kind, token(plan.kind));
  if (plan.price) {
    copy_text(out.price, plan.price->amount);
    copy_text(out.currency, plan.price->currency);
    copy_text(out.price_per, plan.price->per);
  }
  out.months = plan.months.value_or(0);
  out.days = plan.days.value_or(0);
  out.grace_days = plan.grace_days;
  out.maintenance_months = plan.maintenance_months.value_or(0);
  out.seats = plan.seats;
  out.is_recommended = plan.recommended ? 1 : 0;
  out.is_machine_bound = plan.machine_bound ? 1 : 0;
  out.allows_virtual = plan.allows_virtual ? 1 : 0;
  out.needs_fresh_revocations = plan.fresh_revocations ? 1 : 0;
  out.is_granted_by_email = plan.grant_by_email ? 1 : 0;
  if (plan.floating) {
    out.floating_minutes = plan.floating->minutes;
    out.borrow_days = plan.floating->borrow_days;
  }
  if (plan.transfers) {
    out.transfers = plan.transfers->max;
    copy_text(out.transfers_per, token(plan.transfers->per));
  }
  return out;
}

lic_license_file file_of(const lic::InstalledLicense& file) noexcept {
  lic_license_file out{};
  out.verdict = verdict_of(file.decision);
  out.is_active = file.active ? 1 : 0;
  out.serial = file.serial;
  out.starts = seconds_or_zero(file.starts);
  out.expires = seconds_or_zero(file.expires);
  if (file.problem.empty()) copy_text(out.status, token(file.decision.reason));
  if (file.kind) copy_text(out.kind, token(*file.kind));
  copy_text(out.license_key, file.license_key);
  copy_text(out.plan, file.plan);
  copy_text(out.problem, file.problem);
  copy_text(out.path, file.path);
  return out;
}

}  // namespace

int lic_feature_name(const lic_manager* manager, size_t index, char* buffer, size_t size, size_t* needed,
                     lic_error* error) {
  if (buffer != nullptr && size > 0) *buffer = '\0';
  if (needed != nullptr) *needed = 0;
  if (manager == nullptr) return no_manager(error);
  const lic::Features& all = manager->impl.standing().features_under(manager->manager.decision());
  if (index >= all.size()) return answer(error, LIC_NOT_FOUND, "there are fewer features in force");
  return give_buffer(all[index].first, buffer, size, needed, error);
}

int lic_warnings(lic_manager* manager, char** text, lic_error* error) {
  return with_text(manager, text, error, [&] {
    std::string lines;
    for (const auto& warning : manager->impl.status().warnings) lines += lic::concat(warning, '\n');
    return give_copy(lines, text, error);
  });
}

int lic_plans(lic_manager* manager, lic_plan* plans, size_t* count, lic_error* error) {
  CallersArray out(plans, count);
  if (const int code = out.begin(manager, error); code != LIC_OK) return code;
  for (const auto& plan : manager->manager.product().plans) out.add(plan_of(plan));
  return out.end(error);
}

int lic_plans_json(lic_manager* manager, char** text, lic_error* error) {
  return with_text(manager, text, error,
                   [&] { return give_copy(lic::plans_json(manager->manager.product()), text, error); });
}

int lic_license_files(lic_manager* manager, lic_license_file* files, size_t* count, lic_error* error) {
  CallersArray out(files, count);
  if (const int code = out.begin(manager, error); code != LIC_OK) return code;
  return guarded(error, [&] {
    const auto all = manager->manager.license_files();
    if (!all) return answer(error, all.error());
    for (const auto& file : *all) out.add(file_of(file));
    return out.end(error);
  });
}

int lic_machine_json(lic_manager* manager, char** text, lic_error* error) {
  return with_text(manager, text, error, [&] {
    const auto facts = manager->impl.ask([](const lic::Installation& one) { return one.explain_machine(); });
    if (!facts) return answer(error, facts.error());
    const auto layers = manager->impl.ask([](const lic::Installation& one) { return one.virtual_layers(); });
    if (!layers) return answer(error, layers.error());
    return give_copy(lic::machine_json(manager->manager.machine_id(), *facts, *layers), text, error);
  });
}

int lic_state_key_place(const lic_manager* manager, int* place, lic_error* error) {
  if (place == nullptr) return missing(error, "the place for the answer");
  *place = LIC_KEY_PLACE_FILE;
  if (manager == nullptr) return no_manager(error);
  const bool keyring = manager->manager.state_key_place() == lic::KeyPlace::keyring;
  *place = keyring ? LIC_KEY_PLACE_KEYRING : LIC_KEY_PLACE_FILE;
  return answer(error, LIC_OK);
}
