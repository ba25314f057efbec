#pragma once

/// What a licensing server answers (docs/formats.md, 8): a lease, or one of the other signed
/// words that it has. Signed by a key with the role `lease`, which can say nothing else.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"
#include "license/terms.hpp"
#include "trust/product.hpp"

namespace lic {

/// What came of a request. Tokens: "granted", "trial", "released", "recorded", "denied".
enum class Verdict { granted, trial, released, recorded, denied };

/// Why a server says no.
enum class DenialReason {
  unknown_license,  ///< no license has that key, or it is no key at all
  revoked,
  suspended,
  expired,            ///< its days of grace included
  not_yet_valid,      ///< `retry_at` is when it begins
  wrong_machine,      ///< the license names its machines, and this is none of them
  no_seat_left,       ///< `retry_at` is when the first lease ends, if none is renewed
  not_activated,      ///< this machine has no lease: it ended, was released, or never was
  transfers_used_up,  ///< `retry_at` is when the allowance for seats that change their machine begins anew
  wrong_secret,       ///< a seat is given back by the machine that holds it alone
  trial_not_available,
  usage_missing,  ///< statements before this one were not seen: `usage_seq` is the newest that was
  usage_refused,  ///< it is of another chain than what was stated before, or of another device or license
};

[[nodiscard]] LIC_INTERNAL std::string_view token(Verdict verdict) noexcept;
[[nodiscard]] LIC_INTERNAL std::string_view token(DenialReason reason) noexcept;

/// One license on one machine for a time. It narrows a license and widens none.
struct Lease {
  std::string id;       ///< the same as long as the seat is held
  std::string license;  ///< id of the license
  std::int64_t serial = 1;
  Time refresh_at{};  ///< when to ask again
  Time expires_at{};  ///< never after the end of the license, its days of grace included
  friend bool operator==(const Lease&, const Lease&) = default;
};

/// A trial that is registered for a machine: what the product file grants under `plan`.
struct TrialGrant {
  std::string key;  ///< its name, a key of the short form
  std::string plan;
  Time starts_at{};
  friend bool operator==(const TrialGrant&, const TrialGrant&) = default;
};

struct Denial {
  DenialReason reason = DenialReason::unknown_license;
  std::optional<Time> retry_at;  ///< when the answer may be another one; absent: not told
  std::optional<std::int64_t>
      queue{};  ///< no_seat_left of a license that floats: the place among those that wait, from 1
  friend bool operator==(const Denial&, const Denial&) = default;
};

struct ServerAnswer {
  std::string id;
  std::string product;
  Time issued_at{};                       ///< the server's time
  std::string action;                     ///< of the request: "activate"
  std::string nonce;                      ///< of the request, hex
  std::string key_hash;                   ///< of the request's license key; empty where the request had none
  std::optional<MachineBinding> machine;  ///< the request's facts, and how many must agree; absent where it had none
  Verdict verdict = Verdict::denied;
  std::optional<Lease> lease;             ///< exactly where it is granted
  std::optional<TrialGrant> trial;        ///< exactly where it is a trial
  std::optional<Denial> denial;           ///< exactly where it is denied
  std::optional<std::int64_t> usage_seq;  ///< where usage is recorded, or missing: the newest statement taken, 0: none

  /// The payload to sign.
  [[nodiscard]] std::string to_json() const;

  /// Errors: invalid_input (malformed, or a verdict or reason that this version does not know);
  /// untrusted (no good signature by a key with the role `lease` that was in force; product; kind).
  static Result<ServerAnswer> LIC_INTERNAL open(ByteView bytes, const ProductFile& product, std::string_view what);

  /// Whether a granted lease is one of the license with these terms and ends no later.
  /// Errors: untrusted, saying what does not fit. Precondition: `lease`.
  [[nodiscard]] LIC_INTERNAL Result<void> fits(const Terms& terms, std::string_view what) const;
};

/// When a license ends for good: its days of grace included. Absent: never.
[[nodiscard]] LIC_INTERNAL std::optional<Time> end_of_license(const Terms& terms) noexcept;

}  // namespace lic
