#include "probes/log/parse.h"

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxText = 512;

struct Kind {
  const char* fragment;
  const char* kind;
};

// efa_main.c and efa_com.c of the driver 3.1.0; "probe with driver" is the driver core's (6.12)
constexpr Kind kKinds[] = {
    {"IB device registered", "device-registered"},
    {"Unregister ib device", "device-unregistered"},
    {"EFA device init failed", "probe-failed"},
    {"probe with driver efa failed", "probe-failed"},
    {"pci_enable_device_mem() failed", "probe-failed"},
    {"Device alloc failed", "probe-failed"},
    {"Failed to init readless MMIO", "probe-failed"},
    {"Failed to remap register bar", "probe-failed"},
    {"Failed to allocate QP table", "probe-failed"},
    {"Failed to allocate UAR, err", "probe-failed"},
    {"Failed to create eq", "probe-failed"},
    {"Couldn't register efa driver", "load-failed"},
    {"efa: Unknown symbol ", kModuleRefused},  // kernel/module/main.c and version.c
    {"efa: disagrees about version of symbol ", kModuleRefused},
    {"efa: version magic ", kModuleRefused},
    {"BAR unavailable", "bar-unavailable"},
    {"BARs unavailable", "bar-unavailable"},
    {"pci_request_selected_regions", "bar-unavailable"},
    {"can't reset device", "reset-failed"},
    {"Device isn't ready", "device-not-ready"},
    {"Reset indication didn't turn", "reset-failed"},
    {"Invalid timeout value", "reset-failed"},
    {"Failed to enable MSI-X", "msix-failed"},
    {"Failed to request irq", "irq-failed"},
    {"lower than the minimal", "version-too-low"},
    {"dma_set_mask_and_coherent failed", "dma-failed"},
    {"DMA width illegal value", "dma-failed"},
    {"Reading register timed out", "register-timeout"},
    {"Reading register failed", "register-timeout"},
    {"didn't send any completion", "admin-timeout"},
    {"Wait for completion (polling) timeout", "admin-timeout"},
    {"didn't receive any MSI-X interrupt", "interrupt-lost"},
    {"Admin queue is closed", "admin-queue-closed"},
    {"Failed to submit command", "command-failed"},
    {"Failed to process command", "command-failed"},
    {"Failed to register mr", "command-failed"},
    {"Failed to allocate pd", "command-failed"},
    {"Failed to create qp", "command-failed"},
    {"Failed to create cq", "command-failed"},
    {"Failed to create ah", "command-failed"},
    {"Failed to get stats", "command-failed"},
    {"Completion event on non-existent CQ", "out-of-step"},
    {"Unknown event", "out-of-step"},
    {"Completion context[", "out-of-step"},
    {"Received completion with unexpected command id", "out-of-step"},
    {"Acquired peer memory", "peer-memory"},
    {"Setup irq", "irq-set-up"},
};

std::string kind_of(std::string_view text) {
  for (const Kind& kind : kKinds) {
    if (text.find(kind.fragment) != std::string_view::npos) return kind.kind;
  }
  return "other";
}

std::string_view without_colon(std::string_view word) {
  if (word.ends_with(':')) word.remove_suffix(1);
  return word;
}

// "efa 0000:00:06.0 rdmap0s6: text", "infiniband efa_0: text", "pci 0000:00:06.0: text"
void take_names(const std::vector<std::string>& fields, LogMessage& message) {
  for (size_t i = 1; i < fields.size() && i <= 2; ++i) {
    const std::string name(without_colon(fields[i]));
    if (const auto address = PciAddress::from_text(name)) {
      message.address = address;
    } else if (name.starts_with("efa_") || name.starts_with("rdmap")) {
      message.device = name;
    }
    if (fields[i].ends_with(':')) return;
  }
}

// "NAME[4711]: segfault at ...", "NAME (4711) used ...", "NAME: page allocation failure: ...": the
// kernel begins these with a process's name, which is any text of up to 15 bytes.
bool tells_of_process(std::string_view text) {
  constexpr size_t kLongestName = 15;  // TASK_COMM_LEN of linux/sched.h
  for (size_t at = 0; at < text.size() && at <= kLongestName + 1; ++at) {
    if (text[at] != '[' && text[at] != '(' && text[at] != '/') continue;
    const size_t end = text.find_first_not_of("0123456789", at + 1);
    if (end != std::string_view::npos && end > at + 1 &&
        std::string_view("]):").find(text[end]) != std::string_view::npos) {
      return true;
    }
  }
  const size_t colon = text.find(": ");
  return colon <= kLongestName && (text.find(" allocation failure: order:") != text.npos ||
                                   text.find(": vmalloc error: ") != text.npos);
}

bool speaks_of_efa(const std::vector<std::string>& fields, std::string_view text,
                   const LogMessage& message) {
  if (fields.empty() || tells_of_process(text)) return false;
  const std::string_view first = without_colon(fields[0]);
  if (first == "efa" || first == "efa_nv_peermem" || text.starts_with("Elastic Fabric Adapter")) {
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

// Facility 0 of syslog(3): a process that writes to /dev/kmsg has another.
bool is_kernels_own(std::string_view record) {
  constexpr unsigned kMostOfKernel = 7;
  const auto priority = parse_number<unsigned>(std::string(record.substr(0, record.find(','))));
  return priority && *priority <= kMostOfKernel;
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
};

const AcceleratorWords* accelerator_words_of(std::string_view record) {
  const size_t semicolon = record.find(';');
  if (semicolon == std::string_view::npos || !is_kernels_own(record)) return nullptr;
  const std::string_view text = record.substr(semicolon + 1);
  if (tells_of_process(text)) return nullptr;
  for (const AcceleratorWords& known : kAcceleratorWords) {
    const bool is_it =
        text.starts_with(known.begin) && text.find(known.fragment) != std::string_view::npos;
    if (is_it) return &known;
  }
  return nullptr;
}

}  // namespace

std::optional<AcceleratorMessage> parse_accelerator_message(std::string_view record) {
  const AcceleratorWords* known = accelerator_words_of(record);
  if (known == nullptr) return std::nullopt;
  const std::vector<std::string> head = split(record.substr(0, record.find(';')), ',');
  const auto usec = head.size() < 3 ? std::nullopt : parse_number<uint64_t>(head[2]);
  if (!usec) return std::nullopt;
  return AcceleratorMessage{known->kind, *usec};
}

std::string words_of_accelerator_message(std::string_view record) {
  const AcceleratorWords* known = accelerator_words_of(record);
  if (known == nullptr) return "";
  std::string text(record.substr(0, record.find(';') + 1));
  if (!known->fragment.starts_with(known->begin)) text += known->begin;
  text += known->fragment;
  return text;
}

std::optional<PciAddress> named_efa_function(std::string_view record) {
  const auto message = is_kernels_own(record) ? parse_kernel_message(record) : std::nullopt;
  return message && names_efa_function(message->text) ? message->address : std::nullopt;
}

std::optional<LogMessage> parse_kernel_message(std::string_view record) {
  const size_t semicolon = record.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> head = split(record.substr(0, semicolon), ',');
  if (head.size() < 3) return std::nullopt;
  const auto priority = parse_number<unsigned>(head[0]);
  const auto usec = parse_number<uint64_t>(head[2]);
  if (!priority || !usec) return std::nullopt;
  std::string_view text = record.substr(semicolon + 1);
  text = text.substr(0, text.find('\n'));
  LogMessage message;
  message.usec = *usec;
  message.priority = static_cast<int>(*priority & 7U);  // above are the facility's bits
  message.kind = kind_of(text);
  message.text = make_utf8(text.substr(0, kMaxText));
  const std::vector<std::string> fields = words(text);
  take_names(fields, message);
  if (!speaks_of_efa(fields, text, message)) return std::nullopt;
  return message;
}

}  // namespace efa
