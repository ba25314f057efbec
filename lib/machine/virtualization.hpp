#pragma once

/// Whether a system runs on the bare machine: the virtual machine and the container
/// around it, by the files in which they show.

#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "lic/types.hpp"
#include "machine/tree.hpp"

namespace lic {

/// The layers between the system below `root` and the machine, the outermost first: at
/// most one virtual machine and one container. Empty: none shows, which proves nothing,
/// since a hypervisor may hide itself. Never fails: what cannot be read shows nothing.
///
/// Reads files alone, so that a copy of them gives the same answer; /proc/cpuinfo among
/// them, which takes milliseconds on older kernels. No part of the machine's identity.
/// The rules and where they are from: docs/machine-identity.md.
[[nodiscard]] std::vector<VirtualLayer> read_virtualization(const Path& root);

/// The two halves of it.
[[nodiscard]] std::optional<VirtualLayer> read_virtual_machine(const Tree& tree);
[[nodiscard]] std::optional<VirtualLayer> read_container(const Tree& tree);

}  // namespace lic
