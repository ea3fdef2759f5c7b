#include "probes/log/parse.h"

#include "probes/base/text.h"
#include "probes/log/record.h"

namespace efa {
namespace {

constexpr size_t kMaxText = 512;

struct Kind {
  const char* fragment;
  LogKind kind;
};

// efa_main.c and efa_com.c of the driver 3.1.0; "probe with driver" is the driver core's of 6.12,
// "probe of" that of older kernels; those of a load that failed are kernel/module/main.c's
constexpr Kind kKinds[] = {
    {"IB device registered", LogKind::kDeviceRegistered},
    {"Unregister ib device", LogKind::kDeviceUnregistered},
    {"EFA device init failed", LogKind::kProbeEnded},
    {"probe with driver efa failed", LogKind::kProbeEnded},
    {"efa: probe of ", LogKind::kProbeEnded},
    {"pci_enable_device_mem() failed", LogKind::kEnableFailed},
    {"Device alloc failed", LogKind::kOutOfMemory},
    {"Failed to init readless MMIO", LogKind::kOutOfMemory},
    {"Failed to remap register bar", LogKind::kOutOfMemory},
    {"Failed to allocate QP table", LogKind::kOutOfMemory},
    {"Failed to allocate UAR, err", LogKind::kProbeFailed},
    {"Failed to create eq", LogKind::kProbeFailed},
    {": Unknown symbol ", LogKind::kModuleRefused},  // kernel/module/main.c and version.c
    {": disagrees about version of symbol ", LogKind::kModuleRefused},
    {": no symbol version for ", LogKind::kModuleRefused},
    {": version magic '", LogKind::kModuleRefused},
    {": module uses symbol (", LogKind::kModuleRefused},  // of a namespace that it does not import
    {".gnu.linkonce.this_module ", LogKind::kModuleRefused},   // of another size or number
    {"failed to validate module [", LogKind::kModuleRefused},  // kernel/bpf/btf.c
    // kernel/module/signing.c: "Loading", or of some kernels after 5.4 "efa: loading"
    {"oading of unsigned module is rejected", LogKind::kModuleUnsigned},
    {"oading of module with unavailable key is rejected", LogKind::kKeyUnknown},
    {"oading of module with unsupported crypto is rejected", LogKind::kKeyUnknown},
    // security/lockdown, whatever is wrong with the signature
    {": unsigned module loading is restricted", LogKind::kKeyUnknown},
    {"Couldn't register efa driver", LogKind::kLoadFailed},
    {": exports duplicate symbol ", LogKind::kLoadFailed},
    {" is blacklisted", LogKind::kLoadFailed},
    {"BAR unavailable", LogKind::kBarUnavailable},
    {"BARs unavailable", LogKind::kBarUnavailable},
    {"pci_request_selected_regions", LogKind::kRegionBusy},
    {"can't reset device", LogKind::kResetFailed},
    {"Device isn't ready", LogKind::kDeviceNotReady},
    {"Reset indication didn't turn", LogKind::kResetFailed},
    {"Invalid timeout value", LogKind::kResetFailed},
    {"Failed to enable MSI-X", LogKind::kMsixFailed},
    {"Failed to request irq", LogKind::kIrqFailed},
    {"lower than the minimal", LogKind::kVersionTooLow},
    {"dma_set_mask_and_coherent failed", LogKind::kDmaFailed},
    {"DMA width illegal value", LogKind::kDmaFailed},
    {"Reading register timed out", LogKind::kRegisterTimeout},
    {"Reading register failed", LogKind::kRegisterTimeout},
    {"didn't send any completion", LogKind::kAdminTimeout},
    {"Wait for completion (polling) timeout", LogKind::kAdminTimeout},
    {"didn't receive any MSI-X interrupt", LogKind::kInterruptLost},
    {"Admin queue is closed", LogKind::kAdminQueueClosed},
    {"Failed to submit command", LogKind::kCommandFailed},
    {"Failed to process command", LogKind::kCommandFailed},
    {"Failed to register mr", LogKind::kCommandFailed},
    {"Failed to allocate pd", LogKind::kCommandFailed},
    {"Failed to create qp", LogKind::kCommandFailed},
    {"Failed to create cq", LogKind::kCommandFailed},
    {"Failed to create ah", LogKind::kCommandFailed},
    {"Failed to get stats", LogKind::kCommandFailed},
    {"Completion event on non-existent CQ", LogKind::kOutOfStep},
    {"Unknown event", LogKind::kOutOfStep},
    {"Completion context[", LogKind::kOutOfStep},
    {"Received completion with unexpected command id", LogKind::kOutOfStep},
    {"Acquired peer memory", LogKind::kPeerMemory},
    {"Setup irq", LogKind::kIrqSetUp},
};

LogKind kind_of(std::string_view text) {
  for (const Kind& kind : kKinds) {
    if (text.find(kind.fragment) != std::string_view::npos) return kind.kind;
  }
  return LogKind::kOther;
}

std::string_view without_colon(std::string_view word) {
  if (word.ends_with(':')) word.remove_suffix(1);
  return word;
}

// Nearly all records are of others, as their first word tells.
bool may_speak_of_efa(std::string_view text) {
  constexpr std::string_view kFirst[] = {
      "efa", "efa_nv_peermem", "Elastic", "ib_uverbs", "ib_core", "Module",   "module",
      "pci", "pcieport",       "(null)",  "Loading",   "failed",  "Lockdown", "infiniband"};
  text = trim(text);
  return is_one_of(without_colon(text.substr(0, text.find(' '))), kFirst);
}

// "efa 0000:00:06.0 rdmap0s6: text", "infiniband efa_0: text", "infiniband rdmaP13p1s0: text",
// "pci 0000:00:06.0: text", "efa: probe of 0000:00:06.0 failed with error -28"
void take_names(const std::vector<std::string>& fields, LogMessage& message) {
  if (fields.size() > 3 && fields[0] == "efa:" && fields[1] == "probe" && fields[2] == "of") {
    message.address = PciAddress::from_text(fields[3]);
    return;
  }
  for (size_t i = 1; i < fields.size() && i <= 2; ++i) {
    const std::string name(without_colon(fields[i]));
    if (const auto address = PciAddress::from_text(name)) {
      message.address = address;
    } else if (name.starts_with("efa_") || name.starts_with("rdma")) {
      message.device = name;
    }
    if (fields[i].ends_with(':')) return;
  }
}

// The module whose load it tells of: "efa: Unknown symbol ...", "Module efa is blacklisted",
// "module efa: .gnu.linkonce...", "failed to validate module [efa] BTF: -22".
std::string_view module_of(const std::vector<std::string>& fields) {
  if (fields.size() > 4 && fields[0] == "failed") {
    const std::string_view name = fields[4];
    return name.size() > 2 ? name.substr(1, name.size() - 2) : name;
  }
  const bool named_second = fields.size() > 1 && (fields[0] == "Module" || fields[0] == "module");
  return without_colon(fields[named_second ? 1 : 0]);
}

// Of efa itself or of what it needs: that keeps it out too.
bool is_load_that_failed(const std::vector<std::string>& fields, const LogMessage& message) {
  constexpr std::string_view kModules[] = {"efa", "ib_uverbs", "ib_core"};
  return tells_of_load(message) && is_one_of(module_of(fields), kModules);
}

bool speaks_of_efa(const std::vector<std::string>& fields, std::string_view text,
                   const LogMessage& message) {
  if (fields.empty() || tells_of_process(text)) return false;
  const std::string_view first = without_colon(fields[0]);
  if (first == "efa" || first == "efa_nv_peermem" || text.starts_with("Elastic Fabric Adapter") ||
      tells_of_signature(message) || is_load_that_failed(fields, message)) {
    return true;
  }
  // ENA logs the same words; only the RDMA core's prefix of an EFA device, a PCI line about one, or
  // 6.1's nameless line of a device that never registered is taken
  if (first == "infiniband") return message.device.has_value();
  if (first == "pci" || first == "pcieport") return message.address.has_value();
  return first == "(null)" && text.find("for admin cmd") != std::string_view::npos;
}

// "pci 0000:00:06.0: [1d0f:efa1] type 00 class 0x020000": the bus was scanned. "efa 0000:00:06.0:
// ..." or "efa 0000:00:06.0 rdmap0s6: ...": the driver was bound to it.
bool names_efa_function(std::string_view text) {
  return text.starts_with("efa ") ||
         (text.starts_with("pci ") && text.find(": [1d0f:efa") != std::string_view::npos);
}

// kernel/module/main.c; osapi.c and nv-dmabuf.c of NVIDIA/open-gpu-kernel-modules. After "NVRM: "
// the releases differ, so these are searched for behind it.
struct AcceleratorWords {
  std::string_view begin;
  std::string_view fragment;
  const char* kind;
};
constexpr AcceleratorWords kAcceleratorWords[] = {
    {"failing symbol_get of", "failing symbol_get of non-GPLONLY symbol nvidia_p2p_",
     kSymbolsCutOff},
    {"NVRM: ", "NVRM: API mismatch: the client", kApiMismatch},
    {"NVRM: ", "topology not supported for mapping type FORCE_PCIE", kMappingRefused},
    {"NVRM: ", "PCI topology not supported for dma-buf", kDmabufRefused},
    {"NVRM: ", "importer unable to handle MMIO without struct page", kDmabufRefused},
    {"NVRM: ", "Invalid argument in nv_p2p_get_pages,address or length are not aligned",
     kRangeMisaligned},
    {"NVRM: ", "installed in this system is not supported by ", kGpuNotSupported},
    {"NVRM: ", "requires use of the NVIDIA open kernel modules", kGpuNotSupported},
};

const AcceleratorWords* accelerator_words_of(const std::optional<KernelRecord>& record) {
  if (!record || !is_kernels_own(*record) || tells_of_process(record->text)) return nullptr;
  for (const AcceleratorWords& known : kAcceleratorWords) {
    const bool is_it = record->text.starts_with(known.begin) &&
                       record->text.find(known.fragment) != std::string_view::npos;
    if (is_it) return &known;
  }
  return nullptr;
}

}  // namespace

std::optional<AcceleratorMessage> parse_accelerator_message(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  const AcceleratorWords* known = accelerator_words_of(parsed);
  if (known == nullptr) return std::nullopt;
  return AcceleratorMessage{known->kind, parsed->usec};
}

std::string words_of_accelerator_message(std::string_view record) {
  const AcceleratorWords* known = accelerator_words_of(parse_kernel_record(record));
  if (known == nullptr) return "";
  std::string text(record.substr(0, record.find(';') + 1));
  if (!known->fragment.starts_with(known->begin)) text += known->begin;
  text += known->fragment;
  return text;
}

std::optional<PciAddress> named_efa_function(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !is_kernels_own(*parsed)) return std::nullopt;
  const auto message = parse_kernel_message(record);
  return message && names_efa_function(message->text) ? message->address : std::nullopt;
}

std::optional<LogMessage> parse_kernel_message(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !may_speak_of_efa(parsed->text)) return std::nullopt;
  LogMessage message;
  message.usec = parsed->usec;
  message.priority = static_cast<int>(parsed->priority & 7U);  // above are the facility's bits
  message.kind = kind_of(parsed->text);
  message.text = make_utf8(parsed->text.substr(0, kMaxText));
  const std::vector<std::string> fields = words(parsed->text);
  take_names(fields, message);
  if (!speaks_of_efa(fields, parsed->text, message)) return std::nullopt;
  // the driver's own errors name a device: one that names the module alone is of its load
  const bool of_load = fields[0] == "efa:" && message.priority <= kErrorPriority;
  if (of_load && message.kind == LogKind::kOther) message.kind = LogKind::kLoadFailed;
  return message;
}

}  // namespace efa
