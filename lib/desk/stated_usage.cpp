#include "desk/stated_usage.hpp"

#include <nlohmann/json.hpp>

#include "base/month.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "license/terms.hpp"
#include "protocol/usage_statement.hpp"

namespace lic {
namespace {

using Json = nlohmann::ordered_json;

Json number_json(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(nullptr); }

Json limit_json(const std::optional<Limit>& limit) {
  if (!limit) return nullptr;
  Json out = {{"max", number_json(limit->max)}};
  if (limit->per) out["per"] = token(*limit->per);
  if (limit->overage != 0) out["overage"] = limit->overage;
  return out;
}

/// When the license has ended for good.
std::optional<Time> end_of(const LicenseSummary& license) {
  if (license.revoked_at) return license.revoked_at;
  if (!license.expires_at) return std::nullopt;
  return *license.expires_at + std::chrono::hours{24} * license.grace_days;
}

Json device_json(const BilledDevice& device) {
  return {
      {"device", device.device.id().hex()}, {"machine", device.machine.empty() ? Json(nullptr) : Json(device.machine)},
      {"statements", device.statements},    {"from", format_time(device.from)},
      {"until", format_time(device.until)}, {"replaced", device.replaced}};
}

}  // namespace

Result<StatedUsage> read_usage(const LicenseSummary& license, Ledger& ledger, Time now) {
  UsageBillBuilder builder;
  LIC_TRY(ledger.usage_of(license.key, [&](const UsageRecord& record) -> Result<void> {
    const std::string what = concat("usage statement ", record.seq, " of license ", license.key, " in the ledger");
    LIC_TRY_ASSIGN(const UsageStatement statement, UsageStatement::open(view_bytes(record.document), what));
    builder.add(statement, record.machine);
    return {};
  }));
  return StatedUsage{license, builder.bill(now, end_of(license))};
}

void keep_month(UsageBill& bill, Time month) {
  std::erase_if(bill.months, [&](const BilledMonth& one) { return one.month != month; });
  std::erase_if(bill.missing, [&](Time one) { return one != month; });
}

Json usage_json(const StatedUsage& usage) {
  const LicenseSummary& license = usage.license;
  const UsageBill& bill = usage.bill;
  Json out = {{"key", license.key},
              {"id", license.id},
              {"plan", license.plan},
              {"customer", {{"name", license.customer.name}, {"email", license.customer.email}}}};
  out["months"] = Json::array();
  for (const auto& month : bill.months)
    out["months"].push_back({{"month", format_month(month.month)},
                             {"counter", month.counter},
                             {"used", month.used},
                             {"limit", limit_json(month.limit)},
                             {"included", number_json(month.included)},
                             {"over", number_json(month.over)}});
  out["levels"] = Json::array();
  for (const auto& level : bill.levels)
    out["levels"].push_back({{"counter", level.counter}, {"held", level.held}, {"limit", limit_json(level.limit)}});
  out["devices"] = Json::array();
  for (const auto& device : bill.devices) out["devices"].push_back(device_json(device));
  out["until"] = bill.until ? Json(format_time(*bill.until)) : Json(nullptr);
  out["missing"] = Json::array();
  for (const Time month : bill.missing) out["missing"].push_back(format_month(month));
  return out;
}

}  // namespace lic
