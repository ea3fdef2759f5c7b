// probe-rdma: looks at /sys/class/infiniband, /sys/class/infiniband_verbs and /dev/infiniband.
// Interface: Documentation/ABI/stable/sysfs-class-infiniband; ib_uverbs of the kernel.
// Reading any port counter makes the driver send admin commands to the device, which is a real
// sign of life but can block for 30 s: each device is asked in a process of its own.

#include "probes/rdma/read.h"
#include "probes/base/unseen.h"

#include <cerrno>
#include <map>

#include "probes/base/bounds.h"
#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/own_process.h"
#include "probes/rdma/facts.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

constexpr const char* kRdma = "/sys/class/infiniband";
constexpr const char* kVerbs = "/sys/class/infiniband_verbs";

std::string rdma_path(const std::string& name, const std::string& file) {
  return std::string(kRdma) + "/" + name + "/" + file;
}

// What open(2) says, on the machine itself: a node in a sysroot would open a device of this one.
void read_open(const Look& look, UverbsNode& node) {
  if (!look.root.live()) return;
  look.out.doing("open " + node.path);
  const Result<Done> opened = look.root.open_device(node.path);
  node.open_errno = opened ? 0 : opened.error().os_error;
  if (!opened) node.open_error = opened.error().what;
}

UverbsNode read_uverbs(const Look& look, const std::string& name) {
  UverbsNode node;
  node.name = name;
  node.path = "/dev/infiniband/" + name;
  node.number_expected = look.root.text(std::string(kVerbs) + "/" + name + "/dev");
  const Result<FileStatus> status = look.root.status(node.path);
  node.present = status.ok() || status.error().kind != ErrorKind::kNotFound;
  if (!status) {
    node.open_errno = status.error().os_error;
    node.open_error = status.error().what;
    return node;
  }
  node.character_device = status->is_character_device();
  node.number = std::to_string(status->major) + ":" + std::to_string(status->minor);
  node.mode = static_cast<int>(status->mode & 07777U);
  node.owner = static_cast<int>(status->uid);
  node.group = static_cast<int>(status->gid);
  read_open(look, node);
  return node;
}

struct UverbsNames {
  std::map<std::string, std::string> of_device;  // by the RDMA device's name
  std::optional<Unseen> unseen;  // why a device that is not among them may have one all the same
};

UverbsNames read_uverbs_names(const Look& look) {
  UverbsNames names;
  const auto could_not = [&](const Error& error) {
    if (error.kind == ErrorKind::kNotFound) return;
    const Unseen unseen{error.where, error.what, error.os_error};
    look.out.add("unseen", unseen);
    if (!names.unseen) names.unseen = unseen;
  };
  const Result<std::vector<std::string>> entries = look.root.list(kVerbs);
  if (!entries) could_not(entries.error());
  for (const std::string& entry : entries.value_or({})) {
    if (!entry.starts_with("uverbs")) continue;  // beside them lies abi_version
    const Result<std::string> ibdev = look.root.read(std::string(kVerbs) + "/" + entry + "/ibdev");
    if (ibdev) {
      names.of_device[*ibdev] = entry;
    } else {
      could_not(ibdev.error());
    }
  }
  return names;
}

RdmaDevice read_device(const Look& look, const std::string& name, const PciAddress& address,
                       const UverbsNames& uverbs) {
  RdmaDevice device;
  device.address = address;
  device.name = name;
  const Result<FileStatus> directory = look.root.status(rdma_path(name, ""));
  if (directory) device.registration = directory->inode;
  device.node_guid = look.root.text(rdma_path(name, "node_guid"));
  device.gid = look.root.text(rdma_path(name, "ports/1/gids/0"));
  if (device.gid) device.mac = parse_gid_mac(*device.gid);
  device.rate = look.root.text(rdma_path(name, "ports/1/rate"));
  device.port_state = look.root.text(rdma_path(name, "ports/1/state"));
  const auto found = uverbs.of_device.find(name);
  if (found != uverbs.of_device.end()) {
    device.uverbs = read_uverbs(look, found->second);
  } else if (uverbs.unseen) {
    device.uverbs = *uverbs.unseen;
  }
  return device;
}

std::map<std::string, uint64_t> read_counter_directory(const Look& look, const Emitter& out,
                                                       const std::string& directory,
                                                       Counters& counters) {
  std::map<std::string, uint64_t> values;
  out.doing("read " + directory, counters.address.to_text());
  const Result<std::vector<std::string>> names = look.root.list(directory);
  for (const std::string& name : names.value_or({})) {
    if (name == "lifespan" || counters.error) continue;  // milliseconds of caching, no counter
    const Result<std::string> text = look.root.read(directory + "/" + name);
    const auto value = text ? parse_number<uint64_t>(*text) : std::nullopt;
    if (value) {
      values[name] = *value;
    } else {
      counters.error = text ? 0 : text.error().os_error;
      counters.error_file = directory + "/" + name;
      counters.error_text = text ? "is not a number" : text.error().what;
    }
  }
  return values;
}

void read_counters(const Look& look, const Emitter& out, const std::string& name,
                   const PciAddress& address) {
  Counters counters;
  counters.address = address;
  counters.device = read_counter_directory(look, out, rdma_path(name, "hw_counters"), counters);
  counters.port =
      read_counter_directory(look, out, rdma_path(name, "ports/1/hw_counters"), counters);
  out.add("counters", counters);
}

void read_all_counters(const Look& look, const std::map<std::string, std::string>& names) {
  if (!look.root.live() || look.root.replaying()) {  // no device behind them that could hang
    for (const auto& [address, name] : names) {
      read_counters(look, look.out, name, *PciAddress::from_text(address));
      look.out.add("asked", Asked{address, "ok", "", ""});
    }
    return;
  }
  std::vector<std::string> subjects;
  for (const auto& [address, name] : names) subjects.push_back(address);
  ask_each_in_own_process(look, subjects, [&](const std::string& subject, const Emitter& out) {
    read_counters(look, out, names.at(subject), *PciAddress::from_text(subject));
  });
}

}  // namespace

void read_rdma(const Look& look) {
  look.out.doing("list RDMA devices", kRdma);
  const Result<std::vector<std::string>> names = look.root.list(kRdma);
  if (!names && names.error().kind != ErrorKind::kNotFound) {
    look.out.add("unseen", Unseen{kRdma, names.error().what, names.error().os_error});
    return;
  }
  look.out.set("class_present", names.ok());
  look.out.set("rdma_cm", look.root.exists("/dev/infiniband/rdma_cm"));
  const UverbsNames uverbs = read_uverbs_names(look);
  std::map<std::string, std::string> efa_names;
  size_t efa = 0;
  for (const std::string& name : names.value_or({})) {
    const auto address = pci_function_behind(look.root, std::string(kRdma) + "/" + name);
    if (!address || !is_efa_function(look.root, *address)) {
      look.out.add("foreign", name);
      continue;
    }
    if (++efa > kMaxDevices) {
      look.out.add("unseen", Unseen{kRdma, "more than 256 EFA devices", E2BIG});
      break;
    }
    look.out.doing("read RDMA device", address->to_text());
    look.out.add("devices", read_device(look, name, *address, uverbs));
    efa_names[address->to_text()] = name;
  }
  read_all_counters(look, efa_names);
}

}  // namespace efa
