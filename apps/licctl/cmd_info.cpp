#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"

namespace lic::app {
namespace {

/// What ends the call with another code than 0; code ok: nothing does.
struct Refusal {
  ExitCode code = ExitCode::ok;
  Explanation why;
};

/// `within`: a license that ends so soon counts as expired.
Refusal judge(const Status& status, const LicenseManager& manager, const std::optional<Duration>& within) {
  if (!status.decision.allowed()) return Refusal{exit_code(status.decision.reason), explain(status, manager)};
  if (!within || !status.expires) return Refusal{};
  const auto horizon = add(status.at, *within);
  if (horizon && *status.expires > *horizon) return Refusal{};
  return Refusal{ExitCode::expired,
                 {concat("the license ", *status.expires <= status.at ? "ended on " : "ends so soon: on ",
                         format_time(*status.expires)),
                  status.next.url.empty() ? std::string{} : concat("renew it at ", status.next.url)}};
}

nlohmann::ordered_json file_json(const InstalledLicense& file) {
  nlohmann::ordered_json out;
  const bool known = file.problem.empty();
  out["file"] = text_json(file.path);
  out["license_key"] = text_json(file.license_key);
  out["plan"] = text_json(file.plan);
  out["kind"] = file.kind ? nlohmann::ordered_json(token(*file.kind)) : nlohmann::ordered_json(nullptr);
  out["serial"] = known ? nlohmann::ordered_json(file.serial) : nlohmann::ordered_json(nullptr);
  out["status"] = known ? nlohmann::ordered_json(token(file.decision.reason)) : nlohmann::ordered_json(nullptr);
  out["starts"] = time_json(file.starts);
  out["expires"] = time_json(file.expires);
  out["days_remaining"] =
      file.decision.days_left ? nlohmann::ordered_json(*file.decision.days_left) : nlohmann::ordered_json(nullptr);
  out["active"] = file.active;
  out["problem"] = text_json(file.problem);
  return out;
}

std::string file_line(const InstalledLicense& file) {
  if (!file.problem.empty()) return concat("  ", printable(file.path), ": cannot count: ", file.problem);
  const std::string name = file.license_key.empty() ? std::string("free") : file.license_key;
  std::string line =
      concat(file.active ? "* " : "  ", name, ": ", token(file.decision.reason), ", ", printable(file.plan));
  if (file.expires) line += concat(", until ", format_time(*file.expires));
  return line;
}

/// The licenses of the state directory, in place of the status.
Result<void> answer_all(const LicenseManager& manager, Output& output, nlohmann::ordered_json& document) {
  const auto files = manager.license_files();
  if (!files) return Error(files.error());
  document["licenses"] = nlohmann::ordered_json::array();
  for (const auto& file : *files) {
    document["licenses"].push_back(file_json(file));
    if (!output.json()) output.line(file_line(file));
  }
  return {};
}

std::string_view checker_text(CheckedBy by) {
  switch (by) {
    case CheckedBy::server:
      return "the licensing server";
    case CheckedBy::documents:
      return "its signed document";
    case CheckedBy::lease:
      return "its signed document and the server's lease";
    case CheckedBy::product_file:
      break;
  }
  return "the signed product file";
}

}  // namespace

int license_info(Client& client) {
  Output& output = client.output();
  std::optional<Duration> within;
  if (const std::string& text = client.options().fail_if_expires_within; !text.empty()) {
    const auto duration = parse_duration(text);
    if (!duration)
      return output.fail(exit_code(duration.error().code), "--fail-if-expires-within: " + duration.error().message,
                         duration.error().hint);
    within = *duration;
  }
  auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  // What comes of a lease that is due shows in the status; that nobody answers, too. A look takes no seat that floats.
  if (!manager->status().floating || manager->decision().allowed()) static_cast<void>(manager->refresh_lease());
  const Status status = manager->status();
  const auto& [code, why] = judge(status, *manager, within);
  nlohmann::ordered_json document;
  if (client.options().all) {
    if (const auto told = answer_all(*manager, output, document); !told) return output.fail(told.error());
  } else if (output.json()) {
    document = status_json(status, *manager);
  } else {
    output.answer(status_text(status, *manager, output));
  }
  if (output.json()) {
    if (code != ExitCode::ok) document["error"] = error_object(code, why.message, why.hint);
    output.line(json_lines(document));
  }
  for (const auto& warning : status.warnings) output.warn(warning);
  return code == ExitCode::ok ? 0 : output.fail(code, why.message, why.hint, true);
}

int verify_license(Client& client) {
  Output& output = client.output();
  auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  client.tell_asking(*manager);
  const auto confirmed = manager->confirm();
  if (!confirmed) return output.fail(confirmed.error());
  const Status status = manager->status();
  for (const auto& warning : status.warnings) output.warn(warning);
  const bool answered = confirmed->by == CheckedBy::server;
  if (!answered && !confirmed->message.empty())
    output.warn(concat("the licensing server did not answer: ", confirmed->message));
  const ExitCode code = exit_code(confirmed->decision.reason);
  Explanation why = explain(status, *manager);
  if (answered && !confirmed->message.empty()) why.message = confirmed->message;
  if (confirmed->queue) why.hint = "ask again then, to keep the place until it is this machine's turn";
  if (output.json()) {
    nlohmann::ordered_json document;
    document["status"] = token(confirmed->decision.reason);
    document["license_key"] = text_json(status.license_key);
    document["plan"] = text_json(status.plan);
    document["verified_by"] = token(confirmed->by);
    document["verified_at"] = time_json(status.verified_at);
    document["server"] = text_json(manager->server());
    document["server_fault"] = text_json(answered ? std::string() : confirmed->message);
    if (code != ExitCode::ok) document["error"] = error_object(code, why.message, why.hint);
    if (confirmed->queue) add_place(document["error"], *confirmed->queue, confirmed->retry_at);
    output.line(json_lines(document));
  } else if (code == ExitCode::ok) {
    output.line(concat(status.license_key.empty() ? printable(status.plan) : status.license_key, ": ",
                       token(confirmed->decision.reason), ", checked by ", checker_text(confirmed->by)));
  }
  return code == ExitCode::ok ? 0 : output.fail(code, why.message, why.hint, true);
}

}  // namespace lic::app
