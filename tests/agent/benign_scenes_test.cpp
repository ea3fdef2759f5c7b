// Nodes on which EFA works, as their probes see them live: libraries, counters that grow, metadata,
// jobs. What tests/nodes cannot show, for those are files. None gives anything above info.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/modes/sick_device.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'000'000'000;
constexpr int64_t kMinute = 60'000;

struct Benign {
  const char* name;
  size_t devices;
  Change change;
  Verdict verdict = Verdict::kHealthy;
};

void be(Scene& scene, const char* instance_type) {
  scene.node.cloud.facts.instance_type = instance_type;
}

// Device i was read a minute ago, when each counter stood at so much.
void remember(Scene& scene, size_t i, uint64_t then) {
  const Counters& counters = scene.node.rdma.facts.counters.at(i);
  CounterBaseline baseline;
  baseline.address = address(i);
  baseline.at_ms = kNow - kMinute;
  for (const auto& [name, value] : counters.device) baseline.values[name] = then;
  for (const auto& [name, value] : counters.port) baseline.values[name] = then;
  scene.expectation.past.now_ms = kNow;
  scene.expectation.past.baselines.push_back(baseline);
}

// All that a job moves, and the errors that were there when the last pass looked.
void count(Scene& scene) {
  be(scene, "p5.48xlarge");
  for (size_t i = 0; i < scene.node.rdma.facts.counters.size(); ++i) {
    Counters& counters = scene.node.rdma.facts.counters[i];
    counters.device["no_completion_cmds"] = counters.device["cmds_err"] = 7;
    counters.port["rx_drops"] = counters.port["retrans_pkts"] = 7;
    remember(scene, i, 7);
    for (const char* name : {"tx_bytes", "rx_bytes", "rdma_write_bytes", "send_wrs"}) {
      counters.port[name] = uint64_t{750} << 32U;
    }
    for (const char* name : {"submitted_cmds", "completed_cmds"}) counters.device[name] = 1 << 20;
  }
}

// The first pass of an agent on a node that has lived for weeks: no baseline.
void count_for_the_first_time(Scene& scene) {
  for (Counters& counters : scene.node.rdma.facts.counters) {
    counters.device["no_completion_cmds"] = counters.device["reg_mr_err"] = 1000;
    counters.port["rx_drops"] = counters.port["unresponsive_remote_events"] = uint64_t{1} << 40U;
  }
}

// The driver was bound anew: each counter starts at zero, and the device has another name.
void rebind(Scene& scene) {
  count(scene);
  be(scene, "g6e.48xlarge");
  for (size_t i = 0; i < scene.node.rdma.facts.counters.size(); ++i) {
    scene.rdma(i).registration = 4711 + i;
    scene.expectation.past.baselines[i].registration = 815 + i;
    for (auto& [name, value] : scene.node.rdma.facts.counters[i].port) value = 3;
    for (auto& [name, value] : scene.node.rdma.facts.counters[i].device) value = 3;
  }
}

void be_grace(Scene& scene) {
  add_grace_gpus(scene);
  be(scene, "p6e-gb200.36xlarge");
}

// Its NVSwitches are reached by adapters that are RDMA devices and no EFA.
void have_nvlink_adapters(Scene& scene) {
  add_gpus(scene);
  scene.node.rdma.facts.foreign = {"ibp115s0f0", "ibp116s0f0"};
}

void confine(Scene& scene, const char* container) {
  LimitsFacts& limits = scene.node.limits.facts;
  limits.container = container;
  limits.may_administer = false;
  limits.may_lock_any = true;
  limits.services.resize(1);
  scene.node.jobs.facts.processes.clear();
  for (Counters& counters : scene.node.rdma.facts.counters) {
    counters.shown = false;
    counters.device.clear();
    counters.port.clear();
  }
}

// The nodes of the other devices are not in its /dev.
void give_eight(Scene& scene) {
  be(scene, "p5.48xlarge");
  confine(scene, "kubernetes");
  for (size_t i = 8; i < scene.node.rdma.facts.devices.size(); ++i) lose_node(scene, i);
  scene.fabric().domains.resize(8);
}

// A pod two hops away from the metadata service, which answers one.
void give_all_without_metadata(Scene& scene) {
  confine(scene, "kubernetes");
  CloudFacts& cloud = scene.node.cloud.facts;
  cloud = CloudFacts{};
  cloud.on_ec2 = true;
  cloud.instance_type = "g6e.48xlarge";
  cloud.instance_type_source = "dmi";
  cloud.metadata_status = MetadataStatus::kAbsent;
}

// Its kernel's log is root's, and so are the environments of others' processes.
void look_as_nobody(Scene& scene) {
  scene.node.limits.facts.effective_uid = 65534;
  scene.node.log.facts = LogFacts{};
  scene.node.log.facts.unseen = {{"/dev/kmsg", "Operation not permitted", EPERM}};
  JobsFacts& jobs = scene.node.jobs.facts;
  jobs.unreadable_processes = jobs.processes_looked_at;
  jobs.processes.clear();
}

// Computing on every CPU: no probe is done in time, and no device is why.
void starve(Scene& scene) {
  TimeSpent spent;
  spent.waited_ms = 4000;
  spent.cpu_ms = 12;
  spent.queued_ms = 3900;
  spent.state = "R";
  spent.pressure = 97;
  for (Asked& asked : scene.node.rdma.facts.asked) {
    asked = {asked.subject, AskedStatus::kSlow, "read ports/1/hw_counters", "", spent};
  }
  scene.node.rdma.facts.counters.clear();
}

void name_slurm(Scene& scene) {
  be(scene, "hpc6a.48xlarge");
  SlurmLimits slurm;
  slurm.file = "/opt/slurm/etc/slurm.conf";
  slurm.propagate = "ALL";
  slurm.propagate_except = "MEMLOCK";
  scene.node.limits.facts.slurm = slurm;
  scene.node.limits.facts.units = {{"slurmd.service", "enabled", {{"", "infinity"}}, "", {}}};
}

// efa-only interfaces have no network interface of the kernel's beside them.
void attach_efa_only(Scene& scene) {
  be(scene, "p5en.48xlarge");
  scene.node.net.facts.interfaces.resize(1);
  for (size_t i = 1; i < scene.node.cloud.facts.interfaces.size(); ++i) {
    CloudInterface& interface = scene.node.cloud.facts.interfaces[i];
    interface.has_ipv4 = false;
    interface.subnet_id = scene.node.cloud.facts.interfaces.front().subnet_id;
  }
}

// Eight ranks of a job in containers, and one that moves its data by TCP and has no EFA open.
void run_jobs(Scene& scene) {
  JobsFacts& jobs = scene.node.jobs.facts;
  const Job first = jobs.processes.front();
  jobs.processes.clear();
  for (int rank = 0; rank < 8; ++rank) {
    Job& job = jobs.processes.emplace_back(first);
    job.pid = 5000 + rank;
    job.command = "python3.11";
    job.container = job.own_root = true;
    job.environment = {"FI_PROVIDER=efa", "NCCL_DEBUG=INFO", "FI_EFA_USE_DEVICE_RDMA=1"};
  }
  jobs.holders = 8;
}

void own_by_a_capacity_block(Scene& scene) {
  scene.node.cloud.facts.life_cycle = "capacity-block";
  scene.node.cloud.facts.placement_group.reset();
  scene.node.cloud.facts.role_name.reset();
}

// The image's libraries, and nobody attached EFA to this one.
void have_no_efa(Scene& scene) {
  be(scene, "g6e.48xlarge");
  drop_fabric(scene);
  scene.node.pci.facts.efa.clear();
  RdmaFacts& rdma = scene.node.rdma.facts;
  rdma.devices.clear();
  rdma.counters.clear();
  rdma.asked.clear();
  scene.node.verbs.facts.devices.clear();
  scene.node.verbs.facts.asked.clear();
  scene.node.verbs.facts.listed->clear();
  scene.node.jobs.facts.processes.clear();
  scene.node.cloud.facts.interfaces.resize(1);
  scene.node.net.facts.interfaces.resize(1);
  scene.expectation.past = {};
}

const std::vector<Benign>& benign_scenes() {
  static const std::vector<Benign> kScenes = {
      {"four devices", 4, unchanged},
      {"32 devices under load", 32, count},
      {"counters of weeks, looked at for the first time", 4, count_for_the_first_time},
      {"driver bound anew", 4, rebind},
      {"p6-b200 with NVLink adapters", 8, have_nvlink_adapters},
      {"p6e-gb200", 4, be_grace},
      {"trn2", 16, add_neuron},
      {"pod with 8 of 32", 32, give_eight},
      {"pod without metadata", 4, give_all_without_metadata},
      {"looked at by nobody", 4, look_as_nobody},
      {"starved", 4, starve},
      {"ParallelCluster", 2, name_slurm},
      {"efa-only", 16, attach_efa_only},
      {"jobs in containers", 4, run_jobs},
      {"capacity block", 4, own_by_a_capacity_block},
      {"no EFA", 0, have_no_efa, Verdict::kNotApplicable},
  };
  return kScenes;
}

std::string told_above_info(const Diagnosis& diagnosis) {
  std::string told;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.result != FindingResult::kFail || finding.check->severity == Severity::kInfo) {
      continue;
    }
    told +=
        std::string(finding.check->code) + ", " + finding.subject + ": " + finding.message + "\n";
  }
  return told;
}

TEST(BenignScenes, NoneGivesAnythingAboveInfo) {
  for (const Benign& benign : benign_scenes()) {
    SCOPED_TRACE(benign.name);
    Scene scene = healthy_scene(benign.devices);
    benign.change(scene);
    const Diagnosis diagnosis = look(scene);
    EXPECT_EQ(diagnosis.verdict, benign.verdict) << diagnosis.summary;
    EXPECT_EQ(told_above_info(diagnosis), "");
    EXPECT_TRUE(diagnosis.root_causes.empty());
  }
}

// So that each scene is one that could have been blamed.
TEST(BenignScenes, WhatIsWrongOnOneIsTold) {
  for (const Benign& benign : benign_scenes()) {
    if (benign.devices == 0) continue;
    SCOPED_TRACE(benign.name);
    Scene scene = healthy_scene(benign.devices);
    benign.change(scene);
    scene.pci(0).config = "ffffffff";
    EXPECT_EQ(look(scene).root_causes, std::vector<std::string>{"pci.config-space-dead"});
  }
}

}  // namespace
}  // namespace efa
