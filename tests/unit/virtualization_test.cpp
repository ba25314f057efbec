#include <functional>
#include <string>
#include <vector>

#include "machine/virtualization.hpp"
#include "support/fake_machine.hpp"

using namespace lic;
using namespace lic::test;

namespace {

const std::string kId(64, 'a');
constexpr const char* kDmi = "sys/class/dmi/id/";

/// A machine's files, and what they show.
struct Case {
  std::string name;
  std::function<void(const FakeRoot&)> make;
  std::string machine;    ///< kind of the virtual machine; empty: none
  std::string container;  ///< kind; empty: none
  std::string source;     ///< the file of the last layer, below the root
  std::string evidence;   ///< its words, or their beginning
};

void dmi(const FakeRoot& root, const std::string& file, const std::string& text) {
  root.write(kDmi + file, text + "\n");
}
void cpu(const FakeRoot& root, const std::string& flags) {
  root.write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: ACME 9000\nflags\t\t: " + flags +
                                 "\nbugs\t\t: hypervisor_bug\n\nprocessor\t: 1\n");
}
void mounts(const FakeRoot& root, const std::string& line) {
  root.write("proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n" + line + "\n");
}
std::string smbios(char bits) {
  std::string table(24, '\0');
  table[1] = 0x18;
  table[0x13] = bits;
  return table;
}

/// The words, each with the NUL byte that ends it in files of the kernel.
std::string ended(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + '\0';
  return text;
}

/// Every case must show what it says and nothing else.
void check(const Case& wanted) {
  INFO(wanted.name);
  const FakeRoot root;
  wanted.make(root);
  const auto layers = read_virtualization(root.path());
  std::string machine;
  std::string container;
  for (const auto& layer : layers) (layer.container ? container : machine) += layer.kind;
  CHECK(machine == wanted.machine);
  CHECK(container == wanted.container);
  if (layers.empty()) return;
  CHECK(layers.back().source == root.path().native() + '/' + wanted.source);
  CHECK(layers.back().evidence.substr(0, wanted.evidence.size()) == wanted.evidence);
  CHECK_FALSE(wanted.evidence.empty());
}

}  // namespace

TEST_CASE("virtual machines show in their firmware", "[machine][virtual]") {
  const std::vector<std::vector<std::string>> names = {
      {"sys_vendor", "QEMU", "qemu"},
      {"product_name", "KVM", "kvm"},
      {"product_name", "KVM Virtual Machine", "kvm"},
      {"product_name", "OpenStack Compute", "kvm"},
      {"product_name", "KubeVirt", "kvm"},
      {"product_name", "VMware Virtual Platform", "vmware"},
      {"product_name", "VMware20,1", "vmware"},
      {"sys_vendor", "VMware, Inc.", "vmware"},
      {"bios_vendor", "VMW71.00V.16707776.B64.2008070230", "vmware"},
      {"product_name", "VirtualBox", "oracle"},
      {"sys_vendor", "innotek GmbH", "oracle"},
      {"sys_vendor", "Xen", "xen"},
      {"bios_vendor", "Bochs", "bochs"},
      {"product_name", "Parallels Virtual Platform", "parallels"},
      {"sys_vendor", "Parallels International GmbH.", "parallels"},
      {"bios_vendor", "BHYVE", "bhyve"},
      {"product_version", "Hyper-V UEFI Release v4.1", "microsoft"},
      {"product_name", "Apple Virtualization Generic Platform", "apple"},
      {"sys_vendor", "Amazon EC2", "amazon"},
      {"product_name", "Google Compute Engine", "google"},
  };
  for (const auto& name : names) {
    Case wanted{name[1],        [&](const FakeRoot& root) { dmi(root, name[0], name[1]); },
                name[2],        "",
                kDmi + name[0], "says '" + name[1] + "'"};
    check(wanted);
    // Through the link that sysfs has there, and on a processor that shows nothing.
    wanted.make = [&](const FakeRoot& root) {
      root.link("sys/class/dmi/id", "../../devices/virtual/dmi/id");
      root.write("sys/devices/virtual/dmi/id/" + name[0], "  " + name[1] + " \n");
      if (name[2] != "amazon" && name[2] != "google") cpu(root, "fpu vme sse");
    };
    check(wanted);
  }
}

TEST_CASE("real machines show no virtual one", "[machine][virtual]") {
  const std::vector<std::vector<std::string>> names = {
      {"sys_vendor", "Dell Inc."},
      {"sys_vendor", "Oracle Corporation"},  // a server of that maker
      {"board_vendor", "Oracle Corporation"},
      {"sys_vendor", "Microsoft Corporation"},  // a laptop of that one
      {"product_name", "Surface Laptop 5"},
      {"sys_vendor", "Google"},
      {"product_name", "Xenia 14"},
      {"product_name", "KVM4000"},
      {"product_name", "My QEMU"},
      {"sys_vendor", "qemu"},
      {"product_name", ""},
      {"product_name", "Virtual Machine"},  // alone it says nothing
  };
  for (const auto& name : names)
    check({name[1],
           [&](const FakeRoot& root) {
             fill(root, "1b");
             dmi(root, name[0], name[1]);
             cpu(root, "fpu vme vmx hypervisors");
             root.write("proc/1/cgroup", "0::/init.scope\n");
             root.write("proc/self/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
             root.write("proc/1/environ", ended({"HOME=/", "TERM=linux", "containers=x"}));
             root.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
             root.write("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm \n");
             root.write("sys/firmware/dmi/entries/0-0/raw", smbios(0));
           },
           "", "", "", ""});
  const FakeRoot nothing;
  CHECK(read_virtualization(nothing.path()).empty());
  CHECK(read_virtualization(nothing.path() / "no-such-directory").empty());
}

TEST_CASE("virtual machines that show elsewhere", "[machine][virtual]") {
  const std::string clock = "sys/devices/system/clocksource/clocksource0/available_clocksource";
  const std::string tree = "proc/device-tree/";
  const std::vector<Case> cases = {
      {"the flag of the processor", [](const auto& root) { cpu(root, "fpu vme hypervisor lahf_lm"); }, "other", "",
       "proc/cpuinfo", "has the flag hypervisor"},
      {"the flag at the end", [](const auto& root) { cpu(root, "fpu hypervisor"); }, "other", "", "proc/cpuinfo",
       "has"},
      {"Firecracker",
       [&](const auto& root) {
         cpu(root, "fpu hypervisor");
         root.write(clock, "tsc kvm-clock \n");
       },
       "kvm", "", clock, "says 'kvm-clock'"},
      {"Hyper-V's clock", [&](const auto& root) { root.write(clock, "hyperv_clocksource_tsc_page acpi_pm\n"); },
       "microsoft", "", clock, "says"},
      {"Hyper-V, first generation",
       [](const auto& root) {
         dmi(root, "sys_vendor", "Microsoft Corporation");
         dmi(root, "product_name", "Virtual Machine");
         dmi(root, "product_version", "7.0");
       },
       "microsoft", "", std::string(kDmi) + "product_name", "says 'Virtual Machine'"},
      {"User-mode Linux",
       [](const auto& root) { root.write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: User Mode Linux\n"); }, "uml",
       "", "proc/cpuinfo", "says 'User Mode Linux'"},
      {"Xen, paravirtual", [](const auto& root) { root.write("sys/hypervisor/type", "xen\n"); }, "xen", "",
       "sys/hypervisor/type", "says 'xen'"},
      {"Xen without sysfs", [](const auto& root) { root.directory("proc/xen"); }, "xen", "", "proc/xen", "is there"},
      {"Xen's other domains",
       [](const auto& root) {
         root.write("sys/hypervisor/type", "xen\n");
         root.write("sys/hypervisor/properties/features", "00000705\n");
       },
       "xen", "", "sys/hypervisor/type", "says 'xen'"},
      {"Xen's first domain, by its features",
       [](const auto& root) {
         cpu(root, "fpu hypervisor");
         root.write("sys/hypervisor/type", "xen\n");
         root.write("sys/hypervisor/properties/features", "00002f05\n");
       },
       "", "", "", ""},
      {"Xen's first domain, by its capabilities",
       [](const auto& root) { root.write("proc/xen/capabilities", "control_d\n"); }, "", "", "", ""},
      {"Xen's first domain, within a virtual machine",
       [](const auto& root) {
         root.write("proc/xen/capabilities", "control_d\n");
         dmi(root, "sys_vendor", "QEMU");
       },
       "qemu", "", std::string(kDmi) + "sys_vendor", "says 'QEMU'"},
      {"another hypervisor in sysfs", [](const auto& root) { root.write("sys/hypervisor/type", "acme\n"); }, "other",
       "", "sys/hypervisor/type", "says 'acme'"},
      {"a device tree of KVM",
       [&](const auto& root) { root.write(tree + "hypervisor/compatible", ended({"linux,kvm"})); }, "kvm", "",
       tree + "hypervisor/compatible", "says 'linux,kvm'"},
      {"a device tree of Xen",
       [&](const auto& root) {
         root.write(tree + "hypervisor/compatible", ended({"xen,xen-4.17", "xen,xen"}));
       },
       "xen", "", tree + "hypervisor/compatible", "says 'xen,xen-4.17'"},
      {"a device tree of another", [&](const auto& root) { root.write(tree + "hypervisor/compatible", "acme"); },
       "other", "", tree + "hypervisor/compatible", "says 'acme'"},
      {"a device tree of QEMU", [&](const auto& root) { root.directory(tree + "fw-cfg@9020000"); }, "qemu", "",
       tree + "fw-cfg@9020000", "is there"},
      {"a device tree of QEMU for POWER",
       [&](const auto& root) { root.write(tree + "compatible", ended({"qemu,pseries"})); }, "qemu", "",
       tree + "compatible", "says 'qemu,pseries'"},
      {"a partition of a POWER machine",
       [&](const auto& root) {
         root.write(tree + "ibm,partition-name", "x");
         root.write(tree + "hmc-managed?", "1");
       },
       "powervm", "", tree + "ibm,partition-name", "is there"},
      {"z/VM",
       [](const auto& root) {
         root.write("proc/sysinfo", "Type: 3906\nVM00 Name: LINUX\nVM00 Control Program: z/VM    7.2.0\n");
       },
       "zvm", "", "proc/sysinfo", "says 'z/VM    7.2.0'"},
      {"KVM on a mainframe",
       [](const auto& root) { root.write("proc/sysinfo", "VM00 Control Program: KVM/Linux       \n"); }, "kvm", "",
       "proc/sysinfo", "says 'KVM/Linux'"},
      {"the bit of the firmware",
       [](const auto& root) { root.write("sys/firmware/dmi/entries/0-0/raw", smbios(0x1C)); }, "other", "",
       "sys/firmware/dmi/entries/0-0/raw", "has the bit"},
      {"a table too short for the bit",
       [](const auto& root) { root.write("sys/firmware/dmi/entries/0-0/raw", smbios(0x1C).substr(0, 19)); }, "", "", "",
       ""},
  };
  for (const auto& wanted : cases) check(wanted);
}

TEST_CASE("rented machines of clouds are real ones", "[machine][virtual]") {
  const std::string name = std::string(kDmi) + "sys_vendor";
  const auto amazon = [](const FakeRoot& root, const std::string& type) {
    dmi(root, "sys_vendor", "Amazon EC2");
    dmi(root, "product_name", type);
  };
  const std::vector<Case> cases = {
      {"x86, whole",
       [&](const auto& root) {
         amazon(root, "m5.metal");
         cpu(root, "fpu vmx");
       },
       "", "", "", ""},
      {"x86, virtual",
       [&](const auto& root) {
         amazon(root, "m5.large");
         cpu(root, "fpu hypervisor");
       },
       "amazon", "", name, "says 'Amazon EC2'"},
      {"ARM, whole", [&](const auto& root) { amazon(root, "c6g.metal"); }, "", "", "", ""},
      {"ARM, whole and large", [&](const auto& root) { amazon(root, "c7g.metal-48xl"); }, "", "", "", ""},
      {"ARM, virtual", [&](const auto& root) { amazon(root, "c6g.medium"); }, "amazon", "", name, "says"},
      {"ARM, a like name", [&](const auto& root) { amazon(root, "c6g.metallic"); }, "amazon", "", name, "says"},
      {"ARM, whole by the bit",
       [&](const auto& root) {
         amazon(root, "c6g.x");
         root.write("sys/firmware/dmi/entries/0-0/raw", smbios(0));
       },
       "", "", "", ""},
      {"Google, whole",
       [&](const auto& root) {
         dmi(root, "product_name", "Google Compute Engine");
         cpu(root, "fpu vmx");
       },
       "", "", "", ""},
      {"Google, virtual",
       [&](const auto& root) {
         dmi(root, "product_name", "Google Compute Engine");
         cpu(root, "fpu hypervisor");
       },
       "google", "", std::string(kDmi) + "product_name", "says"},
  };
  for (const auto& wanted : cases) check(wanted);
}

TEST_CASE("containers show by their manager or by what an engine leaves", "[machine][virtual]") {
  const std::vector<Case> cases = {
      {"Docker", [](const auto& root) { root.write(".dockerenv", ""); }, "", "docker", ".dockerenv", "is there"},
      {"Podman", [](const auto& root) { root.write("run/.containerenv", "engine=\"podman-4.9.3\"\n"); }, "", "podman",
       "run/.containerenv", "is there"},
      {"Podman, which leaves Docker's file too",
       [](const auto& root) {
         root.write("run/.containerenv", "");
         root.write(".dockerenv", "");
       },
       "", "podman", "run/.containerenv", "is there"},
      {"Kubernetes",
       [](const auto& root) {
         root.link("var/run", "/run");
         root.write("run/secrets/kubernetes.io/serviceaccount/token", "x");
         root.write(".dockerenv", "");
       },
       "", "kubernetes", "run/secrets/kubernetes.io/serviceaccount", "is there"},
      {"Kubernetes, by the first process",
       [](const auto& root) {
         root.write("proc/1/environ", ended({"PATH=/bin", "KUBERNETES_SERVICE_HOST=10.0.0.1"}));
       },
       "", "kubernetes", "proc/1/environ", "has KUBERNETES_SERVICE_HOST"},
      {"LXC",
       [](const auto& root) {
         root.write("proc/1/environ", ended({"TERM=linux", "container=lxc"}));
       },
       "", "lxc", "proc/1/environ", "says 'lxc'"},
      {"LXC with systemd", [](const auto& root) { root.write("run/systemd/container", "lxc\n"); }, "", "lxc",
       "run/systemd/container", "says 'lxc'"},
      {"nspawn", [](const auto& root) { root.write("run/host/container-manager", "systemd-nspawn\n"); }, "",
       "systemd-nspawn", "run/host/container-manager", "says 'systemd-nspawn'"},
      {"an unknown manager", [](const auto& root) { root.write("run/systemd/container", "acme \x1b[31m\n"); }, "",
       "other", "run/systemd/container", "says 'acme \\x1b[31m'"},
      {"oci, which tells nothing", [](const auto& root) { root.write("run/systemd/container", "oci\n"); }, "", "", "",
       ""},
      {"oci, and Docker's file",
       [](const auto& root) {
         root.write("run/systemd/container", "oci\n");
         root.write(".dockerenv", "");
       },
       "", "docker", ".dockerenv", "is there"},
      {"a desktop application in its wrapping",
       [](const auto& root) {
         root.write("run/host/container-manager", "flatpak\n");
         root.write("proc/1/environ", ended({"container=firejail"}));
       },
       "", "", "", ""},
      {"OpenVZ", [](const auto& root) { root.directory("proc/vz"); }, "", "openvz", "proc/vz", "is there"},
      {"the host of OpenVZ",
       [](const auto& root) {
         root.directory("proc/vz");
         root.directory("proc/bc");
       },
       "", "", "", ""},
      {"WSL 1", [](const auto& root) { root.write("proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n"); }, "", "wsl",
       "proc/sys/kernel/osrelease", "says '4.4.0-19041-Microsoft'"},
      {"WSL 2, in its virtual machine",
       [](const auto& root) {
         root.write("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n");
         cpu(root, "fpu hypervisor");
       },
       "other", "wsl", "proc/sys/kernel/osrelease", "says"},
      {"Docker in WSL 2",
       [](const auto& root) {
         root.write("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n");
         root.write(".dockerenv", "");
       },
       "", "docker", ".dockerenv", "is there"},
      {"Docker in a virtual machine",
       [](const auto& root) {
         dmi(root, "sys_vendor", "QEMU");
         root.write(".dockerenv", "");
       },
       "qemu", "docker", ".dockerenv", "is there"},
  };
  for (const auto& wanted : cases) check(wanted);
}

TEST_CASE("containers show in control groups", "[machine][virtual]") {
  const std::vector<std::pair<std::string, std::string>> groups = {
      {"/docker/" + kId, "docker"},
      {"/system.slice/docker-" + kId + ".scope", "docker"},
      {"/machine.slice/libpod-" + kId + ".scope/container", "podman"},
      {"/kubepods/besteffort/pod1234/" + kId, "kubernetes"},
      {"/kubepods.slice/kubepods-burstable.slice/x.slice/cri-containerd-" + kId + ".scope", "kubernetes"},
      {"/system.slice/cri-containerd-" + kId + ".scope", "containerd"},
      {"/system.slice/crio-" + kId + ".scope", "cri-o"},
      {"/lxc/web/init.scope", "lxc"},
      {"/lxc.payload.web", "lxc"},
      {"/ecs/2f3a/" + kId, "ecs"},
      // None of these is one.
      {"/", ""},
      {"/system.slice/docker.service", ""},
      {"/docker/" + std::string(63, 'a'), ""},
      {"/docker/" + std::string(64, 'g'), ""},
      {"/system.slice/lxc.service", ""},
      {"/lxc.monitor.web", ""},
      {"/user.slice/user-1000.slice/app-containerd-notes.scope", ""},
      {"/machine.slice/machine-qemu-1-debian.scope", ""},
  };
  for (const auto& [group, kind] : groups) {
    for (const std::string& line : std::vector<std::string>{
             "0::" + group + "\n", "12:pids:/\n3:cpu,cpuacct:" + group + "\n1:name=systemd:" + group})
      check({group, [&](const FakeRoot& root) { root.write("proc/self/cgroup", line); }, "", kind, "proc/self/cgroup",
             "says '/"});
  }
}

TEST_CASE("containers show in mounts, hosts do not", "[machine][virtual]") {
  const std::string overlay = "27 1 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=";
  const auto bound = [](const std::string& root, const std::string& place) {
    return "500 27 259:2 " + root + " " + place + " rw,relatime - ext4 /dev/nvme0n1p2 rw";
  };
  const std::vector<std::pair<std::string, std::string>> lines = {
      {overlay + "/var/lib/docker/overlay2/l/AB:/var/lib/docker/overlay2/l/CD,upperdir=x", "docker"},
      {overlay + "/home/u/.local/share/containers/storage/overlay/l/AB,upperdir=x", "podman"},
      {overlay + "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs", "containerd"},
      {bound("/var/lib/docker/containers/" + kId + "/hostname", "/etc/hostname"), "docker"},
      {bound("/containers/" + kId + "/resolv.conf", "/etc/resolv.conf"), "docker"},
      {bound("/containers/storage/overlay-containers/" + kId + "/userdata/hosts", "/etc/hosts"), "podman"},
      {bound("/var/lib/kubelet/pods/12-34/etc-hosts", "/etc/hosts"), "kubernetes"},
      {"600 27 0:60 /proc/cpuinfo /proc/cpuinfo rw,nosuid - fuse.lxcfs lxcfs rw", "lxc"},
      // A host lists the mounts of its containers, at places of its own; a live system has an overlay.
      {"600 27 0:60 / /var/lib/docker/overlay2/12/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A",
       ""},
      {"600 27 0:60 / /var/lib/lxcfs rw,nosuid - fuse.lxcfs lxcfs rw", ""},
      {overlay + "/run/live/rootfs/filesystem.squashfs,upperdir=x", ""},
      {bound("/var/lib/docker/containers/" + kId + "/hostname", "/mnt/hostname"), ""},
      {bound("/etc/hostname", "/etc/hostname"), ""},
      {bound("/var/lib/docker/containers/short/hostname", "/etc/hostname"), ""},
      {"27 1 0:50 / /", ""},
      {"- overlay", ""},
  };
  for (const auto& line : lines)
    check({line.first, [&](const FakeRoot& root) { mounts(root, line.first); }, "", line.second, "proc/self/mountinfo",
           "has '/"});
}

TEST_CASE("garbage shows nothing and harms nothing", "[machine][virtual]") {
  const auto garbage = GENERATE(as<std::string>{}, "", "\n\n\n", ":", "::", "a:b", " - ", "=", std::string(5'000, '\0'),
                                std::string(300'000, ' '), std::string(300'000, '\xff'), std::string(300'000, ':'));
  const FakeRoot root;
  const std::vector<std::string> files = {"proc/cpuinfo",
                                          "proc/self/mountinfo",
                                          "proc/self/cgroup",
                                          "proc/1/cgroup",
                                          "proc/1/environ",
                                          "proc/sysinfo",
                                          "sys/class/dmi/id/product_name",
                                          "sys/hypervisor/properties/features",
                                          "proc/xen/capabilities",
                                          "proc/sys/kernel/osrelease",
                                          "sys/firmware/dmi/entries/0-0/raw"};
  for (const auto& file : files) root.write(file, garbage);
  root.remove("proc/xen");
  CHECK(read_virtualization(root.path()).empty());
  for (const auto& file : files) {
    root.remove(file);
    root.directory(file);
  }
  root.remove("proc/xen");
  CHECK(read_virtualization(root.path()).empty());
}

TEST_CASE("what shows a container is no link out of the root", "[machine][virtual]") {
  const FakeRoot outside;
  outside.write("marker", "docker\n");
  const FakeRoot root;
  root.link("run/systemd/container", (outside.path() / "marker").native());
  CHECK(read_virtualization(root.path()).empty());
}
