#include <array>
#include <optional>

#include "base/result.hpp"
#include "base/text.hpp"
#include "machine/value.hpp"
#include "machine/virtualization.hpp"

namespace lic {
namespace {

constexpr std::string_view kCpuInfo = "proc/cpuinfo";
constexpr std::size_t kCpuInfoBytes = 8192;  // the first processor is described in less
constexpr std::string_view kFirmware = "sys/class/dmi/id/";
constexpr std::string_view kXenFeatures = "sys/hypervisor/properties/features";
constexpr std::string_view kDeviceTree = "proc/device-tree";

/// Whether the text must go on with another word, or may anyhow.
enum class End { word, anyhow };

/// What the firmware of a hypervisor's machine calls itself: the beginning of one of kFirmwareFiles.
struct FirmwareName {
  std::string_view begins;
  std::string_view kind;
  End end = End::word;
};

/// As systemd-detect-virt has them (src/basic/virt.c), without "Oracle Corporation": real servers
/// are called that too, and VirtualBox is found by its other names.
constexpr std::array kFirmwareNames = std::to_array<FirmwareName>({
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "amazon"},
    {"QEMU", "qemu"},
    {"VMware", "vmware", End::anyhow},
    {"VMW", "vmware", End::anyhow},
    {"innotek GmbH", "oracle"},
    {"VirtualBox", "oracle"},
    {"Xen", "xen"},
    {"Bochs", "bochs"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Hyper-V", "microsoft"},
    {"Apple Virtualization", "apple"},
    {"Google Compute Engine", "google"},
});
constexpr std::array<std::string_view, 5> kFirmwareFiles = {"product_name", "sys_vendor", "board_vendor", "bios_vendor",
                                                            "product_version"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank(" \t\r\n\0", 5);
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The whole of a small file without white space around it; empty where it cannot be read.
std::string content(const Tree& tree, std::string_view path) {
  const auto text = tree.read(path);
  return text ? std::string(trimmed(*text)) : std::string();
}

VirtualLayer found(const Tree& tree, std::string_view kind, std::string_view path, std::string_view evidence) {
  return {false, std::string(kind), tree.shown(path), std::string(evidence)};
}

VirtualLayer says(const Tree& tree, std::string_view kind, std::string_view path, std::string_view text) {
  return found(tree, kind, path, concat("says ", in_quotes(text)));
}

bool begins(std::string_view text, const FirmwareName& name) {
  if (!text.starts_with(name.begins)) return false;
  if (text.size() == name.begins.size() || name.end == End::anyhow) return true;
  const char next = text[name.begins.size()];
  return !((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || (next >= '0' && next <= '9'));
}

/// What an x86 processor says of a hypervisor under it.
enum class CpuFlag { absent, there, not_x86 };

CpuFlag hypervisor_flag(std::string_view cpuinfo) {
  const auto flags = line_value(cpuinfo, "flags");
  if (!flags) return CpuFlag::not_x86;
  const std::string padded = concat(' ', trimmed(*flags), ' ');
  return padded.find(" hypervisor ") == std::string::npos ? CpuFlag::absent : CpuFlag::there;
}

/// The bit of the SMBIOS tables that means "virtual machine" (DMTF DSP0134, 7.1.2.2: bit 4 of the second
/// extension byte). Absent: not readable, which is so for all but root, or not told. A bit that
/// is not set means little, for most hypervisors leave it so.
std::optional<bool> smbios_bit(const Tree& tree) {
  constexpr std::size_t kAt = 0x13;
  const auto table = tree.read("sys/firmware/dmi/entries/0-0/raw");
  if (!table || table->size() <= kAt || static_cast<unsigned char>((*table)[1]) <= kAt) return std::nullopt;
  return ((*table)[kAt] & (1 << 4)) != 0;
}

/// Clouds that rent whole machines as well give these the names of their virtual ones.
bool is_rented_metal(const Tree& tree, std::string_view kind, CpuFlag flag) {
  if (kind != "amazon" && kind != "google") return false;
  if (flag != CpuFlag::not_x86) return flag == CpuFlag::absent;
  if (kind != "amazon") return false;
  if (const auto bit = smbios_bit(tree)) return !*bit;
  const std::string name = content(tree, concat(kFirmware, "product_name"));  // "c6g.metal", "u-6tb1.metal-24xl"
  const std::size_t metal = name.find(".metal");
  return metal != std::string::npos && (metal + 6 == name.size() || name[metal + 6] == '-');
}

std::optional<VirtualLayer> by_firmware(const Tree& tree, CpuFlag flag) {
  for (const std::string_view file : kFirmwareFiles) {
    const std::string path = concat(kFirmware, file);
    const std::string text = content(tree, path);
    for (const FirmwareName& name : kFirmwareNames) {
      if (!begins(text, name)) continue;
      if (is_rented_metal(tree, name.kind, flag)) return std::nullopt;
      return says(tree, name.kind, path, text);
    }
  }
  // Hyper-V's first generation: its maker sells real machines too, under other product names.
  const std::string path = concat(kFirmware, "product_name");
  const bool hyper_v = content(tree, path) == "Virtual Machine" &&
                       content(tree, concat(kFirmware, "sys_vendor")) == "Microsoft Corporation";
  if (hyper_v) return says(tree, "microsoft", path, "Virtual Machine");
  return std::nullopt;
}

/// Whether this is Xen's first domain, which owns the hardware.
bool owns_xen(const Tree& tree) {
  constexpr unsigned long kFirstDomain = 1UL << 11;  // XENFEAT_dom0 in xen/include/public/features.h
  const std::string features = content(tree, kXenFeatures);
  if (!features.empty() && features.find_first_not_of("0123456789abcdef") == std::string::npos &&
      features.size() <= sizeof(unsigned long) * 2)
    return (std::stoul(features, nullptr, 16) & kFirstDomain) != 0;
  return concat(',', content(tree, "proc/xen/capabilities"), ',').find(",control_d,") != std::string::npos;
}

/// What stands for a hypervisor in the tree of devices of ARM, POWER and RISC-V machines.
std::optional<VirtualLayer> by_device_tree(const Tree& tree) {
  const std::string path = concat(kDeviceTree, "/hypervisor/compatible");
  if (const auto raw = tree.read(path)) {
    const std::string names(trimmed(*raw));
    const auto has = [&](std::string_view name) { return names.find(name) != std::string::npos; };
    const std::string first = names.substr(0, names.find('\0'));
    if (has("xen")) return owns_xen(tree) ? std::nullopt : std::optional(says(tree, "xen", path, first));
    return says(tree, has("linux,kvm") ? "kvm" : has("vmware") ? "vmware" : "other", path, first);
  }
  const auto there = [&](std::string_view name) { return tree.exists(concat(kDeviceTree, '/', name)); };
  if (there("ibm,partition-name") && there("hmc-managed?") && !there("chosen/qemu,graphic-width"))
    return found(tree, "powervm", concat(kDeviceTree, "/ibm,partition-name"), "is there");
  for (const std::string& name : tree.names_in(kDeviceTree))
    if (name.find("fw-cfg") != std::string::npos)
      return found(tree, "qemu", concat(kDeviceTree, '/', name), "is there");
  const std::string machine = concat(kDeviceTree, "/compatible");
  if (content(tree, machine) == "qemu,pseries") return says(tree, "qemu", machine, "qemu,pseries");
  return std::nullopt;
}

/// The clocks that a hypervisor lends to its guests alone.
std::optional<VirtualLayer> by_clock(const Tree& tree) {
  constexpr std::string_view kPath = "sys/devices/system/clocksource/clocksource0/available_clocksource";
  const std::string clocks = concat(' ', content(tree, kPath));
  if (clocks.find(" kvm-clock") != std::string::npos) return says(tree, "kvm", kPath, "kvm-clock");
  if (clocks.find(" hyperv_clocksource") != std::string::npos)
    return says(tree, "microsoft", kPath, "hyperv_clocksource");
  return std::nullopt;
}

std::optional<VirtualLayer> by_mainframe(const Tree& tree) {
  constexpr std::string_view kPath = "proc/sysinfo";
  const std::string text = tree.read_beginning(kPath, kCpuInfoBytes);
  const auto program = line_value(text, "VM00 Control Program");
  if (!program) return std::nullopt;
  const std::string_view name = trimmed(*program);
  return says(tree, name.starts_with("z/VM") ? "zvm" : "kvm", kPath, name);
}

}  // namespace

std::optional<VirtualLayer> read_virtual_machine(const Tree& tree) {
  const std::string cpuinfo = tree.read_beginning(kCpuInfo, kCpuInfoBytes);
  const CpuFlag flag = hypervisor_flag(cpuinfo);
  if (auto layer = by_firmware(tree, flag)) return layer;

  const auto vendor = line_value(cpuinfo, "vendor_id");
  if (vendor && trimmed(*vendor).starts_with("User Mode Linux")) return says(tree, "uml", kCpuInfo, trimmed(*vendor));

  constexpr std::string_view kHypervisor = "sys/hypervisor/type";
  const std::string hypervisor = content(tree, kHypervisor);
  const bool on_xen = hypervisor == "xen" || tree.exists("proc/xen");
  if (on_xen && owns_xen(tree)) return std::nullopt;  // the flag and the clocks below are Xen's, on its own machine
  if (on_xen && hypervisor.empty()) return found(tree, "xen", "proc/xen", "is there");
  if (!hypervisor.empty()) return says(tree, on_xen ? "xen" : "other", kHypervisor, hypervisor);

  if (auto layer = by_device_tree(tree)) return layer;
  if (auto layer = by_mainframe(tree)) return layer;
  if (auto layer = by_clock(tree)) return layer;
  if (flag == CpuFlag::there) return found(tree, "other", kCpuInfo, "has the flag hypervisor");
  if (smbios_bit(tree).value_or(false))
    return found(tree, "other", "sys/firmware/dmi/entries/0-0/raw", "has the bit of virtual machines");
  return std::nullopt;
}

std::vector<VirtualLayer> read_virtualization(const Path& root) {
  const Tree tree(root);
  std::vector<VirtualLayer> layers;
  if (auto machine = read_virtual_machine(tree)) layers.push_back(*std::move(machine));
  if (auto container = read_container(tree)) layers.push_back(*std::move(container));
  return layers;
}

}  // namespace lic
