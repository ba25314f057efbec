// What goes between a user and the vendor without a network, of lic/lic.h.

#include "base/text.hpp"
#include "client/c_api.hpp"

using namespace lic::c_api;

namespace {

/// A statement into `text` and, where it is wanted, what it is into `about`.
int give_statement(const lic::Result<lic::UsageReport>& report, char** text, lic_statement* about, lic_error* error) {
  if (!report) return answer(error, report.error());
  give_copy(report->document, text, error);
  lic_statement out{};
  out.seq = report->seq;
  out.from = seconds_or_zero(report->from);
  out.to = seconds_or_zero(report->to);
  copy_text(out.license_key, report->license_key);
  copy_text(out.device, report->device);
  if (about != nullptr) write_sized(about, about->size, out);
  return answer(error, LIC_OK, lic::concat("statement ", report->seq, " of license ", report->license_key));
}

/// Whether `about` is absent or can be filled; it is then empty.
bool cleared(lic_statement* about) noexcept {
  if (about == nullptr) return true;
  if (!has_size(about)) return false;
  write_sized(about, about->size, lic_statement{});
  return true;
}

}  // namespace

int lic_request_activation(lic_manager* manager, const char* license_key, int anew, char** document, lic_error* error) {
  return with_text(manager, document, error, [&] {
    if (is_absent(license_key)) return missing(error, "the license key");
    const auto made = manager->manager.request_activation(license_key, anew != 0);
    if (!made) return answer(error, made.error());
    give_copy(made->document, document, error);
    return answer(error, LIC_OK, lic::concat("request ", made->id, " for license ", made->license_key));
  });
}

int lic_pending_request(lic_manager* manager, const char* license_key, char** document, lic_error* error) {
  return with_text(manager, document, error, [&] {
    if (is_absent(license_key)) return missing(error, "the license key");
    const auto waiting = manager->manager.pending_request(license_key);
    if (!waiting) return answer(error, waiting.error());
    if (waiting->empty()) return answer(error, LIC_NOT_FOUND, "no request for that key waits for its answer");
    return give_copy(*waiting, document, error);
  });
}

int lic_apply_activation(lic_manager* manager, const void* document, size_t size, const char* name, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (document == nullptr) return missing(error, "the vendor's answer");
  return guarded(error, [&] {
    return answer_change(manager->manager.apply_activation(bytes_of(document, size), is_absent(name) ? "given" : name),
                         error);
  });
}

int lic_return_seat(lic_manager* manager, const char* license_key, char** receipt, lic_error* error) {
  return with_text(manager, receipt, error, [&] {
    const auto returned = manager->manager.return_seat(or_empty(license_key));
    if (!returned) return answer(error, returned.error());
    if (returned->receipt.empty()) return answer_change(returned->change, error);
    give_copy(returned->receipt, receipt, error);
    return answer(error, LIC_OK, returned->change.message, returned->change.hint);
  });
}

int lic_returned_receipt(lic_manager* manager, const char* license_key, char** receipt, lic_error* error) {
  return with_text(manager, receipt, error, [&] {
    const auto known = manager->manager.returned_receipt(or_empty(license_key));
    if (!known) return answer(error, known.error());
    if (known->empty()) return answer(error, LIC_NOT_FOUND, "no seat was given back here");
    return give_copy(*known, receipt, error);
  });
}

int lic_import_revocations(lic_manager* manager, const void* document, size_t size, const char* name,
                           lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (document == nullptr) return missing(error, "the list of revocations");
  return guarded(error, [&] {
    const auto taken = manager->manager.import_revocations(bytes_of(document, size), is_absent(name) ? "given" : name);
    return taken ? answer(error, LIC_OK, taken->change.message) : answer(error, taken.error());
  });
}

int lic_clock_code(lic_manager* manager, char** code, lic_error* error) {
  return with_text(manager, code, error, [&] {
    const auto waiting = manager->manager.clock_code();
    return waiting ? give_copy(waiting->code, code, error) : answer(error, waiting.error());
  });
}

int lic_apply_clock_reset(lic_manager* manager, const void* document, size_t size, const char* name, lic_error* error) {
  if (manager == nullptr) return no_manager(error);
  if (document == nullptr) return missing(error, "the clock reset");
  return guarded(error, [&] {
    const auto change = manager->manager.apply_clock_reset(bytes_of(document, size), is_absent(name) ? "given" : name);
    return change ? answer(error, LIC_OK, change->message, change->hint) : answer(error, change.error());
  });
}

int lic_report_usage(lic_manager* manager, const char* license_key, int new_key, char** statement, lic_statement* about,
                     lic_error* error) {
  if (!cleared(about)) return missing(error, "lic_statement with its size");
  return with_text(manager, statement, error, [&] {
    return give_statement(manager->manager.report_usage(or_empty(license_key), new_key != 0), statement, about, error);
  });
}

int lic_reported_usage(lic_manager* manager, int64_t seq, const char* license_key, char** statement,
                       lic_statement* about, lic_error* error) {
  if (!cleared(about)) return missing(error, "lic_statement with its size");
  return with_text(manager, statement, error, [&] {
    return give_statement(manager->manager.reported_usage(seq, or_empty(license_key)), statement, about, error);
  });
}

int lic_send_usage(lic_manager* manager, const char* license_key, int64_t* newest, lic_error* error) {
  if (newest != nullptr) *newest = 0;
  if (manager == nullptr) return no_manager(error);
  return guarded(error, [&] {
    const auto sent = manager->manager.send_usage(or_empty(license_key));
    if (!sent) return answer(error, sent.error());
    if (newest != nullptr) *newest = sent->newest;
    return answer(error, LIC_OK);
  });
}
