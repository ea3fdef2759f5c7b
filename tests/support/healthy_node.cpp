#include "tests/support/healthy_node.h"

#include <cerrno>

#include "agent/report/report.h"

namespace efa {
namespace {

constexpr int kCpus = 192;
constexpr uint64_t kShmKib = uint64_t{512} * 1024 * 1024;

std::string name_of(size_t i) {
  return "rdmap" + std::to_string(0x9b + i) + "s0";
}

std::string two_digits(size_t i) {
  return std::to_string(i / 10) + std::to_string(i % 10);
}

std::string mac_of(size_t i) {
  return "06:00:00:00:00:" + two_digits(i);
}

PciFunction pci_function(size_t i) {
  PciFunction function;
  function.address = address(i);
  function.vendor = "0x1d0f";
  function.device = "0xefa1";
  function.class_code = "0x020000";
  function.driver = "efa";
  function.driver_override = "";
  function.config = "0f1da1ef";
  function.numa_node = static_cast<int>(i % 2);
  function.bar_sizes = {16384, 0, 1048576, 0, 4096, 0};
  function.link = PciLink{"16.0 GT/s PCIe", 8};
  function.link_max = PciLink{"16.0 GT/s PCIe", 8};
  return function;
}

RdmaDevice rdma_device(size_t i) {
  RdmaDevice device;
  device.address = address(i);
  device.name = name_of(i);
  device.gid = "fe80:0000:0000:0000:0400:00ff:fe00:00" + two_digits(i);
  device.mac = mac_of(i);
  UverbsNode uverbs;
  uverbs.name = "uverbs" + std::to_string(i);
  uverbs.path = "/dev/infiniband/" + uverbs.name;
  uverbs.number = uverbs.number_expected = "231:" + std::to_string(192 + i);
  uverbs.present = true;
  uverbs.character_device = true;
  uverbs.mode = 0666;
  uverbs.open_errno = 0;
  device.uverbs = uverbs;
  return device;
}

Counters counters_of(size_t i) {
  Counters counters;
  counters.address = address(i);
  counters.device = {{"submitted_cmds", 40}, {"completed_cmds", 40}};
  counters.port = {{"rx_bytes", 1000}, {"tx_bytes", 2000}};
  return counters;
}

CloudInterface cloud_interface(size_t i) {
  CloudInterface interface;
  interface.mac = mac_of(i);
  interface.interface_id = "eni-0123456789abcde" + two_digits(i);
  interface.security_group_ids = {"sg-0123456789abcdef0"};
  interface.vpc_id = "vpc-0123456789abcdef0";
  interface.subnet_id = "subnet-0123456789abcdef0";
  interface.network_card = static_cast<int>(i);
  interface.has_ipv4 = true;
  return interface;
}

NetInterface net_interface(size_t i) {
  NetInterface interface;
  interface.name = "ens" + std::to_string(i);
  interface.mac = mac_of(i);
  interface.state = "up";
  interface.addresses = {"10.0.0." + std::to_string(i + 1)};
  return interface;
}

void add_device(Node& node, size_t i) {
  node.pci.facts.efa.push_back(pci_function(i));
  node.rdma.facts.devices.push_back(rdma_device(i));
  node.rdma.facts.counters.push_back(counters_of(i));
  node.rdma.facts.asked.push_back({device(i), AskedStatus::kOk, "", ""});
  VerbsDevice verbs;
  verbs.address = address(i);
  verbs.name = name_of(i);
  node.verbs.facts.devices.push_back(verbs);
  node.verbs.facts.listed->push_back(device(i));
  node.verbs.facts.asked.push_back({device(i), AskedStatus::kOk, "", ""});
  node.fabric[0].facts.domains.push_back({name_of(i), name_of(i) + "-rdm", "efa", "rdm"});
  node.fabric[0].facts.devices.push_back(name_of(i));
  node.cloud.facts.interfaces.push_back(cloud_interface(i));
  node.net.facts.interfaces.push_back(net_interface(i));
}

void fill_kernel(KernelFacts& facts) {
  facts.release = "6.1.0-40-cloud-amd64";
  facts.hostname = "node-1";
  facts.boot_id = "5b2f3d7e-0d5a-4a43-9f53-6f0d3c1f6f11";
  facts.taint = "12288";  // a module from outside of the kernel's tree, unsigned
  facts.efa_loaded = true;
  facts.efa_builtin = false;
  facts.efa_version = "3.1.0g";
  facts.efa_driver_registered = true;
  facts.module_file = "updates/dkms/efa.ko";
  facts.module_index_readable = true;
  facts.dkms = {"efa/3.1.0 for 6.1.0-40-cloud-amd64"};
  facts.kexec_loaded = false;
  facts.known_device_ids = {"0xefa0", "0xefa1", "0xefa2", "0xefa3"};
  facts.ib_uverbs_loaded = true;
  facts.ib_core_loaded = true;
  facts.rdma_netns_shared = true;
}

void fill_cloud(CloudFacts& facts) {
  facts.on_ec2 = true;
  facts.metadata_status = MetadataStatus::kOk;
  facts.instance_id = "i-0123456789abcdef0";
  facts.instance_type = "g6e.48xlarge";
  facts.placement_group = "cluster-1";
  facts.life_cycle = "spot";
}

void fill_net(NetFacts& facts) {
  facts.default_route = "ens0 via 10.0.0.1";
  facts.rules = 4;
  facts.rules_of = std::vector<std::string>{"10.0.0.0/24"};
}

void fill_limits(LimitsFacts& facts) {
  const LockedMemory unlimited{
      .unlimited = true, .soft_kib = {}, .hard_unlimited = true, .hard_kib = {}};
  const LockedMemory by_default{
      .unlimited = false, .soft_kib = 8192, .hard_unlimited = false, .hard_kib = 8192};
  facts.services = {{"systemd", 1, by_default, {}},
                    {"slurmd", 900, unlimited, "slurmd.service"},
                    {"containerd", 901, unlimited, "containerd.service"}};
  facts.cpus = kCpus;
  facts.hugepages_2m = 110 * kCpus + 1;
  facts.hugepages_2m_free = 55 * kCpus;
  facts.hugepage_size_kib = 2048;
  facts.ptrace_scope = 0;
  facts.effective_uid = 0;
}

void fill_jobs(JobsFacts& facts) {
  Job job;
  job.pid = 4711;
  job.command = "all_reduce_perf";
  job.devices = {"/dev/infiniband/uverbs0"};
  job.locked_memory =
      LockedMemory{.unlimited = true, .soft_kib = {}, .hard_unlimited = {}, .hard_kib = {}};
  job.accelerators = 4;
  job.may_lock_any = job.container = job.own_root = false;
  job.environment = {"FI_PROVIDER=efa", "FI_EFA_FORK_SAFE=1"};
  job.libraries = std::vector<std::string>{"/opt/amazon/efa/lib/libfabric.so.1.29.1",
                                           "/usr/lib64/libibverbs.so.1.14.57.0"};
  job.shared_memory = SharedMemory{kShmKib, kShmKib};
  facts.processes_looked_at = 300;
  facts.unreadable_processes = 0;
  facts.processes = {job};
}

void name_probes(Node& node) {
  const auto ok = [](ProbeOutcome& outcome, const char* name) {
    outcome.name = name;
    outcome.status = ProbeStatus::kOk;
  };
  ok(node.pci.outcome, "pci");
  ok(node.kernel.outcome, "kernel");
  ok(node.rdma.outcome, "rdma");
  ok(node.verbs.outcome, "verbs");
  ok(node.fabric[0].outcome, "fabric");
  ok(node.topology.outcome, "topology");
  ok(node.net.outcome, "net");
  ok(node.gpu.outcome, "gpu");
  ok(node.limits.outcome, "limits");
  ok(node.software.outcome, "software");
  ok(node.log.outcome, "log");
  ok(node.cloud.outcome, "cloud");
  ok(node.jobs.outcome, "jobs");
}

}  // namespace

PciAddress address(size_t i) {
  return {0, static_cast<uint8_t>(0x9b + i), 0, 0};
}

std::string device(size_t i) {
  return address(i).to_text();
}

Scene healthy_scene(size_t devices) {
  Scene scene;
  Node& node = scene.node;
  node.fabric.resize(1);
  name_probes(node);
  node.pci.facts.functions = 40;
  node.rdma.facts.class_present = true;
  node.verbs.facts.library = "/usr/lib/libibverbs.so.1";
  node.verbs.facts.listed.emplace();
  scene.fabric().library = "/opt/amazon/efa/lib/libfabric.so.1";
  scene.fabric().getinfo_status = 0;
  for (size_t i = 0; i < devices; ++i) add_device(node, i);
  fill_kernel(node.kernel.facts);
  fill_net(scene.node.net.facts);
  fill_net(node.net.facts);
  fill_cloud(node.cloud.facts);
  fill_limits(node.limits.facts);
  fill_jobs(node.jobs.facts);
  node.software.facts.installer_version = "1.43.0";
  node.log.facts.total = 0;
  scene.expectation.expected = true;
  scene.expectation.why = "g6e.48xlarge can have EFA and the node has an EFA device";
  scene.expectation.instance_type = "g6e.48xlarge";
  scene.expectation.maximum = static_cast<int>(devices);
  return scene;
}

void drop_fabric(Scene& scene) {
  scene.fabric().devices.clear();
  scene.fabric().domains.clear();
  scene.fabric().getinfo_status = -61;
}

void lose_rdma(Scene& scene, size_t i) {
  Node& node = scene.node;
  const auto is_it = [&](const auto& item) { return item.address == address(i); };
  const auto asks_it = [&](const Asked& asked) { return asked.subject == device(i); };
  std::erase(scene.fabric().devices, name_of(i));
  std::erase_if(node.rdma.facts.devices, is_it);
  std::erase_if(node.rdma.facts.counters, is_it);
  std::erase_if(node.rdma.facts.asked, asks_it);
  std::erase_if(node.verbs.facts.devices, is_it);
  std::erase_if(node.verbs.facts.asked, asks_it);
  std::erase(*node.verbs.facts.listed, device(i));
}

void remove_driver(Scene& scene) {
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.efa_loaded = kernel.efa_driver_registered = kernel.ib_uverbs_loaded = false;
  kernel.efa_version.reset();
  for (size_t i = 0; i < scene.node.pci.facts.efa.size(); ++i) {
    scene.pci(i).driver.reset();
    lose_rdma(scene, i);
  }
  scene.node.rdma.facts.class_present = false;
  drop_fabric(scene);
}

void hang(Scene& scene, size_t i) {
  Node& node = scene.node;
  node.rdma.facts.asked.at(i) = {device(i), AskedStatus::kHung, "read ports/1/hw_counters", ""};
  std::erase_if(node.rdma.facts.counters,
                [&](const Counters& counters) { return counters.address == address(i); });
  node.verbs.facts.asked.at(i) = {device(i), AskedStatus::kHung, "ibv_open_device", ""};
  std::erase_if(node.verbs.facts.devices,
                [&](const VerbsDevice& verbs) { return verbs.address == address(i); });
  drop_fabric(scene);
}

void restrict_mode(Scene& scene, size_t i) {
  UverbsNode& uverbs = *scene.rdma(i).uverbs;
  uverbs.mode = 0600;
  uverbs.open_errno = EACCES;
  uverbs.open_error = "Permission denied";
  scene.node.limits.facts.effective_uid = 1000;
  // after the 5 s that libibverbs waits for udev
  scene.verbs(i).failed = VerbsStep{"ibv_open_device", EACCES, "Permission denied"};
}

const Finding* finding_of(const std::vector<Finding>& findings, const std::string& code,
                          const std::string& subject) {
  for (const Finding& finding : findings) {
    if (finding.check->code == code && finding.subject == subject) return &finding;
  }
  return nullptr;
}

MaybeResult result_in(const std::vector<Finding>& findings, const std::string& code,
                      const std::string& subject) {
  const Finding* finding = finding_of(findings, code, subject);
  return finding == nullptr ? kNothing : finding->result;
}

MaybeResult result_of(const Scene& scene, const std::string& code, const std::string& subject) {
  return result_in(judge_all(scene.node, scene.expectation), code, subject);
}

std::ostream& operator<<(std::ostream& out, FindingResult result) {
  return out << result_text(result);
}

std::string cause_of(const Diagnosis& diagnosis, const std::string& code,
                     const std::string& subject) {
  const Finding* finding = finding_of(diagnosis.findings, code, subject);
  return finding == nullptr ? "none" : finding->explained_by;
}

Diagnosis diagnose(const Scene& scene) {
  return diagnose(scene.node, scene.expectation);
}

Diagnosis look(Scene scene, const ExpectSetting& setting, const std::set<PciAddress>& set_aside) {
  const Scope scope = scope_of(scene.node, set_aside, setting);
  leave_out(scope.left_out, scene.node, scene.expectation.past);
  scene.expectation = expectation_of(scene.node, setting, instance_types(), scope,
                                     std::move(scene.expectation.past));
  return diagnose(scene);
}

}  // namespace efa
