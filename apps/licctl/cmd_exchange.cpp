#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "licctl/carried_document.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"

// The offline exchange: request, answer, receipt.

namespace lic::app {
namespace {

constexpr std::size_t kMaxAnswer = 128 * 1024;  // a license, as pieces of text
constexpr mode_t kRequestMode = 0644;           // there is nothing secret in it
constexpr mode_t kReceiptMode = 0600;           // who shows it gives the seat back

using Json = nlohmann::ordered_json;

Result<void> request(Client& client) {
  Output& output = client.output();
  const ClientOptions& options = client.options();
  if (options.license_key.empty())
    return error(Errc::usage, "--request-activation needs the key of the license",
                 "licctl --request-activation FILE --license-key KEY");
  LIC_TRY(check_streams(options.value, "--request-activation", client));
  LIC_TRY_ASSIGN(LicenseManager manager, client.open_state());
  LIC_TRY_ASSIGN(const std::string waiting, manager.pending_request(options.license_key));
  LIC_TRY(check_place(options.value, waiting, options.force));
  LIC_TRY_ASSIGN(const RequestedActivation made, manager.request_activation(options.license_key, options.force));
  LIC_TRY_ASSIGN(const auto files, write_document(options.value, made.document, kRequestMode, client));
  if (output.json()) {
    output.line(json_lines(Json{{"request", made.id},
                                {"license_key", made.license_key},
                                {"machine_id", manager.machine_id()},
                                {"made", made.made},
                                {"files", files}}));
  }
  for (const auto& file : files) output.note(concat("written to ", in_quotes(file)));
  if (!made.made) output.note("this request was made before and waits for its answer; --force makes another");
  output.note("the vendor answers it with licgen sign-request; then: licctl --apply-activation FILE");
  return {};
}

void report(const ReturnedSeat& returned, const std::vector<std::string>& files, const LicenseManager& manager,
            bool text_follows, Output& output) {
  const Status status = manager.status();
  for (const auto& warning : status.warnings) output.warn(warning);
  if (output.json()) {
    output.line(json_lines(Json{{"status", token(status.decision.reason)},
                                {"changed", returned.change.changed},
                                {"message", returned.change.message},
                                {"files", files}}));
  } else if (text_follows) {
    output.note(returned.change.message);
  } else {
    output.line(returned.change.message);
  }
  for (const auto& file : files) output.note(concat("written to ", in_quotes(file)));
  if (!returned.change.hint.empty()) output.note(returned.change.hint);
}

/// The exit code. The seat is given back before the receipt is written: a failure after
/// that says how to get the receipt again.
Result<int> give_back(Client& client) {
  Output& output = client.output();
  const ClientOptions& options = client.options();
  LIC_TRY(check_streams(options.receipt, "--receipt", client));
  LIC_TRY_ASSIGN(LicenseManager manager, client.open_state());
  LIC_TRY_ASSIGN(const std::string known, manager.returned_receipt(options.license_key));
  LIC_TRY(check_place(options.receipt, known, options.force));
  LIC_TRY_ASSIGN(const ReturnedSeat returned, manager.return_seat(options.license_key));
  if (returned.receipt.empty())
    return output.fail(exit_code(returned.change.decision.reason), returned.change.message, returned.change.hint);
  const auto files = write_document(options.receipt, returned.receipt, kReceiptMode, client);
  if (!files)
    return error(files.error().code, concat(returned.change.message, ", but: ", files.error().message),
                 "the same command writes the receipt again, also to another FILE");
  report(returned, *files, manager, options.receipt == "-" || options.qr.to_stdout(), output);
  return 0;
}

}  // namespace

int request_activation(Client& client) {
  const auto requested = request(client);
  return requested ? 0 : client.output().fail(requested.error());
}

int apply_activation(Client& client) {
  Output& output = client.output();
  auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const auto document = read_input(client.options().value, "answer", kMaxAnswer);
  if (!document) return output.fail(document.error());
  return conclude(output, *manager, manager->apply_activation(*document, client.options().value));
}

int return_seat(Client& client) {
  const auto code = give_back(client);
  return code ? *code : client.output().fail(code.error());
}

}  // namespace lic::app
