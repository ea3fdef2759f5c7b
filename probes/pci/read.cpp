// probe-pci: looks at /sys/bus/pci/devices.
// Interface: Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-pci-devices-aer_stats.
// Functions are known by their numeric ids only: pci.ids names lag behind the hardware.

#include <cerrno>

#include "probes/pci/facts.h"
#include "probes/protocol/bounds.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/probe_main.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

constexpr const char* kDevices = "/sys/bus/pci/devices";

struct Identity {
  uint32_t vendor = 0;
  uint32_t device = 0;
  uint32_t class_code = 0;  // 24 bits: class, subclass, programming interface
};

// ena_pci_id_tbl.h of amzn-drivers
bool is_ena(const Identity& id) {
  return id.vendor == kAmazonVendor &&
         (id.device == 0x0ec2 || id.device == 0x1ec2 || id.device == 0xec20 ||
          id.device == 0xec21 || id.device == 0x0051);
}
bool is_unknown_ethernet(const Identity& id) {
  return id.vendor == kAmazonVendor && id.class_code >> 8U == 0x0200;
}

std::string device_path(const PciAddress& address, const std::string& file) {
  return std::string(kDevices) + "/" + address.to_text() + "/" + file;
}

// "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0" -> "0000:00:01.0"
std::optional<std::string> parse_bridge(const std::string& target) {
  const std::vector<std::string> parts = split(target, '/');
  if (parts.size() < 2) return std::nullopt;
  const std::string& above = parts[parts.size() - 2];
  return PciAddress::from_text(above) ? std::optional(above) : std::nullopt;
}

// "0x00000000fe000000 0x00000000fe003fff 0x0000000000040200" a line; the first six are the BARs
std::vector<uint64_t> parse_bar_sizes(const std::string& resource) {
  std::vector<uint64_t> sizes;
  for (const std::string& line : split(resource, '\n')) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() != 3 || sizes.size() == 6) break;
    const auto start = parse_number<uint64_t>(fields[0], 16);
    const auto end = parse_number<uint64_t>(fields[1], 16);
    sizes.push_back(start && end && *end > *start ? *end - *start + 1 : 0);
  }
  return sizes;
}

std::optional<PciLink> read_link(const Look& look, const PciAddress& address, const char* which) {
  const std::string prefix = std::string(which) + "_link_";
  const Result<std::string> speed = look.root.read(device_path(address, prefix + "speed"));
  const Result<std::string> width = look.root.read(device_path(address, prefix + "width"));
  if (!speed && !width) return std::nullopt;  // no PCIe link in this guest
  return PciLink{speed.value_or(""), width ? parse_number<int>(*width) : std::nullopt};
}

void read_aer(const Look& look, PciFunction& function) {
  for (const char* kind : {"correctable", "nonfatal", "fatal"}) {
    const Result<std::string> text =
        look.root.read(device_path(function.address, std::string("aer_dev_") + kind));
    if (!text) continue;
    for (const std::string& line : split(*text, '\n')) {
      const std::vector<std::string> fields = words(line);  // "TOTAL_ERR_COR 0"
      if (fields.size() != 2 || !fields[0].starts_with("TOTAL_")) continue;
      if (const auto count = parse_number<uint64_t>(fields[1])) {
        function.aer_errors[kind] = *count;
      }
    }
  }
}

PciFunction read_function(const Look& look, const PciAddress& address, PciFacts& facts) {
  PciFunction function;
  function.address = address;
  const auto read = [&](const std::string& file) {
    return look.root.read(device_path(address, file));
  };
  function.vendor = read("vendor").value_or("");
  function.device = read("device").value_or("");
  function.class_code = read("class").value_or("");
  const Result<std::string> driver = look.root.link(device_path(address, "driver"));
  if (driver) {
    function.driver = base_name(*driver);
  } else if (driver.error().kind != ErrorKind::kNotFound) {
    facts.unseen.push_back(
        {device_path(address, "driver"), driver.error().what, driver.error().os_error});
  }
  const Result<std::string> override_name = read("driver_override");
  if (override_name) {
    function.driver_override = *override_name == "(null)" ? std::string() : *override_name;
  }
  if (const Result<std::string> enable = read("enable")) function.enabled = *enable != "0";
  if (const Result<std::string> numa = read("numa_node")) {
    const auto node = parse_number<int>(*numa);
    if (node && *node >= 0) function.numa_node = node;
  }
  const Result<std::string> target =
      look.root.link(std::string(kDevices) + "/" + address.to_text());
  if (target) function.bridge = parse_bridge(*target);
  const Result<std::string> config = look.root.read_bytes(device_path(address, "config"), 4);
  if (config && config->size() == 4) {
    function.config = to_hex(*config);
  } else {
    facts.unseen.push_back({device_path(address, "config"),
                            config ? "fewer than 4 bytes" : config.error().what,
                            config ? 0 : config.error().os_error});
  }
  function.link = read_link(look, address, "current");
  function.link_max = read_link(look, address, "max");
  function.bar_sizes = parse_bar_sizes(read("resource").value_or(""));
  read_aer(look, function);
  return function;
}

void read_pci(const Look& look) {
  look.out.doing("list PCI functions", kDevices);
  const Result<std::vector<std::string>> names = look.root.list(kDevices);
  PciFacts facts;
  if (!names) {
    look.out.add("unseen", Unseen{kDevices, names.error().what, names.error().os_error});
    return;
  }
  look.out.set("functions", static_cast<int>(names->size()));
  size_t efa = 0;
  size_t unidentified = 0;
  for (const std::string& name : *names) {
    const auto address = PciAddress::from_text(name);
    if (!address) continue;
    const Identity id{read_pci_id(look.root, *address, "vendor"),
                      read_pci_id(look.root, *address, "device"),
                      read_pci_id(look.root, *address, "class")};
    if (id.vendor == 0 || (id.vendor == kAmazonVendor && id.device == 0)) {
      look.out.add("unidentified", *address);
      if (++unidentified == kMaxDevices) {
        facts.unseen.push_back({kDevices, "more than 256 functions cannot be identified", E2BIG});
        break;
      }
    } else if (is_efa_id(id.vendor, id.device)) {
      if (++efa > kMaxDevices) {
        look.out.add("unidentified", *address);
        facts.unseen.push_back({kDevices, "more than 256 EFA functions", E2BIG});
        break;
      }
      look.out.doing("read PCI function", name);
      look.out.add("efa", read_function(look, *address, facts));
    } else if (is_ena(id)) {
      look.out.add("ena", *address);
    } else if (is_gpu_id(id.vendor, id.class_code >> 8U)) {
      look.out.add("gpus", *address);
    } else if (is_neuron_id(id.vendor, id.class_code >> 8U)) {
      look.out.add("neuron", *address);
    } else if (is_unknown_ethernet(id)) {
      look.out.add("amazon_unknown", read_function(look, *address, facts));
    }
  }
  for (const Unseen& unseen : facts.unseen) look.out.add("unseen", unseen);
}

}  // namespace
}  // namespace efa

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_pci);
}
