#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "machine/identity.hpp"
#include "support/catch.hpp"

namespace fs = std::filesystem;
using namespace lic;

namespace {

/// Some files of a machine, in a directory of their own.
class FakeRoot {
 public:
  FakeRoot() {
    std::string name = (fs::temp_directory_path() / "lic-machine-XXXXXX").native();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;
  ~FakeRoot() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    fs::remove(path_ / name);
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  void link(const std::string& name, const std::string& target) const {
    fs::create_directories((path_ / name).parent_path());
    fs::remove_all(path_ / name);
    fs::create_symlink(target, path_ / name);
  }
  void directory(const std::string& name) const { fs::create_directories(path_ / name); }
  void remove(const std::string& name) const { fs::remove_all(path_ / name); }

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
  fs::path path_;
};

/// A machine with every fact.
void fill(const FakeRoot& root, const std::string& number) {
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

MachineFact fact(const FakeRoot& root, const std::string& name) {
  for (auto& found : read_machine_facts(root.path()))
    if (found.name == name) return found;
  FAIL("no fact " << name);
  return {};
}

using Values = std::vector<std::string>;

MachineIdentity identity(const FakeRoot& root, std::string_view product = "ticketzero") {
  return MachineIdentity::of(read_machine_facts(root.path()), product);
}

/// What docs/machine-identity.md gives as its example.
MachineIdentity example() {
  const auto strong = Strength::strong;
  return MachineIdentity::of({{"machine-id", strong, {"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"}, "", ""},
                              {"root-disk", strong, {"s4ewnx0r123456"}, "", ""},
                              {"mac", Strength::weak, {"00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5f"}, "", ""},
                              {"cpu", Strength::weak, {"acme processor 9000"}, "", ""}},
                             "ticketzero");
}
constexpr std::string_view kExample =
    "M1-0525Z-5Z0TS-7EEGR-4FB9B-WT393-41HR1-8P2GK-XZTCJ-D5V0A-E7FKC-N3ZAS-QAM32-FGCGP-2T2M1-NXTRH-G";

/// A fingerprint of these bytes, with the check that belongs to them.
std::string fingerprint_of(Bytes bytes) {
  unsigned rest = 0xFFFF;
  for (const std::uint8_t byte : bytes)
    for (int bit = 7; bit >= 0; --bit) {
      const bool carry = ((rest >> 15) & 1) != ((byte >> bit) & 1u);
      rest = (rest << 1 & 0xFFFF) ^ (carry ? 0x1021u : 0u);
    }
  bytes.push_back(static_cast<std::uint8_t>(rest >> 8));
  bytes.push_back(static_cast<std::uint8_t>(rest & 0xFF));
  return "M1-" + base32_encode(bytes);
}

Bytes entry(std::uint8_t tag, std::uint8_t fill_with) {
  Bytes bytes(9, fill_with);
  bytes[0] = tag;
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("every fact of a full machine is read, normalised, in a fixed order", "[machine]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto facts = read_machine_facts(root.path());
  Values names;
  for (const auto& f : facts) {
    names.push_back(f.name);
    CHECK(f.note.empty());
    CHECK(f.strength == strength_of(f.name));
    CHECK(f.source.starts_with(root.path().native() + "/"));
  }
  REQUIRE(names == Values{"machine-id", "product-uuid", "board-serial", "root-disk", "mac", "cpu"});
  CHECK(facts[0].values == Values{"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"});
  CHECK(facts[1].values == Values{"4c4c4544-0042-3510-8052-b3c04f4b4e1b"});
  CHECK(facts[2].values == Values{"/7xq2m33/cn129 6 35q001b/"});
  CHECK(facts[3].values == Values{"s4ewnx0r12341b"});
  CHECK(facts[4].values == Values{"00:1a:2b:3c:4d:1b", "00:1a:2b:99:4d:1b"});
  CHECK(facts[5].values == Values{"acme processor 9000"});
  for (const auto* strong : {"machine-id", "product-uuid", "board-serial", "root-disk"})
    CHECK(strength_of(strong) == Strength::strong);
  for (const auto* weak : {"mac", "cpu", "hostname", ""}) CHECK(strength_of(weak) == Strength::weak);
}

TEST_CASE("missing files are absent facts, never errors", "[machine]") {
  const FakeRoot root;
  for (const auto& path : {root.path(), root.path() / "no-such-directory"})
    for (const auto& f : read_machine_facts(path)) {
      INFO(f.name);
      CHECK(f.values.empty());
      CHECK_FALSE(f.note.empty());
      CHECK_FALSE(f.source.empty());
    }
  CHECK(fact(root, "product-uuid").note == "does not exist");
  CHECK(fact(root, "mac").note == "no physical network card");
}

TEST_CASE("the machine id of the message bus stands in", "[machine]") {
  const FakeRoot root;
  fill(root, "1b");
  root.write("var/lib/dbus/machine-id", "aaaabbbbccccddddeeeeffff00001111\n");
  CHECK(fact(root, "machine-id").values == Values{"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"});
  root.write("etc/machine-id", "uninitialized\n");
  CHECK(fact(root, "machine-id").values == Values{"aaaabbbbccccddddeeeeffff00001111"});
  CHECK(fact(root, "machine-id").source == root.path().native() + "/var/lib/dbus/machine-id");
  root.remove("var");
  CHECK(fact(root, "machine-id").values.empty());
  CHECK(fact(root, "machine-id").note == "placeholder 'uninitialized'");
  root.remove("etc/machine-id");
  CHECK(fact(root, "machine-id").note == "does not exist");
}

TEST_CASE("makers' placeholders are absent", "[machine]") {
  const FakeRoot root;
  const auto uuid = GENERATE(as<std::string>{}, "00000000-0000-0000-0000-000000000000",
                             "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE",
                             "03000200-0400-0500-0006-000700080009", "56F49712-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                             "Not Settable", "Not Present", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
  root.write("sys/class/dmi/id/product_uuid", uuid + "\n");
  CHECK(fact(root, "product-uuid").values.empty());
  CHECK(fact(root, "product-uuid").note == "placeholder '" + uuid + "'");
}

TEST_CASE("serials that are none are absent", "[machine]") {
  const FakeRoot root;
  const auto serial =
      GENERATE(as<std::string>{}, "To be filled by O.E.M.", "TO BE FILLED BY O.E.M.", "Default string",
               "System Serial Number", "Type2 - Board Serial Number", "Not Specified", "None", "N/A", "unknown",
               "0123456789", "1234567890", "123456789", "MB-1234567890", "BSN12345678901234567", "0", "00000000",
               "1111111", "XXXXXXXXXXXX", "....", "01", "overlayblk", "QM00001", "0QEMU QEMU HARDDISK drive-scsi0");
  root.write("sys/class/dmi/id/board_serial", " " + serial + " \n");
  CHECK(fact(root, "board-serial").values.empty());
  CHECK(fact(root, "board-serial").note == "placeholder '" + serial + "'");
}

TEST_CASE("real serials are kept", "[machine]") {
  const FakeRoot root;
  const auto serial = GENERATE(as<std::string>{}, "pf1a2b3c", "1234567891", "0123456788", "12345", "0x4a5b6c7d",
                               "googlecloud-4f1c0d6e", "vb1a2b3c4d-5e6f7a8b", "naa.5002538e40a1b2c3");
  root.write("sys/class/dmi/id/board_serial", serial + "\n");
  CHECK(fact(root, "board-serial").values == Values{serial});
}

TEST_CASE("garbage in the place of a fact is absent", "[machine]") {
  const FakeRoot root;
  const std::string file = "sys/class/dmi/id/board_serial";
  const auto note = [&] {
    const auto f = fact(root, "board-serial");
    CHECK(f.values.empty());
    return f.note;
  };
  root.write(file, "");
  CHECK(note() == "empty");
  root.write(file, " \t\n\n");
  CHECK(note() == "empty");
  root.write(file, std::string("abc1234\0def", 11));
  CHECK(note() == "not text");
  root.write(file, "abc1234\x1b[31m");
  CHECK(note() == "not text");
  root.write(file, "\xff\xfe\x80 1234567");
  CHECK(note() == "not text");
  root.write(file, std::string(300, 'a') + "1");
  CHECK(note() == "too long");
  root.write(file, std::string(1'000'000, '1'));
  CHECK(note() == "not a small file");
  root.remove(file);
  root.directory(file);
  CHECK(note() == "not a small file");
  root.remove(file);
  REQUIRE(::mkfifo((root.path() / file).c_str(), 0600) == 0);
  CHECK(note() == "not a small file");
  root.link(file, "board_serial");
  CHECK(note() == "does not exist");
  if (::geteuid() != 0) {
    root.write(file, "pf1a2b3c");
    fs::permissions(root.path() / file, fs::perms::none);
    CHECK(note() == "cannot be read");
  }
}

TEST_CASE("garbage everywhere does not fail", "[machine]") {
  const FakeRoot root;
  const auto garbage =
      GENERATE(as<std::string>{}, "\n\n\n", " - ", "27 1 259:2 / /", "27 1 259:2 / / rw - ext4", ":\n:::\nmodel name",
               "model name\t:\n", std::string(200'000, ' '), std::string(200'000, '\xff'), std::string(5'000, '\0'));
  const std::vector<std::string> files{"proc/self/mountinfo", "proc/cpuinfo", "sys/class/net/eth0/address"};
  root.directory("sys/class/net/eth0/device");
  const auto check_absent = [&] {
    for (const auto* name : {"root-disk", "mac", "cpu"}) {
      INFO(name);
      CHECK(fact(root, name).values.empty());
      CHECK_FALSE(fact(root, name).note.empty());
    }
  };
  for (const auto& file : files) root.write(file, garbage);
  check_absent();
  for (const auto& file : files) {
    root.remove(file);
    root.directory(file);
  }
  check_absent();
}

TEST_CASE("links do not lead out of another root", "[machine]") {
  const FakeRoot root;
  root.write("run/id", "4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b");
  root.link("etc/machine-id", "/run/id");
  CHECK(fact(root, "machine-id").values == Values{"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"});
  root.link("etc/machine-id", "../../../../../../../../run/id");
  CHECK(fact(root, "machine-id").values == Values{"4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b"});
  root.link("run", "/etc");
  CHECK(fact(root, "machine-id").values.empty());

  const FakeRoot outside;
  outside.write("id", "4f1c0d6e9a8b47e3b2a15c7d8e9f0a1b");
  root.link("etc/machine-id", (outside.path() / "id").native());
  CHECK(fact(root, "machine-id").note == "does not exist");
  root.link("sys/class/dmi/id", outside.path().native());
  outside.write("board_serial", "pf1a2b3c");
  CHECK(fact(root, "board-serial").note == "does not exist");
}

TEST_CASE("network cards: physical ones with a maker's address", "[machine]") {
  const FakeRoot root;
  root.virtual_interface("veth1", "00:1a:2b:3c:4d:01");
  CHECK(fact(root, "mac").note == "no physical network card");
  root.network_card("eth0", "00:00:00:00:00:00");
  CHECK(fact(root, "mac").note == "placeholder '00:00:00:00:00:00'");
  root.network_card("eth0", "02:fc:00:00:00:01");
  CHECK(fact(root, "mac").note == "locally administered address '02:fc:00:00:00:01'");
  root.network_card("eth0", "01:1a:2b:3c:4d:5e");
  CHECK(fact(root, "mac").note == "group address '01:1a:2b:3c:4d:5e'");
  root.network_card("eth0", "80:00:02:08:fe:80:00:00:00:00:00:00:7c:fe:90:03:00:1a:2b:3c");
  CHECK(fact(root, "mac").values.empty());
  root.network_card("eth0", "00:1a-2b:3c:4d:5e");
  CHECK(fact(root, "mac").values.empty());
  root.network_card("eth1", "F4:1A:2B:3C:4D:5E");
  root.network_card("bond1", "f4:1a:2b:3c:4d:5e");
  CHECK(fact(root, "mac").values == Values{"f4:1a:2b:3c:4d:5e"});
  CHECK(fact(root, "mac").note.empty());
  for (int i = 0; i < 9; ++i) root.network_card("port" + std::to_string(i), "00:1a:2b:3c:4d:0" + std::to_string(9 - i));
  CHECK(fact(root, "mac").values ==
        Values{"00:1a:2b:3c:4d:01", "00:1a:2b:3c:4d:02", "00:1a:2b:3c:4d:03", "00:1a:2b:3c:4d:04"});
}

TEST_CASE("processor models of x86 and of ARM", "[machine]") {
  const FakeRoot root;
  root.write("proc/cpuinfo",
             "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU variant\t: 0x1\nCPU part\t: 0xD0C\n");
  CHECK(fact(root, "cpu").values == Values{"0x41/0xd0c"});
  root.write("proc/cpuinfo", "CPU implementer\t: 0x41\n");
  CHECK(fact(root, "cpu").values.empty());
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many +=
        "processor\t: " + std::to_string(i) + "\nmodel name\t: ACME 9000\nflags\t: " + std::string(1500, 'f') + "\n\n";
  root.write("proc/cpuinfo", many);
  CHECK(fact(root, "cpu").values == Values{"acme 9000"});
  root.write("proc/cpuinfo", "model name\t: unknown\n");
  CHECK(fact(root, "cpu").note == "placeholder 'unknown'");
}

TEST_CASE("root disk: a partition has the serial of its disk", "[machine][root-disk]") {
  const FakeRoot root;
  const std::string disk = "sys/devices/pci0000:00/ata1/block/sda";
  root.mount_root("8:1", "ext4", "/dev/sda1");
  root.link("sys/dev/block/8:1", "../../devices/pci0000:00/ata1/block/sda/sda1");
  root.write(disk + "/sda1/partition", "1\n");
  CHECK(fact(root, "root-disk").note == "the disk has no serial and its file system no UUID");

  root.link("dev/disk/by-uuid/1111aaaa-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../sdb1");
  root.link("dev/disk/by-uuid/2222bbbb-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../sda1");
  root.link("dev/disk/by-uuid/3333cccc-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../sda11");
  CHECK(fact(root, "root-disk").values == Values{"2222bbbb-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
  CHECK(fact(root, "root-disk").source.ends_with("/dev/disk/by-uuid/2222bbbb-62d5-4f1b-9d0c-0f3a5b6c7d8e"));

  root.write(disk + "/device/wwid", "t10.ATA     Samsung SSD 860    S3Z9NB0K123456\n");
  CHECK(fact(root, "root-disk").values == Values{"t10.ata samsung ssd 860 s3z9nb0k123456"});
  root.write(disk + "/wwid", "naa.5002538e40a1b2c3\n");
  CHECK(fact(root, "root-disk").values == Values{"naa.5002538e40a1b2c3"});
  root.write(disk + "/serial", "S3Z9NB0K123456");
  CHECK(fact(root, "root-disk").values == Values{"s3z9nb0k123456"});
  root.write(disk + "/device/serial", "overlayblk");
  CHECK(fact(root, "root-disk").values == Values{"s3z9nb0k123456"});
  CHECK(fact(root, "root-disk").note.empty());
  root.write(disk + "/device/serial", "0x4a5b6c7d");
  CHECK(fact(root, "root-disk").values == Values{"0x4a5b6c7d"});
}

TEST_CASE("root disk: a whole disk without a serial but a template's", "[machine][root-disk]") {
  const FakeRoot root;
  root.mount_root("254:0", "ext4", "/dev/vda");
  root.write("sys/dev/block/254:0/serial", "overlayblk");
  CHECK(fact(root, "root-disk").values.empty());
  CHECK(fact(root, "root-disk").note == "placeholder 'overlayblk'");
  root.link("dev/disk/by-uuid/77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e", "/dev/vda");
  CHECK(fact(root, "root-disk").values == Values{"77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
  root.write("sys/dev/block/254:0/serial", "vol0a1b2c3d4e5f");
  CHECK(fact(root, "root-disk").values == Values{"vol0a1b2c3d4e5f"});
}

TEST_CASE("root disk: volumes and arrays lead to their disks", "[machine][root-disk]") {
  const FakeRoot root;
  root.nvme_root("S4EWNX0R123456");
  root.mount_root("253:1", "xfs", "/dev/mapper/vg-root");
  root.link("dev/mapper/vg-root", "../dm-1");
  root.link("sys/dev/block/253:1", "../../devices/virtual/block/dm-1");
  root.link("dev/disk/by-uuid/44dddddd-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../dm-1");
  root.write("sys/devices/virtual/block/dm-1/dm/name", "vg-root");
  CHECK(fact(root, "root-disk").values == Values{"44dddddd-62d5-4f1b-9d0c-0f3a5b6c7d8e"});

  // On an encrypted volume, which lies on the partition.
  root.link("sys/devices/virtual/block/dm-1/slaves/dm-0", "../../dm-0");
  root.link("sys/devices/virtual/block/dm-0/slaves/nvme0n1p2", "/sys/class/block/nvme0n1p2");
  CHECK(fact(root, "root-disk").values == Values{"s4ewnx0r123456"});

  // On an array of two disks.
  root.write("sys/devices/pci0000:00/ata1/block/sda/serial", "ZZ9876");
  root.link("sys/devices/virtual/block/dm-0/slaves/sda", "/sys/devices/pci0000:00/ata1/block/sda");
  CHECK(fact(root, "root-disk").values == Values{"s4ewnx0r123456", "zz9876"});

  // A device made of itself ends somewhere.
  root.remove("sys/devices/virtual/block/dm-0/slaves");
  root.link("sys/devices/virtual/block/dm-0/slaves/dm-0", "/sys/devices/virtual/block/dm-0");
  CHECK(fact(root, "root-disk").values == Values{"44dddddd-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
}

TEST_CASE("root disk: file systems without a device number", "[machine][root-disk]") {
  const FakeRoot root;
  root.nvme_root("S4EWNX0R123456");
  root.mount_root("0:30", "btrfs", "/dev/nvme0n1p2");
  CHECK(fact(root, "root-disk").values == Values{"s4ewnx0r123456"});
  root.remove("sys/devices");
  CHECK(fact(root, "root-disk").values == Values{"77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
  root.mount_root("0:52", "overlay", "overlay");
  CHECK(fact(root, "root-disk").values.empty());
  CHECK(fact(root, "root-disk").note == "root file system 'overlay' is on no disk of its own");
}

TEST_CASE("root disk: the last mount on / counts", "[machine][root-disk]") {
  const FakeRoot root;
  root.nvme_root("S4EWNX0R123456");
  root.write("proc/self/mountinfo",
             "1 1 0:2 / / rw - rootfs rootfs rw\n27 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n"
             "30 27 0:9 / /mnt rw - tmpfs tmpfs rw");
  CHECK(fact(root, "root-disk").values == Values{"s4ewnx0r123456"});
}

TEST_CASE("a changed part leaves the machine the same", "[machine][match]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto binding = identity(root).binding();
  REQUIRE(binding);
  CHECK(binding->match == 3);
  CHECK(binding->facts.size() == 6);
  CHECK(identity(root).matches(*binding));

  root.remove("sys/devices/pci0000:00/eth0");
  root.remove("sys/devices/pci0000:00/wlan0");
  root.network_card("eth0", "00:1a:2b:77:77:77");
  CHECK(identity(root).matches(*binding));
  root.remove("sys/class/dmi");
  CHECK(identity(root).matches(*binding));  // machine-id, root-disk, cpu
  root.remove("etc/machine-id");
  CHECK_FALSE(identity(root).matches(*binding));
  root.network_card("usb0", "00:1a:2b:99:4d:1b");  // one of the cards is back
  CHECK(identity(root).matches(*binding));
}

TEST_CASE("another machine of the same model does not match", "[machine][match]") {
  const FakeRoot one;
  const FakeRoot other;
  fill(one, "1b");
  fill(other, "2c");
  const auto binding = identity(one).binding();
  REQUIRE(binding);
  CHECK_FALSE(identity(other).matches(*binding));
  // Nor with the cards moved over: two weak facts.
  other.network_card("eth0", "00:1a:2b:3c:4d:1b");
  CHECK_FALSE(identity(other).matches(*binding));
  auto lax = *binding;
  for (const int match : {2, 1, 0, -5}) {
    lax.match = match;
    CHECK_FALSE(identity(other).matches(lax));
  }
  CHECK(identity(one).matches(lax));
  CHECK_FALSE(identity(one, "tensorpack").matches(lax));
  CHECK(identity(one).matches_any({*identity(other).binding(), *binding}));
  CHECK_FALSE(identity(one).matches_any({*identity(other).binding()}));
  CHECK_FALSE(identity(one).matches_any({}));
}

TEST_CASE("weak facts alone bind nothing", "[machine][match]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto whole = identity(root);
  for (const auto* name : {"etc", "sys/class/dmi", "proc/self"}) root.remove(name);
  const auto weak = identity(root);
  CHECK(weak.facts().size() == 2);
  const auto binding = weak.binding();
  REQUIRE_FALSE(binding);
  CHECK(binding.error().code == Errc::invalid_input);
  CHECK_FALSE(binding.error().hint.empty());
  for (const int match : {1, 2, 3}) CHECK_FALSE(whole.matches({match, weak.facts()}));
  CHECK_FALSE(MachineIdentity().binding());
}

TEST_CASE("a binding with few facts wants all of them", "[machine][match]") {
  const auto machine = example();
  const auto& facts = machine.facts();
  const FactDigests one{{"machine-id", facts.at("machine-id")}};
  CHECK(machine.matches({3, one}));
  FactDigests two = one;
  two["cpu"] = facts.at("cpu");
  CHECK(machine.matches({3, two}));
  two["cpu"] = {"0000000000000000"};
  CHECK_FALSE(machine.matches({3, two}));
  CHECK(machine.matches({1, two}));
  two["cpu"] = {};  // a fact without values is none
  CHECK(machine.matches({3, two}));
  two["future-fact"] = {"0000000000000000"};
  CHECK_FALSE(machine.matches({3, two}));
  CHECK_FALSE(machine.matches({3, {}}));
  CHECK_FALSE(machine.matches({0, {}}));
  CHECK_FALSE(machine.matches({1, {{"machine-id", {}}}}));
  CHECK_FALSE(MachineIdentity().matches({3, one}));

  const auto small = MachineIdentity::of({{"root-disk", Strength::strong, {"s4ewnx0r123456"}, "", ""}}, "ticketzero");
  REQUIRE(small.binding());
  CHECK(small.binding()->match == 1);
  CHECK(machine.matches(*small.binding()));
}

TEST_CASE("several values agree when one is in common", "[machine][match]") {
  const auto machine = example();
  MachineBinding binding{2, machine.facts()};
  binding.facts.erase("root-disk");
  binding.facts.erase("cpu");
  binding.facts["mac"] = {"ffffffffffffffff", binding.facts["mac"][1]};
  CHECK(machine.matches(binding));
  binding.facts["mac"].pop_back();
  CHECK_FALSE(machine.matches(binding));
}

TEST_CASE("digests are those of the documentation", "[machine][digest]") {
  const auto facts = example().facts();
  CHECK(facts == FactDigests{{"machine-id", {"445f97e0d64ee743"}},
                             {"root-disk", {"7ad2be686919031c"}},
                             {"mac", {"161427dfe9926976", "38ef9b2a3fab3755"}},
                             {"cpu", {"27c190b0b42a06bd"}}});
}

TEST_CASE("a product, a fact and a value each change the digest", "[machine][digest]") {
  const auto of = [](const char* name, const char* value, const char* product) {
    return MachineIdentity::of({{name, Strength::strong, {value}, "", ""}}, product).facts().begin()->second.front();
  };
  const auto digest = of("machine-id", "4f1c", "ticketzero");
  CHECK(digest == of("machine-id", "4f1c", "ticketzero"));
  CHECK(digest.size() == 16);
  CHECK(digest != of("machine-id", "4f1c", "tensorpack"));
  CHECK(digest != of("machine-id", "4f1d", "ticketzero"));
  CHECK(digest != of("root-disk", "4f1c", "ticketzero"));
  const auto other = MachineIdentity::of({{"hostname", Strength::strong, {"a"}, "", ""}}, "ticketzero");
  CHECK(other.facts().empty());
}

TEST_CASE("the same machine always gives the same fingerprint", "[machine][fingerprint]") {
  const FakeRoot root;
  fill(root, "1b");
  const auto text = identity(root).fingerprint();
  for (int i = 0; i < 5; ++i) CHECK(identity(root).fingerprint() == text);
  CHECK(identity(root, "tensorpack").fingerprint() != text);

  auto facts = read_machine_facts(root.path());
  std::reverse(facts.begin(), facts.end());
  for (auto& f : facts) {
    f.values.push_back(f.values.front());
    std::reverse(f.values.begin(), f.values.end());
  }
  CHECK(MachineIdentity::of(facts, "ticketzero").fingerprint() == text);
}

TEST_CASE("a fingerprint is read back", "[machine][fingerprint]") {
  CHECK(example().fingerprint() == kExample);
  const FakeRoot root;
  fill(root, "1b");
  for (const auto& machine : {example(), identity(root), MachineIdentity()}) {
    const auto again = MachineIdentity::parse(machine.fingerprint());
    REQUIRE(again);
    CHECK(again->facts() == machine.facts());
    CHECK(again->fingerprint() == machine.fingerprint());
  }
}

TEST_CASE("a fingerprint is read as people type it", "[machine][fingerprint]") {
  std::string bare(kExample);
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  std::string wrapped = "  m1 " + bare.substr(2, 40) + "\r\n\t" + bare.substr(42) + " \n";
  std::string letters = to_lower(kExample);
  std::replace(letters.begin() + 2, letters.end(), '0', 'o');
  std::replace(letters.begin() + 2, letters.end(), '1', 'l');
  for (const auto& typed : {bare, wrapped, to_lower(kExample), letters}) {
    INFO(typed);
    const auto machine = MachineIdentity::parse(typed);
    REQUIRE(machine);
    CHECK(machine->facts() == example().facts());
  }
}

TEST_CASE("every wrong symbol of a fingerprint is found", "[machine][fingerprint]") {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kExample.size(); ++i)
    for (int code = 1; code < 256; ++code) {
      std::string typed(kExample);
      typed[i] = static_cast<char>(code);
      const auto machine = MachineIdentity::parse(typed);
      if (!machine) {
        ++refused;
        if (machine.error().code != Errc::invalid_input) FAIL(typed);
      } else if (machine->facts() != example().facts()) {
        FAIL(typed);
      }
    }
  // What is left: separators for separators, lower case, O for 0, I and L for 1.
  CHECK(refused > kExample.size() * 240);
}

TEST_CASE("every pair of swapped symbols and every cut is found", "[machine][fingerprint]") {
  std::string bare(kExample);
  bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
  for (std::size_t i = 0; i + 1 < bare.size(); ++i) {
    if (bare[i] == bare[i + 1]) continue;
    std::string typed = bare;
    std::swap(typed[i], typed[i + 1]);
    INFO(typed);
    CHECK_FALSE(MachineIdentity::parse(typed));
  }
  for (std::size_t size = 0; size < bare.size(); ++size) {
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size)));
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size) + bare.substr(size + 1)));
    CHECK_FALSE(MachineIdentity::parse(bare.substr(0, size) + '7' + bare.substr(size)));
  }
  CHECK_FALSE(MachineIdentity::parse(bare + bare.substr(2)));
  CHECK_FALSE(MachineIdentity::parse(std::string(100'000, '0')));
}

TEST_CASE("a fingerprint of a newer version is refused by name", "[machine][fingerprint]") {
  const auto message = [](const std::string& typed) {
    const auto machine = MachineIdentity::parse(typed);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().code == Errc::invalid_input);
    CHECK(machine.error().message.starts_with("machine fingerprint '"));
    return machine.error().message;
  };
  CHECK(message("M2-0525Z-5Z0TS").ends_with("is of a newer version than this program knows"));
  CHECK(message(fingerprint_of(entry(1, 5) + entry(7, 5))).ends_with("has a fact (7) that this version does not know"));
  CHECK(message("TZ-PRO-7K3M-9QXA-R2VD-5HNB").ends_with("does not have the form of one"));
  CHECK(message("").ends_with("does not have the form of one"));
  CHECK(message("M1").ends_with("is mistyped or cut off"));
  CHECK(message(std::string(2000, ' ') + std::string(kExample)).ends_with("is too long"));
}

TEST_CASE("one identity has one fingerprint", "[machine][fingerprint]") {
  CHECK(MachineIdentity::parse(fingerprint_of(entry(1, 5) + entry(5, 6) + entry(5, 7))));
  for (const auto& bytes : {entry(0, 5), entry(2, 5) + entry(1, 5), entry(5, 7) + entry(5, 6),
                            entry(5, 6) + entry(5, 6), entry(1, 5) + Bytes{1, 2, 3}})
    CHECK_FALSE(MachineIdentity::parse(fingerprint_of(bytes)));
}

TEST_CASE("this machine can be read", "[machine]") {
  const auto facts = read_machine_facts("/");
  REQUIRE(facts.size() == 6);
  for (const auto& f : facts) {
    INFO(f.name);
    CHECK(f.values.empty() != f.note.empty());
    CHECK(f.values.size() <= kMostFactValues);
  }
  CHECK(read_machine_facts("/").front().values == facts.front().values);
  const auto machine = MachineIdentity::of(facts, "ticketzero");
  const auto binding = machine.binding();
  if (binding) CHECK(machine.matches(*binding));
}

TEST_CASE("the processor and /proc/cpuinfo name the same model", "[machine]") {
  std::ifstream file("/proc/cpuinfo");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const FakeRoot root;
  root.write("proc/cpuinfo", text);
  if (text.find("model name") != std::string::npos)
    CHECK(read_machine_facts("/").back().values == fact(root, "cpu").values);
}
