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

inline constexpr int kErrorPriority = 3;  // LOG_ERR of syslog(3); worse are below

// The kernel did not take efa, or a module that it needs: it does not fit.
inline constexpr const char* kModuleRefused = "module-refused";
// Its signature was not taken, or it has none: of some module, where the kernel does not name it.
inline constexpr const char* kKeyUnknown = "module-key-unknown";
inline constexpr const char* kModuleUnsigned = "module-unsigned";

// efa, or a module that it needs, was not loaded for another reason.
inline constexpr const char* kLoadFailed = "load-failed";

inline bool tells_of_signature(const LogMessage& message) {
  return message.kind == kKeyUnknown || message.kind == kModuleUnsigned;
}

inline bool tells_of_load(const LogMessage& message) {
  return message.kind == kModuleRefused || message.kind == kLoadFailed ||
         tells_of_signature(message);
}

// A trace of the kernel with a function of efa on its stack.
struct DriverTrace {
  uint64_t usec = 0;
  bool crash = false;     // an oops, which ended a process or more; else a warning
  std::string text;       // "Oops: 0000 [#1] PREEMPT SMP NOPTI"
  std::string function;   // the innermost of efa: "efa_destroy_cq"
  bool at_start = false;  // efa was starting a device: efa_probe is on the stack
  bool hang = false;      // neither: a process or a CPU did not go on
};

template <class Io>
void describe(Io& io, DriverTrace& trace) {
  io("usec", trace.usec);
  io("crash", trace.crash);
  io("text", trace.text);
  io("function", trace.function);
  io("at_start", trace.at_start);
  io("hang", trace.hang);
}

// A process that the kernel killed for lack of memory: of it only whose it was.
struct MemoryKill {
  uint64_t usec = 0;
  std::string job;  // job_of_control_group()
};

template <class Io>
void describe(Io& io, MemoryKill& kill) {
  io("usec", kill.usec);
  io("job", kill.job);
}

// What the kernel and NVIDIA's driver say of the way to a GPU's memory: the kinds of such messages.
// Their texts are not kept: they repeat without end, and some name a process.
inline constexpr const char* kSymbolsCutOff = "symbols-cut-off";        // of NVIDIA's P2P calls
inline constexpr const char* kApiMismatch = "api-mismatch";             // libraries and module
inline constexpr const char* kMappingRefused = "pcie-mapping-refused";  // of a GPU, by PCIe
inline constexpr const char* kDmabufRefused = "dmabuf-refused";         // by NVIDIA's driver
inline constexpr const char* kGpuNotSupported = "gpu-not-supported";    // by the module's flavour

struct LogFacts {
  std::optional<uint64_t> total;      // messages that matched; absent: the log could not be read
  std::vector<LogMessage> messages;   // of them the newest, and some of each device; oldest first
  std::vector<PciAddress> functions;  // EFA functions that the kernel has named since boot
  std::map<std::string, uint64_t> accelerators;  // kind -> usec of the newest such message
  std::vector<DriverTrace> traces;  // the first of them: later ones are often their consequence
  bool lost_oldest = false;         // the log does not reach back to the boot
  bool has_first_crash = false;     // it has the kernel's first crash, of whatever part
  std::vector<MemoryKill> kills;    // the newest of them, oldest first
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, LogFacts& facts) {
  io("total", facts.total);
  io("messages", facts.messages);
  io("functions", facts.functions);
  io("accelerators", facts.accelerators);
  io("traces", facts.traces);
  io("lost_oldest", facts.lost_oldest);
  io("has_first_crash", facts.has_first_crash);
  io("kills", facts.kills);
  io("unseen", facts.unseen);
}

}  // namespace efa
