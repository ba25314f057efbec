#pragma once

/// The options by which `list` and `export --all` choose licenses.

#include <optional>
#include <string>

#include "ledger/ledger.hpp"
#include "lic/result.hpp"

namespace CLI {
class App;
}

namespace lic::app {

struct FilterOptions {
  std::optional<Reason> status;
  std::optional<std::string> plan;
  std::optional<std::string> customer;
  std::optional<std::string> email;
  std::optional<std::string> expires_within;

  [[nodiscard]] bool any() const noexcept { return status || plan || customer || email || expires_within; }
};

void add_filter_options(CLI::App& app, FilterOptions& options);

/// Errors: invalid_input (a malformed duration, an empty value).
[[nodiscard]] Result<LicenseFilter> filter_of(const FilterOptions& options, Time now);

}  // namespace lic::app
