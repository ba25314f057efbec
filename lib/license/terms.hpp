#pragma once

/// What a license says (docs/formats.md, 3): the payload of a license document.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/export.hpp"
#include "base/json.hpp"
#include "lic/result.hpp"
#include "lic/types.hpp"

namespace lic {

/// The machine facts of one seat, as HMACs (machine/identity.hpp makes them).
/// A fact may have several values (network cards): one in common is a match.
using FactDigests = std::map<std::string, std::vector<std::string>>;

/// A machine that a license is bound to: `match` of these facts, one of them
/// strong, make it the same machine.
struct MachineBinding {
  int match = 3;
  FactDigests facts;
  friend bool operator==(const MachineBinding&, const MachineBinding&) = default;
};

/// What makes a license the answer to one activation request (docs/formats.md, 11).
struct ActivationMark {
  std::string request;       ///< id of the request, hex
  std::string receipt_hash;  ///< as the request had it, hex
  friend bool operator==(const ActivationMark&, const ActivationMark&) = default;
};

struct Terms {
  std::string id;  ///< ULID
  std::int64_t serial = 1;
  std::string product;
  std::string key;  ///< normalised license key
  std::string plan;
  Kind kind = Kind::subscription;
  Customer customer;
  Time issued_at{};
  Time starts_at{};
  std::optional<Time> expires_at;  ///< absent: never
  std::int64_t grace_days = 0;
  std::optional<Time> maintenance_until;  ///< covers releases up to then; absent: all
  std::optional<Time> suspended_at;       ///< grants nothing until a later file without it
  Features features;
  Limits limits;
  std::int64_t seats = 1;
  bool allows_virtual = true;                  ///< false: not in virtual machines and containers
  bool fresh_revocations = false;              ///< counts only while a fresh list of revocations is known
  std::optional<Floating> floating;            ///< counts only with a lease that runs; absent: an ordinary license
  std::optional<TransferAllowance> transfers;  ///< the licensing server's to count; absent: as often as one likes
  std::vector<MachineBinding> machines;        ///< empty: any machine
  std::optional<ActivationMark> activation;    ///< absent: no answer to a request
  std::string order;
  std::vector<std::pair<std::string, std::string>> metadata;
  friend bool operator==(const Terms&, const Terms&) = default;

  /// Reads a license payload. `what` begins messages.
  /// Errors: invalid_input (malformed, `v` other than 1, an unknown name in
  /// `crit`: "newer version needed").
  static Result<Terms> LIC_INTERNAL parse(ByteView payload, std::string_view what);

  /// The payload to sign: compact JSON with the members of docs/formats.md, 3.
  [[nodiscard]] LIC_INTERNAL std::string to_json() const;
};

[[nodiscard]] LIC_INTERNAL std::optional<Kind> parse_kind(std::string_view token) noexcept;
[[nodiscard]] LIC_INTERNAL std::optional<Period> parse_period(std::string_view token) noexcept;

/// Reads `v` and `crit`, which every payload may have: faults unless v is 1 and
/// crit names nothing but `known`.
LIC_INTERNAL void read_version(json::Reader& reader, std::span<const std::string_view> known = {});

/// Reads a member "features": names and values as in docs/formats.md, 3.
[[nodiscard]] LIC_INTERNAL Features read_features(json::Reader& reader, std::string_view name);
/// Reads a member "limits".
[[nodiscard]] LIC_INTERNAL Limits read_limits(json::Reader& reader, std::string_view name);
/// Read the members "floating" and "transfers" of a plan or a license.
[[nodiscard]] LIC_INTERNAL std::optional<Floating> read_floating(json::Reader& reader);
[[nodiscard]] LIC_INTERNAL std::optional<TransferAllowance> read_transfers(json::Reader& reader);
/// The most per cent that a limit may be exceeded by.
inline constexpr std::int64_t kMostOverage = 1000;
/// "5000 per month, up to 10 % over", "unlimited".
[[nodiscard]] LIC_INTERNAL std::string limit_words(const Limit& limit);

/// Reads the facts of a machine, the members of the object that `reader` reads: a
/// digest or a list of digests each. Faults for anything else.
[[nodiscard]] LIC_INTERNAL FactDigests read_fact_digests(json::Reader& reader);

/// Names of features, limits, plans and products: 1 to 64 of a-z, 0-9, '-', '_'
/// and '.', beginning with a letter or digit. (Capitals are read as well.)
[[nodiscard]] LIC_INTERNAL bool is_name(std::string_view text) noexcept;

}  // namespace lic
