// What jobs may lock, have open and load. A sysroot has no libraries to ask: the machine of the
// report about them is made by hand.

#include <unistd.h>

#include <cstdlib>

#include "probes/base/text.h"
#include "tests/reports/public_report.h"

namespace efa {
namespace {

// As in /proc, the link names the file and leads nowhere from here.
void hold(const Tree& tree, const std::string& pid, const std::string& node) {
  const std::string open_files = "/proc/" + pid + "/fd";
  tree.directory(open_files);
  const std::string link = tree.at(open_files + "/" + base_name(node));
  if (symlink(node.c_str(), link.c_str()) != 0) std::abort();
}

void write_process(const Tree& tree, const char* pid, const char* group) {
  const std::string process = std::string("/proc/") + pid + "/";
  tree.file(process + "comm", "python3\n");
  tree.file(process + "cgroup", std::string("0::") + group + "\n");
  tree.file(process + "status", "CapEff:\t0000000000000000\n");
  tree.file(process + "limits",
            "Max locked memory         8388608              8388608              bytes\n");
}

constexpr const char* kPod = "/kubepods.slice/kubepods-pod7.slice/cri-containerd-0a1b.scope";

void limit_containerd(SyntheticNode& node) {
  node.services = {
      {"systemd", 1, "8388608"}, {"containerd", 640, "8388608"}, {"kubelet", 700, "8388608"}};
}

void run_limited_job(const Tree& tree) {
  write_process(tree, "4242", kPod);
  for (int i = 0; i < 32; ++i) hold(tree, "4242", "/dev/infiniband/uverbs" + std::to_string(i));
}

void run_without_efa(const Tree& tree) {
  write_process(tree, "4242", kPod);
  hold(tree, "4242", "/dev/nvidia0");
  tree.file("/proc/4242/environ", std::string("FI_PROVIDER=efa\0NCCL_DEBUG=INFO\0", 32));
}

void run_pods(SyntheticNode& node) {
  node.services = {
      {"systemd", 1, "8388608"}, {"containerd", 640, "unlimited"}, {"kubelet", 700, "8388608"}};
}

// In an image with the distribution's libfabric, and without its package of libefa.
void lack_efa_libraries(Scene& scene) {
  silence(scene.node.verbs, ProbeStatus::kUnavailable,
          "probe-verbs: error while loading shared libraries: libefa.so.1: cannot open shared "
          "object file: No such file or directory");
  drop_fabric(scene);
  scene.fabric().library = "/usr/lib/x86_64-linux-gnu/libfabric.so.1";
  scene.fabric().has_provider = false;
  scene.node.limits.facts.container = "kubernetes";
  scene.node.jobs.facts.processes.clear();
}

void mount_lustre(const Tree& tree) {
  tree.directory("/sys/module/lnet");
  tree.file("/sys/module/kefalnd/version", "1.1.0\n");
  tree.directory("/sys/module/efa/holders/kefalnd");
  tree.file("/sys/module/efa/refcnt", "2\n");
}

}  // namespace

PublicReports reports_of_jobs() {
  return {
      {.number = 22,
       .source = "NVIDIA/nvcf#1354",
       .line = "p5: containerd and a pod of user 1000 may lock 8 MiB",
       .look = machine("p5.48xlarge", limit_containerd, run_limited_job),
       .verdict = "degraded",
       .told = {{"limits.container-memlock-low", "warning", kImage}},
       .says = {"LimitMEMLOCK=infinity", "for a container that runs as root"}},
      {.number = 24,
       .source = "vllm-project/vllm#41814",
       .line = "p5: a worker with settings for EFA has none open",
       .look = machine("p5.48xlarge", run_pods, run_without_efa),
       .verdict = "healthy",
       .told = {{"jobs.efa-idle", "info", kJob}}},
      {.number = 26,
       .source = "meta-pytorch/monarch#3376",
       .line = "p4d, EKS: two processes of one node do not reach each other",
       .look = machine("p4d.24xlarge", run_pods),
       .verdict = "healthy"},
      {.number = 30,
       .source = "qvest-digital/mxl-k8s#65",
       .line = "an image with the distribution's libfabric, without libefa",
       .look = live_machine(lack_efa_libraries),
       .verdict = "degraded",
       .told = {{"fabric.no-efa-provider", "warning", kImage},
                {"verbs.not-installed", "info", kImage}}},
      // how Lustre is set up is no fault of the node
      {.number = 32,
       .source = "aws/aws-parallelcluster-cookbook#3251",
       .line = "Lustre over 2 EFA devices of 8",
       .look = machine("p6-b200.48xlarge", as_it_is, mount_lustre),
       .verdict = "healthy"},
  };
}

}  // namespace efa
