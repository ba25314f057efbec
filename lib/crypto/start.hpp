#pragma once

#include "base/export.hpp"
#include "lic/result.hpp"

namespace lic {

/// Makes the library's random generator and fastest code ready. To be called
/// once before anything else in crypto/; again is harmless, from any thread.
/// Errors: failure (the system has no random numbers to give).
LIC_INTERNAL Result<void> start_crypto();

}  // namespace lic
