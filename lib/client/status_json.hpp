#pragma once

/// A Status as the JSON that licctl and the C interface give out (docs/cli.md, "License info").

#include <optional>
#include <string>
#include <string_view>

#include "base/export.hpp"
#include "base/json.hpp"
#include "lic/lic.hpp"

namespace lic {

/// The document of `licctl --license-info --json`, compact, without `error`.
[[nodiscard]] LIC_INTERNAL std::string status_json(const Status& status, std::string_view machine_id);
/// Its member `limits`: what is used, by name.
[[nodiscard]] LIC_INTERNAL json::Value usage_json(const Usage& usage);

[[nodiscard]] json::Value feature_json(const FeatureValue& value);
[[nodiscard]] json::Value features_json(const Features& features);
/// `{"minutes", "borrow_days"}`, null where nothing floats.
[[nodiscard]] json::Value floating_json(const std::optional<Floating>& floating);
[[nodiscard]] json::Value kind_json(std::optional<Kind> kind);

}  // namespace lic
