#pragma once

/// Texts that were seen, and where: 16 bytes for each, however long they are.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lic::app {

class SeenTexts {
 public:
  /// Remembers `text` as of `line`; where it was seen already, the line it was first
  /// seen on, and nothing changes. Lines are told up to 2^32.
  std::optional<std::int64_t> add(std::string_view text, std::int64_t line);

 private:
  /// 96 bits of a hash under which two texts do not meet.
  struct Entry {
    std::uint64_t high = 0;
    std::uint32_t low = 0;
    std::uint32_t line = 0;  ///< 0: free
  };

  Entry& place_of(const Entry& wanted);
  void grow();

  std::vector<Entry> table_;  ///< a power of two, at most 7/8 full
  std::size_t count_ = 0;
};

}  // namespace lic::app
