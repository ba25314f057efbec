#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "machine/identity.hpp"
#include "support/fake_machine.hpp"

using namespace lic;
using namespace lic::test;

namespace {

using Values = std::vector<std::string>;

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

TEST_CASE("root disk: a virtio disk is not asked, udev is", "[machine][root-disk]") {
  const FakeRoot root;
  root.mount_root("254:1", "ext4", "/dev/vda1");
  root.link("sys/dev/block/254:1", "../../devices/pci0000:00/virtio1/block/vda/vda1");
  root.write("sys/devices/pci0000:00/virtio1/block/vda/vda1/partition", "1");
  root.write("sys/devices/pci0000:00/virtio1/block/vda/serial", "vol0a1b2c3d4e5f");
  CHECK(fact(root, "root-disk").values.empty());
  root.link("dev/disk/by-uuid/77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e", "../../vda1");
  CHECK(fact(root, "root-disk").values == Values{"77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
  root.link("dev/disk/by-id/virtio-other99", "../../vdab");
  root.link("dev/disk/by-id/virtio-vol0a1b2c3d4e5f-part1", "../../vda1");
  CHECK(fact(root, "root-disk").values == Values{"77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
  root.link("dev/disk/by-id/virtio-vol0a1b2c3d4e5f", "../../vda");
  CHECK(fact(root, "root-disk").values == Values{"vol0a1b2c3d4e5f"});
  CHECK(fact(root, "root-disk").source.ends_with("/dev/disk/by-id/virtio-vol0a1b2c3d4e5f"));
  root.remove("dev/disk/by-id/virtio-vol0a1b2c3d4e5f");
  root.link("dev/disk/by-id/virtio-overlayblk", "../../vda");
  CHECK(fact(root, "root-disk").values == Values{"77f2f7a1-62d5-4f1b-9d0c-0f3a5b6c7d8e"});
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

  // No deeper than four levels.
  const std::string virtual_disks = "sys/devices/virtual/block/";
  for (int i = 2; i < 6; ++i)
    root.link(virtual_disks + "dm-" + std::to_string(i) + "/slaves/next",
              "/" + virtual_disks + "dm-" + std::to_string(i + 1));
  root.write(virtual_disks + "dm-6/serial", "DEEP1234");
  root.link("sys/dev/block/253:1", "../../devices/virtual/block/dm-2");
  CHECK(fact(root, "root-disk").values == Values{"deep1234"});
  root.link(virtual_disks + "dm-6/slaves/next", "/" + virtual_disks + "dm-7");
  root.remove(virtual_disks + "dm-6/serial");
  root.write(virtual_disks + "dm-7/serial", "DEEP1234");
  CHECK(fact(root, "root-disk").values.empty());
  root.link("sys/dev/block/253:1", "../../devices/virtual/block/dm-1");

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
  root.write("sys/class/block/cciss!c0d0p1/serial", "P1A2B3C4");
  root.mount_root("0:30", "btrfs", "/dev/cciss/c0d0p1");
  CHECK(fact(root, "root-disk").values == Values{"p1a2b3c4"});
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
