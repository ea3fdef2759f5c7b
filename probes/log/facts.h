// What probe-log saw in the kernel log: the efa driver's, the RDMA core's and PCI's words about
// EFA devices. Interface: Documentation/ABI/testing/dev-kmsg; efa_main.c, efa_com.c for the texts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/protocol/pci_address.h"

namespace efa {

struct LogMessage {
  uint64_t usec = 0;  // since boot
  int priority = 6;   // as syslog(2): 3 is an error
  std::optional<PciAddress> address;
  std::optional<std::string> device;  // the RDMA device's name
  std::string kind;                   // "admin-timeout"; the table in parse.cpp
  std::string text;
};

template <class Io>
void describe(Io& io, LogMessage& message) {
  io("usec", message.usec);
  io("priority", message.priority);
  io("address", message.address);
  io("device", message.device);
  io("kind", message.kind);
  io("text", message.text);
}

// The kind of what the kernel says of module efa when it does not take it.
inline constexpr const char* kModuleRefused = "module-refused";

// What the kernel and NVIDIA's driver say of the way to a GPU's memory: the kinds of such messages.
// Their texts are not kept: they repeat without end, and some name a process.
inline constexpr const char* kSymbolsCutOff = "symbols-cut-off";        // of NVIDIA's P2P calls
inline constexpr const char* kApiMismatch = "api-mismatch";             // libraries and module
inline constexpr const char* kMappingRefused = "pcie-mapping-refused";  // of a GPU, by PCIe

struct LogFacts {
  std::optional<uint64_t> total;      // messages that matched; absent: the log could not be read
  std::vector<LogMessage> messages;   // the newest of them, oldest first
  std::vector<PciAddress> functions;  // EFA functions that the kernel has named since boot
  std::map<std::string, uint64_t> accelerators;  // kind -> usec of the newest such message
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, LogFacts& facts) {
  io("total", facts.total);
  io("messages", facts.messages);
  io("functions", facts.functions);
  io("accelerators", facts.accelerators);
  io("unseen", facts.unseen);
}

}  // namespace efa
