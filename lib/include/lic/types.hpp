#pragma once

/// The words of licensing that the API, the documents and the tools share.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lic/export.hpp"

namespace lic {

/// A moment in UTC, to the second.
using Time = std::chrono::sys_seconds;

/// What sort of license it is (docs/formats.md, 3).
enum class Kind { free, trial, academic, subscription, perpetual };

/// How often a counted limit starts anew, in UTC.
enum class Period { day, month, year };

/// Why the answer is what it is. The tokens (see token()) are stable: the same
/// in --json, in this API, in the server's replies and in the test vectors.
enum class Reason {
  valid,
  expiring,  ///< valid, with less than 30 days to go
  grace,     ///< past its end, within the plan's days of grace
  trial,
  free,
  no_license,
  expired,
  revoked,
  suspended,
  wrong_machine,
  untrusted,
  not_yet_valid,
  clock_moved_back,
  no_seat_left,
  feature_not_licensed,
  usage_limit_reached,
  trial_not_available,
  version_not_covered,
  revocations_stale,  ///< it counts only with a fresh list of revocations, and there is none
  lease_expired,      ///< the licensing server has not confirmed it for longer than its lease and the days of grace
};

[[nodiscard]] LIC_API std::string_view token(Kind kind) noexcept;
[[nodiscard]] LIC_API std::string_view token(Period period) noexcept;
[[nodiscard]] LIC_API std::string_view token(Reason reason) noexcept;

/// Whether `reason` is a yes: valid, expiring, grace, trial or free.
[[nodiscard]] constexpr bool allows(Reason reason) noexcept {
  return reason == Reason::valid || reason == Reason::expiring || reason == Reason::grace || reason == Reason::trial ||
         reason == Reason::free;
}

/// A verdict. A "no" is a value, not an error.
struct Decision {
  Reason reason = Reason::no_license;
  /// Whole days until the license ends, rounded down; while in grace, until the
  /// grace ends. Absent for a license that never ends and where nothing runs.
  std::optional<std::int64_t> days_left;

  [[nodiscard]] constexpr bool allowed() const noexcept { return allows(reason); }
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// What a plan grants under a name: a switch, a number, a word or several words. A variant, for
/// std::visit(), std::get() and std::get_if().
class FeatureValue : public std::variant<bool, std::int64_t, std::string, std::vector<std::string>> {
 public:
  using variant::variant;
  FeatureValue() = default;
  FeatureValue(FeatureValue&&) noexcept = default;
  FeatureValue& operator=(FeatureValue&&) noexcept = default;
  ~FeatureValue() = default;
  // Where memory runs out in the copy of a variant of these, libstdc++ 12 destroys what it never made.
  FeatureValue(const FeatureValue& other) : variant(copy_of(other)) {}
  FeatureValue& operator=(const FeatureValue& other) { return *this = FeatureValue(other); }

 private:
  static variant copy_of(const variant& other) {
    return std::visit([](const auto& value) { return variant(value); }, other);
  }
};

/// Features in the order in which the vendor wrote them; names are unique.
using Features = std::vector<std::pair<std::string, FeatureValue>>;

struct Limit {
  std::optional<std::int64_t> max;  ///< absent: unlimited
  std::optional<Period> per;        ///< absent: a level, not a counter
  std::int64_t overage = 0;         ///< per cent of `max` that may be used beyond it
  friend bool operator==(const Limit&, const Limit&) = default;
};

/// Limits in the order in which the vendor wrote them; names are unique.
using Limits = std::vector<std::pair<std::string, Limit>>;

/// What is used of a limit at one moment.
struct LimitUsage {
  Limit limit;
  std::int64_t used = 0;             ///< in the window that runs, or of the level
  std::optional<std::int64_t> left;  ///< to `limit.max`, 0 while in overage; absent: unlimited
  std::optional<Time> resets;        ///< when a counter starts anew (UTC); absent for a level
  friend bool operator==(const LimitUsage&, const LimitUsage&) = default;

  /// From 80 % of `limit.max` on.
  [[nodiscard]] constexpr bool is_near() const noexcept {
    // As used >= 0.8 max, without a product that could overflow.
    return limit.max && *limit.max > 0 && used >= *limit.max - *limit.max / 5;
  }
};

/// One for each limit in force, in the vendor's order.
using Usage = std::vector<std::pair<std::string, LimitUsage>>;

/// What came of using some of a limit, or of giving some back.
struct Consumption {
  Decision decision;  ///< a no consumed nothing: usage_limit_reached, or why the license does not hold
  LimitUsage usage;   ///< after it; empty when the license does not hold
};

/// Of a license whose seats wander between machines: who has one holds it for minutes, and asks again in time.
struct Floating {
  std::int64_t minutes = 0;      ///< how long a seat is held without being asked for again: 1 to 1440
  std::int64_t borrow_days = 0;  ///< for how long one may be taken along without a network: 0 to 365
  friend bool operator==(const Floating&, const Floating&) = default;
};

/// How often in a month or year (UTC) seats that machines gave back may go to machines that had none.
struct TransferAllowance {
  std::int64_t max = 0;
  Period per = Period::month;  ///< month or year
  friend bool operator==(const TransferAllowance&, const TransferAllowance&) = default;
};

struct Customer {
  std::string name;
  std::string email;
  friend bool operator==(const Customer&, const Customer&) = default;
};

/// An exact decimal and its currency, as text: money is never binary floating point.
struct Price {
  std::string amount;    ///< "4500.00"
  std::string currency;  ///< ISO 4217 code
  std::string per;       ///< "month", "year", or empty for once
  friend bool operator==(const Price&, const Price&) = default;
};

/// A layer between this system and the bare machine, as a file shows it.
struct VirtualLayer {
  bool container = false;  ///< else a virtual machine
  std::string kind;        ///< "kvm", "vmware", "docker", "lxc", ...; "other" where that does not show
  std::string source;      ///< the file that shows it
  std::string evidence;    ///< what the file says: "says 'QEMU'", "is there"; foreign text in it is escaped
  friend bool operator==(const VirtualLayer&, const VirtualLayer&) = default;
};

struct Plan {
  std::string id;
  std::string name;
  std::string code;  ///< the CODE of its license keys
  Kind kind = Kind::subscription;
  bool recommended = false;
  std::optional<Price> price;
  /// How long a license runs unless told otherwise; both absent: never ends.
  std::optional<std::int64_t> months;
  std::optional<std::int64_t> days;
  std::int64_t grace_days = 0;
  /// How long a perpetual license covers new releases; absent: all of them.
  std::optional<std::int64_t> maintenance_months;
  std::int64_t seats = 1;
  /// A license of this plan must name its machines.
  bool machine_bound = false;
  /// Whether a license of this plan holds in virtual machines and containers.
  bool allows_virtual = true;
  /// A license of this plan counts only while a fresh list of revocations is known.
  bool fresh_revocations = false;
  /// A license of this plan grants only while a licensing server lends this machine a seat of it.
  std::optional<Floating> floating;
  /// Absent: seats may go from machine to machine as often as they are given back.
  std::optional<TransferAllowance> transfers;
  /// For whom: whole labels at the end of the e-mail's domain; ".edu" means any
  /// name under edu, "ox.ac.uk" that domain and any name under it. Empty: anyone.
  std::vector<std::string> email_domains;
  /// The vendor's choice to let licctl grant this plan locally on nothing but an
  /// e-mail address of these domains, once per user and machine. Default: no,
  /// only a signed license grants it.
  bool grant_by_email = false;
  Features features;
  Limits limits;
};

/// What the product file says of the product.
struct ProductInfo {
  std::string id;
  std::string name;
  std::int64_t version = 0;
  std::string purchase_url;
  std::string renewal_url;
  std::string support;
  std::vector<Plan> plans;
};

}  // namespace lic
