#include "ledger/history_chain.hpp"

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"

namespace lic {
namespace {

/// A JSON string. What is not UTF-8 is replaced: an entry may say anything.
void append_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    json::append_string(out, text);
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace

std::string history_text(std::int64_t number, const HistoryEntry& entry) {
  std::string text = concat('[', number);
  text.reserve(entry.detail.size() + 256);
  const auto append = [&](std::string_view value, bool always) {
    text += ',';
    if (value.empty() && !always) {
      text += "null";
    } else {
      append_text(text, value);
    }
  };
  append(format_time(entry.at), true);
  append(entry.actor, true);
  append(entry.action, true);
  append(entry.key, false);
  append(entry.reason, false);
  append(entry.detail, false);
  text += ']';
  return text;
}

std::string history_link(std::string_view previous, std::string_view text) {
  constexpr char kEnd = '\0';
  return hex_encode(bulk_sha256(view_bytes(concat("lic-history-v1", kEnd, previous, kEnd, text))));
}

}  // namespace lic
