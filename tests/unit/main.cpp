#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include "crypto/start.hpp"

int main(int argc, char** argv) {
  if (!lic::start_crypto()) return 1;
  return Catch::Session().run(argc, argv);
}
