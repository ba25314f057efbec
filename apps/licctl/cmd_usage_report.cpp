#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "common/output_file.hpp"
#include "licctl/carried_document.hpp"
#include "licctl/commands.hpp"

namespace lic::app {
namespace {

constexpr mode_t kStatementMode = 0644;  // there is nothing secret in it

/// The statement that was asked for: the next one, or one that was made before.
Result<UsageReport> make_report(LicenseManager& manager, const ClientOptions& options) {
  if (!options.statement) return manager.report_usage(options.license_key, options.new_key);
  return manager.reported_usage(*options.statement, options.license_key);
}

std::string device_text(const UsageReport& report) {
  constexpr std::size_t kDigits = 16;
  return report.device.substr(0, kDigits);
}

/// The statement stays as it is where that fails.
Result<SentUsage> send(LicenseManager& manager, const UsageReport& report, Client& client) {
  client.tell_asking(manager);
  auto sent = manager.send_usage(report.license_key);
  if (sent) return sent;
  Error fault = std::move(sent).error();
  fault.message = concat("statement ", report.seq, " is made, but was not sent: ", fault.message);
  const std::string again = concat("licctl --usage-report FILE --statement ", report.seq, " --send sends it");
  fault.hint = fault.hint.empty() ? again : concat(fault.hint, "; ", again);
  return fault;
}

Result<void> usage_report(Client& client) {
  Output& output = client.output();
  const ClientOptions& options = client.options();
  LIC_TRY(check_streams(options.value, "--usage-report", client));
  LIC_TRY_ASSIGN(LicenseManager manager, client.open_state());
  if (options.value != "-" && !options.statement) LIC_TRY(check_output_file(options.value, options.force));
  if (options.send && options.license_key.empty() && manager.server().empty())
    return error(Errc::usage, "no licensing server is known to send the statement to", "name it with --server URL");
  LIC_TRY_ASSIGN(const UsageReport report, make_report(manager, options));
  const auto files = write_document(options.value, report.document, kStatementMode, client);
  if (!files)
    return error(files.error().code,
                 concat(files.error().message, "; usage statement ", report.seq, " is made and counts as told"),
                 concat("licctl --usage-report FILE --statement ", report.seq, " writes it to another FILE"));
  std::optional<SentUsage> sent;
  if (options.send) {
    LIC_TRY_ASSIGN(sent, send(manager, report, client));
  }
  if (output.json()) {
    nlohmann::ordered_json document{{"license_key", report.license_key}, {"statement", report.seq},
                                    {"from", format_time(report.from)},  {"to", format_time(report.to)},
                                    {"device", report.device},           {"files", *files}};
    document["sent"] = sent ? nlohmann::ordered_json(sent->sent) : nlohmann::ordered_json(nullptr);
    output.line(json_lines(document));
  }
  if (sent) output.note(concat("the licensing server has the statements up to ", sent->newest));
  for (const auto& file : *files) output.note(concat("written to ", in_quotes(file)));
  output.note(concat("statement ", report.seq, " of license ", report.license_key, ", from ", format_time(report.from),
                     " to ", format_time(report.to), ", signed by the key ", device_text(report), " of this device"));
  if (report.seq == 1) output.note("it is the first of this device: the vendor may ask for the name of that key");
  for (const auto& warning : manager.status().warnings) output.warn(warning);
  return {};
}

}  // namespace

int report_usage(Client& client) {
  const auto reported = usage_report(client);
  return reported ? 0 : client.output().fail(reported.error());
}

}  // namespace lic::app
