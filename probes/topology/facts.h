// What probe-topology saw through hwloc: where each EFA sits, and what sits beside it.
// Interface: hwloc.h ("I/O objects"), which reads sysfs or an XML export of another machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct TopologyDevice {
  PciAddress address;
  std::optional<int> numa_node;
  std::string name;                        // of the RDMA device, where hwloc knows it
  std::optional<std::string> link_gbytes;  // "15.75" GB/s; absent: the guest sees no link
  std::vector<PciAddress> near_gpus;       // below the same switch
  std::vector<PciAddress> near_neuron;
};

template <class Io>
void describe(Io& io, TopologyDevice& device) {
  io("address", device.address);
  io("numa_node", device.numa_node);
  io("name", device.name);
  io("link_gbytes", device.link_gbytes);
  io("near_gpus", device.near_gpus);
  io("near_neuron", device.near_neuron);
}

struct TopologyFacts {
  std::optional<std::string> hwloc_version;
  std::optional<int> numa_nodes;
  std::vector<TopologyDevice> efa;
  std::optional<std::string> xml;  // kept for a recording
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, TopologyFacts& facts) {
  io("hwloc_version", facts.hwloc_version);
  io("numa_nodes", facts.numa_nodes);
  io("efa", facts.efa);
  io("xml", facts.xml);
  io("unseen", facts.unseen);
}

}  // namespace efa
