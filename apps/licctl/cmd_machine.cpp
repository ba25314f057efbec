#include <nlohmann/json.hpp>

#include "base/text.hpp"
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

void print_facts(Output& output, const std::vector<FactInfo>& facts) {
  for (const auto& fact : facts) {
    const std::string name = fact.name + std::string(14 - std::min<std::size_t>(fact.name.size(), 13), ' ');
    const std::string strength = fact.strong ? "strong  " : "weak    ";
    output.line(concat("  ", name, strength,
                       fact.present ? concat(joined(fact.values), "  (", printable(fact.source), ", given as ",
                                             joined(fact.digests), ')')
                                    : concat("absent: ", printable(fact.note))));
  }
}

ordered_json facts_json(const std::vector<FactInfo>& facts) {
  auto out = ordered_json::array();
  for (const auto& fact : facts)
    out.push_back({{"name", fact.name},
                   {"strength", fact.strong ? "strong" : "weak"},
                   {"present", fact.present},
                   {"values", fact.values},
                   {"digests", fact.digests},
                   {"source", fact.source},
                   {"note", fact.note}});
  return out;
}

}  // namespace

int machine_id(Client& client) {
  Output& output = client.output();
  const auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  const bool explain = client.options().explain;
  const auto facts = explain ? manager->explain_machine() : std::vector<FactInfo>{};
  if (output.json()) {
    ordered_json document{{"machine_id", manager->machine_id()}};
    if (explain) document["facts"] = facts_json(facts);
    output.line(json_lines(document));
    return 0;
  }
  output.line(manager->machine_id());
  if (explain) {
    output.line("made of these facts; the vendor gets the digests, never the values:");
    print_facts(output, facts);
  }
  return 0;
}

}  // namespace lic::app
