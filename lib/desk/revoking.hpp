#pragma once

/// Revoking licenses for good.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "desk/desk.hpp"
#include "lic/result.hpp"
#include "license/key.hpp"

namespace lic {

struct Revoked {
  LicenseKey key;
  Time at{};
  bool changed = true;  ///< false: it was revoked for that reason before
};

/// All of these, each named once, or none.
/// Errors: not_found; conflict (one was revoked before, for another reason).
[[nodiscard]] Result<std::vector<Revoked>> revoke_licenses(Transaction& transaction, const Desk& desk,
                                                           const std::vector<LicenseKey>& keys,
                                                           const std::string& reason);

/// `{"revoked": [{"key", "revoked_at", "reason", "changed"}]}`.
[[nodiscard]] nlohmann::ordered_json revoked_json(const std::vector<Revoked>& revoked, const std::string& reason);

}  // namespace lic
