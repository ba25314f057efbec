#pragma once

/// Terms and a signing key become signed documents.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing.hpp"
#include "lic/result.hpp"
#include "license/catalog.hpp"
#include "license/envelope.hpp"
#include "license/terms.hpp"

namespace lic {

/// A ULID: 48 bits of milliseconds, 80 random bits, 26 symbols of base32. Ids made
/// one after the other sort in that order (within a process, strictly).
class UlidSource {
 public:
  [[nodiscard]] std::string next(Time now);

 private:
  std::uint64_t last_millisecond_ = 0;
  Bytes last_random_;
};

inline constexpr std::size_t kUlidSize = 26;
/// Whether `text` is of the form of an id.
[[nodiscard]] bool is_ulid(std::string_view text) noexcept;

/// A signed document of that kind.
[[nodiscard]] Envelope sign_document(DocumentKind kind, std::string_view payload, const SigningKey& key);

/// What the history names a document by: lower-case hex of the SHA-256 of its text.
[[nodiscard]] std::string document_digest(std::string_view document);

/// What `licgen create` asks for. What is absent comes from the plan.
struct LicenseRequest {
  std::string plan;
  Customer customer;
  std::optional<Time> starts_at;
  std::optional<std::int64_t> months;
  std::optional<Time> expires_at;
  bool perpetual = false;
  std::optional<Time> maintenance_until;  ///< of one that never ends
  std::optional<std::int64_t> seats;
  std::vector<MachineBinding> machines;
  std::optional<bool> allows_virtual;
  std::optional<bool> fresh_revocations;
  std::optional<std::optional<Floating>> floating;            ///< inner absent: it does not float
  std::optional<std::optional<TransferAllowance>> transfers;  ///< inner absent: as often as one likes
  Features features;  ///< added to the plan's, or in place of those of the same name
  Limits limits;      ///< the same
  std::string order;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// The terms that `request` asks for under `catalog`, at `now`; id, key and serial
/// are the caller's to fill in.
/// Errors: not_found (no such plan; the hint names the nearest), invalid_input
/// (an end before the start, an e-mail that the plan is not for, a plan bound to
/// machines without one, more machines than seats, seats below 1, text that is
/// not UTF-8), usage (two of months, expires_at and perpetual).
[[nodiscard]] Result<Terms> terms_for(const Catalog& catalog, const LicenseRequest& request, Time now);

}  // namespace lic
