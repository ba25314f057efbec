#pragma once

/// For RapidJSON, in our .cpp files that use it.

#include <algorithm>
#include <cstring>
#include <new>

namespace lic::json {

/// Throws where memory runs out. RapidJSON's own allocators give null then, and it writes there.
struct Allocator {
  // The names of these members are RapidJSON's.
  static constexpr bool kNeedFree = true;
  void* Malloc(std::size_t size) { return size == 0 ? nullptr : ::operator new(size); }
  void* Realloc(void* old, std::size_t old_size, std::size_t size) {
    void* grown = Malloc(size);
    if (old != nullptr && grown != nullptr) std::memcpy(grown, old, std::min(old_size, size));
    Free(old);
    return grown;
  }
  static void Free(void* memory) noexcept { ::operator delete(memory); }
};

}  // namespace lic::json
