#include "crypto/start.hpp"

#include <sodium.h>

#include "base/result.hpp"

namespace lic {

Result<void> start_crypto() {
  if (sodium_init() < 0) return error(Errc::failure, "the system's random number generator cannot be had");
  return {};
}

}  // namespace lic
