#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "client/info_json.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"

namespace lic::app {
namespace {

using nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += concat(out.empty() ? "" : ", ", printable(word));
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size() + 1), ' ');
  return out;
}

void print_facts(Output& output, const std::vector<FactInfo>& facts) {
  constexpr std::size_t kWidth = 14;
  output.line("\nmade of these facts; their values never leave this machine:");
  for (const auto& fact : facts)
    output.line(concat("  ", padded(fact.name, kWidth), fact.strong ? "strong  " : "weak    ",
                       fact.present ? concat(joined(fact.values), "  (", printable(fact.source), ')')
                                    : concat("absent: ", printable(fact.note))));
  output.line(
      "\nwhat a vendor gets with the fingerprint above or with a request for activation, and nothing else of "
      "this machine:");
  for (const auto& fact : facts)
    for (const auto& digest : fact.digests) output.line(concat("  ", padded(fact.name, kWidth), digest));
}

void print_layers(Output& output, const std::vector<VirtualLayer>& layers) {
  output.line("\nwhere it runs, which is no part of the fingerprint and is not sent:");
  if (layers.empty()) output.line("  no virtual machine or container shows");
  for (const auto& layer : layers)
    output.line(concat("  ", layer.container ? "container       " : "virtual machine ", layer.kind, "  (",
                       printable(layer.source), ' ', layer.evidence, ')'));
}

}  // namespace

int machine_id(Client& client) {
  Output& output = client.output();
  const auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  const bool explain = client.options().explain;
  const auto facts = explain ? manager->explain_machine() : std::vector<FactInfo>{};
  const auto layers = explain ? manager->virtual_layers() : std::vector<VirtualLayer>{};
  if (output.json()) {
    output.line(json_lines(explain ? parse_json(machine_json(manager->machine_id(), facts, layers))
                                   : ordered_json{{"machine_id", manager->machine_id()}}));
    return 0;
  }
  output.line(manager->machine_id());
  if (explain) {
    print_facts(output, facts);
    print_layers(output, layers);
  }
  return 0;
}

}  // namespace lic::app
