#pragma once

/// Reading a system's files below a root, which may be "/" or a copy of some of
/// its files elsewhere.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "lic/result.hpp"

namespace lic {

/// Every path given is relative to the root ("etc/machine-id"). Links are
/// followed; below another root than "/" they end inside it, absolute ones and
/// ".." included.
class Tree {
 public:
  explicit Tree(const Path& root);

  /// Whether this is the running system itself.
  [[nodiscard]] bool is_running_system() const noexcept { return prefix_.empty(); }

  /// "259:2": the device that the running system's "/" lies on, as the kernel
  /// knows without listing every mount. Absent below another root, and for file
  /// systems that have no device of their own (major number 0).
  [[nodiscard]] std::optional<std::string> root_device() const;

  /// The path as a person would open it.
  [[nodiscard]] std::string shown(std::string_view path) const;

  /// The whole of a small file (4 KiB, as the files of sysfs claim to have).
  /// Errors: as read_file().
  [[nodiscard]] Result<std::string> read(std::string_view path) const;

  /// The first `size` bytes of a file, or all of it. Empty where it cannot be read.
  [[nodiscard]] std::string read_beginning(std::string_view path, std::size_t size) const;

  [[nodiscard]] bool exists(std::string_view path) const;

  /// What a symbolic link says; absent where there is no link.
  [[nodiscard]] std::optional<std::string> link_target(std::string_view path) const;

  /// The names in a directory in their order, without those that begin with a
  /// dot. Empty where it cannot be read.
  [[nodiscard]] std::vector<std::string> names_in(std::string_view path) const;

 private:
  enum class Last { follow, keep };
  [[nodiscard]] std::string resolve(std::string_view path, Last last = Last::follow) const;

  std::string prefix_;  // empty for "/"
};

}  // namespace lic
