#pragma once

#include "machine/identity.hpp"
#include "machine/tree.hpp"

namespace lic {

/// The fact "root-disk": the serial of the disk that holds the root file system
/// (of each disk, where it lies on an array), else the UUID of that file system.
[[nodiscard]] MachineFact read_root_disk(const Tree& tree);

}  // namespace lic
