/// Takes the place of the handler that libstdc++ calls before it ends a program for an
/// uncaught exception: that one prints the exception, for which it carries a demangler of
/// 48 KiB. liblic, into which the C++ runtime is linked, prints nothing and lets no exception
/// out; the application's own runtime, and its handler, are not touched.

#include <cstdlib>
#include <exception>

namespace __gnu_cxx {

void __verbose_terminate_handler() { std::abort(); }

}  // namespace __gnu_cxx
