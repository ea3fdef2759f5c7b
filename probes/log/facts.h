// What probe-log saw in the kernel log: the efa driver's, the RDMA core's and PCI's words about
// EFA devices. Interface: Documentation/ABI/testing/dev-kmsg; efa_main.c, efa_com.c for the texts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/base/word.h"
#include "probes/protocol/pci_address.h"

namespace efa {

// What a message tells of: by its text, parse.cpp.
enum class LogKind {
  kOther,
  kDeviceRegistered,
  kDeviceUnregistered,
  kIrqSetUp,
  kProbeEnded,
  kProbeFailed,
  kEnableFailed,
  kOutOfMemory,
  // The kernel did not take efa, or a module that it needs: it does not fit.
  kModuleRefused,
  // Its signature was not taken, or it has none: of some module, where the kernel does not name it.
  kKeyUnknown,
  kModuleUnsigned,
  // efa, or a module that it needs, was not loaded for another reason.
  kLoadFailed,
  kBarUnavailable,
  kRegionBusy,
  kResetFailed,
  kDeviceNotReady,
  kMsixFailed,
  kIrqFailed,
  kVersionTooLow,
  kDmaFailed,
  kRegisterTimeout,
  kAdminTimeout,
  kInterruptLost,
  kAdminQueueClosed,
  kCommandFailed,
  kOutOfStep,
  kPeerMemory
};

template <>
struct Words<LogKind> {
  static constexpr EnumWord<LogKind> kTable[] = {
      {LogKind::kOther, "other"},
      {LogKind::kDeviceRegistered, "device-registered"},
      {LogKind::kDeviceUnregistered, "device-unregistered"},
      {LogKind::kIrqSetUp, "irq-set-up"},
      {LogKind::kProbeEnded, "probe-ended"},
      {LogKind::kProbeFailed, "probe-failed"},
      {LogKind::kEnableFailed, "enable-failed"},
      {LogKind::kOutOfMemory, "out-of-memory"},
      {LogKind::kModuleRefused, "module-refused"},
      {LogKind::kKeyUnknown, "module-key-unknown"},
      {LogKind::kModuleUnsigned, "module-unsigned"},
      {LogKind::kLoadFailed, "load-failed"},
      {LogKind::kBarUnavailable, "bar-unavailable"},
      {LogKind::kRegionBusy, "region-busy"},
      {LogKind::kResetFailed, "reset-failed"},
      {LogKind::kDeviceNotReady, "device-not-ready"},
      {LogKind::kMsixFailed, "msix-failed"},
      {LogKind::kIrqFailed, "irq-failed"},
      {LogKind::kVersionTooLow, "version-too-low"},
      {LogKind::kDmaFailed, "dma-failed"},
      {LogKind::kRegisterTimeout, "register-timeout"},
      {LogKind::kAdminTimeout, "admin-timeout"},
      {LogKind::kInterruptLost, "interrupt-lost"},
      {LogKind::kAdminQueueClosed, "admin-queue-closed"},
      {LogKind::kCommandFailed, "command-failed"},
      {LogKind::kOutOfStep, "out-of-step"},
      {LogKind::kPeerMemory, "peer-memory"}};
};

struct LogMessage {
  uint64_t usec = 0;  // since boot
  int priority = 6;   // as syslog(2): 3 is an error
  std::optional<PciAddress> address;
  std::optional<std::string> device;  // the RDMA device's name
  LogKind kind = LogKind::kOther;
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

inline bool tells_of_signature(const LogMessage& message) {
  return message.kind == LogKind::kKeyUnknown || message.kind == LogKind::kModuleUnsigned;
}

inline bool tells_of_load(const LogMessage& message) {
  return message.kind == LogKind::kModuleRefused || message.kind == LogKind::kLoadFailed ||
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

// A process that the kernel killed for lack of memory, or all of a control group: only whose.
struct MemoryKill {
  uint64_t usec = 0;
  std::string job;     // job_of_control_group()
  bool whole = false;  // all of them: memory.oom.group, as the kubelet sets it for containers
};

template <class Io>
void describe(Io& io, MemoryKill& kill) {
  io("usec", kill.usec);
  io("job", kill.job);
  io("whole", kill.whole);
}

// A process that the kernel ended inside libfabric: of it only the library's file.
struct LibraryCrash {
  uint64_t usec = 0;
  std::string library;  // "libfabric.so.1.24.0"
};

template <class Io>
void describe(Io& io, LibraryCrash& crash) {
  io("usec", crash.usec);
  io("library", crash.library);
}

// What the kernel and NVIDIA's driver say of the way to a GPU's memory: the kinds of such messages.
// Their texts are not kept: they repeat without end, and some name a process.
inline constexpr const char* kSymbolsCutOff = "symbols-cut-off";        // of NVIDIA's P2P calls
inline constexpr const char* kApiMismatch = "api-mismatch";             // libraries and module
inline constexpr const char* kMappingRefused = "pcie-mapping-refused";  // of a GPU, by PCIe
inline constexpr const char* kDmabufRefused = "dmabuf-refused";         // by NVIDIA's driver
inline constexpr const char* kRangeMisaligned = "range-misaligned";     // of GPU memory, for P2P
inline constexpr const char* kGpuNotSupported = "gpu-not-supported";    // by the module's flavour

struct LogFacts {
  std::optional<uint64_t> total;      // messages that matched; absent: not read to its end
  std::vector<LogMessage> messages;   // of them the newest, and some of each device; oldest first
  std::vector<PciAddress> functions;  // EFA functions that the kernel has named since boot
  std::map<std::string, uint64_t> accelerators;  // kind -> usec of the newest such message
  std::vector<DriverTrace> traces;    // the first of them: later ones are often their consequence
  bool lost_oldest = false;           // the log does not reach back to the boot
  bool has_first_crash = false;       // it has the kernel's first crash, of whatever part
  std::vector<MemoryKill> kills;      // the newest of them, oldest first
  std::vector<LibraryCrash> crashes;  // likewise
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
  io("crashes", facts.crashes);
  io("unseen", facts.unseen);
}

}  // namespace efa
