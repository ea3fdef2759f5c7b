// The healthy node with accelerators that EFA reaches.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/support/healthy_node.h"

namespace efa {

// Makes a p6-b200.48xlarge of it, with a GPU beside each EFA device.
void add_gpus(Scene& scene);
// A p6e-gb200.36xlarge, whose GPUs are coherent with the CPU.
void add_grace_gpus(Scene& scene);
// A trn2.48xlarge, with a Neuron device beside each EFA device.
void add_neuron(Scene& scene);
// The address of its accelerator i.
std::string accelerator(size_t i);

inline GpuFacts& gpu(Scene& scene) {
  return scene.node.gpu.facts;
}

// What is changed of it.
using Change = std::function<void(Scene&)>;
Change with_gpus(const Change& change);
Change with_grace(const Change& change);
Change with_neuron(const Change& change);
// What a check says of the healthy node after a change.
MaybeResult said(const Change& change, const char* code, const std::string& subject = kNodeSubject);
Scene scene_with(const Change& change);

void unchanged(Scene& scene);
void set_nvidia(Scene& scene, const char* version, bool open = true);
void set_override(Scene& scene, uint32_t value);
void close_p2p(Scene& scene);   // no provider
void close_both(Scene& scene);  // the proprietary driver on a kernel that cuts it off
void set_plugin(Scene& scene, const char* version);  // of NCCL, by the EFA installer
void load_stale_peermem(Scene& scene);               // built for another driver
void prepare_gda(Scene& scene);                      // all that EFA-GDA needs
void lose_driver(Scene& scene);                      // the kernel's own efa runs instead
void need_peermem(Scene& scene);                     // open modules that the kernel cuts off
void differ_in_groups(Scene& scene);                 // GPU and EFA, of IOMMU
Unseen denied();

}  // namespace efa
