#pragma once

/// Seats taken by activation requests (docs/formats.md, 11).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lic/types.hpp"

namespace lic {

/// How an activation ended: in the ledger, in --json, in the history.
inline constexpr std::string_view kEndedByReceipt = "receipt";  ///< the machine gave its seat back
inline constexpr std::string_view kEndedByVendor = "release";   ///< licgen release --machine
inline constexpr std::string_view kEndedByRequest = "request";  ///< a later request of the same machine took its seat

/// A request that was answered. It is live, and holds a seat, until it ends.
struct Activation {
  std::string key;             ///< of the license
  std::string request;         ///< id of the request
  std::string request_digest;  ///< SHA-256 of its document, hex
  std::string receipt_hash;
  std::string machine;      ///< fingerprint
  std::int64_t serial = 0;  ///< of the answer
  std::string answer;       ///< the signed document that was given out
  Time at{};
  std::optional<Time> ended_at;
  std::string ended_by;

  [[nodiscard]] bool live() const noexcept { return !ended_at; }
};

/// What the history binds an activation by: hex of the SHA-256 of all of it but its end.
[[nodiscard]] std::string activation_digest(const Activation& activation);

}  // namespace lic
