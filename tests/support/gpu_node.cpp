#include "tests/support/gpu_node.h"

#include <cerrno>

namespace efa {
namespace {

PciAddress accelerator_address(size_t i) {
  return {0, static_cast<uint8_t>(0x40 + i), 0, 0};
}

Accelerator accelerator_of(const PciAddress& address, size_t i, const char* device,
                           const char* driver) {
  Accelerator accelerator;
  accelerator.address = address;
  accelerator.vendor = "0x10de";
  accelerator.device = device;
  accelerator.driver = driver;
  const std::string root = std::to_string(10 + i);
  accelerator.path =
      "pci0000:" + root + "/0000:" + root + ":00.0/0000:" + root + ":01.0/" + address.to_text();
  return accelerator;
}

// What all kinds have in common.
void begin(Scene& scene, const char* instance_type) {
  scene.node.cloud.facts.instance_type = instance_type;
  scene.expectation.instance_type = instance_type;
  scene.expectation.direct_memory = DirectMemory::kRequired;
  GpuFacts& facts = gpu(scene);
  facts.kernel_release = "6.1.177-224.371.amzn2023.x86_64";
  facts.modules.efa = "3.1.0g";
  for (size_t i = 0; i < scene.node.pci.facts.efa.size(); ++i) {
    facts.efa.push_back(accelerator_of(address(i), i, "0xefa3", "efa"));
  }
  facts.p2p = PeerMemory{address(0), "p2p", "NVIDIA"};
}

}  // namespace

std::string accelerator(size_t i) {
  return accelerator_address(i).to_text();
}

void add_gpus(Scene& scene) {
  begin(scene, "p6-b200.48xlarge");
  GpuFacts& facts = gpu(scene);
  std::vector<PciAddress> claimed;
  for (size_t i = 0; i < facts.efa.size(); ++i) {
    const PciAddress address = accelerator_address(i);
    facts.nvidia.push_back(accelerator_of(address, i, "0x2901", "nvidia"));
    scene.node.pci.facts.gpus.push_back(address);
    claimed.push_back(address);
  }
  facts.claimed = claimed;
  facts.modules.nvidia = "580.95.05";
  facts.modules.nvidia_uvm = "580.95.05";
  facts.modules.mlx5_ib = "";
  facts.modules.ib_umad = "";
  facts.nvlink = {{0, 0x73, 0, 0}};
  facts.nvlink_rdma = facts.mad_class = false;
  facts.nvidia_open = true;
  facts.architecture = "x86_64";
  facts.parameters =
      NvidiaParameters{.topology_override = 0, .peer_mapping_override = {}, .coherent_memory = ""};
  facts.coherent = false;
  facts.fabric_manager.running = true;
  facts.fabric_manager.packages = std::vector<std::string>{"580.95.05-0ubuntu1"};
  facts.covered = false;
}

void add_grace_gpus(Scene& scene) {
  add_gpus(scene);
  scene.expectation.instance_type = "p6e-gb200.36xlarge";
  GpuFacts& facts = gpu(scene);
  facts.nvlink.clear();
  facts.architecture = "aarch64";
  facts.coherent = true;
  for (Accelerator& one : facts.nvidia) one.iommu_group = "0";
  for (Accelerator& one : facts.efa) one.iommu_group = "0";
}

void add_neuron(Scene& scene) {
  begin(scene, "trn2.48xlarge");
  GpuFacts& facts = gpu(scene);
  for (size_t i = 0; i < facts.efa.size(); ++i) {
    const PciAddress address = accelerator_address(i);
    facts.neuron.push_back(accelerator_of(address, i, "0x7364", "neuron-driver"));
    facts.neuron.back().vendor = "0x1d0f";
    scene.node.pci.facts.neuron.push_back(address);
  }
  facts.modules.neuron = "2.24.7.0";
  facts.p2p->provider = "NEURON";
}

Change with_gpus(const Change& change) {
  return [change](Scene& scene) {
    add_gpus(scene);
    change(scene);
  };
}

Change with_grace(const Change& change) {
  return [change](Scene& scene) {
    add_grace_gpus(scene);
    change(scene);
  };
}

Change with_neuron(const Change& change) {
  return [change](Scene& scene) {
    add_neuron(scene);
    change(scene);
  };
}

Scene scene_with(const Change& change) {
  Scene scene = healthy_scene();
  change(scene);
  return scene;
}

MaybeResult said(const Change& change, const char* code, const std::string& subject) {
  return result_of(scene_with(change), code, subject);
}

void unchanged(Scene& /*scene*/) {}

void set_nvidia(Scene& scene, const char* version, bool open) {
  gpu(scene).modules.nvidia = gpu(scene).modules.nvidia_uvm = version;
  gpu(scene).nvidia_open = open;
  gpu(scene).fabric_manager.packages = std::vector<std::string>{std::string(version) + "-1"};
}

void set_override(Scene& scene, uint32_t value) {
  gpu(scene).parameters->topology_override = value;
}

void close_p2p(Scene& scene) {
  gpu(scene).p2p->provider = "";
}

void close_both(Scene& scene) {
  set_nvidia(scene, "580.95.05", false);
  close_p2p(scene);
}

void set_plugin(Scene& scene, const char* version) {
  scene.node.software.facts.ofi_nccl = {"/opt/amazon/ofi-nccl/lib/libnccl-net-ofi.so"};
  scene.node.software.facts.installer_packages = {"libfabric-aws-2.1.0amzn5.0-1",
                                                  std::string("libnccl-ofi-") + version + "-1"};
}

void load_stale_peermem(Scene& scene) {
  gpu(scene).modules.efa_nv_peermem = "1.2.3";
  LogMessage& message = scene.node.log.facts.messages.emplace_back();
  message.text = "efa_nv_peermem: no symbol version for nvidia_p2p_dma_unmap_pages";
  message.kind = LogKind::kModuleRefused;
  scene.node.log.facts.total = scene.node.log.facts.messages.size();
}

void prepare_gda(Scene& scene) {
  set_plugin(scene, "1.21.1");
  gpu(scene).modules.efa = "3.3.1g";
  gpu(scene).modules.gdrdrv = "2.5";
  gpu(scene).parameters->peer_mapping_override = 1;
}

void lose_driver(Scene& scene) {
  gpu(scene).modules.efa = "";
  gpu(scene).p2p.reset();
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.efa_version.reset();
  kernel.efa_state = "live";
  kernel.module_file = "kernel/drivers/infiniband/hw/efa/efa.ko";
  kernel.release = *gpu(scene).kernel_release;
  kernel.dkms = {"efa/2.17.3 for 5.4.0-1099-aws"};
  scene.node.software.facts.installer_packages.emplace_back("efa-2.17.3-1");
}

void need_peermem(Scene& scene) {
  set_nvidia(scene, "535.129.03");
  close_p2p(scene);
}

void differ_in_groups(Scene& scene) {
  for (Accelerator& efa : gpu(scene).efa) efa.iommu_group.reset();
}

Unseen denied() {
  return {"a file", "Permission denied", EACCES};
}

}  // namespace efa
