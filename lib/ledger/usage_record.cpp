#include "ledger/usage_record.hpp"

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace lic {

std::string usage_record_digest(const UsageRecord& record) {
  using Json = nlohmann::json;
  const Json all = {record.key,
                    record.device,
                    record.machine,
                    record.seq,
                    record.digest,
                    record.previous,
                    format_time(record.from),
                    format_time(record.to),
                    record.document,
                    format_time(record.imported_at)};
  return hex_encode(sha256(view_bytes(all.dump(-1, ' ', false, Json::error_handler_t::replace))));
}

}  // namespace lic
