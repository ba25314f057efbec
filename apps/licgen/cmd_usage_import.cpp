#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "common/options.hpp"
#include "desk/usage_import.hpp"
#include "licgen/commands.hpp"
#include "licgen/document_output.hpp"
#include "protocol/carried_text.hpp"

namespace lic::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostInput = 64 * 1024 * 1024;
constexpr std::string_view kWhat = "usage statement";

struct UsageImportOptions {
  std::vector<std::string> files;
  UsageRules rules;
};

void set_up_usage_import(CLI::App& app, UsageImportOptions& options) {
  add_list(app, "FILE", options.files, "Statements that licctl --usage-report wrote, one a line; - is standard input")
      .required();
  add_list(app, "--expect-key", options.rules.expected_keys,
           "Register no device but one whose key has this id, or an id that begins so; repeatable")
      .type_name("KEYID");
  add_flag(app, "--new-key", options.rules.new_key,
           "Register another key for a machine that stated its usage by one before: its state was made anew");
  add_flag(app, "--any-machine", options.rules.any_machine, "Register a device that the license is not for, too");
}

/// All that was read, and what could not be.
struct Input {
  std::vector<IncomingUsage> statements;
  std::vector<UsageVerdict> refused;
};

void read_document(std::string_view text, const std::string& file, const std::string& what, Input& input) {
  auto read = read_usage_statement(text, file, what);
  if (read)
    input.statements.push_back(*std::move(read));
  else
    input.refused.push_back(refused_usage(file, read.error()));
}

/// A file is one document, over as many lines as it likes; or has one on each line; or
/// the pieces of one.
Result<void> read_statements(const std::string& file, Input& input) {
  LIC_TRY_ASSIGN(const Bytes bytes, read_input(file, kWhat, kMostInput));
  const std::string what = input_name(file, kWhat);
  LIC_TRY_ASSIGN(const std::string text, join_pieces(bytes, what));
  const std::string_view whole = text;
  if (text.find('\n') == std::string::npos || !json::parse(whole.substr(0, text.find('\n')), what)) {
    read_document(text, file, what, input);
    return {};
  }
  std::size_t begin = 0;
  for (std::int64_t number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = whole.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    read_document(line, file, concat(what, ", line ", number), input);
  }
  return {};
}

Input read_all(const UsageImportOptions& options) {
  Input input;
  for (const std::string& file : options.files)
    if (const auto read = read_statements(file, input); !read)
      input.refused.push_back(refused_usage(file, read.error()));
  return input;
}

Result<std::vector<UsageVerdict>> import_all(Input input, const UsageImportOptions& options, Vendor& vendor) {
  LIC_TRY_ASSIGN(const Desk desk, vendor.desk());
  LIC_TRY_ASSIGN(const ProductFile product, vendor.product());
  std::vector<UsageVerdict> verdicts = std::move(input.refused);
  if (input.statements.empty()) return verdicts;
  LIC_TRY_ASSIGN(const auto transaction, desk.ledger.begin());
  LIC_TRY_ASSIGN(const auto came,
                 import_usage(*transaction, desk, product, options.rules, std::move(input.statements)));
  verdicts.insert(verdicts.end(), came.begin(), came.end());
  if (count_of(came, UsageCame::imported) > 0) LIC_TRY(transaction->commit());
  return verdicts;
}

ExitCode code_of(const UsageVerdict& verdict) { return static_cast<ExitCode>(verdict.code); }

Json verdict_json(const UsageVerdict& verdict) {
  Json out = {{"file", verdict.file}};
  out.update(usage_verdict_json(verdict));
  if (verdict.came == UsageCame::refused) out["error"] = error_object(code_of(verdict), verdict.message, verdict.hint);
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
    if (refused > 0) document["error"] = error_object(code_of(*first), message, first->hint);
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
  return refused == 0 ? 0 : output.fail(code_of(*first), message, first->hint, true);
}

int run_usage_import(const UsageImportOptions& options, Vendor& vendor) {
  Input input = read_all(options);
  const auto verdicts = import_all(std::move(input), options, vendor);
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
