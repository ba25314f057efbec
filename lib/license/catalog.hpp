#pragma once

/// The catalogue: one product with its plans, as the vendor writes it
/// (docs/formats.md, 5). The product file carries the same, signed.

#include <optional>
#include <string>
#include <vector>

#include "base/export.hpp"
#include "base/json.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

/// What holds without any license where the product has no free plan.
struct UnlicensedTerms {
  Features features;
  Limits limits;
};

/// Has what an application is told, so that nothing of it is copied: `id` is the product's name,
/// `version` that of the product file where it stands in one.
struct Catalog : ProductInfo {
  std::string app;  ///< names the state directory: ~/.<app>/license
  std::string key_prefix;
  std::string server_url;
  UnlicensedTerms unlicensed;

  /// Errors: invalid_input, naming every fault with its JSON pointer.
  static Result<Catalog> LIC_INTERNAL parse(std::string_view text, std::string_view what);

  /// The plan of that id; null when there is none.
  [[nodiscard]] LIC_INTERNAL const Plan* find_plan(std::string_view wanted) const noexcept;
  /// The first plan of that kind; null when there is none.
  [[nodiscard]] LIC_INTERNAL const Plan* plan_of_kind(Kind kind) const noexcept;
};

/// Reads the catalogue's members from `reader` (a catalogue, or the payload of a
/// product file), leaving what is wrong in its faults. In a catalogue, members
/// that look misspelt are faults too (`strict`): they would be lost silently.
[[nodiscard]] Catalog read_catalog(json::Reader& reader, bool strict);

/// Whether the plan is for the holder of this e-mail address: its domain ends in
/// one of `domains`, whole labels only, without regard to case.
[[nodiscard]] LIC_INTERNAL bool email_matches(std::string_view email, const std::vector<std::string>& domains);

/// Exactly one '@' with something before it and a domain of labels after it; no
/// control characters; UTF-8.
[[nodiscard]] LIC_INTERNAL bool is_email(std::string_view text) noexcept;

/// The end of a license of `plan` that starts at `start`: calendar months, or
/// days; absent when the plan never ends.
[[nodiscard]] LIC_INTERNAL std::optional<Time> plan_end(const Plan& plan, Time start);

}  // namespace lic
