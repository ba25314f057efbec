#pragma once

/// What was used of one license, month by month, added up from the statements of its devices:
/// what offline metering is billed by. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lic/types.hpp"
#include "protocol/usage_statement.hpp"

namespace lic {

/// What one counter came to in one month (UTC), on all devices together.
struct BilledMonth {
  Time month{};  ///< its first moment
  std::string counter;
  std::int64_t used = 0;
  std::optional<Limit> limit;  ///< by the newest statement that speaks of the month; absent: none was in force
  /// What the limit includes: of one per day the sum of its days; of one per year all of the
  /// year. Absent: unlimited, or no limit.
  std::optional<std::int64_t> included;
  /// What was used beyond it, of one per year in this month. The limit is that of the license:
  /// several devices without a network may exceed it together, each within it. Absent where
  /// months do not show it: per day, unlimited.
  std::optional<std::int64_t> over;
};

/// A level, as the newest statements have it, of all devices together.
struct BilledLevel {
  std::string counter;
  std::int64_t held = 0;
  Limit limit;
};

struct BilledDevice {
  PublicKey device;
  std::string machine;          ///< fingerprint; empty: it named no fact
  std::int64_t statements = 0;  ///< those imported; the newest has this number
  Time from{};
  Time until{};           ///< stated up to here
  bool replaced = false;  ///< another key of the same machine has stated ever since
};

struct UsageBill {
  std::vector<BilledMonth> months;    ///< by month, then by name
  std::vector<BilledLevel> levels;    ///< by name
  std::vector<BilledDevice> devices;  ///< in the order of their first statements
  std::vector<Time> missing;          ///< months that have ended and that some device has not stated whole
  std::optional<Time> until;          ///< up to when every device has stated; absent: there is none
};

class UsageBillBuilder {
 public:
  /// One of the license's statements, in the order in which they were imported.
  void add(const UsageStatement& statement, std::string_view machine);
  /// `now`: months that end after it are not missing; nor are those that begin after `end`, where
  /// the license has ended.
  [[nodiscard]] UsageBill bill(Time now, std::optional<Time> end) const;

 private:
  struct Month {
    std::int64_t used = 0;
    std::optional<Limit> limit;
    Time limit_at{};
  };
  struct Device {
    BilledDevice shown;
    Limits limits;
    std::map<std::string, StatedCounter, std::less<>> counters;  ///< of the newest statement
    std::int64_t first = 0;                                      ///< places of its statements among all that were added
    std::int64_t last = 0;
  };

  void count(const UsageStatement& statement, const std::string& name, const StatedCounter& counter);
  [[nodiscard]] std::vector<BilledDevice> devices() const;
  [[nodiscard]] std::vector<BilledLevel> levels(const std::vector<BilledDevice>& devices) const;

  std::map<std::pair<Time, std::string>, Month> months_;
  std::vector<Device> devices_;
  std::int64_t added_ = 0;
};

}  // namespace lic
