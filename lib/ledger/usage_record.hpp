#pragma once

/// Usage statements that were imported (docs/formats.md, 14).

#include <cstdint>
#include <string>
#include <string_view>

#include "lic/types.hpp"

namespace lic {

/// The device's own words, and what they are found by.
struct UsageRecord {
  std::string key;       ///< of the license
  std::string device;    ///< its public key, base64
  std::string machine;   ///< fingerprint; empty: it named no fact
  std::int64_t seq = 0;  ///< in the chain of device and license, from 1 without gaps
  std::string digest;    ///< of the payload, hex: what the next one names as the one before
  std::string previous;  ///< the digest of the one before; empty for the first
  Time from{};
  Time to{};
  std::string document;  ///< signed by the device
  Time imported_at{};
  friend bool operator==(const UsageRecord&, const UsageRecord&) = default;
};

/// The action of the history.
inline constexpr std::string_view kUsageImport = "usage-import";

/// What the history binds a record by: hex of the SHA-256 of all of it.
[[nodiscard]] std::string usage_record_digest(const UsageRecord& record);

}  // namespace lic
