#pragma once

/// A request as it is decided: with all that can be said of it without the ledger, which has one thread.

#include <optional>
#include <string>
#include <vector>

#include "license/key.hpp"
#include "machine/identity.hpp"
#include "protocol/online.hpp"

namespace lic {

/// A machine as a request names it.
struct AskingMachine {
  MachineIdentity identity;
  MachineBinding binding;
  std::string fingerprint;
  std::vector<std::string> marks;  ///< its strong facts: one of them is in common where two are the same machine
};

/// Errors: invalid_input (facts of no machine, or of one that cannot be told from others).
[[nodiscard]] Result<AskingMachine> asking_machine(const FactDigests& facts);

struct ServiceRequest {
  explicit ServiceRequest(OnlineRequest online);

  OnlineRequest request;
  std::optional<LicenseKey> key;  ///< absent: what the request has is none
  std::string key_hash;           ///< as an answer has it
  Result<AskingMachine> machine;
};

}  // namespace lic
