// The way from GPU memory to EFA, and the software that goes with GPUs.

#include <algorithm>
#include <string>

#include "tests/modes/mode_case.h"
#include "tests/support/gpu_node.h"
#include "tests/support/machine.h"

namespace efa {
namespace {

constexpr const char* kAmazonLinux2 = "5.10.205-195.804.amzn2.x86_64";

void replace_package(SyntheticNode& node, const char* old, const char* now) {
  auto& packages = node.installer->packages;
  std::replace(packages.begin(), packages.end(), std::string(old), std::string(now));
}

void run_amazon_linux_2(SyntheticNode& node) {
  node.os = "Amazon Linux 2";
  node.kernel = kAmazonLinux2;
}

// F17

void remove_plugin(const Tree& tree) {
  tree.remove("/opt/amazon/ofi-nccl");
}

// F18

void load_proprietary(SyntheticNode& node) {
  run_amazon_linux_2(node);
  node.nvidia = SyntheticNvidia{"535.129.03", false, ""};
}

// The plugin of this machine, 1.16.3, takes no dma-buf on its devices.
void offer_no_p2p(SyntheticNode& node) {
  node.nvidia->p2p = "";
}

// F19

void lack_peermem(SyntheticNode& node) {
  node.nvidia = SyntheticNvidia{"535.129.03", true, ""};
}

void have_peermem(SyntheticNode& node) {
  node.nvidia = SyntheticNvidia{"535.129.03", true, "NVIDIA peermem"};
}

void refuse_peermem(const Tree& tree) {
  tree.file("/sys/module/efa_nv_peermem/version", "1.2.3\n");
  log_lines(tree,
            "4,902,1800000,-;efa_nv_peermem: no symbol version for nvidia_p2p_dma_unmap_pages\n");
}

// F21

void load_peermem_at_boot(const Tree& tree) {
  tree.file("/etc/modules-load.d/efa_nv_peermem.conf", "efa_nv_peermem\n");
}

// F49

void install_1_28_0(SyntheticNode& node) {
  node.installer->version = "1.28.0";
}

void leave_dmabuf_to_old_libfabric(Scene& scene) {
  close_p2p(scene);
  scene.fabric().version = "2.4";
}

void ask_for_misaligned_range(Scene& scene) {
  gpu(scene).modules.efa = "3.3.0g";
  scene.node.log.facts.accelerators = {{kRangeMisaligned, 7}};
}

// F50: open modules, whose calls no kernel cuts off; dma-buf takes kernel 5.12.
void close_both_ways(SyntheticNode& node) {
  run_amazon_linux_2(node);
  offer_no_p2p(node);
}

// F81

void bring_plugin_for_gda(SyntheticNode& node) {
  node.installer->version = "1.50.0";
  replace_package(node, "libnccl-ofi-1.20.0-1", "libnccl-ofi-1.21.1-1");
  replace_package(node, "efa-3.1.0-1", "efa-3.3.1-1");
  node.efa_version = "3.3.1g";
}

// PeerMappingOverride is not set.
void load_gdrdrv(const Tree& tree) {
  tree.file("/sys/module/gdrdrv/version", "2.5\n");
  tree.file("/proc/driver/gdrdrv/params",
            "Version: 2.5\nBuilt for NVIDIA driver flavor: opensource\n");
}

void load_gdrdrv_of_the_other_flavour(const Tree& tree) {
  tree.file("/sys/module/gdrdrv/version", "2.5\n");
  tree.file("/proc/driver/gdrdrv/params",
            "Version: 2.5\nBuilt for NVIDIA driver flavor: proprietary\n");
  tree.file("/proc/driver/nvidia/params",
            "GrdmaPciTopoCheckOverride: 0\nCoherentGPUMemoryMode: \"\"\n"
            "RegistryDwords: \"PeerMappingOverride=1;\"\n");
}

}  // namespace

ModeCases modes_of_gpus() {
  return {
      {"F17", "software.nccl-plugin-missing", machine(kP4d, as_it_is, remove_plugin)},
      {"F18", "gpu.proprietary-cut-off", machine(kP4d, load_proprietary)},
      {"F18", "gpu.plugin-needs-p2p", machine(kP4d, offer_no_p2p)},
      {"F19", "gpu.peermem-missing", machine(kP4d, lack_peermem)},
      {"F19", "gpu.peermem-stale", machine(kP4d, have_peermem, refuse_peermem)},
      {"F21", "software.peermem-without-gpu",
       machine("c5n.18xlarge", as_it_is, load_peermem_at_boot)},
      {"F49", "software.installer-old", machine(kP5, install_1_28_0)},
      {"F50", "gpu.no-memory-path", machine(kP5, close_both_ways)},
      {"F50", "gpu.libfabric-needs-p2p", live_machine(with_gpus(leave_dmabuf_to_old_libfabric))},
      {"F50", "gpu.range-misaligned", live_machine(with_gpus(ask_for_misaligned_range))},
      {"F81", "gpu.gda-not-ready", machine(kP6, bring_plugin_for_gda, load_gdrdrv)},
      {"F81", "gpu.gdrcopy-flavour",
       machine(kP6, bring_plugin_for_gda, load_gdrdrv_of_the_other_flavour)},
  };
}

}  // namespace efa
