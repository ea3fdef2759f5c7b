// probe-rdma: looks at /sys/class/infiniband, /sys/class/infiniband_verbs and /dev/infiniband.
// Interface: Documentation/ABI/stable/sysfs-class-infiniband; ib_uverbs of the kernel.
// Reading any port counter makes the driver send admin commands to the device, which is a real
// sign of life but can block for 30 s: each device is asked in a process of its own.

#include "probes/rdma/read.h"
#include "probes/base/unseen.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <set>

#include "probes/base/bounds.h"
#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/own_process.h"
#include "probes/rdma/facts.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

constexpr const char* kRdma = "/sys/class/infiniband";

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

std::string node_of(const std::string& uverbs_directory) {
  return "/dev/infiniband/" + base_name(uverbs_directory);
}

UverbsNode read_uverbs(const Look& look, const std::string& directory) {
  UverbsNode node;
  node.name = base_name(directory);
  node.path = node_of(directory);
  const auto number = look.root.text(directory + "/dev");
  if (number && is_device_number(*number)) node.number_expected = number;
  const Result<FileStatus> status = look.root.status(node.path);
  node.present = status.ok() || status.error().kind != ErrorKind::kNotFound;
  if (!status) {
    node.open_errno = status.error().os_error;
    node.open_error = status.error().what;
    return node;
  }
  node.character_device = status->is_character_device();
  node.regular_file = status->is_regular_file();
  node.number = std::to_string(status->major) + ":" + std::to_string(status->minor);
  node.mode = static_cast<int>(status->mode & 07777U);
  node.owner = static_cast<int>(status->uid);
  node.group = static_cast<int>(status->gid);
  read_open(look, node);
  return node;
}

// "231 infiniband_verbs": ib_uverbs is there, whether sysfs shows it or not.
bool is_uverbs_registered(const Look& look) {
  const auto lines = look.root.read_lines(
      "/proc/devices", [](const std::string& line) { return line.ends_with(" infiniband_verbs"); },
      Sysroot::kSmallFile);
  return lines && !lines->empty();
}

struct UverbsEntries {
  std::map<std::string, std::string> of_device;  // directories, by the RDMA device's name
  std::optional<Unseen> unseen;  // why a device that is not among them may have one all the same
};

// What of them names no device of the class is of another network namespace, or is rubbish: then
// it may be that of a device here that has none.
UverbsEntries read_uverbs_entries(const Look& look, const std::vector<std::string>& devices) {
  UverbsEntries entries;
  std::optional<Unseen> stray;
  const auto could_not = [&](const Unseen& unseen) {
    look.out.add("unseen", unseen);
    if (!entries.unseen) entries.unseen = unseen;
  };
  const Result<std::vector<std::string>> directories = uverbs_directories(look.root);
  if (!directories) {
    const bool none = directories.error().kind == ErrorKind::kNotFound;
    if (!none || is_uverbs_registered(look)) could_not(unseen_of(directories.error()));
  }
  for (const std::string& directory : directories.value_or({})) {
    const Result<std::string> ibdev = look.root.read(directory + "/ibdev");
    if (ibdev) {
      entries.of_device[*ibdev] = directory;
      if (!stray && !is_one_of(*ibdev, devices)) {
        stray = Unseen{directory + "/ibdev", "names no RDMA device that is here"};
      }
    } else if (ibdev.error().kind != ErrorKind::kNotFound) {
      could_not(unseen_of(ibdev.error()));
    }
  }
  const bool lacks_one = std::any_of(devices.begin(), devices.end(), [&](const std::string& name) {
    return !entries.of_device.contains(name);
  });
  if (stray && lacks_one) could_not(*stray);
  return entries;
}

RdmaDevice read_device(const Look& look, const std::string& name, const PciAddress& address,
                       const UverbsEntries& uverbs) {
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

// libfabric's efa provider opens it too. One without a node is no matter: libibverbs passes it
// over. Last of all: a sick device of others that does not open takes nothing that is known of EFA
// along.
void open_foreign(const Look& look, const std::string& name, const UverbsEntries& uverbs) {
  const auto entry = uverbs.of_device.find(name);
  if (entry == uverbs.of_device.end() || !look.root.live()) return;
  const std::string path = node_of(entry->second);
  look.out.doing("open " + path);
  const Result<Done> opened = look.root.open_device(path);
  if (!opened && opened.error().kind != ErrorKind::kNotFound) look.out.add("foreign_closed", name);
}

// The error is about this file and no answer of the driver: the next counter is worth a look.
bool is_of_the_file(const Error& error) {
  constexpr int kOfFiles[] = {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, ELOOP, EFBIG};
  return error.kind == ErrorKind::kTooLarge ||
         std::find(std::begin(kOfFiles), std::end(kOfFiles), error.os_error) != std::end(kOfFiles);
}

class CounterReader {
 public:
  CounterReader(const Look& look, const Emitter& out, const PciAddress& address)
      : look_(look), out_(out) {
    counters_.address = address;
  }

  // Those of the port are asked of the device: one refusal is enough. Where the kernel shows none
  // of them the driver's own are not touched: in a network namespace but the first, reading them
  // crashes the kernel from 5.14 to "RDMA/core: Don't expose hw_counters outside of init net
  // namespace" (2025).
  const Counters& read(const std::string& name) {
    counters_.shown = read_directory(rdma_path(name, "ports/1/hw_counters"), counters_.port, true);
    if (*counters_.shown) read_directory(rdma_path(name, "hw_counters"), counters_.device, false);
    return counters_;
  }

 private:
  // False where there is no such directory.
  bool read_directory(const std::string& directory, std::map<std::string, uint64_t>& values,
                      bool of_device) {
    out_.doing("read " + directory, counters_.address.to_text());
    const Result<std::vector<std::string>> names = look_.root.list(directory);
    if (!names) {
      if (names.error().kind == ErrorKind::kNotFound) return false;
      add_unseen(directory, names.error().what, names.error().os_error);
    }
    for (const std::string& name : names.value_or({})) {
      if (name == "lifespan") continue;  // milliseconds of caching, no counter
      const std::string path = directory + "/" + name;
      const Result<std::string> text = look_.root.read(path);
      const auto value = text ? parse_number<uint64_t>(*text) : std::nullopt;
      if (value) {
        values[name] = *value;
      } else if (of_device && !text && !is_of_the_file(text.error())) {
        counters_.error = text.error().os_error;
        counters_.error_file = path;
        counters_.error_text = text.error().what;
        break;
      } else {
        add_unseen(path, text ? "is not a number" : text.error().what,
                   text ? 0 : text.error().os_error);
      }
    }
    return true;
  }

  void add_unseen(const std::string& path, const std::string& why, int os_error) {
    constexpr size_t kMost = 64;  // a device has some 40 counters
    if (counters_.unseen.size() < kMost) counters_.unseen.push_back({path, why, os_error});
  }

  const Look& look_;
  const Emitter& out_;
  Counters counters_;
};

void read_counters(const Look& look, const Emitter& out, const std::string& name,
                   const PciAddress& address) {
  CounterReader reader(look, out, address);
  out.add("counters", reader.read(name));
}

void read_all_counters(const Look& look, const std::map<std::string, std::string>& names) {
  if (!look.root.live() || look.root.replaying()) {  // no device behind them that could hang
    for (const auto& [address, name] : names) {
      read_counters(look, look.out, name, *PciAddress::from_text(address));
      look.out.add("asked", Asked{address, AskedStatus::kOk, "", ""});
    }
    return;
  }
  std::vector<std::string> subjects;
  for (const auto& [address, name] : names) subjects.push_back(address);
  ask_each(look, subjects, [&](const std::string& subject, const Emitter& out) {
    read_counters(look, out, names.at(subject), *PciAddress::from_text(subject));
  });
}

// Where network namespaces do not share RDMA devices, those of others are not in the class; their
// device nodes are.
void read_elsewhere(const Look& look, const UverbsEntries& uverbs,
                    const std::map<std::string, std::string>& efa_names) {
  std::set<std::string> here;
  for (const auto& [address, name] : efa_names) here.insert(name);
  size_t found = 0;
  for (const auto& [name, directory] : uverbs.of_device) {
    if (here.contains(name) || found == kMaxDevices) continue;
    const auto address = pci_function_behind(look.root, directory);
    if (!address || efa_names.contains(address->to_text())) continue;  // it is here
    if (!is_efa_function(look.root, *address)) continue;
    look.out.add("elsewhere", *address);
    if (look.root.exists(node_of(directory))) look.out.add("elsewhere_node", *address);
    ++found;
  }
}

}  // namespace

void read_rdma(const Look& look) {
  look.out.doing("list RDMA devices", kRdma);
  const Result<std::vector<std::string>> names = look.root.list(kRdma);
  if (!names && names.error().kind != ErrorKind::kNotFound) {
    look.out.add("unseen", unseen_of(kRdma, names.error()));
    return;
  }
  look.out.set("class_present", names.ok());
  look.out.set("rdma_cm", look.root.exists("/dev/infiniband/rdma_cm"));
  const UverbsEntries uverbs = read_uverbs_entries(look, names.value_or({}));
  std::map<std::string, std::string> efa_names;
  std::vector<std::string> foreign;
  size_t efa = 0;
  for (const std::string& name : names.value_or({})) {
    const auto address = pci_function_behind(look.root, std::string(kRdma) + "/" + name);
    const FunctionKind kind = address ? function_kind(look.root, *address) : FunctionKind::kOther;
    if (kind == FunctionKind::kUnidentified) look.out.add("unidentified", name);
    if (kind == FunctionKind::kOther) {
      look.out.add("foreign", name);
      foreign.push_back(name);
    }
    if (kind != FunctionKind::kEfa) continue;
    if (++efa > kMaxDevices) {
      look.out.add("unseen", Unseen{kRdma, "more than 256 EFA devices", E2BIG});
      break;
    }
    look.out.doing("read RDMA device", address->to_text());
    look.out.add("devices", read_device(look, name, *address, uverbs));
    efa_names[address->to_text()] = name;
  }
  read_elsewhere(look, uverbs, efa_names);
  read_all_counters(look, efa_names);
  for (const std::string& name : foreign) open_foreign(look, name, uverbs);
}

}  // namespace efa
