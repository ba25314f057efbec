#pragma once

#include <sys/resource.h>

#include <csignal>

#include "support/catch.hpp"

namespace lic::test {

/// No file can grow beyond so many bytes while this is there: as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t most) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit now{most, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace lic::test
