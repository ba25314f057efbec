#pragma once

/// The files of a machine that does not exist, for tests that read its facts.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "machine/identity.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

namespace lic::test {

namespace fs = std::filesystem;

/// Some files of a machine, in a directory of their own.
class FakeRoot {
 public:
  const fs::path& path() const { return directory_.path(); }

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((directory_ / name).parent_path());
    fs::remove(directory_ / name);
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  void link(const std::string& name, const std::string& target) const {
    fs::create_directories((directory_ / name).parent_path());
    fs::remove_all(directory_ / name);
    fs::create_symlink(target, directory_ / name);
  }
  void directory(const std::string& name) const { fs::create_directories(directory_ / name); }
  void remove(const std::string& name) const { fs::remove_all(directory_ / name); }

  void network_card(const std::string& name, const std::string& address) const {
    const std::string device = "sys/devices/pci0000:00/" + name;
    write(device + "/net/" + name + "/address", address + "\n");
    link(device + "/net/" + name + "/device", "../..");
    link("sys/class/net/" + name, "../../devices/pci0000:00/" + name + "/net/" + name);
  }
  void virtual_interface(const std::string& name, const std::string& address) const {
    write("sys/class/net/" + name + "/address", address + "\n");
  }
  void mount_root(const std::string& number, const std::string& type, const std::string& source) const {
    write("proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 " + number +
                                     " / / rw,relatime shared:1 master:2 - " + type + " " + source +
                                     " rw,discard\n28 27 8:17 / /home rw - ext4 /dev/sdb1 rw\n");
  }
  /// A partition of an NVMe disk, as sysfs has it.
  void nvme_root(const std::string& serial) const {
    const std::string disk = "sys/devices/pci0000:00/nvme/nvme0/nvme0n1";
    write("sys/devices/pci0000:00/nvme/nvme0/serial", serial + "\n");
    link(disk + "/device", "../../nvme0");
    write(disk + "/wwid", "eui.0025385b71b0a3c4\n");
    write(disk + "/nvme0n1p2/partition", "2\n");
    link("sys/dev/block/259:2", "../../devices/pci0000:00/nvme/nvme0/nvme0n1/nvme0n1p2");
    link("sys/class/block/nvme0n1p2", "../../devices/pci0000:00/nvme/nvme0/nvme0n1/nvme0n1p2");
    link("dev/disk/by-uuid/77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../nvme0n1p2");
    mount_root("259:2", "ext4", "/dev/nvme0n1p2");
  }

 private:
  TemporaryDirectory directory_;
};

/// A machine with every fact.
inline void fill(const FakeRoot& root, const std::string& number) {
  root.write("etc/machine-id", "4f1c0d6e9a8b47e3b2a15c7d8e9f0a" + number + "\n");
  root.link("sys/class/dmi/id", "../../devices/virtual/dmi/id");
  root.write("sys/devices/virtual/dmi/id/product_uuid", "4C4C4544-0042-3510-8052-B3C04F4B4E" + number + "\n");
  root.write("sys/devices/virtual/dmi/id/board_serial", "/7XQ2M33/CN129  6\t35Q00" + number + "/ \n");
  root.nvme_root("S4EWNX0R1234" + number + "      ");
  root.network_card("eth0", "00:1A:2B:3C:4D:" + number);
  root.network_card("wlan0", "00:1a:2b:99:4d:" + number);
  root.virtual_interface("lo", "00:00:00:00:00:00");
  root.virtual_interface("docker0", "00:42:ac:11:00:01");
  root.write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: ACME\nmodel name\t: ACME  Processor 9000\nflags\t: fpu\n");
}

inline MachineFact fact(const FakeRoot& root, const std::string& name) {
  for (auto& found : read_machine_facts(root.path()))
    if (found.name == name) return found;
  FAIL("no fact " << name);
  return {};
}

}  // namespace lic::test
