#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"
#include "policy/usage.hpp"

namespace lic::app {
namespace {

struct Record {
  std::string name;
  std::int64_t amount = 1;  ///< less than 0: given back
};

Result<Record> read_record(std::string_view value) {
  const std::size_t equals = value.find('=');
  Record record{std::string(value.substr(0, equals)), 1};
  if (equals == std::string_view::npos) return record;
  const auto amount = parse_integer(value.substr(equals + 1));
  if (!amount || *amount == 0 || std::abs(*amount) > json::kMaxInteger)
    return error(Errc::invalid_input, concat("--record-usage: ", in_quotes(value), " does not end with an amount"),
                 "write NAME, NAME=N, or NAME=-N to give back what is held");
  record.amount = *amount;
  return record;
}

bool is_used_up(const LimitUsage& usage) { return usage.limit.max && *usage.limit.max > 0 && available(usage) == 0; }

/// "tickets: 4100 of 5000 per month used, 900 left until 2027-01-01T00:00:00Z".
std::string line_of(std::string_view name, const LimitUsage& usage) {
  std::string out = concat(printable(name), ": ", usage.used);
  if (usage.limit.max) out += concat(" of ", *usage.limit.max);
  if (usage.limit.per) out += concat(" per ", token(*usage.limit.per));
  out += " used";
  if (usage.left && usage.used > *usage.limit.max) {
    out += concat(", ", usage.used - *usage.limit.max, " over the limit");
  } else if (usage.left) {
    out += concat(", ", *usage.left, " left");
  } else {
    out += ", unlimited";
  }
  if (usage.resets) out += concat(", anew on ", format_time(*usage.resets));
  return out;
}

std::string upgrade_hint(const LicenseManager& manager, const LimitUsage& usage) {
  const std::string& page = manager.product().purchase_url;
  std::string hint =
      page.empty() ? "a larger plan allows more" : concat("a larger plan allows more: ", printable(page));
  if (usage.resets) hint = concat("it starts anew on ", format_time(*usage.resets), "; ", hint);
  if (!usage.limit.per) hint = concat("give some back with NAME=-N; ", hint);
  return hint;
}

int tell_refusal(Client& client, const LicenseManager& manager, const Record& record, const Consumption& came) {
  if (came.decision.reason != Reason::usage_limit_reached) {
    const Explanation why = explain(manager.status(), manager);
    return client.output().fail(exit_code(came.decision.reason), concat("nothing was counted: ", why.message),
                                why.hint);
  }
  const LimitUsage& usage = came.usage;
  return client.output().fail(ExitCode::usage_limit_reached,
                              concat("the limit of ", in_quotes(record.name), " does not allow ", record.amount,
                                     " more: ", usage.used, " of ", usage.limit.max.value_or(0), " used"),
                              upgrade_hint(manager, usage));
}

}  // namespace

int record_usage(Client& client) {
  Output& output = client.output();
  if (!client.options().license_file.empty()) return refuse_license_file(output);
  const auto record = read_record(client.options().value);
  if (!record) return output.fail(record.error());
  auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const auto came = record->amount > 0 ? manager->consume(record->name, record->amount)
                                       : manager->release(record->name, -record->amount);
  if (!came) return output.fail(came.error());
  if (!came->decision.allowed()) return tell_refusal(client, *manager, *record, *came);
  for (const auto& warning : manager->status().warnings) output.warn(warning);
  if (output.json()) {
    nlohmann::ordered_json document{{"name", record->name}, {"recorded", record->amount}};
    document.update(usage_json({{record->name, came->usage}})[record->name]);
    document["status"] = token(came->decision.reason);
    output.line(json_lines(document));
  } else {
    output.line(line_of(record->name, came->usage));
  }
  return 0;
}

int show_usage(Client& client) {
  Output& output = client.output();
  if (!client.options().license_file.empty()) return refuse_license_file(output);
  const auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const auto usage = manager->usage();
  if (!usage) return output.fail(usage.error());
  const Status status = manager->status();
  for (const auto& warning : status.warnings) output.warn(warning);

  ExitCode code = ExitCode::ok;
  Explanation why;
  const auto full = std::find_if(usage->begin(), usage->end(), [](const auto& one) { return is_used_up(one.second); });
  if (!status.decision.allowed() && status.decision.reason != Reason::no_license) {
    code = exit_code(status.decision.reason);
    why = explain(status, *manager);
  } else if (full != usage->end()) {
    code = ExitCode::usage_limit_reached;
    why = {concat("the limit of ", in_quotes(full->first), " is used up"), upgrade_hint(*manager, full->second)};
  }
  if (output.json()) {
    nlohmann::ordered_json document{{"status", token(status.decision.reason)}, {"limits", usage_json(*usage)}};
    if (code != ExitCode::ok) document["error"] = error_object(code, why.message, why.hint);
    output.line(json_lines(document));
  } else {
    for (const auto& [name, used] : *usage) output.line(line_of(name, used));
    if (usage->empty() && code == ExitCode::ok) output.note("the plan limits nothing");
  }
  return code == ExitCode::ok ? 0 : output.fail(code, why.message, why.hint, true);
}

}  // namespace lic::app
