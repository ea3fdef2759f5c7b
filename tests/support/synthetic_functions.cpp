// The PCI functions of a synthetic machine and what their drivers add: sysfs as
// Documentation/ABI/testing/sysfs-bus-pci and Documentation/ABI/stable/sysfs-class-infiniband say,
// counters as efa_verbs.c names them, the driver's first words in the kernel log.

#include <climits>
#include <cstdio>
#include <map>
#include <set>

#include "probes/base/text.h"
#include "probes/protocol/pci_address.h"
#include "tests/support/synthetic_node.h"

namespace efa {
namespace {

constexpr const char* kDeviceCounters[] = {"submitted_cmds",     "completed_cmds",  "cmds_err",
                                           "no_completion_cmds", "keep_alive_rcvd", "alloc_pd_err",
                                           "create_qp_err",      "create_cq_err",   "reg_mr_err",
                                           "alloc_ucontext_err", "create_ah_err",   "mmap_err"};
constexpr const char* kPortCounters[] = {"tx_bytes",
                                         "tx_pkts",
                                         "rx_bytes",
                                         "rx_pkts",
                                         "rx_drops",
                                         "send_bytes",
                                         "send_wrs",
                                         "recv_bytes",
                                         "recv_wrs",
                                         "rdma_read_wrs",
                                         "rdma_read_bytes",
                                         "rdma_read_wr_err",
                                         "rdma_read_resp_bytes",
                                         "rdma_write_wrs",
                                         "rdma_write_bytes",
                                         "rdma_write_wr_err",
                                         "rdma_write_recv_bytes"};
constexpr const char* kNetworkCounters[] = {  // driver 2.17 and later
    "retrans_bytes", "retrans_pkts", "retrans_timeout_events", "unresponsive_remote_events",
    "impaired_remote_conn_events"};

std::string sysfs_path(const SyntheticFunction& function) {
  return "/sys/devices/" + function.at + "/";
}

// Locally administered, one for each address: "0a:00:00:10:1b:00"
std::string mac_of(const SyntheticFunction& function) {
  if (function.mac) return *function.mac;
  const PciAddress address = PciAddress::from_text(function.address()).value_or(PciAddress{});
  char text[18];
  std::snprintf(text, sizeof text, "0a:00:%02x:%02x:%02x:%02x", address.domain & 0xffU,
                address.bus & 0xffU, address.slot & 0xffU, address.function & 0xffU);
  return text;
}

// Modified EUI-64 of RFC 4291, appendix A.
std::string gid_of(const SyntheticFunction& function) {
  const std::vector<std::string> mac = split(mac_of(function), ':');
  char first[3];
  std::snprintf(first, sizeof first, "%02x", parse_number<unsigned>(mac[0], 16).value_or(0) ^ 2U);
  return "fe80:0000:0000:0000:" + (first + mac[1]) + ":" + mac[2] + "ff:fe" + mac[3] + ":" +
         mac[4] + mac[5];
}

void write_identity(const Tree& tree, const std::string& at, const std::string& vendor,
                    const std::string& device, const std::string& class_code) {
  const std::string path = "/sys/devices/" + at + "/";
  tree.file(path + "vendor", vendor + "\n");
  tree.file(path + "device", device + "\n");
  tree.file(path + "class", class_code + "\n");
  tree.link("/sys/bus/pci/devices/" + base_name(at), "/sys/devices/" + at);
}

// Each bridge above: "pci0000:44/0000:44:00.0/0000:4f:00.0" has one, 0000:44:00.0.
void write_bridges(const SyntheticFunction& function, const Tree& tree,
                   std::set<std::string>& written) {
  for (size_t slash = function.at.find('/'); slash != std::string::npos;) {
    const size_t next = function.at.find('/', slash + 1);
    if (next == std::string::npos) return;
    const std::string bridge = function.at.substr(0, next);
    if (written.insert(bridge).second) write_identity(tree, bridge, "0x1d0f", "0x0200", "0x060400");
    slash = next;
  }
}

// "1d0f:efa0" -> the bytes 0f 1d a0 ef, then command, status and so on, here nothing
std::string config_space(const SyntheticFunction& function) {
  constexpr size_t kHeader = 64;
  std::string bytes;
  for (const std::string& word : {function.vendor(), function.device()}) {
    const auto number = parse_number<unsigned>(word, 16).value_or(0);
    bytes += static_cast<char>(number & 0xffU);
    bytes += static_cast<char>(number >> 8U);
  }
  return bytes + std::string(kHeader - bytes.size(), '\0');
}

void write_link(const SyntheticFunction& function, const Tree& tree) {
  if (!function.link) return;
  const size_t x = function.link->rfind(" x");
  for (const char* which : {"current", "max"}) {
    const std::string prefix = sysfs_path(function) + which + "_link_";
    tree.file(prefix + "speed", function.link->substr(0, x) + "\n");
    tree.file(prefix + "width", function.link->substr(x + 2) + "\n");
  }
}

void write_function(const SyntheticFunction& function, const Tree& tree) {
  write_identity(tree, function.at, function.vendor(), function.device(), function.class_code);
  const std::string path = sysfs_path(function);
  tree.file(path + "config", config_space(function));
  tree.file(path + "numa_node", std::to_string(function.numa.value_or(-1)) + "\n");
  tree.file(path + "driver_override", function.held_by.value_or("(null)") + "\n");
  tree.file(path + "enable", function.driver().empty() ? "0\n" : "1\n");
  write_link(function, tree);
  if (function.driver().empty()) return;
  const std::string driver = "/sys/bus/pci/drivers/" + function.driver();
  tree.directory(driver);
  tree.link(path + "driver", driver);
}

void write_interface(const SyntheticFunction& function, const Tree& tree) {
  const std::string path = sysfs_path(function) + "net/" + *function.name;
  tree.file(path + "/address", mac_of(function) + "\n");
  tree.file(path + "/operstate", "up\n");
  tree.file(path + "/mtu", "9001\n");
  tree.link(path + "/device", "/sys/devices/" + function.at);
  tree.link("/sys/class/net/" + *function.name, path);
}

bool has_network_counters(const std::string& driver_version) {
  const std::vector<std::string> parts = split(driver_version, '.');
  const int major = parse_number<int>(parts[0]).value_or(0);
  const int minor = parts.size() > 1 ? parse_number<int>(parts[1]).value_or(0) : 0;
  return major > 2 || (major == 2 && minor >= 17);
}

void write_counters(const std::string& path, const std::string& driver_version, const Tree& tree) {
  for (const char* name : kDeviceCounters) tree.file(path + "/hw_counters/" + name, "0\n");
  const std::string port = path + "/ports/1/hw_counters/";
  for (const char* name : kPortCounters) tree.file(port + name, "0\n");
  if (has_network_counters(driver_version)) {
    for (const char* name : kNetworkCounters) tree.file(port + name, "0\n");
  }
  tree.file(path + "/hw_counters/lifespan", "12\n");
  tree.file(port + "lifespan", "12\n");
  // as two healthy hosts showed them: three submitted commands are never completed
  tree.file(path + "/hw_counters/submitted_cmds", "108\n");
  tree.file(path + "/hw_counters/completed_cmds", "105\n");
  tree.file(path + "/hw_counters/keep_alive_rcvd", "87\n");
}

// uverbs_main.c: major 231, minor 192 and up; from the 33rd on a major that the kernel chooses.
std::string device_number(int uverbs) {
  constexpr int kChosenMajor = 511;  // the first that Linux gives away
  return uverbs < 32 ? "231:" + std::to_string(192 + uverbs)
                     : std::to_string(kChosenMajor) + ":" + std::to_string(uverbs - 32);
}

void write_uverbs(const SyntheticFunction& function, int number, bool with_node, const Tree& tree) {
  const std::string name = "uverbs" + std::to_string(number);
  const std::string path = sysfs_path(function) + "infiniband_verbs/" + name;
  tree.file(path + "/ibdev", *function.name + "\n");
  tree.file(path + "/abi_version", "1\n");
  tree.file(path + "/dev", device_number(number) + "\n");
  tree.link(path + "/device", "/sys/devices/" + function.at);
  tree.link("/sys/class/infiniband_verbs/" + name, path);
  if (with_node) tree.file("/dev/infiniband/" + name, "");  // a device node takes root to make
}

void write_rdma(const SyntheticFunction& function, const SyntheticNode& node, const Tree& tree) {
  const std::string path = sysfs_path(function) + "infiniband/" + *function.name;
  tree.link(path + "/device", "/sys/devices/" + function.at);
  tree.link("/sys/class/infiniband/" + *function.name, path);
  if (!function.is_efa()) return;
  tree.file(path + "/node_type", "7: unspecified\n");
  tree.file(path + "/node_guid", "0000:0000:0000:0000\n");
  tree.file(path + "/fw_ver", "\n");
  tree.file(path + "/ports/1/state", "4: ACTIVE\n");
  tree.file(path + "/ports/1/phys_state", "5: LinkUp\n");
  tree.file(path + "/ports/1/link_layer", "Unknown\n");
  tree.file(path + "/ports/1/gids/0", gid_of(function) + "\n");
  if (function.rate) tree.file(path + "/ports/1/rate", *function.rate + "\n");
  if (node.counters) write_counters(path, node.efa_version, tree);
}

std::string log_of(const SyntheticFunction& function, int irq) {
  const std::string address = function.address();
  return "6,900,1700000,-;efa " + address + ": Setup irq:" + std::to_string(irq) +
         " name:efa-mgmnt@pci:" + address + "\n6,901,1700100,-;efa " + address +
         " efa_0: IB device registered\n";
}

}  // namespace

void write_functions(const SyntheticNode& node, const Tree& tree) {
  std::set<std::string> bridges;
  int uverbs = 0;
  std::string log = "5,0,0,-;Linux version " + node.kernel + "\n";  // it reaches back to the boot
  log += "6,890,1600000,-;Elastic Fabric Adapter (EFA) v" + node.efa_version + "\n";
  for (const SyntheticFunction& function : node.functions) {
    write_bridges(function, tree, bridges);
    write_function(function, tree);
    const bool rdma = function.is_efa() || function.driver() == "mlx5_core";
    if (function.driver() == "ena" && function.name) write_interface(function, tree);
    if (function.is_efa()) log += log_of(function, 100 + uverbs);
    if (!rdma || !function.name) continue;
    write_rdma(function, node, tree);
    const bool with_node = uverbs < node.device_nodes.value_or(INT_MAX);
    write_uverbs(function, uverbs++, with_node, tree);
  }
  if (uverbs == 0) return;
  tree.file("/sys/class/infiniband_verbs/abi_version", "6\n");
  tree.file("/dev/kmsg", log);
}

}  // namespace efa
