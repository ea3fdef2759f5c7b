// probe-topology: asks hwloc where each EFA function sits and which GPUs and Neuron devices share
// a switch with it. Of another machine it reads hwloc's XML export, /topology.xml in the sysroot.
// Interface: hwloc.h, "Configuring the I/O objects".

#include <hwloc.h>

#include <algorithm>

#include "probes/base/unseen.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/probe_main.h"
#include "probes/topology/facts.h"

namespace efa {
namespace {

constexpr const char* kXml = "/topology.xml";
constexpr size_t kMaxXml = size_t{6} * 1024 * 1024;  // p5.48xlarge: 0.2 MiB

class Topology {
 public:
  Topology() { ready_ = hwloc_topology_init(&topology_) == 0; }
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;
  ~Topology() {
    if (ready_) hwloc_topology_destroy(topology_);
  }

  bool load(const std::string& xml, bool whole) {
    if (!ready_) return false;
    if (!whole) leave_out_details();
    hwloc_topology_set_io_types_filter(topology_, HWLOC_TYPE_FILTER_KEEP_ALL);
    if (!xml.empty() && hwloc_topology_set_xmlbuffer(topology_, xml.c_str(),
                                                     static_cast<int>(xml.size() + 1)) != 0) {
      return false;
    }
    return hwloc_topology_load(topology_) == 0;
  }

  [[nodiscard]] hwloc_topology_t get() const { return topology_; }

 private:
  // What no fact is made of: several files of each CPU, and a visit to each, on which the process
  // is moved there and back. Packages, dies, groups and NUMA nodes say where a device sits.
  void leave_out_details() {
    hwloc_topology_set_cache_types_filter(topology_, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(topology_, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_components(topology_, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
#if HWLOC_API_VERSION >= 0x00020800
    hwloc_topology_set_flags(topology_, HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
                                            HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS |
                                            HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS);
#endif
  }

  hwloc_topology_t topology_ = nullptr;
  bool ready_ = false;
};

PciAddress address_of(const hwloc_obj_t function) {
  const auto& pci = function->attr->pcidev;
  return {pci.domain, pci.bus, pci.dev, pci.func};
}

bool is_gpu(const hwloc_obj_t function) {
  return is_gpu_id(function->attr->pcidev.vendor_id, function->attr->pcidev.class_id);
}

bool is_neuron(const hwloc_obj_t function) {
  return is_neuron_id(function->attr->pcidev.vendor_id, function->attr->pcidev.class_id);
}

bool is_pci_bridge(const hwloc_obj_t object) {
  return object->type == HWLOC_OBJ_BRIDGE &&
         object->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_PCI;
}

// The topmost bridge below the host bridge: what is under it shares a switch. On a host bridge of
// one NUMA node (p4d.24xlarge) devices sit directly: then what is under that shares it.
hwloc_obj_t switch_above(hwloc_obj_t function) {
  hwloc_obj_t above = nullptr;
  for (hwloc_obj_t object = function->parent; object != nullptr; object = object->parent) {
    if (is_pci_bridge(object)) above = object;
    const bool host_bridge = object->type == HWLOC_OBJ_BRIDGE && !is_pci_bridge(object);
    const hwloc_obj_t parent = object->parent;
    if (host_bridge && above == nullptr && parent != nullptr && parent->nodeset != nullptr &&
        hwloc_bitmap_weight(parent->nodeset) == 1) {
      return object;
    }
  }
  return above;
}

std::optional<int> numa_node_of(const Topology& topology, hwloc_obj_t function) {
  const hwloc_obj_t near = hwloc_get_non_io_ancestor_obj(topology.get(), function);
  if (near == nullptr || near->nodeset == nullptr) return std::nullopt;
  // an ancestor of all nodes says nothing of locality
  if (hwloc_bitmap_weight(near->nodeset) != 1) return std::nullopt;
  return hwloc_bitmap_first(near->nodeset);
}

void take_neighbours(const Topology& topology, hwloc_obj_t function, TopologyDevice& device) {
  const hwloc_obj_t shared = switch_above(function);
  if (shared == nullptr) return;
  hwloc_obj_t other = nullptr;
  while ((other = hwloc_get_next_pcidev(topology.get(), other)) != nullptr) {
    if (switch_above(other) != shared) continue;
    if (is_gpu(other)) device.near_gpus.push_back(address_of(other));
    if (is_neuron(other)) device.near_neuron.push_back(address_of(other));
  }
}

TopologyDevice device_of(const Topology& topology, hwloc_obj_t function) {
  TopologyDevice device;
  device.address = address_of(function);
  device.numa_node = numa_node_of(topology, function);
  const float gbytes = function->attr->pcidev.linkspeed;
  if (gbytes > 0) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", static_cast<double>(gbytes));
    device.link_gbytes = text;
  }
  for (hwloc_obj_t child = function->io_first_child; child != nullptr;
       child = child->next_sibling) {
    const bool rdma = child->type == HWLOC_OBJ_OS_DEVICE && child->name != nullptr &&
                      child->attr->osdev.type == HWLOC_OBJ_OSDEV_OPENFABRICS;
    if (rdma) device.name = child->name;
  }
  take_neighbours(topology, function, device);
  return device;
}

void keep_xml(const Look& look, const Topology& topology) {
  char* xml = nullptr;
  int length = 0;
  if (hwloc_topology_export_xmlbuffer(topology.get(), &xml, &length, 0) != 0) return;
  if (static_cast<size_t>(length) < Sysroot::kSmallFile * 12) look.out.set("xml", std::string(xml));
  hwloc_free_xmlbuffer(topology.get(), xml);
}

void read_topology(const Look& look) {
  const unsigned version = hwloc_get_api_version();  // 0x00020900: 2.9
  look.out.set("hwloc_version",
               std::to_string(version >> 16U) + "." + std::to_string(version >> 8U & 0xffU));
  std::string xml;
  if (!look.root.live()) {
    const Result<std::string> file = look.root.read(kXml, kMaxXml);
    if (!file) {
      look.out.add("unseen", unseen_of(kXml, file.error()));
      return;
    }
    xml = *file;
  }
  look.out.doing("load the topology", xml.empty() ? "hwloc" : kXml);
  Topology topology;
  const bool keep = look.options.contains("keep-xml");
  if (!topology.load(xml, /*whole=*/keep)) {
    look.out.add("unseen", Unseen{"hwloc_topology_load", "hwloc gives no topology", 0});
    return;
  }
  look.out.set("numa_nodes", hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_NUMANODE));
  std::vector<hwloc_obj_t> functions;
  hwloc_obj_t function = nullptr;
  while ((function = hwloc_get_next_pcidev(topology.get(), function)) != nullptr) {
    const auto& pci = function->attr->pcidev;
    if (is_efa_id(pci.vendor_id, pci.device_id)) functions.push_back(function);
  }
  for (const hwloc_obj_t efa : functions) look.out.add("efa", device_of(topology, efa));
  if (keep) keep_xml(look, topology);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_topology);
}
