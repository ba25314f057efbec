#pragma once

#include <new>

#include "lic/result.hpp"

namespace lic {

/// What `work` gives, or that memory ran out. Nothing of ours throws but allocation.
template <class Work>
auto without_throwing(Work work) noexcept -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error{Errc::failure, "out of memory", {}};  // short enough to need none
  } catch (...) {
    return Error{Errc::failure, "internal fault", {}};
  }
}

}  // namespace lic
