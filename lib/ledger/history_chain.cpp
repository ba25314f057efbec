#include "ledger/history_chain.hpp"

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace lic {
namespace {

Digest hash_children(const Digest& left, const Digest& right) {
  Bytes input{0x01};
  input.insert(input.end(), left.begin(), left.end());
  input.insert(input.end(), right.begin(), right.end());
  return sha256(input);
}

}  // namespace

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

void MerkleTree::add(std::string_view leaf) {
  Bytes input{0x00};
  input.insert(input.end(), leaf.begin(), leaf.end());
  peaks_.push_back(sha256(input));
  // Each bit at the end of the size that turns over joins two trees of equal height.
  for (std::int64_t joined = size_; (joined & 1) == 1; joined >>= 1) {
    const Digest right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = hash_children(peaks_.back(), right);
  }
  ++size_;
}

Digest MerkleTree::root() const {
  if (peaks_.empty()) return sha256({});
  Digest root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = hash_children(*peak, root);
  return root;
}

}  // namespace lic
