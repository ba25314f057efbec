/// operator new and delete inside liblic, where the C++ runtime is linked into it.
///
/// What the C++ interface gives out is freed by the application's code, so both sides use the
/// application's operators, also those that it has replaced. A std::bad_alloc of the
/// application's runtime does not get through frames of liblic's: each has an unwinder of its
/// own, and the second one aborts. So its operator that throws nothing is asked, and the
/// exception is liblic's. A process without a C++ runtime has neither: then it is malloc().
///
/// The linker's --wrap sends the calls of all of liblic here, and the names with `real` to
/// whatever the process has.

#include <cstddef>
#include <cstdlib>
#include <new>

extern "C" {
[[gnu::weak, gnu::visibility("default")]] void* process_new(std::size_t size) __asm__("__real__Znwm");
[[gnu::weak, gnu::visibility("default")]] void* process_new_nothrow(std::size_t size,
                                                                    const std::nothrow_t& tag) noexcept
    __asm__("__real__ZnwmRKSt9nothrow_t");
[[gnu::weak, gnu::visibility("default")]] void process_delete(void* memory) noexcept __asm__("__real__ZdlPv");

void* lic_new(std::size_t size) __asm__("__wrap__Znwm");
void* lic_new_nothrow(std::size_t size, const std::nothrow_t& tag) noexcept __asm__("__wrap__ZnwmRKSt9nothrow_t");
void lic_delete(void* memory) noexcept __asm__("__wrap__ZdlPv");
void lic_delete_sized(void* memory, std::size_t size) noexcept __asm__("__wrap__ZdlPvm");
}

namespace {

bool process_has_operators() noexcept { return process_new != nullptr && process_delete != nullptr; }

}  // namespace

void* lic_new(std::size_t size) {
  // Without the second one, which a program with a runtime of its own may lack, there is no other way.
  if (process_has_operators() && process_new_nothrow == nullptr) return process_new(size);
  if (void* memory = lic_new_nothrow(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}

void* lic_new_nothrow(std::size_t size, const std::nothrow_t& tag) noexcept {
  if (!process_has_operators()) return std::malloc(size == 0 ? 1 : size);
  return process_new_nothrow != nullptr ? process_new_nothrow(size, tag) : process_new(size);
}

void lic_delete(void* memory) noexcept {
  if (process_has_operators()) return process_delete(memory);
  std::free(memory);
}

void lic_delete_sized(void* memory, std::size_t) noexcept { lic_delete(memory); }
