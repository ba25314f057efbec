#include "ledger/activation.hpp"

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"

namespace lic {

std::string activation_digest(const Activation& activation) {
  using Json = nlohmann::json;
  const Json all = {activation.key,     activation.request, activation.request_digest, activation.receipt_hash,
                    activation.machine, activation.serial,  activation.answer,         format_time(activation.at)};
  return hex_encode(bulk_sha256(view_bytes(all.dump(-1, ' ', false, Json::error_handler_t::replace))));
}

}  // namespace lic
