// What probe-pci saw: the EFA functions, and beside them ENA functions, GPUs and Neuron devices.
// Interface: Documentation/ABI/testing/sysfs-bus-pci of the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/judging/check.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct PciLink {
  std::string speed;  // as sysfs says it: "16.0 GT/s PCIe", "Unknown"
  std::optional<int> width;
};

template <class Io>
void describe(Io& io, PciLink& link) {
  io("speed", link.speed);
  io("width", link.width);
}

struct PciFunction {
  PciAddress address;
  std::string vendor;  // "0x1d0f"
  std::string device;  // "0xefa1"
  std::string class_code;
  Reading<std::string> driver;           // absent: bound to none
  Reading<std::string> driver_override;  // "" when none is set; absent: not shown
  std::optional<bool> enabled;
  Reading<int> numa_node;             // absent where the kernel says -1
  std::optional<std::string> bridge;  // the nearest bridge above; absent on a root bus
  // EFA functions only:
  std::optional<std::string> config;  // the first four bytes (vendor, device) in hex
  Reading<PciLink> link;
  std::optional<PciLink> link_max;
  std::vector<uint64_t> bar_sizes;  // bytes of BAR 0 to 5; 0: not assigned; empty: not read
  std::map<std::string, uint64_t> aer_errors;  // TOTAL_ERR_* of aer_dev_*, where present
  std::vector<Unseen> aer_unseen;              // those that are there and could not be read
};

template <class Io>
void describe(Io& io, PciFunction& function) {
  io("address", function.address);
  io("vendor", function.vendor);
  io("device", function.device);
  io("class", function.class_code);
  describe_reading(io, "driver", function.driver);
  describe_reading(io, "driver_override", function.driver_override);
  io("enabled", function.enabled);
  describe_reading(io, "numa_node", function.numa_node);
  io("bridge", function.bridge);
  io("config", function.config);
  describe_reading(io, "link", function.link);
  io("link_max", function.link_max);
  io("bar_sizes", function.bar_sizes);
  io("aer_errors", function.aer_errors);
  io("aer_unseen", function.aer_unseen);
}

struct PciFacts {
  std::optional<int> functions;             // of any kind; absent: /sys/bus/pci could not be listed
  std::vector<PciFunction> efa;             // vendor 0x1d0f, device 0xefaX; by address
  std::vector<PciAddress> unidentified;     // their ids cannot be read: each may be an EFA
  std::vector<PciFunction> amazon_unknown;  // 1d0f class 0200 that is neither EFA nor ENA
  std::vector<PciAddress> ena;
  std::vector<PciAddress> gpus;    // NVIDIA or AMD, class 03xx or 12xx
  std::vector<PciAddress> neuron;  // vendor 0x1d0f, class 12xx or 0880
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, PciFacts& facts) {
  io("functions", facts.functions);
  io("efa", facts.efa);
  io("unidentified", facts.unidentified);
  io("amazon_unknown", facts.amazon_unknown);
  io("ena", facts.ena);
  io("gpus", facts.gpus);
  io("neuron", facts.neuron);
  io("unseen", facts.unseen);
}

}  // namespace efa
