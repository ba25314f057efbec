#include "ledger/history_chain.hpp"

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {

std::string history_text(std::int64_t number, const HistoryEntry& entry) {
  using Json = nlohmann::json;
  const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
  const Json row = {number,          format_time(entry.at), entry.actor,       entry.action,
                    text(entry.key), text(entry.reason),    text(entry.detail)};
  return row.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string history_link(std::string_view previous, std::string_view text) {
  constexpr char kEnd = '\0';
  return hex_encode(sha256(view_bytes(concat("lic-history-v1", kEnd, previous, kEnd, text))));
}

}  // namespace lic
