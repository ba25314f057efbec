#include "machine/root_disk.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "machine/value.hpp"

namespace lic {
namespace {

constexpr std::string_view kMountInfo = "proc/self/mountinfo";
constexpr std::size_t kMountInfoBytes = 64 * 1024;
constexpr std::string_view kUuidLinks = "dev/disk/by-uuid";
constexpr std::string_view kIdLinks = "dev/disk/by-id";
constexpr std::string_view kDevices = "/dev/";
constexpr int kDeepest = 4;  // a file system in an encrypted volume in a logical volume on an array on disks

struct RootMount {
  std::string number;  // "259:2"
  std::string type;    // "ext4"; empty where the number says all
  std::string source;  // "/dev/nvme0n1p2"; the same
};

/// Cuts `line` at its first space and gives what stood before it.
std::string_view take_field(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return field;
}

/// One line of proc_pid_mountinfo(5), if it mounts "/".
std::optional<RootMount> root_mount_of(std::string_view line) {
  take_field(line);  // id
  take_field(line);  // parent
  const std::string_view number = take_field(line);
  take_field(line);  // directory of that file system
  if (take_field(line) != "/") return std::nullopt;
  constexpr std::string_view kBorder = " - ";  // ends the optional fields
  const std::size_t border = line.find(kBorder);
  if (border == std::string_view::npos) return std::nullopt;
  line.remove_prefix(border + kBorder.size());
  const std::string_view type = take_field(line);
  const std::string_view source = take_field(line);
  return RootMount{std::string(number), std::string(type), std::string(source)};
}

/// The last mount on "/" is the one that is seen.
std::optional<RootMount> find_root_mount(const Tree& tree) {
  if (auto number = tree.root_device()) return RootMount{*std::move(number), {}, {}};
  const std::string text = tree.read_beginning(kMountInfo, kMountInfoBytes);
  std::string_view mountinfo(text);
  std::optional<RootMount> found;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    if (auto mount = root_mount_of(mountinfo.substr(0, end))) found = std::move(mount);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
  }
  return found;
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// "nvme0n1p2" of "/dev/nvme0n1p2", "dm-0" of "/dev/mapper/root"; empty where
/// the source is no device.
std::string device_named(const Tree& tree, std::string_view source) {
  if (!source.starts_with(kDevices)) return {};
  if (const auto target = tree.link_target(source.substr(1))) return std::string(last_component(*target));
  return std::string(source.substr(kDevices.size()));
}

/// The directory that describes the block device, or empty where there is none.
/// Btrfs and others have a number of their own (major 0) that names no device.
std::string block_directory(const Tree& tree, const RootMount& mount) {
  if (!mount.number.starts_with("0:")) return concat("sys/dev/block/", mount.number);
  std::string name = device_named(tree, mount.source);
  if (name.empty()) return {};
  std::replace(name.begin(), name.end(), '/', '!');
  return concat("sys/class/block/", name);
}

/// Takes `raw` as a serial found at `path`. Keeps the first reason why one is none.
bool take_serial(const Tree& tree, const std::string& path, std::string_view raw, MachineFact& fact) {
  CheckedValue checked = check_value(raw, ValueKind::serial);
  if (checked.value.empty()) {
    if (fact.note.empty()) fact.note = std::move(checked.note);
    return false;
  }
  if (fact.values.empty()) fact.source = tree.shown(path);
  fact.values.push_back(std::move(checked.value));
  return true;
}

/// Adds the serial that `directory` names.
bool add_serial(const Tree& tree, const std::string& directory, MachineFact& fact) {
  static constexpr std::array<std::string_view, 4> kFiles{"device/serial", "serial", "wwid", "device/wwid"};
  for (const std::string_view file : kFiles) {
    const std::string path = concat(directory, '/', file);
    const auto raw = tree.read(path);
    if (raw && take_serial(tree, path, *raw, fact)) return true;
  }
  return false;
}

/// "vda" where `directory` links to a virtio disk or a part of it, else empty:
/// ../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1
std::string virtio_disk(const Tree& tree, const std::string& directory) {
  constexpr std::string_view kDisk = "/block/vd";
  const std::string target = tree.link_target(directory).value_or("");
  const std::size_t found = target.rfind(kDisk);
  if (found == std::string::npos) return {};
  const std::size_t name = target.find("vd", found);
  return target.substr(name, target.find('/', name) - name);
}

/// To read a virtio disk's serial from sysfs is a request to the host, queued
/// behind all others. udev has made it already and named a link by the answer.
void add_virtio_serial(const Tree& tree, const std::string& disk, MachineFact& fact) {
  constexpr std::string_view kPrefix = "virtio-";
  const std::string ending = concat('/', disk);
  for (const std::string& name : tree.names_in(kIdLinks)) {
    const std::string link = concat(kIdLinks, '/', name);
    if (!name.starts_with(kPrefix) || !tree.link_target(link).value_or("").ends_with(ending)) continue;
    if (take_serial(tree, link, std::string_view(name).substr(kPrefix.size()), fact)) return;
  }
}

/// Adds the serials of the disks under a block device: its own, that of the disk
/// it is a part of, or those of the devices it is made of.
void add_serials(const Tree& tree, const std::string& directory, int depth, MachineFact& fact) {
  if (const std::string disk = virtio_disk(tree, directory); !disk.empty()) {
    add_virtio_serial(tree, disk, fact);
    return;
  }
  const bool is_partition = tree.exists(concat(directory, "/partition"));
  const std::string disk = is_partition ? concat(directory, "/..") : directory;
  if (add_serial(tree, disk, fact) || (is_partition && add_serial(tree, directory, fact))) return;
  if (depth == kDeepest) return;
  const std::string parts = concat(disk, "/slaves");
  for (const std::string& name : tree.names_in(parts)) {
    if (fact.values.size() == kMostFactValues) return;
    add_serials(tree, concat(parts, '/', name), depth + 1, fact);
  }
}

void add_file_system_uuid(const Tree& tree, const RootMount& mount, const std::string& directory, MachineFact& fact) {
  const auto target = tree.link_target(directory);
  std::string device = target ? std::string(last_component(*target)) : device_named(tree, mount.source);
  std::replace(device.begin(), device.end(), '!', '/');
  if (device.empty()) return;
  const std::string ending = concat('/', device);
  for (const std::string& uuid : tree.names_in(kUuidLinks)) {
    const std::string link = concat(kUuidLinks, '/', uuid);
    const auto named = tree.link_target(link);
    if (!named || !named->ends_with(ending)) continue;
    CheckedValue checked = check_value(uuid, ValueKind::identifier);
    if (checked.value.empty()) continue;
    fact.values.push_back(std::move(checked.value));
    fact.source = tree.shown(link);
    return;
  }
}

}  // namespace

MachineFact read_root_disk(const Tree& tree) {
  MachineFact fact{"root-disk", Strength::strong, {}, tree.shown(kMountInfo), {}};
  const auto mount = find_root_mount(tree);
  if (!mount) {
    fact.note = "no root file system found";
    return fact;
  }
  const std::string directory = block_directory(tree, *mount);
  if (directory.empty()) {
    fact.note = concat("root file system ", in_quotes(mount->type), " is on no disk of its own");
    return fact;
  }
  add_serials(tree, directory, 0, fact);
  if (fact.values.empty()) add_file_system_uuid(tree, *mount, directory, fact);
  if (fact.values.empty()) {
    if (fact.note.empty()) fact.note = "the disk has no serial and its file system no UUID";
    return fact;
  }
  std::sort(fact.values.begin(), fact.values.end());
  fact.values.erase(std::unique(fact.values.begin(), fact.values.end()), fact.values.end());
  fact.note.clear();
  return fact;
}

}  // namespace lic
