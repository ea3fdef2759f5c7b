// probe-pci: looks at /sys/bus/pci/devices.
// Interface: Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-pci-devices-aer_stats.
// Functions are known by their numeric ids only: pci.ids names lag behind the hardware.

#include "probes/pci/read.h"
#include "probes/base/unseen.h"

#include <cerrno>

#include "probes/base/bounds.h"
#include "probes/base/text.h"
#include "probes/pci/facts.h"
#include "probes/pci/parse.h"
#include "probes/protocol/efa_functions.h"

namespace efa {
namespace {

constexpr const char* kDevices = "/sys/bus/pci/devices";

struct Counts {
  size_t efa = 0;
  size_t unidentified = 0;
};

std::string device_path(const PciAddress& address, const std::string& file) {
  return std::string(kDevices) + "/" + address.to_text() + "/" + file;
}

Reading<PciLink> read_link(const Look& look, const PciAddress& address, const char* which) {
  const std::string prefix = std::string(which) + "_link_";
  const Result<std::string> speed = look.root.read(device_path(address, prefix + "speed"));
  const Result<std::string> width = look.root.read(device_path(address, prefix + "width"));
  for (const Result<std::string>* half : {&speed, &width}) {
    if (!*half && half->error().kind != ErrorKind::kNotFound) return unseen_of(half->error());
  }
  if (!speed && !width) return std::nullopt;  // no PCIe link in this guest
  const auto number = width ? parse_number<int>(*width) : std::nullopt;
  if (speed && !is_link_speed(*speed)) {
    return Unseen{device_path(address, prefix + "speed"), "is no speed"};
  }
  if (width && !number) return Unseen{device_path(address, prefix + "width"), "is no number"};
  return PciLink{speed.value_or(""), number};
}

Reading<int> read_numa_node(const Look& look, const PciAddress& address) {
  const std::string path = device_path(address, "numa_node");
  const Result<std::string> text = look.root.read(path);
  if (!text) return reading_of<int>(text.error());
  if (!parse_number<int>(*text)) return Unseen{path, "is no number"};
  const auto node = parse_numa_node(*text);
  return node ? Reading<int>(*node) : std::nullopt;
}

void read_aer(const Look& look, PciFunction& function) {
  for (const char* kind : {"correctable", "nonfatal", "fatal"}) {
    const std::string path = device_path(function.address, std::string("aer_dev_") + kind);
    const Result<std::string> text = look.root.read(path);
    const auto total = text ? parse_aer_total(*text) : std::nullopt;
    if (total) {
      function.aer_errors[kind] = *total;
    } else if (text) {
      function.aer_unseen.push_back({path, "has no total"});
    } else if (text.error().kind != ErrorKind::kNotFound) {
      function.aer_unseen.push_back(unseen_of(path, text.error()));
    }
  }
}

PciFunction read_function(const Look& look, const PciAddress& address) {
  PciFunction function;
  function.address = address;
  const auto read = [&](const std::string& file) {
    return look.root.read(device_path(address, file));
  };
  function.vendor = read("vendor").value_or("");
  function.device = read("device").value_or("");
  function.class_code = read("class").value_or("");
  function.driver = reading_of(look.root.link(device_path(address, "driver")));
  if (function.driver) function.driver = base_name(*function.driver);
  if (const Unseen* unseen = function.driver.unreadable()) look.out.add("unseen", *unseen);
  function.driver_override = reading_of(read("driver_override"));
  if (function.driver_override) {
    function.driver_override = parse_driver_override(*function.driver_override);
  }
  if (const Result<std::string> enable = read("enable")) function.enabled = *enable != "0";
  function.numa_node = read_numa_node(look, address);
  const Result<std::string> target =
      look.root.link(std::string(kDevices) + "/" + address.to_text());
  if (target) function.bridge = parse_bridge(*target);
  const Result<std::string> config = look.root.read_bytes(device_path(address, "config"), 4);
  if (config && config->size() == 4) {
    function.config = to_hex(*config);
  } else {
    look.out.add("unseen", Unseen{device_path(address, "config"),
                                  config ? "fewer than 4 bytes" : config.error().what,
                                  config ? 0 : config.error().os_error});
  }
  function.link = read_link(look, address, "current");
  if (const auto most = read_link(look, address, "max")) function.link_max = *most;
  function.bar_sizes = parse_bar_sizes(read("resource").value_or(""));
  read_aer(look, function);
  return function;
}

void add_unidentified(const Look& look, const PciAddress& address, const char* file) {
  const std::string path = device_path(address, file);
  const Result<std::string> text = look.root.read(path);
  look.out.add("unseen", text ? Unseen{path, "is no id"} : unseen_of(path, text.error()));
}

// Emits what that function is. False when there are more than can be looked at.
bool take_function(const Look& look, const PciAddress& address, Counts& counts) {
  const PciIdentity identity{read_pci_id(look.root, address, "vendor"),
                             read_pci_id(look.root, address, "device"),
                             read_pci_id(look.root, address, "class")};
  switch (kind_of(identity)) {
    case PciKind::kUnidentified:
      look.out.add("unidentified", address);
      add_unidentified(look, address, identity.vendor == 0 ? "vendor" : "device");
      if (++counts.unidentified < kMaxDevices) return true;
      look.out.add("unseen",
                   Unseen{kDevices, "more than 256 functions cannot be identified", E2BIG});
      return false;
    case PciKind::kEfa:
      if (++counts.efa > kMaxDevices) {
        look.out.add("unidentified", address);
        look.out.add("unseen", Unseen{kDevices, "more than 256 EFA functions", E2BIG});
        return false;
      }
      look.out.doing("read PCI function", address.to_text());
      look.out.add("efa", read_function(look, address));
      return true;
    case PciKind::kEna:
      look.out.add("ena", address);
      return true;
    case PciKind::kGpu:
      look.out.add("gpus", address);
      return true;
    case PciKind::kNeuron:
      look.out.add("neuron", address);
      return true;
    case PciKind::kAmazonEthernet:
      look.out.add("amazon_unknown", read_function(look, address));
      return true;
    case PciKind::kOther:
      return true;
  }
  return true;
}

}  // namespace

void read_pci(const Look& look) {
  look.out.doing("list PCI functions", kDevices);
  const Result<std::vector<std::string>> names = look.root.list(kDevices);
  if (!names) {
    look.out.add("unseen", unseen_of(kDevices, names.error()));
    return;
  }
  look.out.set("functions", static_cast<int>(names->size()));
  Counts counts;
  for (const std::string& name : *names) {
    const auto address = PciAddress::from_text(name);
    if (address && !take_function(look, *address, counts)) break;
  }
}

}  // namespace efa
