#include "machine/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/result.hpp"
#include "base/text.hpp"

namespace lic {
namespace {

constexpr std::size_t kSmallFile = 4096;
constexpr int kMostLinks = 40;  // the kernel's own limit

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::optional<std::string> read_link(const std::string& path) {
  std::array<char, 1024> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size <= 0 || static_cast<std::size_t>(size) == target.size()) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

/// Puts the components of `path` on the stack, the first one on top.
void push_components(std::vector<std::string>& stack, std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    stack.emplace_back(slash == std::string_view::npos ? path : path.substr(slash + 1));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  }
}

}  // namespace

Tree::Tree(const Path& root) : prefix_(root.native()) {
  while (prefix_.ends_with('/')) prefix_.pop_back();
}

std::string Tree::shown(std::string_view path) const { return concat(prefix_, '/', path); }

/// The kernel resolves the paths of "/". Elsewhere links are resolved here, one
/// component after the other. Empty (a path that nothing has) for a loop.
std::string Tree::resolve(std::string_view path, Last last) const {
  if (is_running_system()) return shown(path);
  std::vector<std::string> pending;
  push_components(pending, path);
  std::string inside;
  int links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      inside.erase(std::min(inside.rfind('/'), inside.size()));
      continue;
    }
    const std::string next = concat(inside, '/', name);
    const auto target = last == Last::keep && pending.empty() ? std::nullopt : read_link(prefix_ + next);
    if (!target) {
      inside = next;
      continue;
    }
    if (++links > kMostLinks) return {};
    if (target->starts_with('/')) inside.clear();
    push_components(pending, *target);
  }
  return prefix_ + inside;
}

std::optional<std::string> Tree::root_device() const {
  struct stat info {};
  if (!is_running_system() || ::stat("/", &info) != 0 || major(info.st_dev) == 0) return std::nullopt;
  return concat(major(info.st_dev), ':', minor(info.st_dev));
}

Result<std::string> Tree::read(std::string_view path) const {
  ReadOptions options;
  options.limit = kSmallFile;
  LIC_TRY_ASSIGN(const Bytes bytes, read_file(resolve(path), "machine fact", options));
  return to_text(bytes);
}

std::string Tree::read_beginning(std::string_view path, std::size_t size) const {
  const Fd fd(::open(resolve(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string text;
  std::array<char, 4096> chunk;
  while (text.size() < size) {
    const ssize_t count = ::read(fd.get(), chunk.data(), std::min(chunk.size(), size - text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

bool Tree::exists(std::string_view path) const { return ::access(resolve(path).c_str(), F_OK) == 0; }

std::optional<std::string> Tree::link_target(std::string_view path) const {
  return read_link(resolve(path, Last::keep));
}

std::vector<std::string> Tree::names_in(std::string_view path) const {
  std::vector<std::string> names;
  const Directory directory(::opendir(resolve(path).c_str()));
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lic
