#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"
#include "license/envelope.hpp"

namespace lic::app {
namespace {

void report(const ImportedRevocations& imported, const LicenseManager& manager, Output& output) {
  const Status status = manager.status();
  for (const auto& warning : status.warnings) output.warn(warning);
  if (output.json()) {
    const nlohmann::ordered_json all = status_json(status, manager);
    output.line(json_lines(nlohmann::ordered_json{{"changed", imported.change.changed},
                                                  {"entries", imported.entries},
                                                  {"revocation_list", all["revocation_list"]},
                                                  {"status", all["status"]},
                                                  {"revoked", all["revoked"]},
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
    LIC_TRY_ASSIGN(const Bytes document, read_input(path, "revocation list", kMaxRevocations));
    LIC_TRY_ASSIGN(const ImportedRevocations imported, manager.import_revocations(document, path));
    report(imported, manager, output);
    return {};
  };
  const auto imported = import();
  return imported ? 0 : output.fail(imported.error());
}

}  // namespace lic::app
