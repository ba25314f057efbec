#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"

namespace lic::app {
namespace {

Result<KeyPlace> read_place(const std::string& text) {
  if (text == "keyring") return KeyPlace::keyring;
  if (text == "file") return KeyPlace::file;
  return error(Errc::usage, concat("--state-key: ", in_quotes(text), " is neither keyring nor file"));
}

Result<void> move_key(Client& client) {
  Output& output = client.output();
  LIC_TRY_ASSIGN(const KeyPlace place, read_place(client.options().value));
  LIC_TRY_ASSIGN(LicenseManager manager, client.open_state());
  LIC_TRY_ASSIGN(const Change change, manager.keep_state_key(place));
  for (const auto& warning : manager.status().warnings) output.warn(warning);
  if (output.json()) {
    output.line(json_lines(nlohmann::ordered_json{
        {"state_key", client.options().value}, {"changed", change.changed}, {"message", change.message}}));
  } else {
    output.line(change.message);
  }
  if (!change.hint.empty()) output.note(change.hint);
  return {};
}

}  // namespace

int move_state_key(Client& client) {
  const auto moved = move_key(client);
  return moved ? 0 : client.output().fail(moved.error());
}

}  // namespace lic::app
