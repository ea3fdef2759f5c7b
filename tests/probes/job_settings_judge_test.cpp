// What is said of the settings of processes that use EFA: each row, and where it is not true.

#include <gtest/gtest.h>

#include <set>

#include "probes/jobs/setting_rows.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr const char* kRemoved = "jobs.setting-removed";
constexpr const char* kHarmful = "jobs.setting-harmful";
constexpr const char* kExcluded = "jobs.provider-excluded";
constexpr const char* kContradict = "jobs.settings-contradict";
constexpr const char* kJob = "all_reduce_perf 4711";

using Settings = std::vector<std::string>;

Job& job(Scene& scene) {
  return scene.node.jobs.facts.processes.at(0);
}

Scene with(const Settings& settings) {
  Scene scene = healthy_scene();
  job(scene).environment = settings;
  return scene;
}

void use(Scene& scene, const char* libfabric, const char* rdma_core = "57") {
  job(scene).libraries = Settings{std::string("/opt/amazon/efa/lib/libfabric.so.1.") + libfabric,
                                  std::string("/usr/lib64/libibverbs.so.1.14.") + rdma_core + ".0"};
}

void can_read(Scene& scene, bool can) {
  for (VerbsDevice& device : scene.node.verbs.facts.devices) device.capability_bits = can ? 1 : 2;
}

struct Case {
  const char* code;
  Settings settings;
  const char* libfabric = "29.1";
  const char* kernel = "6.1.0-40-cloud-amd64";
  const char* rdma_core = "57";
  bool reads = true;
  const char* type = "g6e.48xlarge";
  std::optional<std::string> peer_memory = {};  // of efa, on a node with GPUs
};

Scene scene_of(const Case& row) {
  Scene scene = with(row.settings);
  if (row.peer_memory) {
    scene.node.gpu.facts.nvidia.emplace_back();
    scene.node.gpu.facts.nvidia_open = true;
    scene.node.gpu.facts.p2p = PeerMemory{address(0), "p2p", *row.peer_memory};
  }
  use(scene, row.libfabric, row.rdma_core);
  can_read(scene, row.reads);
  scene.node.kernel.facts.release = row.kernel;
  scene.expectation.instance_type = row.type;
  return scene;
}

constexpr const char* kOldKernel = "5.4.0-1103-aws";

std::vector<Case> faults() {
  std::vector<Case> rows = {
      {kRemoved, {"FI_EFA_MTU_SIZE=8928"}, "21.0"},
      {kRemoved, {"FI_EFA_TX_IOV_LIMIT=1"}, "22.0"},
      {kRemoved, {"FI_EFA_RX_IOV_LIMIT=(set, not kept)"}, "22.0"},
      {kRemoved, {"FI_EFA_SHM_MAX_MEDIUM_SIZE=4096"}, "17.0"},
      {kRemoved, {"FI_EFA_SHM_MAX_MEDIUM_SIZE=4096"}, "29.1"},
      {kRemoved, {"FI_EFA_SET_CUDA_SYNC_MEMOPS=0"}},
      {kRemoved, {"FI_EFA_ZCPY_RX_SEED=0"}, "32.0"},
      {kHarmful, {"FI_EFA_TX_MIN_CREDITS=0"}},
      {kHarmful, {"FI_EFA_TX_MIN_CREDITS=-5"}},
      {kHarmful, {"FI_EFA_IFACE="}},
      {kHarmful, {"FI_EFA_USE_DEVICE_RDMA=2"}},
      {kHarmful, {"FI_EFA_USE_DEVICE_RDMA=(set, not kept)"}},
      {kHarmful, {"FI_EFA_SHM_AV_SIZE=0"}},
      {kHarmful, {"FI_HMEM_DISABLE_P2P=1"}},
      {kExcluded, {"FI_PROVIDER=tcp"}},
      {kExcluded, {"FI_PROVIDER=tcp,shm"}},
      {kExcluded, {"FI_PROVIDER=^efa"}},
      {kExcluded, {"FI_PROVIDER=^shm,EFA"}},
      {kExcluded, {"FI_PROVIDER=^EFA"}},
      {kExcluded, {"FI_PROVIDER=^efa,lnx"}},
      {kExcluded, {"FI_PROVIDER=shm,^efa"}},  // a name with a '^', which no provider has
      {kExcluded, {"FI_PROVIDER=tcp;ofi_rxm"}},
      {kExcluded, {"FI_PROVIDER=ofi_rxd;efa"}},
      {kExcluded, {"FI_PROVIDER=other"}},
      {kExcluded, {"FI_PROVIDER=efa-direct"}},
      {kExcluded, {"FI_LNX_PROV_LINKS=shm+tcp", "FI_PROVIDER=lnx"}},
      {kExcluded, {"FI_LNX_PROV_LINKS=shm+cxi:other|shm", "FI_PROVIDER=shm+efa:lnx"}},
      {kExcluded, {"FI_LNX_PROV_LINKS=shm", "OMPI_MCA_mtl_ofi_provider_include=lnx"}},
      {kExcluded, {"FI_LNX_PROV_LINKS=tcp", "OMPI_MCA_opal_common_ofi_provider_include=lnx"}},
      {kExcluded, {"FI_EFA_IFACE=rdmap0s99"}},
      {kExcluded, {"NCCL_NET=Socket"}},
      {kExcluded, {"NCCL_NET_PLUGIN=none"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_include=tcp,sockets"}},
      {kExcluded, {"OMPI_MCA_opal_common_ofi_provider_include=tcp"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_exclude=shm,efa"}},
      {kExcluded, {"OMPI_MCA_opal_common_ofi_provider_exclude=efa"}},
      {kExcluded, {"OMPI_MCA_opal_common_ofi_provider_exclude=EFA"}},
      {kExcluded, {"OMPI_MCA_pml=ob1", "OMPI_MCA_btl=tcp,self,vader"}},
      {kExcluded, {"OMPI_MCA_pml=ob1", "OMPI_MCA_btl=^openib,ofi"}},
      {kExcluded, {"OMPI_MCA_mtl=^ofi", "OMPI_MCA_pml=cm"}},
      {kExcluded, {"OMPI_MCA_mtl=other", "OMPI_MCA_pml=cm"}},
      {kExcluded, {"I_MPI_OFI_PROVIDER=tcp"}},
      {kExcluded, {"I_MPI_OFI_PROVIDER=tcp;ofi_rxm"}},
      {kExcluded, {"MPIR_CVAR_OFI_USE_PROVIDER=sockets"}},
      {kContradict, {"OFI_NCCL_PROTOCOL=RDMA", "FI_EFA_USE_DEVICE_RDMA=0"}},
  };
  rows.push_back({.code = kHarmful, .settings = {"FI_EFA_USE_DEVICE_RDMA=1"}, .reads = false});
  rows.push_back(
      {.code = kHarmful, .settings = {"NCCL_TOPO_FILE=/opt/..."}, .type = "p5.48xlarge"});
  for (const char* off : {"FI_HMEM_CUDA_USE_DMABUF=0", "OFI_NCCL_DISABLE_DMABUF=1"}) {
    rows.push_back({.code = kHarmful, .settings = {off}, .peer_memory = ""});
  }
  for (const char* fork : {"FI_EFA_FORK_SAFE=1", "RDMAV_FORK_SAFE=0", "IBV_FORK_SAFE="}) {
    rows.push_back({.code = kHarmful, .settings = {fork}, .rdma_core = "28"});
    rows.push_back(
        {.code = kContradict, .settings = {"FI_EFA_USE_HUGE_PAGE=1", fork}, .kernel = kOldKernel});
  }
  for (const char* fork : {"FI_EFA_FORK_SAFE=yes", "RDMAV_FORK_SAFE=1"}) {
    rows.push_back(
        {.code = kContradict, .settings = {"RDMAV_HUGEPAGES_SAFE=1", fork}, .kernel = kOldKernel});
  }
  return rows;
}

TEST(JobSettingRows, EachIsTrueOfAProcess) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Case& row : faults()) {
    const Scene scene = scene_of(row);
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, row.code, kJob);
    ASSERT_NE(finding, nullptr) << row.settings.front();
    EXPECT_EQ(finding->result, kFail) << finding->message;
    EXPECT_TRUE(finding->message.starts_with(row.settings.front())) << finding->message;
    EXPECT_NE(finding->command.text, "");
    EXPECT_EQ(finding->check->severity, Severity::kInfo);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
    seen.emplace(finding->message.substr(finding->message.find(": ")), row.code);
  }
  for (const SettingRow& row : kSettingRows) {
    EXPECT_TRUE(seen.contains({": " + std::string(row.does), std::string(row.check.code)}))
        << row.name << " has no case";
  }
}

TEST(JobSettingRows, DmaBufMayBeOffWherePeerMemoryIsThere) {
  for (const char* off : {"FI_HMEM_CUDA_USE_DMABUF=0", "OFI_NCCL_DISABLE_DMABUF=1"}) {
    const Case row{.code = kHarmful, .settings = {off}, .peer_memory = "NVIDIA"};
    Scene scene = scene_of(row);
    EXPECT_EQ(result_of(scene, kHarmful, kNodeSubject), kPass) << off;
    scene.node.gpu.facts.p2p->provider = "";
    scene.node.gpu.facts.nvidia_open = false;
    EXPECT_EQ(result_of(scene, kHarmful, kNodeSubject), kPass) << off << " closes nothing more";
    scene.node.gpu.facts.p2p = {};
    EXPECT_EQ(result_of(scene, kHarmful, kJob), kUnknown) << off;
    scene.node.gpu.facts.nvidia.clear();
    EXPECT_EQ(result_of(scene, kHarmful, kNodeSubject), kPass) << off;
  }
}

// A job that works with settings as AWS, NCCL and MPI recommend them.
TEST(JobSettingRows, NoneIsTrueOfOrdinarySettings) {
  const Settings ordinary = {"FI_PROVIDER=efa",
                             "FI_EFA_USE_DEVICE_RDMA=1",
                             "FI_EFA_FORK_SAFE=1",
                             "RDMAV_FORK_SAFE=1",
                             "FI_EFA_IFACE=all",
                             "FI_EFA_SHM_AV_SIZE=256",
                             "FI_EFA_TX_MIN_CREDITS=32",
                             "FI_EFA_USE_HUGE_PAGE=1",
                             "FI_HMEM_DISABLE_P2P=0",
                             "NCCL_NET=AWS Libfabric",
                             "NCCL_NET_PLUGIN=/opt/amazon/ofi-nccl/lib/libnccl-net.so",
                             "NCCL_SOCKET_IFNAME=^docker,lo",
                             "NCCL_TOPO_FILE=/proc/self/fd/...",
                             "OFI_NCCL_PROTOCOL=RDMA",
                             "RDMAV_HUGEPAGES_SAFE=1",
                             "OMPI_MCA_mtl_ofi_provider_include=efa",
                             "OMPI_MCA_mtl_ofi_provider_exclude=tcp,sockets",
                             "I_MPI_OFI_PROVIDER=efa",
                             "LD_LIBRARY_PATH=/opt/amazon/efa/lib:other"};
  for (const char* type : {"g6e.48xlarge", "p4d.24xlarge", "p5.48xlarge", ""}) {
    const Scene scene = scene_of({.code = "", .settings = ordinary, .type = type});
    for (const char* code : {kRemoved, kHarmful, kExcluded, kContradict}) {
      EXPECT_EQ(result_of(scene, code, kNodeSubject), kPass) << code << " " << type;
      EXPECT_EQ(result_of(scene, code, kJob), kNothing) << code << " " << type;
    }
  }
}

TEST(JobSettingRows, NeighboursOfAFaultAreNone) {
  const Case rows[] = {
      {kRemoved, {"FI_EFA_MTU_SIZE=8928"}, "20.0"},  // it still takes it
      {kRemoved, {"FI_EFA_TX_IOV_LIMIT=1"}, "21.0"},
      {kRemoved, {"FI_EFA_SHM_MAX_MEDIUM_SIZE=1"}, "16.0"},
      {kHarmful, {"FI_EFA_IFACE="}, "25.0"},
      {kHarmful, {"FI_EFA_TX_MIN_CREDITS="}},
      {kHarmful, {"FI_EFA_USE_DEVICE_RDMA=off"}},
      {kHarmful, {"FI_EFA_SHM_AV_SIZE=1"}},
      {kHarmful, {"NCCL_TOPO_FILE=other"}, "29.1", "6.1", "57", true, "p4d.24xlarge"},
      {kHarmful, {"NCCL_TOPO_FILE=other"}, "29.1", "6.1", "57", true, "p5.4xlarge"},
      {kHarmful, {"FI_EFA_FORK_SAFE=0"}, "29.1", "6.1", "28"},
      {kHarmful, {"RDMAV_FORK_SAFE=1"}, "29.1", kOldKernel, "28"},  // there it is needed
      {kExcluded, {"FI_PROVIDER="}},
      {kExcluded, {"FI_PROVIDER=efa;ofi_rxd"}},
      {kExcluded, {"FI_PROVIDER=EFA;ofi_rxm"}},
      {kExcluded, {"FI_PROVIDER=tcp,Efa"}},
      {kExcluded, {"FI_PROVIDER=efa,^tcp"}},
      {kExcluded, {"FI_PROVIDER=^tcp,^efa"}},
      {kExcluded, {"FI_PROVIDER=^efa;ofi_rxd"}},
      {kExcluded, {"FI_PROVIDER=^shm+efa"}},
      {kExcluded, {"FI_PROVIDER=shm+efa"}},
      {kExcluded, {"FI_PROVIDER=lnx"}},  // which providers it links is not known
      {kExcluded, {"FI_PROVIDER=tcp,LNX"}},
      {kExcluded, {"FI_PROVIDER=lnx", "FI_LNX_PROV_LINKS=shm+EFA:rdmap16s27|shm+efa"}},
      {kExcluded, {"FI_PROVIDER=lnx", "FI_LNX_PROV_LINKS=shm+other"}},
      {kExcluded, {"FI_PROVIDER=lnx", "FI_LNX_PROV_LINKS=(set, not kept)"}},
      {kExcluded, {"FI_PROVIDER=efa", "FI_LNX_PROV_LINKS=shm+tcp"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_include=shm+efa:lnx"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_include=other:lnx"}},  // of an older recording
      {kExcluded, {"OMPI_MCA_opal_common_ofi_provider_include=lnx"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_exclude=efa;ofi_rxd"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_exclude=shm+efa:lnx"}},
      {kExcluded, {"OMPI_MCA_mtl_ofi_provider_exclude=^efa"}},  // a name with a '^'
      {kExcluded, {"I_MPI_OFI_PROVIDER=ofi_rxd;efa"}},
      {kExcluded, {"MPIR_CVAR_OFI_USE_PROVIDER=efa;^ofi_rxm"}},
      {kExcluded, {"FI_PROVIDER=tcp,efa"}},
      {kExcluded, {"FI_PROVIDER=^tcp,efa;ofi_rxd"}},
      {kExcluded, {"FI_PROVIDER=(set, not kept)"}},
      {kExcluded, {"FI_EFA_IFACE=other"}},
      {kExcluded, {"FI_EFA_IFACE=rdmap155s0"}},
      {kExcluded, {"OMPI_MCA_pml=ob1"}},  // by its btl ofi
      {kExcluded, {"OMPI_MCA_pml=ob1", "OMPI_MCA_btl=self,vader,ofi"}},
      {kExcluded, {"OMPI_MCA_pml=ob1", "OMPI_MCA_btl=^openib"}},
      {kExcluded, {"OMPI_MCA_pml=ob1", "OMPI_MCA_btl="}},
      {kExcluded, {"OMPI_MCA_pml=cm", "OMPI_MCA_btl=tcp,self"}},
      {kExcluded, {"OMPI_MCA_btl=^openib,ofi"}},
      {kExcluded, {"OMPI_MCA_mtl=^ofi"}},  // ob1 may have it by its btl, ucx by itself
      {kExcluded, {"OMPI_MCA_mtl=^ofi", "OMPI_MCA_pml=ucx"}},
      {kExcluded, {"OMPI_MCA_mtl=ofi", "OMPI_MCA_pml=cm"}},
      {kExcluded, {"OMPI_MCA_mtl=^psm2", "OMPI_MCA_pml=cm"}},
      {kExcluded, {"I_MPI_FABRICS=shm"}},  // right for a job of one node
      {kExcluded, {"I_MPI_FABRICS=shm:ofi"}},
      {kExcluded, {"NCCL_NET=other"}},
      {kExcluded, {"NCCL_NET="}},
      {kContradict, {"FI_EFA_USE_HUGE_PAGE=1", "RDMAV_FORK_SAFE=1"}},
      {kContradict, {"FI_EFA_USE_HUGE_PAGE=0", "RDMAV_FORK_SAFE=1"}, "29.1", kOldKernel},
      {kContradict, {"FI_EFA_USE_HUGE_PAGE=1", "RDMAV_FORK_SAFE=1"}, "21.0", kOldKernel},
      {kContradict, {"OFI_NCCL_PROTOCOL=SENDRECV", "FI_EFA_USE_DEVICE_RDMA=0"}},
  };
  for (const Case& row : rows) {
    const Scene scene = scene_of(row);
    EXPECT_EQ(result_of(scene, row.code, kJob), kNothing) << row.settings.front();
    EXPECT_EQ(result_of(scene, row.code, kNodeSubject), kPass) << row.settings.front();
  }
}

TEST(JobSettingRows, WhatDependsOnAnUnknownReleaseIsUnknown) {
  const Settings two = {"/a/libfabric.so.1.29.1", "/b/libfabric.so.1.20.0"};
  const Reading<Settings> libraries[] = {{},
                                         Settings{},
                                         two,
                                         Unseen{"/proc/1/maps", "no", EACCES},
                                         Settings{"/opt/amazon/efa/lib/libfabric.so.1"}};
  for (const Reading<Settings>& one : libraries) {
    Scene scene = with({"FI_EFA_MTU_SIZE=8928"});
    job(scene).libraries = one;
    EXPECT_EQ(result_of(scene, kRemoved, kJob), kUnknown);
  }
  Scene scene = with({"FI_EFA_FORK_SAFE=1"});
  job(scene).libraries = Settings{};
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kUnknown);
  scene.node.kernel.facts.release = kOldKernel;
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kNothing);
}

TEST(JobSettingRows, WhatAKernelHasTakenOverIsUnknown) {
  for (const char* kernel :
       {"4.18.0-553.el8_10.x86_64", "5.10.205-195.807.amzn2.x86_64", "", "x"}) {
    Scene scene = with({"FI_EFA_USE_HUGE_PAGE=1", "RDMAV_FORK_SAFE=1"});
    scene.node.kernel.facts.release = kernel;
    EXPECT_EQ(result_of(scene, kContradict, kJob), kUnknown) << kernel;
  }
}

TEST(JobSettingRows, DevicesThatWereNotAskedAreUnknown) {
  const Scene scene = with({"FI_EFA_USE_DEVICE_RDMA=1"});
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kUnknown);
}

TEST(JobSettingRows, APluginThatBringsAFileForP5IsAnOlderOne) {
  Scene scene =
      scene_of({.code = kHarmful, .settings = {"NCCL_TOPO_FILE=other"}, .type = "p5.48xlarge"});
  scene.node.software.facts.nccl_topology_files = {"/opt/aws-ofi-nccl/xml/p5.48xl-topo.xml"};
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kNothing);
}

TEST(JobSettingRows, MoreProcessesThanTheShmProviderTakes) {
  Scene scene = with({"FI_EFA_SHM_AV_SIZE=128"});
  const Job one = job(scene);
  scene.node.jobs.facts.processes.assign(128, one);
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kNothing);
  scene.node.jobs.facts.processes.push_back(one);
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kFail);
  scene.node.jobs.facts.processes.back().command = "another";  // its peers are others
  EXPECT_EQ(result_of(scene, kHarmful, kJob), kNothing);
}

// Counters of the device that the process has open, in this pass and in the one before.
Scene with_traffic(const Settings& settings, uint64_t before) {
  Scene scene = with(settings);
  CounterBaseline baseline;
  baseline.address = address(0);
  baseline.values = {{"tx_bytes", before}, {"rx_bytes", 1000}};
  scene.expectation.past.baselines = {baseline};
  return scene;
}

TEST(JobSettingRows, ADeviceWithTrafficIsNotLeftOut) {
  const Settings tcp = {"FI_PROVIDER=tcp"};
  EXPECT_EQ(result_of(with_traffic(tcp, 1999), kExcluded, kJob), kNothing);
  const Scene flat = with_traffic(tcp, 2000);
  const auto findings = judge_all(flat.node, flat.expectation);
  EXPECT_EQ(finding_of(findings, kExcluded, kJob)->message,
            "FI_PROVIDER=tcp: libfabric leaves EFA out; no traffic on its EFA devices since the "
            "last pass");
  EXPECT_EQ(finding_of(findings, kExcluded, kJob)->command.text, "export FI_PROVIDER=efa");
}

TEST(JobSettingRows, ProcessesAlikeAreOneFinding) {
  Scene scene = with({"FI_PROVIDER=tcp"});
  scene.node.jobs.facts.processes.push_back(job(scene));
  scene.node.jobs.facts.processes.back().pid = 4712;
  const auto findings = judge_all(scene.node, scene.expectation);
  EXPECT_EQ(finding_of(findings, kExcluded, kJob)->message,
            "FI_PROVIDER=tcp: libfabric leaves EFA out (and 1 more of this program)");
  EXPECT_EQ(finding_of(findings, kExcluded, "all_reduce_perf 4712"), nullptr);
}

TEST(JobSettingRows, AnEnvironmentThatWasNotSeenIsUnknown) {
  Scene scene = with({});
  job(scene).cut = {"environment: Permission denied"};
  for (const char* code : {kRemoved, kHarmful, kExcluded, kContradict}) {
    EXPECT_EQ(result_of(scene, code, kJob), kUnknown) << code;
  }
}

}  // namespace
}  // namespace efa
