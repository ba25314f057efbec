#pragma once

/// Seats taken by activation requests (docs/formats.md, 11), and by machines that asked the server
/// (docs/protocol.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lic/types.hpp"

namespace lic {

/// How an activation ended: in the ledger, in --json, in the history.
inline constexpr std::string_view kEndedByReceipt = "receipt";  ///< the machine gave its seat back
inline constexpr std::string_view kEndedByVendor = "release";   ///< licgen release --machine
inline constexpr std::string_view kEndedByRequest = "request";  ///< a later request of the same machine took its seat
inline constexpr std::string_view kEndedByLease = "lease";      ///< the lease ended without being refreshed
inline constexpr std::string_view kEndedByMachine = "deactivate";  ///< the machine gave it back to the server

/// Of a live activation at the server: what changes with each refresh.
struct LeaseState {
  std::string machine;             ///< fingerprint that it showed last
  std::vector<std::string> marks;  ///< what it is looked for by: no two machines have one in common
  Time refreshed_at{};
  Time expires_at{};          ///< from then on the seat is another's to take
  std::string secret_hash;    ///< of the secret that counts (docs/protocol.md), hex
  std::string previous_hash;  ///< of the one before; empty: there was none
  std::int64_t clones = 0;    ///< how often a secret was shown that no longer counted
  friend bool operator==(const LeaseState&, const LeaseState&) = default;
};

/// A request that was answered. It is live, and holds a seat, until it ends.
struct Activation {
  std::string key;             ///< of the license
  std::string request;         ///< id of the request
  std::string request_digest;  ///< SHA-256 of its document, hex
  std::string receipt_hash;
  std::string machine;      ///< fingerprint
  std::int64_t serial = 0;  ///< of the answer
  std::string answer;       ///< the signed document that was given out; empty: it holds by its lease
  Time at{};
  std::optional<Time> ended_at;
  std::string ended_by;
  std::optional<LeaseState> lease{};  ///< exactly of one at the server that has not ended

  [[nodiscard]] bool live() const noexcept { return !ended_at; }
  [[nodiscard]] bool online() const noexcept { return answer.empty(); }
  /// The fingerprint of the machine as it is known now.
  [[nodiscard]] const std::string& holder() const noexcept { return lease ? lease->machine : machine; }
};

/// A machine that waits for a seat of a license that floats.
struct Waiting {
  std::string machine;             ///< fingerprint that it showed first
  std::vector<std::string> marks;  ///< as those of a lease
  Time since{};
  Time expires_at{};                    ///< it waits no longer, unless it asks again before
  std::optional<Time> offered_until{};  ///< a free seat is kept for it until then; absent: none is
};

/// What the history binds an activation by: hex of the SHA-256 of all of it but its end and
/// its lease.
[[nodiscard]] std::string activation_digest(const Activation& activation);

}  // namespace lic
