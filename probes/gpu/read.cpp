// probe-gpu: looks at /sys/bus/pci/devices, /sys/module and (read_nvidia.cpp) /proc/driver/nvidia.
// Interface: facts.h.
// Where the kernel cuts NVIDIA's symbols off, each read of the attribute p2p makes it log a
// warning. The answer is the same for all EFA devices: one is asked, here and by no other probe.

#include "probes/gpu/read.h"

#include <utility>

#include "probes/base/bounds.h"
#include "probes/base/text.h"
#include "probes/gpu/facts.h"
#include "probes/gpu/parse.h"
#include "probes/gpu/read_fabric.h"
#include "probes/gpu/read_nvidia.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr const char* kDevices = "/sys/bus/pci/devices";
constexpr const char* kModules = "/sys/module";
constexpr uint32_t kNvidiaVendor = 0x10de;

// Accelerators and what belongs to them are of these vendors; any other function costs one read.
bool may_matter(uint32_t vendor) {
  return vendor == kAmazonVendor || vendor == kNvidiaVendor || vendor == 0x15b3;
}

Accelerator read_accelerator(const Look& look, const PciAddress& address) {
  const std::string path = std::string(kDevices) + "/" + address.to_text();
  Accelerator accelerator;
  accelerator.address = address;
  accelerator.vendor = look.root.text(path + "/vendor").value_or("");
  accelerator.device = look.root.text(path + "/device").value_or("");
  accelerator.driver = reading_of(look.root.link(path + "/driver"));
  if (accelerator.driver) accelerator.driver = base_name(*accelerator.driver);
  accelerator.iommu_group = reading_of(look.root.link(path + "/iommu_group"));
  if (accelerator.iommu_group) accelerator.iommu_group = base_name(*accelerator.iommu_group);
  const auto numa = look.root.text(path + "/numa_node");
  const auto node = numa ? parse_number<int>(*numa) : std::nullopt;
  if (node && *node >= 0) accelerator.numa_node = node;
  const Result<std::string> target = look.root.link(path);
  if (target) accelerator.path = parse_device_path(*target);
  return accelerator;
}

// What hides that a function of NVIDIA's is a GPU; nothing where all is told, or it is of others.
std::optional<Unseen> hides_gpu(const Look& look, const PciAddress& address, uint32_t vendor,
                                uint32_t class_code) {
  const std::string path = std::string(kDevices) + "/" + address.to_text();
  const bool told = vendor == kNvidiaVendor ? class_code != 0 : vendor != 0;
  if (told) return std::nullopt;
  if (vendor == 0 && base_name(look.root.link(path + "/driver").value_or("")) != "nvidia") {
    return std::nullopt;
  }
  const std::string file = path + (vendor == 0 ? "/vendor" : "/class");
  const Result<std::string> text = look.root.read(file);
  return text ? Unseen{file, "is no id"} : unseen_of(file, text.error());
}

struct Addresses {
  std::vector<UnidentifiedFunction> unidentified;
  std::vector<PciAddress> nvidia;
  std::vector<PciAddress> neuron;
  std::vector<PciAddress> efa;
  std::vector<PciAddress> nvlink;
};

void take_address(AcceleratorKind kind, const PciAddress& address, Addresses& addresses) {
  const auto take = [&](std::vector<PciAddress>& list) {
    if (list.size() < kMaxDevices) list.push_back(address);
  };
  if (kind == AcceleratorKind::kNvidia) take(addresses.nvidia);
  if (kind == AcceleratorKind::kNeuron) take(addresses.neuron);
  if (kind == AcceleratorKind::kEfa) take(addresses.efa);
  if (kind == AcceleratorKind::kNvlink) take(addresses.nvlink);
}

void take_function(const Look& look, const PciAddress& address, Addresses& addresses) {
  const uint32_t vendor = read_pci_id(look.root, address, "vendor");
  if (vendor != 0 && !may_matter(vendor)) return;
  const uint32_t class_code = read_pci_id(look.root, address, "class");
  const auto hidden = hides_gpu(look, address, vendor, class_code);
  if (hidden && addresses.unidentified.size() < kMaxDevices) {
    addresses.unidentified.push_back({address, *hidden});
  }
  if (vendor == 0) return;
  const uint32_t device = read_pci_id(look.root, address, "device");
  take_address(kind_of_accelerator(vendor, device, class_code), address, addresses);
}

Addresses read_addresses(const Look& look) {
  Addresses addresses;
  for (const std::string& name : look.root.list(kDevices).value_or({})) {
    const auto address = PciAddress::from_text(name);
    if (address) take_function(look, *address, addresses);
  }
  return addresses;
}

std::vector<Accelerator> read_all(const Look& look, const std::vector<PciAddress>& addresses) {
  std::vector<Accelerator> all;
  for (const PciAddress& address : addresses) {
    look.out.doing("read PCI function", address.to_text());
    all.push_back(read_accelerator(look, address));
  }
  return all;
}

// Its version; "" of one that is loaded and shows none.
Reading<std::string> read_module(const Look& look, const std::string& name) {
  const std::string folder = std::string(kModules) + "/" + name;
  const Result<std::string> version = look.root.read(folder + "/version");
  if (version || version.error().kind != ErrorKind::kNotFound) return reading_of(version);
  const Result<FileStatus> loaded = look.root.status(folder);
  return loaded ? Reading<std::string>("") : reading_of<std::string>(loaded.error());
}

void read_modules(const Look& look, AcceleratorModules& modules) {
  const std::pair<const char*, Reading<std::string>*> rows[] = {
      {"efa", &modules.efa},
      {"nvidia", &modules.nvidia},
      {"nvidia_uvm", &modules.nvidia_uvm},
      {"efa_nv_peermem", &modules.efa_nv_peermem},
      {"nvidia_peermem", &modules.nvidia_peermem},
      {"gdrdrv", &modules.gdrdrv},
      {"neuron", &modules.neuron},
      {"mlx5_ib", &modules.mlx5_ib},
      {"ib_umad", &modules.ib_umad},
  };
  // without the folder no module is absent: nothing is known of any
  const Result<FileStatus> folder = look.root.status(kModules);
  for (const auto& [name, module] : rows) {
    *module = folder ? read_module(look, name)
                     : Reading<std::string>(unseen_of(kModules, folder.error()));
  }
}

// What goes with the driver, where it is loaded.
void read_drivers_company(const Look& look, GpuFacts& facts) {
  read_fabric_manager(look, facts.fabric_manager);
  facts.nvidia_on_disk = read_nvidia_on_disk(look, facts);
  const auto params = look.root.text("/proc/driver/gdrdrv/params");
  if (params) facts.gdrdrv_open = parse_gdrdrv_flavour(*params);
}

Reading<bool> is_there(const Look& look, const std::string& path) {
  const Result<FileStatus> status = look.root.status(path);
  if (status) return true;
  return status.error().kind == ErrorKind::kNotFound ? Reading<bool>(false)
                                                     : reading_of<bool>(status.error());
}

void read_nvlink(const Look& look, GpuFacts& facts) {
  if (facts.nvlink.empty()) return;
  facts.nvlink_rdma =
      is_there(look, std::string(kDevices) + "/" + facts.nvlink.front().to_text() + "/infiniband");
  facts.mad_class = is_there(look, "/sys/class/infiniband_mad");
}

// As PeerMemory has it.
bool is_provider(std::string_view attribute, std::string_view text) {
  if (attribute == "gdr") return text == "0" || text == "1";
  return text.empty() || text == "NEURON" || text.starts_with("NVIDIA");
}

Reading<PeerMemory> read_attribute(const Look& look, const PciAddress& address,
                                   const char* attribute) {
  const std::string path = std::string(kDevices) + "/" + address.to_text() + "/" + attribute;
  look.out.doing("read " + std::string(attribute), address.to_text());
  const Result<std::string> text = look.root.read(path);
  if (!text) return reading_of<PeerMemory>(text.error());
  if (!is_provider(attribute, *text)) return Unseen{path, "names no provider that is known"};
  return PeerMemory{address, attribute, *text};
}

// Of the first device that the driver has.
Reading<PeerMemory> read_peer_memory(const Look& look, const std::vector<PciAddress>& efa) {
  for (const PciAddress& address : efa) {
    const auto driver = look.root.link(std::string(kDevices) + "/" + address.to_text() + "/driver");
    if (!driver || base_name(*driver) != "efa") continue;
    Reading<PeerMemory> peer = read_attribute(look, address, "p2p");
    const bool absent = !peer && peer.unreadable() == nullptr;
    return absent ? read_attribute(look, address, "gdr") : peer;
  }
  return std::nullopt;
}

}  // namespace

void read_gpu(const Look& look) {
  GpuFacts facts;
  Telling<GpuFacts> telling(look.out);
  look.out.doing("list PCI functions", kDevices);
  const Addresses addresses = read_addresses(look);
  facts.nvidia = read_all(look, addresses.nvidia);
  facts.neuron = read_all(look, addresses.neuron);
  facts.unidentified = addresses.unidentified;
  facts.nvlink = addresses.nvlink;
  const bool any = !facts.nvidia.empty() || !facts.neuron.empty();
  if (any) facts.efa = read_all(look, addresses.efa);
  telling.so_far(facts);
  look.out.doing("read modules", kModules);
  facts.kernel_release = reading_of(look.root.read("/proc/sys/kernel/osrelease"));
  if (any) read_modules(look, facts.modules);
  read_nvlink(look, facts);
  const bool has_nvidia = facts.modules.nvidia || facts.modules.nvidia.unreadable() != nullptr;
  if (!facts.nvidia.empty() && has_nvidia) {
    read_nvidia(look, facts);
    read_drivers_company(look, facts);
  }
  telling.so_far(facts);
  facts.p2p = read_peer_memory(look, addresses.efa);
  telling.all(facts);
}

}  // namespace efa
