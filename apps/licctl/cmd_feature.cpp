#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "common/json_text.hpp"
#include "licctl/commands.hpp"
#include "licctl/status_text.hpp"

namespace lic::app {

int check_feature(Client& client) {
  Output& output = client.output();
  const std::string& name = client.options().value;
  const auto manager = client.open();
  if (!manager) return output.fail(manager.error());
  const Decision decision = manager->check_feature(name);
  const FeatureValue* value = manager->feature_value(name);
  const bool licensed = decision.allowed() && value != nullptr;
  const Status status = manager->status();
  for (const auto& warning : status.warnings) output.warn(warning);

  const bool lapsed = decision.reason != Reason::feature_not_licensed && !licensed;
  const Explanation why = lapsed ? explain(status, *manager) : Explanation{};
  const std::string message =
      concat("feature ", in_quotes(name), " is not licensed", lapsed ? concat(": ", why.message) : std::string{});
  const std::string& page = manager->product().purchase_url;
  const std::string hint = lapsed || page.empty() ? why.hint : concat("upgrade at ", printable(page));
  if (output.json()) {
    nlohmann::ordered_json document;
    document["feature"] = name;
    document["licensed"] = licensed;
    document["value"] = licensed ? feature_json(*value) : nlohmann::ordered_json(nullptr);
    document["status"] = token(status.decision.reason);
    if (!licensed) document["error"] = error_object(ExitCode::feature_not_licensed, message, hint);
    output.line(json_lines(document));
  } else if (licensed) {
    output.line(concat(printable(name), ": ", feature_text(*value)));
  }
  return licensed ? 0 : output.fail(ExitCode::feature_not_licensed, message, hint, true);
}

}  // namespace lic::app
