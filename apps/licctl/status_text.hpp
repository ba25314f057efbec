#pragma once

/// A Status in words and as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/output.hpp"
#include "lic/lic.hpp"

namespace lic::app {

/// The members of `--license-info --json` (docs/cli.md).
[[nodiscard]] nlohmann::ordered_json status_json(const Status& status, const LicenseManager& manager);

/// The same for people, several lines.
[[nodiscard]] std::string status_text(const Status& status, const LicenseManager& manager, const Output& output);

/// Why the answer is a no, in one sentence, and what to do.
struct Explanation {
  std::string message;
  std::string hint;
};
[[nodiscard]] Explanation explain(const Status& status, const LicenseManager& manager);

/// The limits and what is used of them, by name: the member `limits` of --license-info --json.
[[nodiscard]] nlohmann::ordered_json usage_json(const Usage& usage);
/// "5000 per month; 12 used, 4988 left".
[[nodiscard]] std::string usage_text(const LimitUsage& usage);

[[nodiscard]] std::string feature_text(const FeatureValue& value);
[[nodiscard]] nlohmann::ordered_json feature_json(const FeatureValue& value);
[[nodiscard]] nlohmann::ordered_json time_json(const std::optional<Time>& time);
/// Adds the place among those that wait for a seat to an error that tells of none.
void add_place(nlohmann::ordered_json& error, std::int64_t place, const std::optional<Time>& retry_at);
/// The text, or null where it is empty.
[[nodiscard]] nlohmann::ordered_json text_json(const std::string& text);

}  // namespace lic::app
