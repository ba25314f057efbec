#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"

namespace lic::app {
namespace {

constexpr std::size_t kMaxLicenseFile = 64 * 1024;

/// A file where there is one of that name or it is written like one; else a key.
bool is_file_name(const std::string& value) {
  struct stat info {};
  return value == "-" || std::strchr(value.c_str(), '/') != nullptr || value.ends_with(".json") ||
         ::lstat(value.c_str(), &info) == 0;
}

/// `key` empty: of any key.
Result<Change> activate_file(LicenseManager& manager, const std::string& path, const std::string& key) {
  if (path != "-") return manager.activate_file(path, key);
  LIC_TRY_ASSIGN(const Bytes document, read_input(path, "license file", kMaxLicenseFile));
  return manager.activate_document(document, path, key);
}

/// Every seat is taken, and this machine waits for one.
int refuse_for_now(Output& output, const Change& change) {
  const ExitCode code = exit_code(change.decision.reason);
  if (output.json()) {
    nlohmann::ordered_json document;
    document["error"] = error_object(code, change.message, change.hint);
    add_place(document["error"], *change.queue, change.retry_at);
    output.line(json_lines(document));
  }
  return output.fail(code, change.message, change.hint, true);
}

Time time_now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// Asks again, when the server wants it, as long as this machine waits in the queue and `patience` lasts; also where
/// the server is away for a while.
Result<Change> ask_patiently(Output& output, std::chrono::seconds patience,
                             const std::function<Result<Change>()>& ask) {
  using std::chrono::steady_clock;
  constexpr std::chrono::seconds kLeast{2};
  constexpr std::chrono::seconds kMost{60};
  constexpr std::chrono::seconds kAfterSilence{10};
  const auto give_up = steady_clock::now() + patience;
  std::int64_t place = 0;  // in the queue; 0: in none yet
  while (true) {
    auto change = ask();
    const bool is_silent = !change && change.error().code == Errc::unavailable && place > 0;
    const bool waits = change && !change->changed && change->queue;
    if ((!is_silent && !waits) || steady_clock::now() >= give_up) return change;
    auto wish = kMost;
    if (is_silent) {
      output.note(concat(change.error().message, "; asking again"));
      wish = kAfterSilence;
    } else {
      if (change->retry_at) wish = std::clamp(*change->retry_at - time_now(), kLeast, kMost);
      if (*change->queue != place)
        output.note(concat("no seat is free; waiting at place ", *change->queue, " of the queue"));
      place = *change->queue;
    }
    std::this_thread::sleep_until(std::min(steady_clock::now() + wish, give_up));
  }
}

/// A date or time, or a duration from now.
Result<Time> read_until(const std::string& text) {
  const Time now = time_now();
  if (const auto duration = parse_duration(text)) {
    if (const auto until = add(now, *duration)) return *until;
    return error(Errc::invalid_input, concat("--borrow-license: ", in_quotes(text), " is past the year 9999"));
  }
  auto time = parse_time(text);
  if (!time)
    return error(Errc::invalid_input, concat("--borrow-license: ", in_quotes(text), " is no duration, date or time"),
                 "write 7d, 12h, 2026-12-24 or 2026-12-24T18:00:00Z");
  return *time;
}

}  // namespace

int borrow_license(Client& client) {
  if (!client.options().license_file.empty()) return refuse_license_file(client.output());
  const auto until = read_until(client.options().value);
  if (!until) return client.output().fail(until.error());
  auto manager = client.open_state();
  if (!manager) return client.output().fail(manager.error());
  client.tell_asking(*manager);
  return conclude(client.output(), *manager, manager->borrow(*until));
}

int conclude(Output& output, const LicenseManager& manager, const Result<Change>& change) {
  if (!change) return output.fail(change.error());
  if (!change->changed && change->queue) return refuse_for_now(output, *change);
  if (!change->changed) return output.fail(exit_code(change->decision.reason), change->message, change->hint);
  const Status status = manager.status();
  for (const auto& warning : status.warnings) output.warn(warning);
  if (output.json()) {
    nlohmann::ordered_json document;
    document["status"] = token(status.decision.reason);
    document["license_key"] = text_json(status.license_key);
    document["plan"] = text_json(status.plan);
    document["expires"] = time_json(status.expires);
    document["source"] =
        status.source == Source::none ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(token(status.source));
    document["message"] = change->message;
    output.line(json_lines(document));
  } else {
    output.line(change->message);
  }
  if (!change->hint.empty()) output.note(change->hint);
  return 0;
}

int refuse_license_file(Output& output) {
  return output.fail(ExitCode::usage,
                     "--license-file names a file to judge or to activate, which this action does not do", {});
}

int activate_license(Client& client) {
  Output& output = client.output();
  const ClientOptions& options = client.options();
  auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const bool by_file = is_file_name(options.value);
  if (by_file && !options.license_file.empty())
    return output.fail(ExitCode::usage, "--license-file goes with a key, and --activate-license names a file already",
                       {});
  if (options.value == "-" && options.wait)
    return output.fail(ExitCode::usage, "--wait asks again and again, and standard input is read once", {});
  client.tell_asking(*manager);
  const auto change = ask_patiently(output, std::chrono::minutes{options.wait.value_or(0)}, [&]() -> Result<Change> {
    if (by_file) return activate_file(*manager, options.value, {});
    if (options.license_file.empty()) return manager->activate(options.value);
    return activate_file(*manager, options.license_file, options.value);
  });
  return conclude(output, *manager, change);
}

int generate_trial(Client& client) {
  if (!client.options().license_file.empty()) return refuse_license_file(client.output());
  auto manager = client.open_state();
  if (!manager) return client.output().fail(manager.error());
  client.tell_asking(*manager);
  return conclude(client.output(), *manager, manager->start_trial(client.options().email));
}

int deactivate_license(Client& client) {
  if (!client.options().receipt.empty()) return return_seat(client);
  if (!client.options().license_file.empty()) return refuse_license_file(client.output());
  auto manager = client.open_state();
  if (!manager) return client.output().fail(manager.error());
  client.tell_asking(*manager);
  return conclude(client.output(), *manager, manager->deactivate());
}

}  // namespace lic::app
