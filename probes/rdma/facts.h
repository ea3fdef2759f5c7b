// What probe-rdma saw: RDMA devices of EFA functions, their counters and their device nodes.
// Interface: Documentation/ABI/stable/sysfs-class-infiniband, efa_verbs.c (names of the counters).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/judging/check.h"
#include "probes/protocol/own_process.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct UverbsNode {
  std::string name;                            // "uverbs0"
  std::string path;                            // "/dev/infiniband/uverbs0"
  std::optional<std::string> number_expected;  // "231:192", as sysfs says
  bool present = false;
  std::optional<bool> character_device;
  std::optional<bool> regular_file;  // as in a sysroot, where it stands for the node
  std::optional<std::string> number;
  std::optional<int> mode;  // permission bits
  std::optional<int> owner;
  std::optional<int> group;
  std::optional<int> open_errno;  // 0: it opened; absent: not tried
  std::string open_error;
};

template <class Io>
void describe(Io& io, UverbsNode& node) {
  io("name", node.name);
  io("path", node.path);
  io("number_expected", node.number_expected);
  io("present", node.present);
  io("character_device", node.character_device);
  io("regular_file", node.regular_file);
  io("number", node.number);
  io("mode", node.mode);
  io("owner", node.owner);
  io("group", node.group);
  io("open_errno", node.open_errno);
  io("open_error", node.open_error);
}

struct RdmaDevice {
  PciAddress address;
  std::string name;  // "rdmap0s6"; changes when the driver is reloaded
  // the inode of its sysfs directory: another one after the driver was bound anew
  std::optional<uint64_t> registration;
  std::optional<std::string> node_guid;
  std::optional<std::string> gid;
  std::optional<std::string> mac;         // that the GID encodes: the MAC of the network interface
  std::optional<std::string> rate;        // "100 Gb/sec (4X EDR)"
  std::optional<std::string> port_state;  // always ACTIVE on EFA: carries no health
  // provider of GPU memory, "" when none is loaded: of the one device that probe-gpu asked
  std::optional<std::string> p2p;
  Reading<UverbsNode> uverbs;  // absent: the kernel offers none
};

template <class Io>
void describe(Io& io, RdmaDevice& device) {
  io("address", device.address);
  io("name", device.name);
  io("registration", device.registration);
  io("node_guid", device.node_guid);
  io("gid", device.gid);
  io("mac", device.mac);
  io("rate", device.rate);
  io("port_state", device.port_state);
  io("p2p", device.p2p);
  describe_reading(io, "uverbs", device.uverbs);
}

struct Counters {
  PciAddress address;
  // the kernel shows counters of it; it does in the first network namespace only
  std::optional<bool> shown;
  std::map<std::string, uint64_t> device;  // hw_counters: kept by the driver
  std::map<std::string, uint64_t> port;    // ports/1/hw_counters: asked of the device
  std::optional<int> error;                // errno by which the driver refused the first of a port
  std::string error_file;
  std::string error_text;
  std::vector<Unseen> unseen;  // single counters that cannot be read, which says nothing of others
};

template <class Io>
void describe(Io& io, Counters& counters) {
  io("address", counters.address);
  io("shown", counters.shown);
  io("device", counters.device);
  io("port", counters.port);
  io("error", counters.error);
  io("error_file", counters.error_file);
  io("error_text", counters.error_text);
  io("unseen", counters.unseen);
}

struct RdmaFacts {
  std::optional<bool> class_present;  // /sys/class/infiniband is there
  std::vector<RdmaDevice> devices;
  std::vector<PciAddress> elsewhere;        // EFA functions whose RDMA device another namespace has
  std::vector<PciAddress> elsewhere_node;   // of them, whose device node is here all the same
  std::vector<std::string> foreign;         // RDMA devices that are no EFA
  std::vector<std::string> foreign_closed;  // of them, whose device node is here and does not open
  std::vector<std::string> unidentified;    // RDMA devices of which that could not be read
  std::vector<Counters> counters;
  std::vector<Asked> asked;  // how asking each device for its counters ended
  std::optional<bool> rdma_cm;
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, RdmaFacts& facts) {
  io("class_present", facts.class_present);
  io("devices", facts.devices);
  io("elsewhere", facts.elsewhere);
  io("elsewhere_node", facts.elsewhere_node);
  io("foreign", facts.foreign);
  io("foreign_closed", facts.foreign_closed);
  io("unidentified", facts.unidentified);
  io("counters", facts.counters);
  io("asked", facts.asked);
  io("rdma_cm", facts.rdma_cm);
  io("unseen", facts.unseen);
}

}  // namespace efa
