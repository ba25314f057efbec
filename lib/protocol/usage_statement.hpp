#pragma once

/// A usage statement (docs/formats.md, 14): what was used of one license on one device,
/// signed by the device and chained to the statement before. Offline metering is billed by it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "crypto/keys.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/terms.hpp"

namespace lic {

/// A period is at most so long: nobody reads a statement over more months than these.
inline constexpr std::int64_t kMostStatedMonths = 1200;
/// A statement holds at most so many counters.
inline constexpr std::size_t kMostStatedCounters = 512;

struct StatedCounter {
  std::int64_t level = 0;  ///< held when the statement was made, of a limit without a period
  std::int64_t total = 0;  ///< ever counted under this license here
  /// What was counted since the statement before, by the first moment of the month (UTC). Less
  /// than 0: more was given back than was counted.
  std::map<Time, std::int64_t> months;
  friend bool operator==(const StatedCounter&, const StatedCounter&) = default;
};

struct UsageStatement {
  std::string id;  ///< 128 random bits, hex
  std::string product;
  Time issued_at{};
  std::string license;  ///< id
  std::string key;      ///< of the license, in normal form
  std::int64_t serial = 1;
  std::string plan;
  PublicKey device;
  FactDigests facts;     ///< of the machine, as machine bindings have them; may be empty
  std::int64_t seq = 1;  ///< of this statement in the chain of device and license
  std::string previous;  ///< digest() of the statement before, empty for the first
  Time from{};           ///< end of the period of the statement before
  Time to{};             ///< not before `from`
  Limits limits;         ///< in force when the statement was made
  std::map<std::string, StatedCounter, std::less<>> counters;

  /// The payload to sign: compact JSON.
  [[nodiscard]] std::string to_json() const;

  /// A statement that the device it names has signed. Whether the vendor has reason to believe
  /// that device is the ledger's to say. Errors: invalid_input (malformed, of a newer version),
  /// untrusted (another kind of document; altered; signed by another key than it names).
  static Result<UsageStatement> LIC_INTERNAL open(ByteView bytes, std::string_view what);

  /// SHA-256 of the payload, hex: what the next statement names as the one before. Of one that
  /// was opened the payload as it came.
  std::string digest;
};

/// The envelope around a payload that its device has signed, as one line.
[[nodiscard]] std::string usage_document(std::string_view payload, const KeyId& device, const Signature& signature);

/// What the next statement names this payload by.
[[nodiscard]] std::string usage_payload_digest(std::string_view payload);

/// A fresh id.
[[nodiscard]] std::string random_statement_id();

}  // namespace lic
