#pragma once

/// What holds for every license that is issued or changed. For lib/issue alone.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/catalog.hpp"
#include "license/terms.hpp"

namespace lic {

/// Text for people: UTF-8, at most 1000 bytes. Errors: invalid_input.
[[nodiscard]] Result<void> check_text(std::string_view what, std::string_view text);
/// A name that is not empty, and an address that is none or one. Errors: invalid_input.
[[nodiscard]] Result<void> check_customer(const Customer& customer);
/// 1 to 1,000,000 seats, and no more machines than seats. Errors: invalid_input.
[[nodiscard]] Result<void> check_seats(std::int64_t seats, std::size_t machines);
/// Whether `plan` may be given to that customer, on those machines. Errors: invalid_input.
[[nodiscard]] Result<void> check_plan(const Plan& plan, const Customer& customer, bool names_machines);
/// A license that floats names no machines, counts no transfers, and is of a kind that is activated. Errors:
/// invalid_input.
[[nodiscard]] Result<void> check_floating(const Terms& terms);
/// Errors: not_found; the hint names the nearest.
[[nodiscard]] Result<const Plan*> find_plan(const Catalog& catalog, std::string_view id);
/// `from` and so many calendar months. Errors: invalid_input (not 1 to 1200; past the year 9999).
[[nodiscard]] Result<Time> end_after(Time from, std::int64_t months);
/// The end that the plan gives; absent when it never ends. Errors: invalid_input (past the year 9999).
[[nodiscard]] Result<std::optional<Time>> end_by_plan(const Plan& plan, Time start);

/// `changes` over `base`: replaced where the name is there, else added.
template <class Named>
Named merged(Named base, const Named& changes) {
  for (const auto& change : changes) {
    const auto same = std::find_if(base.begin(), base.end(), [&](const auto& e) { return e.first == change.first; });
    if (same == base.end()) {
      base.push_back(change);
    } else {
      same->second = change.second;
    }
  }
  return base;
}

}  // namespace lic
