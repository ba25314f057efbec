#pragma once

/// How this user stands with the license: what every question is answered from.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lic/lic.hpp"
#include "policy/decide.hpp"
#include "trust/revocations.hpp"
#include "trust/verify.hpp"

namespace lic {

/// How a license goes with this machine.
struct MachineFit {
  bool matches = false;     ///< it is bound to no other machine
  bool is_virtual = false;  ///< this is a virtual machine or a container; not looked for where the license allows both
  std::string obstacle;     ///< why this is the wrong machine, in a sentence; empty: it is not
  friend bool operator==(const MachineFit&, const MachineFit&) = default;
};

/// A value. Once published by LicenseManager it is never changed, so that any number of
/// threads may ask it.
struct Standing {
  explicit Standing(ProductFile trusted) : product(std::move(trusted)), info(product.info()) {}

  ProductFile product;                       ///< the newest that counts here
  std::shared_ptr<const ProductInfo> info;   ///< of the newest that was known when the state was read; never null
  std::string fingerprint;                   ///< of this machine
  std::optional<Time> release_date;          ///< OpenOptions::release_date
  std::optional<VerifiedLicense> license;    ///< what was activated or granted
  std::optional<VerifiedLicense> free_plan;  ///< what holds when nothing was
  std::optional<Reason> forced;              ///< the state itself is why there is no license
  MachineFit fit;                            ///< of `license`
  std::optional<Time> activated_at;          ///< of `license`
  std::optional<Time> verified_at;           ///< when the license was last verified
  std::optional<Time> high_water;            ///< the latest time this machine has seen
  std::string clock_reset;                   ///< the code by which the vendor set it back last
  std::optional<RevocationListInfo> list;    ///< the newest list of revocations seen here
  std::optional<Revocation> revoked;         ///< `license`
  std::optional<LeaseInfo> lease;            ///< of `license`, the last that was granted
  Time lease_from{};                         ///< Context::lease_from of it
  std::optional<DenialInfo> denied;          ///< `license`, by the server
  KeyPlace key_place = KeyPlace::file;       ///< of the state's secret
  std::vector<std::string> warnings;

  [[nodiscard]] Decision decision_at(Time now) const noexcept { return decision_at(now, high_water); }
  /// The same with a later mark of the clock than `high_water`.
  [[nodiscard]] Decision decision_at(Time now, std::optional<Time> mark) const noexcept;
  [[nodiscard]] Context context_for(const VerifiedLicense& one, const MachineFit& how, Time now,
                                    std::optional<Time> mark) const noexcept;
  /// The time that counts where the clock says `now`: it cannot be earlier than one seen.
  [[nodiscard]] Time time_at(Time now) const noexcept { return time_at(now, high_water); }
  [[nodiscard]] Time time_at(Time now, std::optional<Time> mark) const noexcept;
  /// What `decision` lets be used, which was just made: what the license grants, else what is
  /// free for everybody (the free plan, or the product's unlicensed terms).
  [[nodiscard]] const Features& features_under(const Decision& decision) const noexcept;
  [[nodiscard]] const Limits& limits_under(const Decision& decision) const noexcept;
  /// Null when the feature is not granted under `decision`.
  [[nodiscard]] const FeatureValue* feature_under(const Decision& decision, std::string_view name) const noexcept;
  [[nodiscard]] Decision check_feature(std::string_view name, const Decision& decision) const noexcept;

  /// Null when nothing of that name is limited under `decision`.
  [[nodiscard]] const Limit* limit_under(const Decision& decision, std::string_view name) const noexcept;

  [[nodiscard]] const Plan* plan_of(const VerifiedLicense& one) const noexcept;
  /// All but what was used.
  [[nodiscard]] Status status_at(Time now, std::optional<Time> mark, const Decision& decision) const;
  [[nodiscard]] NextStep next_step(const Decision& decision, const VerifiedLicense* shown) const;
  /// Why `one` does not hold now, for the one who tried to activate it.
  [[nodiscard]] Change refusal(const VerifiedLicense& one, const MachineFit& how, const Decision& decision,
                               const Revocation* revocation = nullptr) const;
  /// The latest time that a signed document here was made at.
  [[nodiscard]] Time signed_at() const noexcept;
  /// That the list of revocations is stale, and what it means for the license; empty: nothing.
  [[nodiscard]] std::string staleness(Time time, const Decision& decision) const;

  /// That the server was not reached for long, and what it means; empty: nothing.
  [[nodiscard]] std::string unconfirmed(Time time, const Decision& decision) const;

  /// Whether every question has the same answer under both, times of the clock aside.
  [[nodiscard]] bool answers_as(const Standing& other) const;
};

/// A license that a vendor issued for its own sake: no trial and no free plan.
[[nodiscard]] constexpr bool is_paid(Kind kind) noexcept {
  return kind == Kind::subscription || kind == Kind::perpetual || kind == Kind::academic;
}

/// By what it was checked where no server was asked.
[[nodiscard]] CheckedBy checked_here(const Standing& standing) noexcept;

/// "a trial", "the license": for sentences about `license`.
[[nodiscard]] std::string name_of(const VerifiedLicense& license);

}  // namespace lic
