#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "license/envelope.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "licgen/usage_import.hpp"
#include "protocol/carried_text.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostInput = 64 * 1024 * 1024;
constexpr std::string_view kWhat = "usage statement";

void set_up_usage_import(CLI::App& app, UsageImportOptions& options) {
  add_list(app, "FILE", options.files, "Statements that licctl --usage-report wrote, one a line; - is standard input")
      .required();
  add_list(app, "--expect-key", options.expected_keys,
           "Register no device but one whose key has this id, or an id that begins so; repeatable")
      .type_name("KEYID");
  add_flag(app, "--new-key", options.new_key,
           "Register another key for a machine that stated its usage by one before: its state was made anew");
  add_flag(app, "--any-machine", options.any_machine, "Register a device that the license is not for, too");
}

/// All that was read, and what could not be.
struct Input {
  std::vector<IncomingUsage> statements;
  std::vector<UsageVerdict> refused;
};

void refuse(Input& input, const std::string& file, const Error& fault) {
  UsageVerdict verdict;
  verdict.file = file;
  verdict.code = exit_code(fault.code);
  verdict.message = fault.message;
  verdict.hint = fault.hint;
  input.refused.push_back(std::move(verdict));
}

void read_document(std::string_view text, const std::string& file, const std::string& what, Input& input) {
  auto statement = UsageStatement::open(view_bytes(text), what);
  const auto envelope =
      statement ? Envelope::parse(view_bytes(text), what) : Result<Envelope>(Error(statement.error()));
  if (!envelope) {
    refuse(input, file, envelope.error());
    return;
  }
  input.statements.push_back({what, file, std::move(statement).value(), envelope->bare().to_json()});
}

/// A file is one document, over as many lines as it likes; or has one on each line; or
/// the pieces of one.
Result<void> read_statements(const std::string& file, Input& input) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, kWhat, kMostInput));
  const std::string what = input_name(file, kWhat);
  LIC_TRY_ASSIGN(const std::string text, join_pieces(bytes, what));
  std::string_view rest = text;
  const std::string_view first = rest.substr(0, rest.find('\n'));
  if (first.size() == rest.size() || !json::parse(first, what)) {
    read_document(rest, file, what, input);
    return {};
  }
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    read_document(line, file, concat(what, ", line ", number), input);
  }
  return {};
}

Input read_all(const UsageImportOptions& options) {
  Input input;
  for (const std::string& file : options.files)
    if (const auto read = read_statements(file, input); !read) refuse(input, file, read.error());
  const auto place = [](const IncomingUsage& one) {
    return std::tuple(std::string_view(one.statement.key), one.statement.device.id(), one.statement.seq);
  };
  std::stable_sort(input.statements.begin(), input.statements.end(),
                   [&](const IncomingUsage& a, const IncomingUsage& b) { return place(a) < place(b); });
  return input;
}

Result<std::vector<UsageVerdict>> import_all(const Input& input, const UsageImportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(Ledger * ledger, vendor.ledger());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  std::vector<UsageVerdict> verdicts = input.refused;
  if (input.statements.empty()) return verdicts;
  LIC_TRY_ASSIGN(const auto transaction, ledger->begin());
  UsageImport import(options, product, vendor, *ledger, *transaction);
  bool changed = false;
  for (const IncomingUsage& incoming : input.statements) {
    LIC_TRY_ASSIGN(UsageVerdict verdict, import.take(incoming));
    changed = changed || verdict.came == UsageCame::imported;
    verdicts.push_back(std::move(verdict));
  }
  if (changed) LIC_TRY(transaction->commit());
  return verdicts;
}

std::int64_t count_of(const std::vector<UsageVerdict>& verdicts, UsageCame came) {
  return std::count_if(verdicts.begin(), verdicts.end(), [&](const auto& verdict) { return verdict.came == came; });
}

Json verdict_json(const UsageVerdict& verdict) {
  Json out = {{"file", verdict.file}, {"result", token(verdict.came)}};
  if (verdict.seq > 0) {
    out["license_key"] = verdict.key;
    out["device"] = verdict.device;
    out["machine"] = verdict.machine.empty() ? Json(nullptr) : Json(verdict.machine);
    out["statement"] = verdict.seq;
    out["from"] = format_time(verdict.from);
    out["to"] = format_time(verdict.to);
    out["new_device"] = verdict.new_device;
  }
  if (verdict.came == UsageCame::refused) out["error"] = error_object(verdict.code, verdict.message, verdict.hint);
  return out;
}

void tell(const UsageVerdict& verdict, Output& output) {
  if (verdict.came == UsageCame::refused) return;
  const std::string device = short_id(KeyId(verdict.device));
  const std::string name = concat(verdict.key, " statement ", verdict.seq, " of device ", device);
  if (verdict.came == UsageCame::known) {
    output.line(concat(name, " unchanged: ", verdict.message));
    return;
  }
  output.line(concat(name, " imported, from ", format_time(verdict.from), " to ", format_time(verdict.to)));
  if (verdict.new_device)
    output.note(concat("device ", device, " is registered for ", verdict.key, ": key ", verdict.device, ", machine ",
                       verdict.machine.empty() ? "unknown" : verdict.machine));
}

/// Tells it all; the exit code is that of the first refusal.
int report(const std::vector<UsageVerdict>& verdicts, Vendor& vendor) {
  Output& output = vendor.output();
  const std::int64_t refused = count_of(verdicts, UsageCame::refused);
  const auto first = std::find_if(verdicts.begin(), verdicts.end(),
                                  [](const auto& verdict) { return verdict.came == UsageCame::refused; });
  const bool single = verdicts.size() == 1;
  std::string message;
  if (refused > 0)
    message = single ? first->message
                     : concat(refused, " of ", verdicts.size(), " usage statements were refused: ", first->message);
  if (output.json()) {
    Json document = {{"imported", count_of(verdicts, UsageCame::imported)},
                     {"known", count_of(verdicts, UsageCame::known)},
                     {"refused", refused}};
    document["statements"] = Json::array();
    for (const auto& verdict : verdicts) document["statements"].push_back(verdict_json(verdict));
    if (refused > 0) document["error"] = error_object(first->code, message, first->hint);
    output.line(json_text(document));
  } else {
    for (const auto& verdict : verdicts) tell(verdict, output);
  }
  for (const auto& verdict : verdicts) {
    if (verdict.came == UsageCame::refused && !verdict.follows && !single) output.warn(verdict.message);
    if (verdict.came == UsageCame::imported && verdict.to > vendor.now() + std::chrono::hours{24})
      output.warn(concat(verdict.key, " statement ", verdict.seq, " ends in the future, on ", format_time(verdict.to),
                         ": the clock of its device is ahead"));
  }
  return refused == 0 ? 0 : output.fail(first->code, message, first->hint, true);
}

int run_usage_import(const UsageImportOptions& options, Vendor& vendor) {
  const Input input = read_all(options);
  const auto verdicts = import_all(input, options, vendor);
  return verdicts ? report(*verdicts, vendor) : vendor.output().fail(verdicts.error());
}

}  // namespace

Command<Vendor> usage_import_command() {
  return make_command("usage import", "Take in the usage statements that devices have signed",
                      {"licgen usage import statement.json", "cat inbox/*.json | licgen usage import -",
                       "licgen usage import statement.json --expect-key 1a2b3c4d5e6f7081"},
                      set_up_usage_import, run_usage_import);
}

}  // namespace lic::app
