#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"
#include "license/envelope.hpp"

namespace lic::app {
namespace {

Result<Bytes> read_list(const std::string& path) {
  if (path == "-") return read_stream(STDIN_FILENO, "revocation list on standard input", kMaxRevocations);
  ReadOptions options;
  options.limit = kMaxRevocations;
  return read_file(path, "revocation list", options);
}

void report(const ImportedRevocations& imported, const LicenseManager& manager, Output& output) {
  const Status status = manager.status();
  for (const auto& warning : status.warnings) output.warn(warning);
  if (output.json()) {
    output.line(json_lines(nlohmann::ordered_json{{"changed", imported.change.changed},
                                                  {"entries", imported.entries},
                                                  {"revocation_list", list_json(imported.list, status.at)},
                                                  {"status", token(status.decision.reason)},
                                                  {"revoked", revoked_json(status)},
                                                  {"message", imported.change.message}}));
  } else {
    output.line(imported.change.message);
  }
  if (status.revoked) output.warn(explain(status, manager).message);
}

}  // namespace

int import_revocations(Client& client) {
  Output& output = client.output();
  const std::string& path = client.options().value;
  const auto import = [&]() -> Result<void> {
    LIC_TRY_ASSIGN(LicenseManager manager, client.open_state());
    LIC_TRY_ASSIGN(const Bytes document, read_list(path));
    LIC_TRY_ASSIGN(const ImportedRevocations imported, manager.import_revocations(document, path));
    report(imported, manager, output);
    return {};
  };
  const auto imported = import();
  return imported ? 0 : output.fail(imported.error());
}

}  // namespace lic::app
