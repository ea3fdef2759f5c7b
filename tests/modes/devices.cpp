// Devices that cannot be opened or do not answer, libraries that do not offer them, counters that
// grow. A sysroot has neither libraries nor counters over time: such a machine is made by hand.

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>

#include "tests/modes/mode_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kFirstRdma =
    "/sys/devices/pci0000:10/0000:10:1b.0/infiniband/rdmap16s27/hw_counters/";

// Of which every network namespace but the first shows none.
void hide_counters(Scene& scene) {
  for (Counters& counters : scene.node.rdma.facts.counters) {
    counters.shown = false;
    counters.device.clear();
    counters.port.clear();
  }
}

// efa-doctor itself is in a container, which has a network namespace of its own.
void enter_container(Scene& scene, const char* kind) {
  LimitsFacts& limits = scene.node.limits.facts;
  limits.container = kind;
  limits.may_administer = false;
  limits.services.resize(1);
  scene.node.jobs.facts.processes.clear();
  hide_counters(scene);
}

void log_error(Scene& scene, LogKind kind, const std::string& text) {
  LogFacts& log = scene.node.log.facts;
  LogMessage& message = log.messages.emplace_back();
  message.priority = 3;
  message.device = scene.rdma(0).name;
  message.kind = kind;
  message.text = "infiniband " + scene.rdma(0).name + ": " + text;
  log.total = log.messages.size();
}

// F10

void install_minimal(Scene& scene) {
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable,
          "probe-fabric: error while loading shared libraries: libfabric.so.1: cannot open shared "
          "object file: No such file or directory");
  SoftwareFacts& software = scene.node.software.facts;
  software.installer_version = "1.49.0";
  software.installer_packages = {"efa-config-1.18-1", "efa-3.1.0-1", "rdma-core-61.0-1"};
  software.installer_minimal = true;
  std::erase_if(scene.node.limits.facts.services,
                [](const ServiceLimits& service) { return service.name == "slurmd"; });
  Job& job = scene.node.jobs.facts.processes.front();
  job.container = job.own_root = true;
}

// F11

void expect_all(SyntheticNode& node) {
  node.arguments = {"--expect", "32"};
}

// F12

// /dev/infiniband is the host's, and the control group allows EFA's nodes only.
void mount_all_nodes(Scene& scene) {
  enter_container(scene, "kubernetes");
  RdmaFacts& rdma = scene.node.rdma.facts;
  rdma.foreign = rdma.foreign_closed = {"ibp115s0f0", "ibp116s0f0"};
  gpu(scene).nvlink_rdma = true;
  drop_fabric(scene);
}

// F14

void refuse_registrations(const Tree& tree) {
  tree.file(std::string(kFirstRdma) + "reg_mr_err", "1\n");
  tree.file(std::string(kFirstRdma) + "cmds_err", "1\n");
  log_lines(tree,
            "3,902,1800000,-;infiniband rdmap16s27: Failed to process command REG_MR (opcode 7) "
            "comp_status 1 err -12\n"
            "3,903,1800001,-;infiniband rdmap16s27: Failed to register mr [-12]\n");
}

// F15

void bring_newer_libfabric(Scene& scene) {
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable,
          "probe-fabric: /lib/x86_64-linux-gnu/libefa.so.1: version `EFA_1.4' not found (required "
          "by /opt/amazon/efa/lib/libfabric.so.1)");
  scene.node.jobs.facts.processes.clear();
}

void build_older_rdma_core(Scene& scene) {
  SoftwareFacts& software = scene.node.software.facts;
  software.installer_packages = {"rdma-core-58.amzn0-1"};
  for (const char* name : {"libibverbs.so.1", "libefa.so.1"}) {
    const std::string file = name;
    software.libraries.push_back({file, "/usr/local/lib/" + file, file + ".3.50.0", true});
    software.libraries.push_back({file, "/usr/lib64/" + file, file + ".3.58.0", false});
  }
}

// libfabric needs both: it does not load either.
void bring_newer_libefa(Scene& scene) {
  const std::string words =
      ": /lib/x86_64-linux-gnu/libibverbs.so.1: version `IBVERBS_PRIVATE_34' not found (required "
      "by /usr/lib64/libefa.so.1)";
  silence(scene.node.verbs, ProbeStatus::kUnavailable, "probe-verbs" + words);
  silence(scene.node.fabric[0], ProbeStatus::kUnavailable, "probe-fabric" + words);
  scene.node.jobs.facts.processes.clear();
}

// F16

void lack_provider(Scene& scene) {
  drop_fabric(scene);
  scene.fabric().library = "/usr/lib64/libfabric.so.1";
  scene.fabric().has_provider = false;
  scene.node.jobs.facts.processes.clear();
}

void put_other_first(Scene& scene) {
  scene.node.fabric.push_back(scene.node.fabric.front());
  scene.node.fabric.back().outcome.name = "fabric:/opt/amazon/efa/lib";
  lack_provider(scene);
  scene.node.software.facts.libraries = {
      {"libfabric.so.1", "/usr/lib64/libfabric.so.1", "libfabric.so.1.20.1", true},
      {"libfabric.so.1", "/opt/amazon/efa/lib/libfabric.so.1", "libfabric.so.1.29.1", false}};
}

// No EFA device is open then.
void load_libfabric_of_intel(Scene& scene) {
  JobsFacts& jobs = scene.node.jobs.facts;
  Job job = jobs.processes.front();
  job.command = "IMB-MPI1";
  job.devices.clear();
  job.environment = {"FI_PROVIDER=efa"};
  job.libraries = std::vector<std::string>{"/opt/intel/.../libfabric.so.1"};
  jobs.processes.clear();
  jobs.without_efa = {job};
}

// F25

void remove_node(const Tree& tree) {
  tree.remove("/dev/infiniband/uverbs0");
}

void unload_uverbs(const Tree& tree) {
  tree.remove("/sys/module/ib_uverbs");
  tree.remove("/sys/class/infiniband_verbs");
  tree.remove("/dev/infiniband");
  for (const std::string bus : {"10", "20", "90", "a0"}) {
    tree.remove("/sys/devices/pci0000:" + bus + "/0000:" + bus + ":1b.0/infiniband_verbs");
  }
}

// F26

// The container has the host's directory, and its control group none of the devices.
void refuse_to_open(Scene& scene) {
  enter_container(scene, "docker");
  for (size_t i = 0; i < scene.node.rdma.facts.devices.size(); ++i) {
    UverbsNode& uverbs = *scene.rdma(i).uverbs;
    uverbs.open_errno = EPERM;
    uverbs.open_error = "Operation not permitted";
    scene.verbs(i).failed = VerbsStep{"ibv_open_device", EPERM, "Operation not permitted"};
  }
  drop_fabric(scene);
}

void restrict_all_modes(Scene& scene) {
  for (size_t i = 0; i < scene.node.rdma.facts.devices.size(); ++i) restrict_mode(scene, i);
  drop_fabric(scene);
  scene.node.jobs.facts.processes.clear();
}

// F27

void name_by_kernel(SyntheticNode& node) {
  int number = 0;
  for (SyntheticFunction& function : node.functions) {
    if (function.is_efa()) function.name = "efa_" + std::to_string(number++);
  }
}

// F30

void hang_first(Scene& scene) {
  hang(scene, 0);
}

// A command timed out, and the driver fails all later ones.
void close_admin_queue(Scene& scene) {
  Counters& counters = scene.node.rdma.facts.counters.front();
  counters.port.clear();
  counters.device["no_completion_cmds"] = 1;
  counters.error = ENODEV;
  counters.error_file =
      "/sys/class/infiniband/" + scene.rdma(0).name + "/ports/1/hw_counters/rx_bytes";
  counters.error_text = "No such device";
  scene.verbs(0).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
  drop_fabric(scene);
  log_error(scene, LogKind::kAdminTimeout, "The device didn't send any completion for admin cmd");
  log_error(scene, LogKind::kAdminQueueClosed, "Admin queue is closed");
}

// Without counters only opening it tells.
void hang_in_pod(Scene& scene) {
  enter_container(scene, "kubernetes");
  VerbsFacts& verbs = scene.node.verbs.facts;
  verbs.asked.at(0) = {device(0), AskedStatus::kHung, "ibv_open_device", ""};
  std::erase_if(verbs.devices, [](const VerbsDevice& one) { return one.address == address(0); });
  drop_fabric(scene);
}

// F14, F30 to F38

constexpr int64_t kNow = 1'000'000'000;
constexpr int64_t kMinute = 60'000;
constexpr uint64_t kBefore = 1000;  // where each of them stood

using Totals = std::map<std::string, uint64_t>;
using Names = std::initializer_list<const char*>;

// All devices were read a minute ago.
void remember(Scene& scene, Names of_device, Names of_port) {
  Past& past = scene.expectation.past;
  past.now_ms = kNow;
  for (Counters& counters : scene.node.rdma.facts.counters) {
    for (const char* name : of_device) counters.device[name] = kBefore;
    for (const char* name : of_port) counters.port[name] = kBefore;
    CounterBaseline& baseline = past.baselines.emplace_back();
    baseline.address = counters.address;
    baseline.at_ms = kNow - kMinute;
    baseline.values = counters.device;
    baseline.values.insert(counters.port.begin(), counters.port.end());
  }
}

// Since then these of the first device have grown by so much.
void grow(Scene& scene, const Totals& by) {
  Counters& counters = scene.node.rdma.facts.counters.front();
  for (const auto& [name, count] : by) {
    Totals& totals = counters.port.contains(name) ? counters.port : counters.device;
    totals[name] += count;
  }
}

void exhaust_memory_regions(Scene& scene) {
  remember(scene, {"reg_mr_err", "cmds_err"}, {});
  grow(scene, {{"reg_mr_err", 12}, {"cmds_err", 12}});
  log_error(scene, LogKind::kCommandFailed,
            "Failed to process command REG_MR (opcode 7) comp_status 1 err -12");
}

void leave_command_unanswered(Scene& scene) {
  remember(scene, {"no_completion_cmds"}, {});
  grow(scene, {{"no_completion_cmds", 1}});
}

void silence_keep_alive(Scene& scene) {
  remember(scene, {"keep_alive_rcvd"}, {});
  grow(scene, {{"submitted_cmds", 40}, {"completed_cmds", 40}});
  for (CounterBaseline& baseline : scene.expectation.past.baselines) {
    const bool silent = baseline.address == address(0);
    baseline.keep_alives = silent ? kBefore : kBefore - 40;
    baseline.keep_alive_ms = kNow - kMinute;
    baseline.keep_alive_period_ms = 1500;
  }
}

void lose_peers(Scene& scene) {
  remember(scene, {}, {"unresponsive_remote_events", "impaired_remote_conn_events"});
  grow(scene, {{"unresponsive_remote_events", 12'000}, {"impaired_remote_conn_events", 300}});
}

void retransmit(Scene& scene) {
  remember(scene, {}, {"retrans_bytes", "retrans_pkts", "retrans_timeout_events"});
  grow(
      scene,
      {{"retrans_bytes", 960'000'000}, {"retrans_pkts", 120'000}, {"retrans_timeout_events", 500}});
}

void drop_received(Scene& scene) {
  remember(scene, {}, {"rx_drops"});
  grow(scene, {{"rx_drops", 12'000}});
}

void fail_operations(Scene& scene) {
  remember(scene, {}, {"rdma_read_wr_err", "rdma_write_wr_err"});
  grow(scene, {{"rdma_read_wr_err", 12'000}, {"rdma_write_wr_err", 9'000}});
}

void exhaust_queues(Scene& scene) {
  remember(scene, {"alloc_pd_err", "create_qp_err", "create_cq_err", "cmds_err"}, {});
  grow(scene, {{"alloc_pd_err", 6}, {"create_qp_err", 3}, {"create_cq_err", 2}, {"cmds_err", 11}});
  log_error(scene, LogKind::kCommandFailed,
            "Failed to process command ALLOC_PD (opcode 14) comp_status 1 err -12");
}

// amzn-drivers#306: a process that opens a device again and again; another one can open it.
void leak_in_2_8_0(Scene& scene) {
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.efa_version = "2.8.0g";
  kernel.dkms = {"efa/2.8.0 for 6.1.0-40-cloud-amd64"};
  kernel.known_device_ids = {"0xefa0", "0xefa1", "0xefa2"};
  scene.node.software.facts.installer_version = "1.32.0";
  remember(scene, {"alloc_ucontext_err"}, {});
  grow(scene, {{"alloc_ucontext_err", 1}});
}

ModeCases cases_of_libraries() {
  return {
      {"F10", "fabric.not-installed", live_machine(install_minimal)},
      {"F12", "fabric.foreign-device", live_machine(with_gpus(mount_all_nodes))},
      {"F15", "fabric.does-not-load", live_machine(bring_newer_libfabric)},
      {"F15", "verbs.does-not-load", live_machine(bring_newer_libefa)},
      {"F15", "software.other-rdma-core-first", live_machine(build_older_rdma_core)},
      {"F16", "fabric.library-lists-fewer", live_machine(put_other_first)},
      {"F16", "fabric.no-efa-provider", live_machine(lack_provider)},
      {"F16", "jobs.other-libfabric", live_machine(load_libfabric_of_intel)},
  };
}

ModeCases cases_of_nodes() {
  return {
      {"F11", "node.not-given", machine("p5.48xlarge-pod-without-efa", expect_all)},
      {"F25", "node.missing", machine("p4d.24xlarge", as_it_is, remove_node)},
      {"F25", "kernel.uverbs-not-loaded", machine("p4d.24xlarge", as_it_is, unload_uverbs)},
      {"F26", "node.cannot-open", live_machine(refuse_to_open)},
      {"F26", "node.restricted-mode", live_machine(restrict_all_modes)},
      {"F27", "rdma.name-not-persistent", machine("p4d.24xlarge", name_by_kernel)},
  };
}

ModeCases cases_of_answers() {
  return {
      {"F14", "counters.resource-errors", live_machine(exhaust_memory_regions)},
      {"F14", "log.driver-errors", machine("p4d.24xlarge", as_it_is, refuse_registrations)},
      {"F30", "rdma.counters-hang", live_machine(hang_first)},
      {"F30", "rdma.counters-fail", live_machine(close_admin_queue)},
      {"F30", "verbs.hang", live_machine(hang_in_pod)},
      {"F30", "counters.no-completion", live_machine(leave_command_unanswered)},
      {"F30", "counters.keep-alive-stopped", live_machine(silence_keep_alive)},
      {"F32", "counters.remote-unresponsive", live_machine(lose_peers)},
      {"F33", "counters.retransmissions", live_machine(retransmit)},
      {"F34", "counters.receive-drops", live_machine(drop_received)},
      {"F35", "counters.rdma-errors", live_machine(fail_operations)},
      {"F37", "counters.resource-errors", live_machine(exhaust_queues)},
      {"F38", "counters.resource-errors", live_machine(leak_in_2_8_0)},
  };
}

}  // namespace

ModeCases modes_of_devices() {
  ModeCases all;
  for (const auto& cases : {cases_of_libraries(), cases_of_nodes(), cases_of_answers()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

}  // namespace efa
