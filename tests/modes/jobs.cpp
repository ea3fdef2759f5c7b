// What jobs may lock, share and set. A sysroot has neither a job's /dev/shm nor libraries that were
// asked: such a machine is made by hand.

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "tests/modes/mode_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

using Settings = std::vector<std::string>;

constexpr const char* kSlurmJob = "/system.slice/slurmstepd.scope/job_7/step_0/task_0";
constexpr const char* kPod = "/kubepods.slice/kubepods-pod7.slice/cri-containerd-0a1b.scope";

// A process of an ordinary user that has an EFA device open.
Files run(const char* group, const std::string& locked_memory) {
  return [=](const Tree& tree) {
    const std::string process = "/proc/4242/";
    tree.file(process + "comm", "python3\n");
    tree.file(process + "cgroup", std::string("0::") + group + "\n");
    tree.file(process + "status", "CapEff:\t0000000000000000\n");
    tree.file(process + "limits", "Max locked memory         " + locked_memory + "              " +
                                      locked_memory + "              bytes\n");
    tree.directory(process + "fd");
    const std::string link = tree.at(process + "fd/5");
    if (symlink("/dev/infiniband/uverbs0", link.c_str()) != 0) std::abort();
  };
}

Job& job(Scene& scene) {
  return scene.node.jobs.facts.processes.at(0);
}

// Of what a process has mapped.
struct Mapped {
  const char* libfabric = "29.1";  // 2.3
  const char* rdma_core = "57";
};

// A node whose processes with EFA open have these settings alone.
std::function<Value()> with_settings(const Settings& settings, const Change& change = unchanged,
                                     const Mapped& mapped = {}) {
  return live_machine([=](Scene& scene) {
    change(scene);
    for (Job& one : scene.node.jobs.facts.processes) {
      one.environment = settings;
      one.libraries =
          Settings{std::string("/opt/amazon/efa/lib/libfabric.so.1.") + mapped.libfabric,
                   std::string("/usr/lib64/libibverbs.so.1.14.") + mapped.rdma_core + ".0"};
    }
  });
}

// F08

// All devices are open, and in a minute nothing went through them.
void stay_flat(Scene& scene) {
  job(scene).devices.clear();
  for (const RdmaDevice& device : scene.node.rdma.facts.devices) {
    job(scene).devices.push_back(device.uverbs->path);
  }
  Past& past = scene.expectation.past;
  past.now_ms = 60'000;
  for (const Counters& counters : scene.node.rdma.facts.counters) {
    CounterBaseline& baseline = past.baselines.emplace_back();
    baseline.address = counters.address;
    baseline.values = counters.port;
  }
}

void stay_flat_for_long(Scene& scene) {
  stay_flat(scene);
  scene.expectation.past.now_ms = 300'000;
}

// NCCL has not found its plugin, which would have loaded libfabric.
void leave_idle(Scene& scene) {
  JobsFacts& jobs = scene.node.jobs.facts;
  Job idle = jobs.processes.front();
  idle.devices.clear();
  idle.libraries = Settings{};
  idle.environment = {"FI_PROVIDER=efa", "NCCL_DEBUG=INFO"};
  jobs.processes.clear();
  jobs.without_efa = {idle};
}

// F09

void limit_slurmd(SyntheticNode& node) {
  for (SyntheticService& service : node.services) {
    if (service.name == "slurmd") service.locked_memory = "65536";
  }
}

void limit_shell(Scene& scene) {
  scene.node.limits.facts.own_locked_memory =
      LockedMemory{.unlimited = false, .soft_kib = 64, .hard_unlimited = false, .hard_kib = 64};
}

// F13

void restrict_ptrace(SyntheticNode& node) {
  node.ptrace_scope = 1;
}

// F17

void name_the_old_place(const Tree& tree) {
  constexpr size_t kCacheHeader = 48;  // of glibc, and no entry
  std::string cache = "glibc-ld.so.cache1.1";
  cache.resize(kCacheHeader);
  tree.file("/etc/ld.so.cache", cache);
  const std::string process = "/proc/4242/";
  tree.file(process + "comm", "python3\n");
  tree.file(
      process + "maps",
      "7f1c8000-7f1d0000 r-xp 00002000 103:01 4711   /opt/nccl/build/lib/libnccl.so.2.27.5\n");
  std::string environment = "LD_LIBRARY_PATH=/opt/amazon/efa/lib:/opt/aws-ofi-nccl/lib";
  environment += '\0';
  tree.file(process + "environ", environment + "FI_PROVIDER=efa");
  tree.directory(process + "fd");
  for (const auto& [link, target] : {std::pair{"fd/5", "/dev/nvidia0"}, std::pair{"root", "/"}}) {
    if (symlink(target, tree.at(process + link).c_str()) != 0) std::abort();
  }
}

// F36

void kill_another_process_of_the_job(const Tree& tree) {
  run(kSlurmJob, "unlimited")(tree);
  log_lines(tree,
            "6,902,1800000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
            "mems_allowed=0,oom_memcg=/system.slice/slurmstepd.scope/job_7,"
            "task_memcg=/system.slice/slurmstepd.scope/job_7/step_0/task_1,task=python3,pid=99,"
            "uid=1000\n");
}

// F43

void lack_huge_pages(SyntheticNode& node) {
  node.huge_pages = 0;
}

// F44

void run_old_kernel(Scene& scene) {
  KernelFacts& kernel = scene.node.kernel.facts;
  kernel.release = "5.4.0-1103-aws";
  kernel.dkms = {"efa/3.1.0 for 5.4.0-1103-aws"};
}

// F47: it has one EFA device, of the first kind, and no GPU.
void be_a_c5n(Scene& scene) {
  scene = healthy_scene(1);
  scene.node.cloud.facts.instance_type = "c5n.18xlarge";
  scene.expectation.instance_type = "c5n.18xlarge";
  scene.expectation.why = "c5n.18xlarge can have EFA and the node has an EFA device";
  scene.node.limits.facts.cpus = 72;
  scene.pci(0).device = "0xefa0";
  scene.pci(0).config = "0f1da0ef";
  scene.verbs(0).capability_bits = 0;
  job(scene).accelerators = 0;
}

// F52

void share_little(Scene& scene) {
  job(scene).container = job(scene).own_root = true;
  job(scene).shared_memory = SharedMemory{65536, 65536};
}

// F78

void crash_in_libfabric(const Tree& tree) {
  log_lines(tree,
            "6,902,1800000,-;python3[4242]: segfault at 7f0000000000 ip 00007f1c8a2b1c40 sp "
            "00007ffd3f0a error 4 in libfabric.so.1.24.0[7f1c8a200000+c1000] likely on CPU 3 "
            "(core 3, socket 0)\n");
}

// F79

void run_192_processes(Scene& scene) {
  JobsFacts& jobs = scene.node.jobs.facts;
  const Job first = jobs.processes.front();
  while (jobs.processes.size() < 192) {
    jobs.processes.push_back(first);
    jobs.processes.back().pid = first.pid + static_cast<int>(jobs.processes.size());
  }
}

// F84

void take_all_huge_pages(const Tree& tree) {
  tree.file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
}

// F85

void run_pods(SyntheticNode& node) {
  node.services = {
      {"systemd", 1, "8388608"}, {"containerd", 640, "unlimited"}, {"kubelet", 700, "8388608"}};
}

void limit_containerd(SyntheticNode& node) {
  run_pods(node);
  node.services.at(1).locked_memory = "8388608";
}

}  // namespace

ModeCases modes_of_jobs() {
  return {
      {"F08", "jobs.provider-excluded", with_settings({"FI_PROVIDER=tcp"}, stay_flat)},
      {"F08", "jobs.efa-idle", live_machine(with_gpus(leave_idle))},
      {"F08", "jobs.efa-quiet", with_settings({"FI_PROVIDER=efa"}, stay_flat_for_long)},
      {"F09", "limits.memlock-low", machine(kP4d, limit_slurmd)},
      {"F09", "limits.shell-memlock-low", live_machine(limit_shell)},
      {"F09", "jobs.memlock-low", machine(kP4d, as_it_is, run(kSlurmJob, "8388608"))},
      {"F13", "limits.ptrace-restricted", machine(kP4d, restrict_ptrace)},
      {"F17", "jobs.nccl-plugin-not-found", machine(kP4d, as_it_is, name_the_old_place)},
      {"F36", "jobs.killed-for-memory", machine(kP4d, as_it_is, kill_another_process_of_the_job)},
      {"F43", "limits.huge-pages-few", machine(kP4d, lack_huge_pages)},
      {"F44", "jobs.settings-contradict",
       with_settings({"FI_EFA_USE_HUGE_PAGE=1", "RDMAV_FORK_SAFE=1"}, run_old_kernel)},
      {"F45", "jobs.setting-harmful",
       with_settings({"RDMAV_FORK_SAFE=1"}, unchanged, {.rdma_core = "28"})},
      {"F46", "jobs.provider-excluded", with_settings({"FI_EFA_IFACE=rdmap0s99"})},
      {"F47", "jobs.setting-harmful", with_settings({"FI_EFA_USE_DEVICE_RDMA=1"}, be_a_c5n)},
      {"F48", "jobs.setting-removed",
       with_settings({"FI_EFA_MTU_SIZE=8928"}, unchanged, {.libfabric = "21.0"})},
      {"F52", "jobs.shm-small", live_machine(share_little)},
      {"F78", "jobs.libfabric-crashed", machine(kP4d, as_it_is, crash_in_libfabric)},
      {"F79", "jobs.setting-harmful",
       with_settings({"FI_EFA_SHM_AV_SIZE=128"}, run_192_processes, {.libfabric = "20.0"})},
      {"F82", "jobs.setting-harmful",
       with_settings({"NCCL_TOPO_FILE=/opt/..."}, with_gpus(unchanged))},
      {"F84", "jobs.huge-pages-taken", machine(kP4d, as_it_is, take_all_huge_pages)},
      {"F85", "limits.container-memlock-low", machine(kP5, limit_containerd, run(kPod, "8388608"))},
      {"F85", "jobs.memlock-low", machine(kP5, run_pods, run(kPod, "65536"))},
  };
}

}  // namespace efa
