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

[[nodiscard]] std::string feature_text(const FeatureValue& value);
[[nodiscard]] nlohmann::ordered_json feature_json(const FeatureValue& value);
/// "5000 per month", "unlimited".
[[nodiscard]] std::string limit_text(const Limit& limit);
[[nodiscard]] nlohmann::ordered_json time_json(const std::optional<Time>& time);
/// The text, or null where it is empty.
[[nodiscard]] nlohmann::ordered_json text_json(const std::string& text);

/// When a counter that starts anew every `per` does so next after `now`, in UTC.
[[nodiscard]] Time next_window(Period per, Time now);

}  // namespace lic::app
