#include "ledger/activation.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"
#include "ledger/history_chain.hpp"

namespace lic {

std::string activation_digest(const Activation& activation) {
  std::string all;
  all.reserve(activation.answer.size() + 512);
  const auto append = [&](std::string_view text) {
    all += all.empty() ? '[' : ',';
    append_json(all, text);
  };
  append(activation.key);
  append(activation.request);
  append(activation.request_digest);
  append(activation.receipt_hash);
  append(activation.machine);
  all += concat(',', activation.serial);
  append(activation.answer);
  append(format_time(activation.at));
  all += ']';
  return hex_encode(bulk_sha256(view_bytes(all)));
}

}  // namespace lic
