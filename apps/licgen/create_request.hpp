#pragma once

/// What is typed behind `licgen create`, and what it asks for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "issue/issuer.hpp"
#include "lic/result.hpp"

namespace CLI {
class App;
}

namespace lic::app {

/// As typed. Numbers and dates are read by read_request(), so that a malformed
/// one is told from a wrong command line.
struct CreateOptions {
  std::string plan;
  std::string customer;
  std::optional<std::string> email;
  std::optional<std::string> months;
  std::optional<std::string> expires;
  bool perpetual = false;
  std::optional<std::string> maintenance_until;
  std::optional<std::string> starts;
  std::optional<std::string> seats;
  std::vector<std::string> machines;
  std::optional<std::string> on_virtual;
  std::optional<std::string> fresh_revocations;
  std::optional<std::string> floating;
  std::optional<std::string> transfers;
  std::vector<std::string> features;
  std::vector<std::string> limits;
  std::vector<std::string> metadata;
  std::optional<std::string> order;
  std::optional<std::string> note;
  std::optional<std::string> count;
  std::optional<std::string> batch;
  std::optional<std::string> out;
  bool force = false;
  std::optional<std::string> from_csv;
  std::optional<std::string> skip_bad;
};

void set_up_create(CLI::App& app, CreateOptions& options);

struct CreateRequest {
  LicenseRequest license;
  std::string note;
  std::int64_t count = 1;
  std::string batch;
  std::string batch_request;  ///< equal for equal options, whatever their order
};

/// What --machine, --feature and --limit name; of machines also "none", binding_of_nobody().
/// Errors: invalid_input; usage (twice the same).
[[nodiscard]] Result<std::vector<MachineBinding>> read_machines(const std::vector<std::string>& texts);
[[nodiscard]] Result<Features> read_features_given(const std::vector<std::string>& texts);
[[nodiscard]] Result<Limits> read_limits_given(const std::vector<std::string>& texts);

/// The options that say what is issued, as typed: equal for equal options, whatever
/// their order. (The dates that "30d" means differ from one run to the next.)
[[nodiscard]] std::string batch_request_of(const CreateOptions& options, std::int64_t count);

/// The name after --batch. Errors: invalid_input.
[[nodiscard]] Result<void> check_batch(const std::string& batch);

/// Errors: invalid_input, naming the option and its value; usage (options that
/// exclude one another, a name given twice).
[[nodiscard]] Result<CreateRequest> read_request(const CreateOptions& options, Time now);

}  // namespace lic::app
