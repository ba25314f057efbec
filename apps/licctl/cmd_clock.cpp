#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "common/input.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"
#include "license/envelope.hpp"

// A clock that once ran ahead: the code for the vendor, and the reset that answers it.

namespace lic::app {
int clock_code(Client& client) {
  Output& output = client.output();
  auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const auto code = manager->clock_code();
  if (!code) return output.fail(code.error());
  for (const auto& warning : manager->status().warnings) output.warn(warning);
  if (output.json()) {
    output.line(json_lines(nlohmann::ordered_json{{"code", code->code},
                                                  {"latest_time", format_time(code->latest_time)},
                                                  {"clock", format_time(code->clock)},
                                                  {"machine_id", manager->machine_id()},
                                                  {"made", code->made}}));
  } else {
    output.line(code->code);
  }
  const std::string& support = manager->product().support;
  output.note(concat("the clock says ", format_time(code->clock), ", but this machine has seen ",
                     format_time(code->latest_time)));
  output.note(concat("if the clock is right now, give the code to ",
                     support.empty() ? "the vendor" : printable(support),
                     ", who answers it with licgen clock-reset; then: licctl --apply-clock-reset FILE"));
  return 0;
}

int apply_clock_reset(Client& client) {
  Output& output = client.output();
  const std::string& path = client.options().value;
  auto manager = client.open_state();
  if (!manager) return output.fail(manager.error());
  const auto document = read_input(path, "clock reset", kMaxDocument);
  if (!document) return output.fail(document.error());
  const auto change = manager->apply_clock_reset(*document, path);
  if (!change) return output.fail(change.error());
  const Status status = manager->status();
  for (const auto& warning : status.warnings) output.warn(warning);
  if (output.json()) {
    output.line(json_lines(nlohmann::ordered_json{{"status", token(status.decision.reason)},
                                                  {"license_key", text_json(status.license_key)},
                                                  {"latest_time", time_json(status.latest_time)},
                                                  {"message", change->message}}));
  } else {
    output.line(change->message);
  }
  return 0;
}

}  // namespace lic::app
