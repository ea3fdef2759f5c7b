// Files of the NVIDIA driver and of sysfs, as they are and as they never should be.

#include "probes/gpu/parse.h"

#include <gtest/gtest.h>

#include "tests/support/row.h"

namespace efa {
namespace {

TEST(ParseGpu, ReadsTheDriversOwnLine) {
  struct Row {
    const char* text;
    const char* version;
    bool open;
    const char* architecture;
  };
  const Row rows[] = {
      {"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  525.60.11  Release Build  "
       "(archlinux-builder@localhost)\nGCC version:  gcc version 12.2.0",
       "525.60.11", true, "x86_64"},
      {"NVRM version: NVIDIA UNIX x86_64 Kernel Module  515.76  Mon Sep 12 19:21:56 UTC 2022",
       "515.76", false, "x86_64"},
      {"NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  Release Build",
       "580.65.06", true, "aarch64"},
      {"NVRM version: 1.2", "1.2", false, ""},
  };
  for (const Row& row : rows) {
    const auto driver = parse_nvidia_driver(row.text);
    ASSERT_TRUE(driver) << row.text;
    EXPECT_EQ(driver->version, row.version);
    EXPECT_EQ(driver->open, row.open) << row.text;
    EXPECT_EQ(driver->architecture, row.architecture) << row.text;
  }
  for (const char* text :
       {"", "\n", "NVRM version:", "NVRM version: NVIDIA UNIX x86_64 Kernel Module",
        "NVRM version: .5 x", "Open Kernel Module 580.65.06", "GCC version: 12.2.0",
        "\nNVRM version: NVIDIA UNIX x86_64 Kernel Module  515.76", "NVRM version: 5\xff.1"}) {
    EXPECT_FALSE(parse_nvidia_driver(text)) << text;
  }
}

TEST(ParseGpu, ReadsTheTaintOfAModule) {
  const Row<std::optional<bool>> rows[] = {
      {"OE", true}, {"POE", false}, {"O", true},  {"PO", false},
      {"", kNone},  {"E", kNone},   {"P", kNone}, {"(null)", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_open_taint(row.input), row.wanted) << row.input;
}

TEST(ParseGpu, ReadsTheParametersThatDecide) {
  const NvidiaParameters parameters = parse_nvidia_parameters(
      {"EnableStreamMemOPs: 0", "GrdmaPciTopoCheckOverride: 1", "CoherentGPUMemoryMode: \"driver\"",
       "RegistryDwords: \"RMx=3; PeerMappingOverride=1;\"", "RegistryDwordsPerDevice: \"\""});
  EXPECT_EQ(parameters.topology_override, 1U);
  EXPECT_EQ(parameters.peer_mapping_override, 1U);
  EXPECT_EQ(parameters.coherent_memory, "driver");
}

TEST(ParseGpu, AParameterThatIsMalformedIsAbsent) {
  for (const char* line :
       {"", ":", "GrdmaPciTopoCheckOverride", "GrdmaPciTopoCheckOverride:",
        "GrdmaPciTopoCheckOverride: x", "GrdmaPciTopoCheckOverride: -1",
        "GrdmaPciTopoCheckOverride: 99999999999", "GrdmaPciTopoCheckOverride: 1 2",
        " GrdmaPciTopoCheckOverride: 1", "XGrdmaPciTopoCheckOverride: 1", "PeerMappingOverride: 1",
        "RegistryDwords: \"XPeerMappingOverride=1\"", "RegistryDwords: \"PeerMappingOverride=\"",
        "RegistryDwords: \"", "RegistryDwords:"}) {
    const NvidiaParameters parameters = parse_nvidia_parameters({line});
    EXPECT_EQ(parameters.topology_override, kNone) << line;
    EXPECT_EQ(parameters.peer_mapping_override, kNone) << line;
    EXPECT_EQ(parameters.coherent_memory, kNone) << line;
  }
}

TEST(ParseGpu, KeepsOfAParameterOnlyWhatIsRead) {
  EXPECT_EQ(wanted_of_parameter("RegistryDwords: \"secret=1;PeerMappingOverride=0x1\""),
            "RegistryDwords: \"PeerMappingOverride=1\"");
  EXPECT_EQ(wanted_of_parameter("RegistryDwords: \"secret=1\""), "RegistryDwords: \"\"");
  EXPECT_EQ(wanted_of_parameter("GrdmaPciTopoCheckOverride: 2"), "GrdmaPciTopoCheckOverride: 2");
  EXPECT_FALSE(is_wanted_parameter("RegistryDwordsPerDevice: \"\""));
  EXPECT_FALSE(is_wanted_parameter(""));
}

TEST(ParseGpu, TellsAcceleratorsByTheirNumbers) {
  struct Row {
    uint32_t vendor;
    uint32_t device;
    uint32_t class_code;
    AcceleratorKind wanted;
  };
  const Row rows[] = {
      {0x10de, 0x2330, 0x030200, AcceleratorKind::kNvidia},
      {0x10de, 0x2230, 0x030000, AcceleratorKind::kNvidia},
      {0x10de, 0x22a3, 0x068000, AcceleratorKind::kNone},  // NVSwitch
      {0x10de, 0x2330, 0x040300, AcceleratorKind::kNone},  // its audio
      {0x1d0f, 0xefa1, 0x020000, AcceleratorKind::kEfa},
      {0x1d0f, 0x7164, 0x088000, AcceleratorKind::kNeuron},
      {0x1d0f, 0x7364, 0x120000, AcceleratorKind::kNeuron},
      {0x1d0f, 0x1111, 0x030000, AcceleratorKind::kNone},  // a display
      {0x15b3, 0x1021, 0x020700, AcceleratorKind::kNvlink},
      {0x15b3, 0x101e, 0x020000, AcceleratorKind::kNone},
      {0x1002, 0x74a0, 0x038000, AcceleratorKind::kNone},
      {0, 0, 0, AcceleratorKind::kNone},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(kind_of_accelerator(row.vendor, row.device, row.class_code), row.wanted)
        << std::hex << row.vendor << ":" << row.device;
  }
}

TEST(ParseGpu, FindsTheWayToAFunction) {
  const TextRow rows[] = {
      {"../../../devices/pci0000:44/0000:44:00.0/0000:53:00.0",
       "pci0000:44/0000:44:00.0/0000:53:00.0"},
      {"../../../devices/pci0000:10/0000:10:1c.0", "pci0000:10/0000:10:1c.0"},
      {"../../../devices/virtual/x", kNone},
      {"0000:53:00.0", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_device_path(row.input), row.wanted) << row.input;
}

TEST(ParseGpu, ASharedRootBusIsNoSharedBridge) {
  const std::string p5 = "pci0000:44/0000:44:00.0/0000:45:00.0/0000:46:01.";
  EXPECT_TRUE(share_a_bridge(p5 + "0/0000:4f:00.0", p5 + "4/0000:53:00.0"));
  EXPECT_FALSE(share_a_bridge("pci0000:10/0000:10:1b.0", "pci0000:10/0000:10:1c.0"));
  EXPECT_FALSE(share_a_bridge("pci0000:84/0000:84:00.0/0000:97:00.0",
                              "pci0000:98/0000:98:00.0/0000:9d:00.0"));
  EXPECT_FALSE(share_a_bridge("pci0000:44/0000:44:00.0/0000:53:00.0", "pci0000:44/0000:53:00.0"));
  for (const char* path : {"", "/", "x", "x/", "x/y"}) {
    EXPECT_FALSE(share_a_bridge(path, "x/y/z")) << path;
    EXPECT_FALSE(share_a_bridge(path, path)) << path;
  }
  EXPECT_EQ(root_of("pci0000:44/0000:53:00.0"), "pci0000:44");
  EXPECT_EQ(root_of(""), "");
}

TEST(ParseGpu, AVersionIsReadWithoutItsPackaging) {
  const std::pair<const char*, const char*> rows[] = {
      {"580.95.05-0ubuntu1", "580.95.05"},
      {"1:535.183.01~24.04", "535.183.01"},
      {"580.95.05", "580.95.05"},
      {"x", ""},
      {"", ""},
  };
  for (const auto& [version, wanted] : rows) EXPECT_EQ(without_packaging(version), wanted);
}

TEST(ParseGpu, FindsTheInstalledPackagesOfFabricManager) {
  const char* status[] = {
      "Package: nvidia-fabricmanager-dev-580",
      "Status: install ok installed",
      "Version: 580.1-1",
      "",
      "Package: nvidia-fabricmanager-580",
      "Status: install ok installed",
      "Depends: Version: 1",
      "Version: 580.95.05-0ubuntu1",
      "",
      "Package: nvidia-fabricmanager-570",
      "Status: deinstall ok config-files",
      "Version: 570.86.15-1",
      "",
      "Package: bash",
      "Status: install ok installed",
      "Version: 5.2",
      "Package: nvidia-fabric-manager",
      "Status: hold ok installed",
      "Version: 550.54.15-1",
  };
  FabricPackageLines wanted;
  std::vector<std::string> lines;
  for (const char* line : status) {
    if (wanted.wants(line)) lines.emplace_back(line);
  }
  EXPECT_EQ(lines.size(), 9U);
  EXPECT_EQ(parse_fabric_packages(lines),
            (std::vector<std::string>{"580.95.05-0ubuntu1", "550.54.15-1"}));
  EXPECT_TRUE(parse_fabric_packages({"Version: 1", "Status:", "Version: 2"}).empty());
  EXPECT_EQ(parse_fabric_packages(std::vector<std::string>(100, "Status: x ok installed")).size(),
            0U);
}

TEST(ParseGpu, FindsWhichDriverFabricManagerRefuses) {
  const TextRow rows[] = {
      {"[ERROR] [tid 7] fabric manager NVIDIA GPU driver interface version 580.82.07 don't match "
       "with driver version 580.95.05. Please update with matching NVIDIA driver package.",
       "580.95.05"},
      {"don't match with driver version 550.120", "550.120"},
      {"don't match with driver version x", kNone},
      {"don't match with driver version ", kNone},
      {"don't match with driver version 5", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_refused_driver(row.input), row.wanted) << row.input;
}

TEST(ParseGpu, FindsWhatDkmsHasInstalled) {
  const TextRow rows[] = {
      {"580.95.05/6.1.0-40-amd64/x86_64", "580.95.05"},
      {"580.95.05", kNone},
      {"/580.95.05/x", kNone},
      {"x/6.1.0", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_dkms_target(row.input), row.wanted) << row.input;
}

TEST(ParseGpu, ReadsForWhichDriverGdrdrvWasBuilt) {
  const Row<std::optional<bool>> rows[] = {
      {"Version: 2.5\nBuilt for NVIDIA driver flavor: opensource\nUse persistent mapping: yes",
       true},
      {"Built for NVIDIA driver flavor: proprietary", false},
      {"Built for NVIDIA driver flavor: ", kNone},
      {"Built for NVIDIA driver flavor", kNone},
      {"Version: 2.4", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_gdrdrv_flavour(row.input), row.wanted) << row.input;
}

}  // namespace
}  // namespace efa
