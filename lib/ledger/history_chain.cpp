#include "ledger/history_chain.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"

namespace lic {

void append_json(std::string& out, std::string_view value) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  const auto is_marked = [](char c) { return c == '"' || c == '\\'; };
  if (!std::all_of(value.begin(), value.end(), is_plain)) {
    out += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  const auto* from = value.begin();
  for (const auto* mark = from; (mark = std::find_if(mark, value.end(), is_marked)) != value.end(); ++mark) {
    out.append(from, mark);
    out += '\\';
    from = mark;  // with the next part
  }
  out.append(from, value.end());
  out += '"';
}

std::string history_text(std::int64_t number, const HistoryEntry& entry) {
  std::string text = concat('[', number);
  text.reserve(entry.detail.size() + 256);
  const auto append = [&](std::string_view value, bool always) {
    text += ',';
    if (value.empty() && !always) {
      text += "null";
    } else {
      append_json(text, value);
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
