#include "licgen/usage_text.hpp"

#include "base/month.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "licgen/vendor.hpp"

namespace lic::app {

std::string included_text(const BilledMonth& month) {
  if (!month.limit) return "-";
  if (!month.included) return "unlimited";
  return concat(*month.included, month.limit->per == Period::year ? " per year" : "");
}

std::string months_text(const std::vector<Time>& months) {
  std::string text;
  for (const Time month : months) text += concat(text.empty() ? "" : " ", format_month(month));
  return text;
}

std::string statement_text(const UsageRecord& newest) {
  const auto key = PublicKey::from_base64(newest.device);
  return concat("statement ", newest.seq, " of device ", key ? short_id(key->id()) : printable(newest.device),
                ", up to ", format_time(newest.to));
}

}  // namespace lic::app
