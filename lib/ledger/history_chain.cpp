#include "ledger/history_chain.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/bulk_hash.hpp"

namespace lic {
namespace {

Digest hash_children(const Digest& left, const Digest& right) {
  Bytes input{0x01};
  input.insert(input.end(), left.begin(), left.end());
  input.insert(input.end(), right.begin(), right.end());
  return bulk_sha256(input);
}

/// A JSON string. Printable ASCII, which nearly all of it is, is written at once.
void append_string(std::string& out, std::string_view value) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::all_of(value.begin(), value.end(), is_plain)) {
    out += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
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
      append_string(text, value);
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

void MerkleTree::add(std::string_view leaf) {
  Bytes input{0x00};
  input.insert(input.end(), leaf.begin(), leaf.end());
  peaks_.push_back(bulk_sha256(input));
  // Each bit at the end of the size that turns over joins two trees of equal height.
  for (std::int64_t joined = size_; (joined & 1) == 1; joined >>= 1) {
    const Digest right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = hash_children(peaks_.back(), right);
  }
  ++size_;
}

Digest MerkleTree::root() const {
  if (peaks_.empty()) return bulk_sha256({});
  Digest root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = hash_children(*peak, root);
  return root;
}

}  // namespace lic
