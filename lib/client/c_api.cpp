// Opening, and the questions, of lic/lic.h. c_api_change.cpp has the rest.

#include "client/c_api.hpp"

#include <cstddef>
#include <cstdlib>

#include "base/codes.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "client/status_json.hpp"

using namespace lic::c_api;

namespace {

using lic::code_of;
using lic::concat;
using lic::Decision;
using lic::FeatureValue;

constexpr std::size_t kOldestOptions =
    offsetof(lic_options, usage_interval_ms) + sizeof(lic_options::usage_interval_ms);

/// The caller's options as this version knows them. What a later version has added must be zero.
int read_options(const lic_options* given, lic_options& out, lic_error* error) {
  if (given == nullptr) return missing(error, "lic_options");
  if (given->size < kOldestOptions || !has_size(given))
    return answer(error, LIC_USAGE, "lic_options.size is not set", "set it to sizeof(lic_options)");
  std::memcpy(&out, given, std::min(given->size, sizeof out));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (std::any_of(bytes + std::min(given->size, sizeof out), bytes + given->size,
                  [](unsigned char b) { return b != 0; }))
    return answer(error, LIC_USAGE, "an option of a later version of liblic is set",
                  "install the liblic that the program was built with");
  const bool embedded = out.embedded_product != nullptr || out.embedded_product_size == 0;
  const bool document = out.license_document != nullptr || out.license_document_size == 0;
  if (!embedded || !document) return answer(error, LIC_USAGE, "a size is given without its bytes");
  if (out.usage_block < 0 || out.usage_interval_ms < 0 || out.server_patience_ms < 0)
    return answer(error, LIC_USAGE, "usage_block, usage_interval_ms and server_patience_ms are 0 or more");
  return LIC_OK;
}

lic::OpenOptions options_of(const lic_options& given) {
  lic::OpenOptions options;
  options.product_file = or_empty(given.product_file);
  options.embedded_product = bytes_of(given.embedded_product, given.embedded_product_size);
  options.state_dir = or_empty(given.state_dir);
  options.license_file = or_empty(given.license_file);
  options.license_document = bytes_of(given.license_document, given.license_document_size);
  if (given.release_date != 0) options.release_date = lic::Time{std::chrono::seconds{given.release_date}};
  options.usage_block = std::max<std::int64_t>(1, given.usage_block);
  options.usage_interval = std::chrono::milliseconds{given.usage_interval_ms};
  options.server = or_empty(given.server);
  options.server_ca_file = or_empty(given.server_ca_file);
  options.offline = given.is_offline != 0;
  if (given.server_patience_ms > 0) options.server_patience = std::chrono::milliseconds{given.server_patience_ms};
  return options;
}

/// What to do about a no, as far as there is memory to say it.
std::string way_out(const lic_manager& manager, const Decision& decision) {
  const lic::NextStep next = manager.impl.standing().next_step(
      decision, manager.impl.standing().license ? &*manager.impl.standing().license : nullptr);
  if (next.action.empty()) return {};
  if (next.action == "contact-support" && !manager.manager.product().support.empty())
    return concat("write to ", lic::printable(manager.manager.product().support));
  return next.url.empty() ? next.action : concat(next.action, " at ", lic::printable(next.url));
}

int answer_decision(const lic_manager& manager, const Decision& decision, lic_error* error,
                    std::string_view name = {}) noexcept {
  const int code = code_of(decision.reason);
  if (error == nullptr || code == LIC_OK) return answer(error, code);
  try {
    const std::string named =
        name.empty() || code != LIC_FEATURE_NOT_LICENSED ? std::string() : concat(": ", lic::in_quotes(name));
    return answer(error, code, concat(lic::find_code(code)->meaning, named), way_out(manager, decision));
  } catch (const std::exception&) {
    return answer(error, code, lic::find_code(code)->meaning);
  }
}

/// The value of a licensed feature into `value`; else what to return.
int find_feature(const lic_manager* manager, const char* name, const FeatureValue*& value, lic_error* error) noexcept {
  if (manager == nullptr) return no_manager(error);
  if (is_absent(name)) return missing(error, "the name of the feature");
  const Decision decision = manager->manager.decision();
  value = manager->impl.standing().feature_under(decision, name);
  if (value != nullptr) return answer(error, LIC_OK);
  return answer_decision(*manager, manager->impl.standing().check_feature(name, decision), error, name);
}

int other_type(const char* name, const char* wanted, lic_error* error) {
  return answer(error, LIC_INVALID_INPUT, concat("the feature ", lic::in_quotes(name), " is not ", wanted));
}

}  // namespace

const char* lic_version() { return LIC_VERSION; }

const char* lic_code_name(int code) {
  const lic::CodeRow* row = lic::find_code(code);
  return row == nullptr ? "unknown" : row->name;
}

void lic_free(void* text) { std::free(text); }

int lic_open(const lic_options* options, lic_manager** manager, lic_error* error) {
  if (manager == nullptr) return missing(error, "the place for the manager");
  *manager = nullptr;
  lic_options known{};
  if (const int code = read_options(options, known, error); code != LIC_OK) return code;
  return guarded(error, [&] {
    auto opened = lic::LicenseManager::Impl::open(options_of(known), lic::system_environment());
    if (!opened) return answer(error, opened.error());
    *manager = new lic_manager(std::move(opened).value());
    return answer(error, LIC_OK);
  });
}

int lic_close(lic_manager** manager) {
  if (manager == nullptr) return LIC_USAGE;
  if (*manager == nullptr) return LIC_OK;
  if ((*manager)->in_listener.has_this_thread()) return LIC_USAGE;
  delete std::exchange(*manager, nullptr);
  return LIC_OK;
}

int lic_decision(const lic_manager* manager, lic_verdict* verdict, lic_error* error) {
  if (verdict != nullptr) *verdict = {LIC_USAGE, LIC_STANDING_NONE, -1};
  if (manager == nullptr) return no_manager(error);
  const Decision decision = manager->manager.decision();
  if (verdict != nullptr) *verdict = verdict_of(decision);
  return answer_decision(*manager, decision, error);
}

int lic_validate(lic_manager* manager, lic_verdict* verdict, lic_error* error) {
  if (verdict != nullptr) *verdict = {LIC_USAGE, LIC_STANDING_NONE, -1};
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] {
    const auto decision = manager->manager.validate();
    if (!decision && verdict != nullptr) verdict->code = code_of(decision.error().code);
    if (!decision) return answer(error, decision.error());
    if (verdict != nullptr) *verdict = verdict_of(*decision);
    return answer_decision(*manager, *decision, error);
  });
}

int lic_confirm(lic_manager* manager, lic_verdict* verdict, int32_t* by, lic_error* error) {
  if (verdict != nullptr) *verdict = {LIC_USAGE, LIC_STANDING_NONE, -1};
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] {
    const auto confirmed = manager->heard(manager->manager.confirm());
    if (!confirmed && verdict != nullptr) verdict->code = code_of(confirmed.error().code);
    if (!confirmed) return answer(error, confirmed.error());
    if (verdict != nullptr) *verdict = verdict_of(confirmed->decision);
    if (by != nullptr) *by = static_cast<int32_t>(confirmed->by);
    if (confirmed->message.empty()) return answer_decision(*manager, confirmed->decision, error);
    return answer(error, code_of(confirmed->decision.reason), confirmed->message);
  });
}

int lic_check_feature(const lic_manager* manager, const char* name, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (is_absent(name)) return missing(error, "the name of the feature");
  return answer_decision(*manager, manager->manager.check_feature(name), error, name);
}

int lic_feature_value(const lic_manager* manager, const char* name, char* buffer, size_t size, size_t* needed,
                      lic_error* error) {
  if (buffer != nullptr && size > 0) *buffer = '\0';
  if (needed != nullptr) *needed = 0;
  const FeatureValue* value = nullptr;
  if (const int code = find_feature(manager, name, value, error); value == nullptr) return code;
  return guarded(error,
                 [&] { return give_buffer(lic::json::dump(lic::feature_json(*value)), buffer, size, needed, error); });
}

int lic_feature_number(const lic_manager* manager, const char* name, int64_t* value, lic_error* error) {
  if (value != nullptr) *value = 0;
  const FeatureValue* found = nullptr;
  if (const int code = find_feature(manager, name, found, error); found == nullptr) return code;
  if (value == nullptr) return missing(error, "the place for the number");
  const auto* on = std::get_if<bool>(found);
  const auto* number = std::get_if<std::int64_t>(found);
  if (on == nullptr && number == nullptr) return guarded(error, [&] { return other_type(name, "a number", error); });
  *value = on != nullptr ? (*on ? 1 : 0) : *number;
  return answer(error, LIC_OK);
}

int lic_feature_text(const lic_manager* manager, const char* name, size_t index, char* buffer, size_t size,
                     size_t* needed, lic_error* error) {
  if (buffer != nullptr && size > 0) *buffer = '\0';
  if (needed != nullptr) *needed = 0;
  const FeatureValue* found = nullptr;
  if (const int code = find_feature(manager, name, found, error); found == nullptr) return code;
  const auto* text = std::get_if<std::string>(found);
  const auto* words = std::get_if<std::vector<std::string>>(found);
  if (text == nullptr && words == nullptr) return guarded(error, [&] { return other_type(name, "text", error); });
  if (index >= (words == nullptr ? 1 : words->size()))
    return guarded(error, [&] {
      return answer(error, LIC_NOT_FOUND, concat("the feature ", lic::in_quotes(name), " has no word ", index));
    });
  return give_buffer(words == nullptr ? *text : (*words)[index], buffer, size, needed, error);
}

int lic_get_status(lic_manager* manager, lic_status* status, lic_error* error) {
  if (!has_size(status)) return missing(error, "lic_status with its size");
  const std::size_t size = status->size;
  write_sized(status, size, lic_status{});
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] {
    write_sized(status, size, status_of(manager->impl.status()));
    return answer(error, LIC_OK);
  });
}

int lic_status_json(lic_manager* manager, char** text, lic_error* error) {
  return with_text(manager, text, error, [&] {
    return give_copy(lic::status_json(manager->impl.status(), manager->manager.machine_id()), text, error);
  });
}

int lic_get_product(lic_manager* manager, lic_product* product, lic_error* error) {
  if (!has_size(product)) return missing(error, "lic_product with its size");
  const std::size_t size = product->size;
  write_sized(product, size, lic_product{});
  if (manager == nullptr) return no_manager(error);
  const lic::ProductInfo& info = manager->manager.product();
  lic_product out{};
  out.version = info.version;
  copy_text(out.id, info.id);
  copy_text(out.name, info.name);
  copy_text(out.purchase_url, info.purchase_url);
  copy_text(out.renewal_url, info.renewal_url);
  copy_text(out.support, info.support);
  write_sized(product, size, out);
  return answer(error, LIC_OK);
}

int lic_machine_id(const lic_manager* manager, char* buffer, size_t size, size_t* needed, lic_error* error) {
  if (buffer != nullptr && size > 0) *buffer = '\0';
  if (needed != nullptr) *needed = 0;
  if (manager == nullptr) return no_manager(error);
  return give_buffer(manager->manager.machine_id(), buffer, size, needed, error);
}

int lic_state_dir(const lic_manager* manager, char* buffer, size_t size, size_t* needed, lic_error* error) {
  if (buffer != nullptr && size > 0) *buffer = '\0';
  if (needed != nullptr) *needed = 0;
  if (manager == nullptr) return no_manager(error);
  return give_buffer(manager->manager.state_dir(), buffer, size, needed, error);
}
