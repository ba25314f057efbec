#pragma once

/// Trials that were registered at the server (docs/protocol.md).

#include <string>
#include <vector>

#include "lic/types.hpp"

namespace lic {

/// The one trial that a machine gets, whatever it deletes.
struct TrialRecord {
  std::string key;  ///< its name, a license key of the short form
  std::string plan;
  std::string machine;             ///< fingerprint
  std::vector<std::string> marks;  ///< what the machine is looked for by
  std::string email;               ///< as it was given; may be empty
  Time at{};
  friend bool operator==(const TrialRecord&, const TrialRecord&) = default;
};

}  // namespace lic
