#include "ledger/postgres_library.hpp"

#include <dlfcn.h>

#include "base/result.hpp"

namespace lic::postgres {
namespace {

template <class Function>
bool find(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

/// Whether all of it is there.
bool load(Library& functions) {
  void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  bool whole = true;
#define LIC_LIBPQ_FIND(name) whole = find(library, functions.name, "PQ" #name) && whole;
  LIC_LIBPQ_FUNCTIONS(LIC_LIBPQ_FIND)
#undef LIC_LIBPQ_FIND
  return whole;
}

}  // namespace

Result<const Library*> library() {
  static Library functions;
  static const bool whole = load(functions);
  if (whole) return static_cast<const Library*>(&functions);
  return error(Errc::failure, "libpq, which speaks to PostgreSQL, cannot be loaded",
               "install the package libpq5, version 14 or newer");
}

}  // namespace lic::postgres
