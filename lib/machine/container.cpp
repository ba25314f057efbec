#include <algorithm>
#include <array>
#include <optional>

#include "base/result.hpp"
#include "base/text.hpp"
#include "machine/value.hpp"
#include "machine/virtualization.hpp"

namespace lic {
namespace {

constexpr std::size_t kMostText = 256 * 1024;  // of a table in /proc

/// What a container's manager may call itself ($container; systemd's container interface).
constexpr std::array<std::string_view, 10> kManagers = {
    "docker", "lxc", "lxc-libvirt", "openvz", "podman", "rkt", "systemd-nspawn", "wsl", "pouch", "proot"};
/// Wrappings of a single application on an ordinary desktop, which are no containers here.
constexpr std::array<std::string_view, 3> kSandboxes = {"flatpak", "firejail", "bubblewrap"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Takes the text up to `end` from the front of `rest`, and `end` with it.
std::string_view next_part(std::string_view& rest, char end) {
  const std::size_t size = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return part;
}

VirtualLayer found(const Tree& tree, std::string_view kind, std::string_view path, std::string_view evidence) {
  return {true, std::string(kind), tree.shown(path), std::string(evidence)};
}

VirtualLayer says(const Tree& tree, std::string_view kind, std::string_view path, std::string_view text) {
  return found(tree, kind, path, concat("says ", in_quotes(text)));
}

/// The container that its manager names in `path`. Absent for none, for the wrapping of an
/// application, and for "oci", which is no manager: the files tell more.
std::optional<VirtualLayer> by_name(const Tree& tree, std::string_view path, std::string_view text) {
  const std::string_view name = next_part(text, '\n');
  if (name.empty() || name == "oci" || is_one_of(name, kSandboxes)) return std::nullopt;
  return says(tree, is_one_of(name, kManagers) ? name : "other", path, name);
}

/// The variable of the first process; empty where it has none, or does not show.
std::string first_environment(const Tree& tree, std::string_view variable) {
  const std::string text = tree.read_beginning("proc/1/environ", kMostText);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view entry = next_part(rest, '\0');
    if (entry.starts_with(concat(variable, '='))) return std::string(entry.substr(variable.size() + 1));
  }
  return {};
}

std::optional<VirtualLayer> by_manager(const Tree& tree) {
  for (const std::string_view path : {"run/host/container-manager", "run/systemd/container"})
    if (const auto text = tree.read(path))
      if (auto layer = by_name(tree, path, *text)) return layer;
  return by_name(tree, "proc/1/environ", first_environment(tree, "container"));
}

/// The files that engines leave in every container.
std::optional<VirtualLayer> by_marks(const Tree& tree) {
  struct Mark {
    std::string_view path;
    std::string_view kind;
  };
  constexpr std::array<Mark, 4> kMarks = {{{"run/secrets/kubernetes.io/serviceaccount", "kubernetes"},
                                           {"var/run/secrets/kubernetes.io/serviceaccount", "kubernetes"},
                                           {"run/.containerenv", "podman"},
                                           {".dockerenv", "docker"}}};
  for (const Mark& mark : kMarks)
    if (tree.exists(mark.path)) return found(tree, mark.kind, mark.path, "is there");
  if (!first_environment(tree, "KUBERNETES_SERVICE_HOST").empty())
    return found(tree, "kubernetes", "proc/1/environ", "has KUBERNETES_SERVICE_HOST");
  return std::nullopt;
}

/// Whether `text` begins with the id that engines give a container: 64 hexadecimal digits.
bool begins_with_id(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  return text.size() >= kDigits &&
         text.substr(0, kDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Whether `path` has `part` followed by the id of a container.
bool has_id_after(std::string_view path, std::string_view part) {
  for (std::size_t at = path.find(part); at != std::string_view::npos; at = path.find(part, at + 1))
    if (begins_with_id(path.substr(at + part.size()))) return true;
  return false;
}

/// The engine that put a process in this control group; empty: none.
std::string_view engine_of_group(std::string_view group) {
  if (group.find("/kubepods") != std::string_view::npos) return "kubernetes";
  if (group.find("/ecs/") != std::string_view::npos) return "ecs";
  for (const std::string_view part : {"/docker/", "/docker-"})
    if (has_id_after(group, part)) return "docker";
  for (const std::string_view part : {"/libpod-", "/libpod_parent/libpod-"})
    if (has_id_after(group, part)) return "podman";
  if (has_id_after(group, "/cri-containerd-") || has_id_after(group, "/containerd/")) return "containerd";
  if (has_id_after(group, "/crio-")) return "cri-o";
  for (const std::string_view part : {"/lxc.payload", "/lxc/"})
    if (group.find(part) != std::string_view::npos) return "lxc";
  return {};
}

std::optional<VirtualLayer> by_group(const Tree& tree) {
  for (const std::string_view path : {"proc/self/cgroup", "proc/1/cgroup"}) {
    const std::string text = tree.read_beginning(path, kMostText);
    for (std::string_view rest = text; !rest.empty();) {
      std::string_view line = next_part(rest, '\n');  // hierarchy:controllers:group
      next_part(line, ':');
      next_part(line, ':');
      if (const std::string_view kind = engine_of_group(line); !kind.empty()) return says(tree, kind, path, line);
    }
  }
  return std::nullopt;
}

/// A line of /proc/self/mountinfo, as far as it is looked at (proc(5)).
struct Mount {
  std::string_view root;  ///< within its file system
  std::string_view place;
  std::string_view type;
  std::string_view options;
};

Mount read_mount(std::string_view line) {
  Mount mount;
  for (int skipped = 0; skipped < 3; ++skipped) next_part(line, ' ');
  mount.root = next_part(line, ' ');
  mount.place = next_part(line, ' ');
  constexpr std::string_view kSeparator = " - ";
  const std::size_t separator = line.find(kSeparator);
  if (separator == std::string_view::npos) return mount;
  line.remove_prefix(separator + kSeparator.size());
  mount.type = next_part(line, ' ');
  next_part(line, ' ');
  mount.options = line;
  return mount;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The engine whose files are mounted at the places that every engine fills; empty: none.
/// (On the host the mounts of its containers are listed too, but at other places.)
std::string_view engine_of_mount(const Mount& mount) {
  if (mount.type == "fuse.lxcfs" && mount.place.starts_with("/proc/")) return "lxc";
  if (mount.place == "/" && mount.type == "overlay") {
    if (has(mount.options, "/docker/overlay2/")) return "docker";
    if (has(mount.options, "/containers/storage/overlay")) return "podman";
    if (has(mount.options, "/io.containerd.")) return "containerd";
  }
  if (mount.place != "/etc/hostname" && mount.place != "/etc/hosts" && mount.place != "/etc/resolv.conf") return {};
  if (has(mount.root, "/kubelet/pods/") || has(mount.root, "/io.containerd.grpc.v1.cri/")) return "kubernetes";
  if (has_id_after(mount.root, "/docker/containers/") || has_id_after(mount.root, "/containers/")) return "docker";
  if (has_id_after(mount.root, "/overlay-containers/")) return "podman";
  return {};
}

std::optional<VirtualLayer> by_mounts(const Tree& tree) {
  constexpr std::string_view kPath = "proc/self/mountinfo";
  const std::string text = tree.read_beginning(kPath, kMostText);
  for (std::string_view rest = text; !rest.empty();) {
    const Mount mount = read_mount(next_part(rest, '\n'));
    if (const std::string_view kind = engine_of_mount(mount); !kind.empty())
      return found(tree, kind, kPath, concat("has ", in_quotes(mount.place), " from an image or directory of ", kind));
  }
  return std::nullopt;
}

}  // namespace

std::optional<VirtualLayer> read_container(const Tree& tree) {
  if (tree.exists("proc/vz") && !tree.exists("proc/bc")) return found(tree, "openvz", "proc/vz", "is there");
  for (const auto& rule : {by_marks, by_manager, by_group, by_mounts})
    if (auto layer = rule(tree)) return layer;
  // The Windows Subsystem for Linux counts as one, as with systemd-detect-virt; last, as it may hold others.
  constexpr std::string_view kRelease = "proc/sys/kernel/osrelease";
  const auto release = tree.read(kRelease);
  if (release && (has(*release, "Microsoft") || has(*release, "WSL")))
    return says(tree, "wsl", kRelease, std::string_view(*release).substr(0, release->find('\n')));
  return std::nullopt;
}

}  // namespace lic
