#pragma once

/// What the fuzz targets share. One target a file: LLVMFuzzerTestOneInput() in
/// fuzz_<name>.cpp gives any bytes to one reader, which must not crash, and says
/// with require() what must hold of whatever it accepts.
/// Built by clang with libFuzzer (-DLIC_FUZZ=ON), and by any compiler into one
/// program that runs the seed corpora (corpus_main.cpp).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.hpp"
#include "crypto/start.hpp"
#include "lic/result.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lic::fuzz {

inline const bool kCryptoStarted = start_crypto().has_value();

/// Ends the program, as a crash that libFuzzer records, unless `holds`.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

/// An error that a reader gave: it must say something.
inline void require_message(const Error& error) { require(!error.message.empty(), "an error has a message"); }

}  // namespace lic::fuzz
