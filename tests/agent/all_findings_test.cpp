// Every finding of a machine on which all is well, and of one with a fault on each rung and around
// it: tests/agent/findings. A check that falls silent, speaks of another subject, or under another
// code, shows here, passing ones too.

#include <gtest/gtest.h>

#include <cerrno>

#include "agent/report/report.h"
#include "tests/support/check_case.h"
#include "tests/support/expected_file.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr size_t kDevices = 8;
constexpr int64_t kNow = 1'000'000'000;
constexpr LockedMemory kUnlimited{true, {}, true, {}};
constexpr LockedMemory kLittle{false, 8192, false, 8192};

// "pci.config-space-dead fail 0000:9c:00.0": a line for each finding.
std::string lines_of(const Scene& scene) {
  std::string lines;
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    lines += std::string(finding.check->code) + " " + result_text(finding.result) + " " +
             finding.subject + "\n";
  }
  return lines;
}

std::string file_of(const std::string& name) {
  return std::string(TEST_FINDINGS) + "/" + name;
}

// A counter of each check, and as it was a minute ago.
void add_counters(Scene& scene) {
  for (Counters& counters : scene.node.rdma.facts.counters) {
    for (const char* name : {"no_completion_cmds", "cmds_err", "reg_mr_err", "keep_alive_rcvd"}) {
      counters.device[name] = 1000;
    }
    for (const char* name :
         {"rx_drops", "rdma_read_wr_err", "unresponsive_remote_events", "retrans_pkts"}) {
      counters.port[name] = 1000;
    }
    CounterBaseline baseline;
    baseline.address = counters.address;
    baseline.at_ms = baseline.keep_alive_ms = kNow - 60'000;
    baseline.values = counters.device;
    baseline.values.insert(counters.port.begin(), counters.port.end());
    baseline.keep_alives = 999;
    baseline.keep_alive_period_ms = 1500;
    scene.expectation.past.baselines.push_back(baseline);
  }
  scene.expectation.past.now_ms = kNow;
}

Scene all_well() {
  Scene scene = healthy_scene(kDevices);
  add_gpus(scene);
  add_counters(scene);
  LimitsFacts& limits = scene.node.limits.facts;
  limits.services.push_back({"sshd", 700, kUnlimited, "sshd.service"});
  limits.own_locked_memory = kUnlimited;
  limits.cgroup = "/user.slice/user-1000.slice/session-3.scope";
  return scene;
}

// The first device stays well, each other one is lost at a rung of its own.
void break_devices(Scene& scene) {
  scene.pci(1).config = "ffffffff";
  scene.pci(2).driver = scene.pci(2).driver_override = "vfio-pci";
  UverbsNode& missing = *scene.rdma(4).uverbs;
  missing.present = false;
  UverbsNode& wrong = *scene.rdma(5).uverbs;
  wrong.number = "231:200";
  wrong.mode = 0600;
  wrong.open_errno = EACCES;
  wrong.open_error = "Permission denied";
  std::erase(*scene.node.verbs.facts.listed, device(6));
  std::erase(scene.fabric().devices, scene.rdma(7).name);
  lose_rdma(scene, 3);
  lose_rdma(scene, 2);
}

// The proprietary driver where the kernel cuts it off, an option, a GPU that is not taken.
void break_gpus(Scene& scene) {
  close_both(scene);
  set_override(scene, 2);
  gpu(scene).claimed->pop_back();
  gpu(scene).modules.nvidia_uvm = "570.86.15";
  gpu(scene).modules.ib_umad.reset();
  gpu(scene).fabric_manager.running = false;
  gpu(scene).fabric_manager.packages = std::vector<std::string>{"570.86.15-1"};
}

// What concerns the whole machine, or all devices alike.
void break_surroundings(Scene& scene) {
  Node& node = scene.node;
  scene.expectation.exactly = kDevices + 1;
  scene.expectation.past.devices = {address(kDevices)};
  node.kernel.facts.rdma_netns_shared = false;
  node.kernel.facts.ofed = "/usr/src/ofa_kernel";
  node.rdma.facts.foreign = {"mlx5_0"};
  for (Counters& counters : node.rdma.facts.counters) counters.port["rx_drops"] += 1'000'000;
  for (ServiceLimits& service : node.limits.facts.services) service.locked_memory = kLittle;
  node.limits.facts.own_locked_memory = kLittle;
  node.limits.facts.hugepages_2m = 0;
  node.limits.facts.ptrace_scope = 1;
  node.jobs.facts.processes.front().locked_memory = kLittle;
  node.jobs.facts.unreadable_processes = 3;
  node.cloud.facts.placement_group.reset();
  node.cloud.facts.interfaces.front().security_group_ids = {"sg-other"};
  silence(node.topology, ProbeStatus::kCrashed, "signal 11");
}

TEST(AllFindings, OfALiveMachineOnWhichAllIsWell) {
  const Scene scene = all_well();
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy) << diagnose(scene).summary;
  EXPECT_TRUE(is_as_in(file_of("live-healthy.txt"), lines_of(scene)));
}

TEST(AllFindings, OfALiveMachineWithAFaultOnEachRung) {
  Scene scene = all_well();
  break_devices(scene);
  break_surroundings(scene);
  break_gpus(scene);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  EXPECT_TRUE(is_as_in(file_of("live-broken.txt"), lines_of(scene)));
}

}  // namespace
}  // namespace efa
