// Memory of GPUs that EFA does not reach.

#include "tests/reports/public_report.h"

namespace efa {
namespace {

void cut_off_by_the_kernel(SyntheticNode& node) {
  node.os = "Amazon Linux 2";
  node.kernel = "5.10.205-195.804.amzn2.x86_64";
  node.efa_version = "2.5.0g";
  node.installer = SyntheticInstaller{"1.26.1", {"efa-config-1.15-1", "efa-2.5.0-1"}};
  node.nvidia = SyntheticNvidia{"535.129.03", false, ""};
}

// efa before 2.6 has another attribute
void write_gdr(const Tree& tree) {
  for (const char* bus : {"10", "20", "90", "a0"}) {
    const std::string root = std::string("/sys/devices/pci0000:") + bus + "/0000:" + bus + ":1b.0/";
    tree.remove(root + "p2p");
    tree.file(root + "gdr", "0\n");
  }
}

// Where GPU and EFA lie is that of aicr#2439.
void add_grace(SyntheticNode& node, const char* nvidia) {
  attach(node, "pci0008:00/0008:00:00.0/0008:01:00.0", "10de:2941", "0x030200");
  node.nvidia = SyntheticNvidia{nvidia, true, "NVIDIA"};
}

void write_grace(const Tree& tree, const std::string& nvidia, const char* parameters) {
  tree.file("/proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  " + nvidia +
                "  Release Build  (builder@synthetic)\n");
  tree.file("/proc/driver/nvidia/params", parameters);
  tree.file("/proc/driver/nvidia/gpus/0008:01:00.0/numa_status", "Node: 2\n");
  tree.directory("/sys/kernel/iommu_groups/0");
  tree.link("/sys/devices/pci0008:00/0008:00:00.0/0008:01:00.0/iommu_group",
            "/sys/kernel/iommu_groups/0");
}

void age_on_grace(SyntheticNode& node) {
  add_grace(node, "580.95.05");
  node.efa_version = "2.15.3g";
  node.installer = SyntheticInstaller{"1.42.0", {"efa-config-1.18-1", "efa-2.15.3-1"}};
}

void renew_on_grace(SyntheticNode& node) {
  add_grace(node, "595.91.07");
}

void write_grace_580(const Tree& tree) {
  write_grace(tree, "580.95.05", "GrdmaPciTopoCheckOverride: 1\n");
}

void write_grace_595(const Tree& tree) {
  write_grace(tree, "595.91.07", "DmaRemapPeerMmio: 1\nRegistryDwords: \"\"\n");
  log_lines(tree,
            "3,902,1800000,-;NVRM: dma-buf attach failed: topology not supported for mapping type "
            "FORCE_PCIE\n");
}

}  // namespace

PublicReports reports_of_gpus() {
  return {
      {.number = 18,
       .source = "aws/aws-parallelcluster#6015",
       .line = "p4d: kernel 5.10.205, efa 2.5.0, proprietary NVIDIA",
       .look = machine("p4d.24xlarge", cut_off_by_the_kernel, write_gdr),
       .verdict = "unhealthy",
       .told = {{"gpu.proprietary-cut-off", "warning", kImage},
                {"software.installer-old", "info", kImage}},
       .says = {"open kernel modules"}},
      {.number = 19,
       .source = "ai-dynamo/nixl#1609",
       .line = "GB200: efa 2.15.3, NVIDIA 580.95.05",
       .look = machine("p6e-gb200.36xlarge", age_on_grace, write_grace_580),
       .verdict = "degraded",
       .told = {{"gpu.efa-too-old-for-nvidia", "warning", kImage}},
       .says = {"EFA installer"}},
      {.number = 20,
       .source = "NVIDIA/aicr#2383",
       .line = "GB200: NVIDIA 595.91.07 refuses EFA its memory",
       .look = machine("p6e-gb200.36xlarge", renew_on_grace, write_grace_595),
       .verdict = "unhealthy",
       .told = {{"gpu.grace-refused", "critical", kImage}},
       .says = {"580.173.02"},
       .never = {"NVreg_GrdmaPciTopoCheckOverride=1"}},
  };
}

}  // namespace efa
