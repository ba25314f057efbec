#include "licgen/seen_texts.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace lic::app {

std::optional<std::int64_t> SeenTexts::add(std::string_view text, std::int64_t line) {
  if ((count_ + 1) * 8 > table_.size() * 7) grow();
  const Digest digest = blake2b(view_bytes(text));
  Entry entry;
  std::memcpy(&entry.high, digest.data(), sizeof entry.high);
  std::memcpy(&entry.low, digest.data() + sizeof entry.high, sizeof entry.low);
  entry.line = static_cast<std::uint32_t>(std::clamp<std::int64_t>(line, 1, UINT32_MAX));
  Entry& place = place_of(entry);
  if (place.line != 0) return place.line;
  place = entry;
  ++count_;
  return std::nullopt;
}

SeenTexts::Entry& SeenTexts::place_of(const Entry& wanted) {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = wanted.high & mask;
  while (table_[at].line != 0 && (table_[at].high != wanted.high || table_[at].low != wanted.low)) at = (at + 1) & mask;
  return table_[at];
}

void SeenTexts::grow() {
  constexpr std::size_t kSmallest = 1024;
  std::vector<Entry> old = std::exchange(table_, std::vector<Entry>(std::max(kSmallest, table_.size() * 2)));
  for (const Entry& entry : old)
    if (entry.line != 0) place_of(entry) = entry;
}

}  // namespace lic::app
