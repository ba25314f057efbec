#include <sys/stat.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
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

}  // namespace

int conclude(Output& output, const LicenseManager& manager, const Result<Change>& change) {
  if (!change) return output.fail(change.error());
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
  client.tell_asking(*manager);
  if (by_file) return conclude(output, *manager, activate_file(*manager, options.value, {}));
  if (options.license_file.empty()) return conclude(output, *manager, manager->activate(options.value));
  return conclude(output, *manager, activate_file(*manager, options.license_file, options.value));
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
