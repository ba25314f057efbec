#include "client/environment.hpp"

#include <cstdlib>

#include "base/time.hpp"
#include "client/server_library.hpp"

namespace lic {

Environment system_environment() {
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): we never set the environment
  return {home == nullptr ? Path() : Path(home), "/", system_now, session_keyring(), modified_at, ask_by_library};
}

}  // namespace lic
